package embedder_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/embedder"
	"github.com/sigil-dna/sigil/internal/meaning"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kind is how a server answers: what is particular to it.
type kind struct {
	name string
	// most is how many bytes of a text it accepts, and tooLong the status with which it refuses a longer one.
	most, tooLong int
	// body is the body of an error. Servers repeat what they were sent in it.
	body func(status int, message string) string
	// vector is one element of an answer.
	vector func(index int, v []float32) map[string]any
	more   map[string]any // further members of the answer
}

func openAI(index int, v []float32) map[string]any {
	return map[string]any{"object": "embedding", "index": index, "embedding": v}
}

// kinds are the servers that endpoints are known to be.
var kinds = []kind{
	{
		name: "Ollama", most: 4000, tooLong: http.StatusBadRequest,
		body: func(_ int, m string) string {
			return fmt.Sprintf(`{"error":{"message":%q,"type":"api_error","param":null,"code":null}}`, m)
		},
		vector: openAI, more: map[string]any{"object": "list", "usage": map[string]int{"prompt_tokens": 8, "total_tokens": 8}},
	},
	{
		name: "llama.cpp", most: 2000, tooLong: http.StatusInternalServerError,
		body: func(status int, m string) string {
			return fmt.Sprintf(`{"error":{"code":%d,"message":%q,"type":"server_error"}}`, status, m)
		},
		vector: func(index int, v []float32) map[string]any {
			return map[string]any{"embedding": v, "index": index, "object": "embedding"}
		}, more: map[string]any{"model": "another", "object": "list", "usage": map[string]int{"prompt_tokens": 0, "total_tokens": 0}},
	},
	{
		name: "vLLM", most: 6000, tooLong: http.StatusBadRequest,
		body: func(status int, m string) string {
			return fmt.Sprintf(`{"object":"error","message":%q,"type":"BadRequestError","param":null,"code":%d}`, m, status)
		},
		vector: openAI, more: map[string]any{"id": "embd-1", "object": "list", "created": 1764000000, "usage": map[string]int{"prompt_tokens": 8, "total_tokens": 8, "completion_tokens": 0}},
	},
}

// endpoint is a server of ours that behaves like one of a kind, unless instead answers.
type endpoint struct {
	t    *testing.T
	kind kind
	// instead may answer, and reports whether it did.
	instead func(w http.ResponseWriter, r *http.Request, texts []string) bool

	mu sync.Mutex
	// +checklocks:mu
	requests [][]string
	// +checklocks:mu
	at []time.Time
	// +checklocks:mu
	last *http.Request
}

func newEndpoint(t *testing.T) *endpoint { return &endpoint{t: t, kind: kinds[0]} }

const dims = 4

// vectorOf returns the vector of a text: another one for most texts.
func vectorOf(text string) []float32 {
	sum := uint32(2166136261)
	for i := range len(text) {
		sum = (sum ^ uint32(text[i])) * 16777619
	}
	return []float32{1, float32(sum%7) / 8, float32(sum%11) / -12, float32(sum%13) / 14}
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Model  string   `json:"model"`
		Input  []string `json:"input"`
		Format string   `json:"encoding_format"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		e.t.Error(err)
	}
	e.mu.Lock()
	e.requests, e.at, e.last = append(e.requests, body.Input), append(e.at, time.Now()), r
	e.mu.Unlock()
	if r.Method != http.MethodPost || r.URL.Path != "/v1/embeddings" || r.Header.Get("Content-Type") != "application/json" ||
		r.UserAgent() != "sigil/v9" || body.Model != "some-model" || body.Format != "float" || len(body.Input) == 0 || slices.Contains(body.Input, "") {
		e.t.Errorf("got %s %s with %v: %v", r.Method, r.URL, r.Header, body)
	}
	if e.instead != nil && e.instead(w, r, body.Input) {
		return
	}
	for _, text := range body.Input {
		if len(text) > e.kind.most {
			e.refuse(w, e.kind.tooLong, "input is too large to process: "+text)
			return
		}
	}
	data := make([]map[string]any, len(body.Input))
	for i, text := range body.Input {
		data[i] = e.kind.vector(i, vectorOf(text))
	}
	e.answer(w, data)
}

// takes has each request take a time, unless the client gives it up before.
func (e *endpoint) takes(d func(texts []string) time.Duration) {
	e.instead = func(_ http.ResponseWriter, r *http.Request, texts []string) bool {
		work := time.NewTimer(d(texts))
		defer work.Stop()
		select {
		case <-work.C:
			return false
		case <-r.Context().Done():
			return true
		}
	}
}

func (e *endpoint) refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(e.kind.body(status, message)))
}

func (e *endpoint) answer(w http.ResponseWriter, data []map[string]any) {
	all := map[string]any{"model": "some-model", "data": data}
	maps.Copy(all, e.kind.more)
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(all); err != nil {
		e.t.Error(err)
	}
}

// RoundTrip takes a request without a network. It returns when the answer is there or the request's context ends.
func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	answered := make(chan *http.Response, 1)
	go func() {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		answered <- w.Result()
	}()
	select {
	case w := <-answered:
		return w, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// heard returns the requests and their times.
func (e *endpoint) heard() (requests [][]string, at []time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.requests), slices.Clone(e.at)
}

// memories are a source.
type memories struct {
	t *testing.T

	mu sync.Mutex
	// +checklocks:mu
	texts map[sigil.Key]string
	// +checklocks:mu
	kept map[sigil.Key]meaning.Vector
	// +checklocks:mu
	model embedder.Model
	// +checklocks:mu
	fail error
	// +checklocks:mu
	scans int
}

func newMemories(t *testing.T, texts ...string) (*memories, []sigil.Key) {
	m := &memories{t: t, texts: map[sigil.Key]string{}, kept: map[sigil.Key]meaning.Vector{}}
	return m, m.encode(texts...)
}

// encode adds memories and returns their keys.
func (m *memories) encode(texts ...string) (keys []sigil.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, text := range texts {
		key := sigil.Key{Tenant: sigil.DefaultTenant}
		n := len(m.texts) + 1
		key.ID[14], key.ID[15] = byte(n>>8), byte(n)
		m.texts[key] = text
		keys = append(keys, key)
	}
	return keys
}

func (m *memories) Use(_ context.Context, model embedder.Model) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.model = model
	return m.fail
}

func (m *memories) Missing(_ context.Context, after sigil.Key, limit int) ([]sigil.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scans++
	var keys []sigil.Key
	for key := range m.texts {
		if _, ok := m.kept[key]; !ok && bytes.Compare(key.ID[:], after.ID[:]) > 0 {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b sigil.Key) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return keys[:min(limit, len(keys))], m.fail
}

func (m *memories) Texts(_ context.Context, keys []sigil.Key) ([]embedder.Text, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	texts := make([]embedder.Text, len(keys))
	for i, key := range keys {
		texts[i] = embedder.Text{Key: key, Text: m.texts[key]}
	}
	return texts, m.fail
}

func (m *memories) Keep(_ context.Context, model embedder.Model, texts []embedder.Text, vectors []meaning.Vector) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if model != m.model || len(texts) != len(vectors) {
		m.t.Errorf("kept %d vectors of %v for %d memories, with %v in use", len(vectors), model, len(texts), m.model)
	}
	for i, text := range texts {
		m.kept[text.Key] = vectors[i]
	}
	return m.fail
}

func (m *memories) failing(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// complete checks that each memory has the vector of its text.
func (m *memories) complete() {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, text := range m.texts {
		got, ok := m.kept[key]
		if want := meaning.Compact(vectorOf(text)); !ok || !slices.Equal(got, want) {
			m.t.Errorf("%q has the vector %v (%v), want %v", shortened(text), got, ok, want)
		}
	}
	if want := (embedder.Model{Name: "some-model", Dims: dims}); m.model != want {
		m.t.Errorf("the model is %v, want %v", m.model, want)
	}
}

func shortened(text string) string { return text[:min(40, len(text))] }

// logs is what a worker logs.
type logs struct {
	mu sync.Mutex
	// +checklocks:mu
	text bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// counts is what a worker reports.
type counts struct {
	mu sync.Mutex
	// +checklocks:mu
	requests int
	// +checklocks:mu
	failures int
	// +checklocks:mu
	skipped int
	// +checklocks:mu
	longest time.Duration
}

func (c *counts) options(log *logs) embedder.Options {
	return embedder.Options{
		Logger: slog.New(slog.NewTextHandler(log, nil)),
		Requested: func(took time.Duration, failed bool) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.requests++
			if failed {
				c.failures++
			}
			c.longest = max(c.longest, took)
		},
		Skipped: func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.skipped++
		},
	}
}

func (c *counts) get() (requests, failures, skipped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests, c.failures, c.skipped
}

const key = "the-key-of-the-endpoint"

// worker returns a worker that asks e without a network.
func worker(t *testing.T, m *memories, e *endpoint, o embedder.Options) *embedder.Worker {
	at := embedder.Endpoint{URL: "http://endpoint.example/v1", Model: "some-model", Key: key, Version: "v9"}
	at.Through(e)
	w, err := embedder.New(m, at, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func stop(t *testing.T, w *embedder.Worker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// texts returns n texts.
func texts(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint("text number ", i))
	}
	return all
}

// long returns a text of n bytes of two-byte characters and a number.
func long(n, number int) string {
	return strings.ToValidUTF8(fmt.Sprint(number, strings.Repeat("é", n/2))[:n], "")
}

// cosine of two vectors.
func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		dot, aa, bb = dot+float64(a[i]*b[i]), aa+float64(a[i]*a[i]), bb+float64(b[i]*b[i])
	}
	return dot / math.Sqrt(aa*bb)
}
