package embedder_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/embedder"
	"github.com/sigil-dna/sigil/internal/meaning"
)

func TestAddress(t *testing.T) {
	for given, want := range map[string]string{
		"http://localhost:11434":                   "http://localhost:11434/v1/embeddings",
		"http://localhost:11434/":                  "http://localhost:11434/v1/embeddings",
		"http://localhost:8080/v1":                 "http://localhost:8080/v1/embeddings",
		"https://host.example/openai/v1/":          "https://host.example/openai/v1/embeddings",
		"https://host.example/a/embeddings?v=2026": "https://host.example/a/embeddings?v=2026",
		"http://[::1]:8000/proxy":                  "http://[::1]:8000/proxy/v1/embeddings",
	} {
		e := embedder.Endpoint{URL: given}
		if got, err := e.Address(); got != want || err != nil {
			t.Errorf("%s: got %s (%v), want %s", given, got, err, want)
		}
	}
	for _, bad := range []string{"", "localhost:11434", "ftp://host/", "http://", "http://user:secret@host/", "http://host/#here", "http://host:port:port/%zz"} {
		_, err := embedder.New(nil, embedder.Endpoint{URL: bad}, embedder.Options{})
		if err == nil || strings.Contains(err.Error(), "secret") || embedder.CheckURL(bad) == "" {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

// started returns a worker that has found the length of vectors, over a network.
func started(t *testing.T, e *endpoint) *embedder.Worker {
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	m, _ := newMemories(t)
	w, err := embedder.New(m, embedder.Endpoint{URL: s.URL, Model: "some-model", Key: key, Version: "v9"}, embedder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Start()
	t.Cleanup(func() { stop(t, w) })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, known := w.Model(); known {
			return w
		}
		if time.Now().After(deadline) {
			t.Fatal("the endpoint was not asked")
		}
	}
}

func TestVectorsOverTheNetwork(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			e := newEndpoint(t)
			e.kind = k
			w := started(t, e)
			got, err := w.Query(context.Background(), "tea at five")
			if want := meaning.Compact(vectorOf("tea at five")); !slices.Equal(got, want) || err != nil {
				t.Errorf("got %v (%v), want %v", got, err, want)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			if got := e.last.Header.Get("Authorization"); got != "Bearer "+key {
				t.Errorf("got the header %q", got)
			}
		})
	}
}

// TestAnswers shows what is made of each answer to a query.
func TestAnswers(t *testing.T) {
	status := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	ok := func(body string) func(http.ResponseWriter) { return status(http.StatusOK, body) }
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		want   meaning.Vector
		fails  bool
	}{
		"a vector":                   {ok(`{"data":[{"index":0,"embedding":[1,0,-1,0.5]}]}`), meaning.Vector{127, 0, -127, 64}, false},
		"a vector without an index":  {ok(`{"data":[{"embedding":[1,0,-1,0.5]}]}`), meaning.Vector{127, 0, -127, 64}, false},
		"a vector of zeros":          {ok(`{"data":[{"index":0,"embedding":[0,0,0,0]}]}`), nil, false},
		"numbers that are null":      {ok(`{"data":[{"index":0,"embedding":[null,null,null,null]}]}`), nil, false},
		"no vector":                  {ok(`{"data":[]}`), nil, true},
		"two vectors":                {ok(`{"data":[{"index":0,"embedding":[1,0,0,0]},{"index":1,"embedding":[1,0,0,0]}]}`), nil, true},
		"another index":              {ok(`{"data":[{"index":1,"embedding":[1,0,0,0]}]}`), nil, true},
		"an index below zero":        {ok(`{"data":[{"index":-1,"embedding":[1,0,0,0]}]}`), nil, true},
		"another length":             {ok(`{"data":[{"index":0,"embedding":[1,0,0]}]}`), nil, true},
		"length 0":                   {ok(`{"data":[{"index":0,"embedding":[]}]}`), nil, true},
		"base64":                     {ok(`{"data":[{"index":0,"embedding":"AACAPwAAAAAAAAAAAAAAAA=="}]}`), nil, true},
		"vectors of tokens":          {ok(`{"data":[{"index":0,"embedding":[[1,0,0,0],[1,0,0,0]]}]}`), nil, true},
		"a number that is too large": {ok(`{"data":[{"index":0,"embedding":[1e300,0,0,0]}]}`), nil, true},
		"no data":                    {ok(`{"object":"list"}`), nil, true},
		"an error with status 200":   {ok(`{"error":"tea at five"}`), nil, true},
		"half of an answer":          {ok(`{"data":[{"index":0,"embed`), nil, true},
		"no JSON":                    {ok(`<html>tea at five</html>`), nil, true},
		"nothing":                    {ok(``), nil, true},
		"a text that is refused":     {status(400, `{"error":"tea at five"}`), nil, false},
		"a redirect":                 {func(w http.ResponseWriter) { w.Header().Set("Location", "/elsewhere"); w.WriteHeader(307) }, nil, true},
		"no such model":              {status(404, `{"error":{"message":"model not found: tea at five"}}`), nil, true},
		"a wrong key":                {status(401, key), nil, true},
		"too many requests":          {status(429, ``), nil, true},
		"no embeddings":              {status(501, ``), nil, true},
		"loading":                    {status(503, `{"error":{"message":"Loading model","type":"unavailable_error","code":503}}`), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			w := started(t, e)
			e.mu.Lock()
			e.instead = func(w http.ResponseWriter, _ *http.Request, _ []string) bool { tt.answer(w); return true }
			e.mu.Unlock()
			got, err := w.Query(context.Background(), "tea at five")
			if (err != nil) != tt.fails || !slices.Equal(got, tt.want) {
				t.Errorf("got %v (%v), want %v", got, err, tt.want)
			}
		})
	}
}

// TestVectorsKeepTheirDirection bounds what is lost by the compact form.
func TestVectorsKeepTheirDirection(t *testing.T) {
	a := make([]float32, 768)
	for i := range a {
		a[i] = float32(math.Sin(float64(i * i)))
	}
	v := meaning.Compact(a)
	b := make([]float32, len(v))
	for i, x := range v {
		b[i] = float32(x)
	}
	if c := cosine(a, b); c < 0.9999 {
		t.Errorf("the cosine is %v", c)
	}
}
