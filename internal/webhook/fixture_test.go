package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/internal/webhook"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for something that must happen at once.
const patience = 20 * time.Second

var secret = []byte("0123456789abcdef")

// epoch is that of the store, as its deliveries name it.
var epoch = sigil.ID{1, 2, 3}

// journal is an engine over a model that a test writes to.
type journal struct {
	*engine.Engine
	t     *testing.T
	model *storetest.Model
}

func newJournal(t *testing.T) *journal {
	model := storetest.NewModel()
	return &journal{Engine: engine.New(model, nil), t: t, model: model}
}

// write journals at least n events.
func (j *journal) write(n int) {
	j.t.Helper()
	for range n {
		if _, err := j.Encode(context.Background(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`{}`)}); err != nil {
			j.t.Fatal(err)
		}
	}
}

// newest returns the position of the newest event.
func (j *journal) newest() uint64 {
	j.t.Helper()
	_, newest, err := j.JournalBounds(context.Background())
	if err != nil {
		j.t.Fatal(err)
	}
	return newest
}

// receiver accepts what is sent, unless refuse answers first.
type receiver struct {
	t    *testing.T
	took chan uint64 // the position of each event
	// refuse may answer instead of the receiver, and reports whether it did; if nil, the receiver answers.
	refuse func(w http.ResponseWriter, r *http.Request) bool

	mu sync.Mutex
	// +checklocks:mu
	deliveries []string
	// +checklocks:mu
	at []time.Time
}

func newReceiver(t *testing.T) *receiver {
	return &receiver{t: t, took: make(chan uint64, 10_000)}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // broken off
	}
	r.mu.Lock()
	r.deliveries, r.at = append(r.deliveries, q.Header.Get("Sigil-Delivery")), append(r.at, time.Now())
	r.mu.Unlock()
	if r.refuse != nil && r.refuse(w, q) {
		return
	}
	if err := client.VerifyWebhook(secret, q.Header.Get("Sigil-Signature"), body, time.Now(), time.Minute); err != nil {
		r.t.Error(err)
	}
	var page wire.Delivery
	if err := json.Unmarshal(body, &page); err != nil || page.Tenant != sigil.DefaultTenant || len(page.Events) == 0 || len(page.Events) > 100 || page.Next != page.Events[len(page.Events)-1].Position || page.Token != page.Events[len(page.Events)-1].Token || !strings.HasPrefix(page.Token, fmt.Sprint(page.Next, "-")) {
		r.t.Errorf("got %s (%v)", body, err)
	}
	if q.Method != http.MethodPost || q.Header.Get("Content-Type") != "application/json" || q.UserAgent() != "sigil-webhook/v9" || q.Header.Get("Sigil-Epoch") != epoch.String() {
		r.t.Errorf("got %s with %v", q.Method, q.Header)
	}
	for _, e := range page.Events {
		r.took <- e.Position
	}
}

// RoundTrip takes a request without a network.
func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	w := &answer{header: http.Header{}, status: http.StatusOK}
	r.ServeHTTP(w, q)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(strings.NewReader("")), Request: q}, nil
}

type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }

// heard returns the deliveries, of which some may be attempts of the same one.
func (r *receiver) heard() (deliveries []string, at []time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.deliveries), slices.Clone(r.at)
}

// takes waits for the events from a position to another, in order; events before them may come again.
func (r *receiver) takes(from, to uint64) {
	r.t.Helper()
	deadline := time.After(patience)
	for next := from; next <= to; {
		select {
		case got := <-r.took:
			if got > next {
				r.t.Fatalf("got event %d, want %d", got, next)
			}
			if got == next {
				next++
			}
		case <-deadline:
			r.t.Fatalf("waited %v for event %d", patience, next)
		}
	}
}

// logs is what a hook logs.
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

// count returns the number of lines that contain a text.
func (l *logs) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func options(url string, log *logs) webhook.Options {
	return webhook.Options{
		URL: url, Tenant: sigil.DefaultTenant, Secret: secret, Version: "v9", Epoch: epoch, Body: shape.Delivery,
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	}
}

func stop(t *testing.T, h *webhook.Hook) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}
