package embedder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
)

// Model is what made a vector. Only vectors of the same model can be compared.
type Model struct {
	Name string
	Dims int // the length of its vectors
}

// Source has the memories whose vectors a Worker makes. Its methods are called by one goroutine.
type Source interface {
	// Use is called before everything else, once the endpoint has shown the length of its vectors. Vectors of other
	// models are of no use from then on.
	Use(ctx context.Context, m Model) error
	// Missing returns up to limit memories without a vector of the model in use, in the order of their keys, that come after
	// a key. It may leave out those that another process is at.
	Missing(ctx context.Context, after sigil.Key, limit int) ([]sigil.Key, error)
	// Texts returns the texts to make vectors of, one for each key. The text of a memory that is gone or has nothing to
	// make a vector of is empty.
	Texts(ctx context.Context, keys []sigil.Key) ([]Text, error)
	// Keep keeps the vectors of texts, by index. It leaves out those of memories that are gone, or have another text by now.
	// Those that are nil are kept as well: the memory has no vector, and is not missing.
	Keep(ctx context.Context, m Model, texts []Text, vectors []meaning.Vector) error
}

// Text is the text of a memory at one time.
type Text struct {
	Key  sigil.Key
	Text string
	Tags []string // the memory's, which tell whether it still has that text
}

// Options configure a Worker. The zero value of each field means the default.
type Options struct {
	// Queue is how many memories can wait for a vector; 0 means 100,000. What comes then is found again in the source.
	Queue int
	// Logger gets failures and recoveries; nil discards them.
	Logger *slog.Logger
	// Requested, if not nil, is called after each request with the time that it took and whether it failed, and Skipped for
	// each memory whose text the endpoint refuses. They must be fast and safe for concurrent use.
	Requested func(took time.Duration, failed bool)
	Skipped   func()

	pace pace
}

// pace is the durations that a Worker uses.
type pace struct {
	attempt   time.Duration // maximum time of one request
	query     time.Duration // maximum time of the request for a query's vector
	least     time.Duration // minimum wait after a failure
	most      time.Duration // maximum wait after a failure
	asked     time.Duration // maximum wait that the endpoint may ask for
	look      time.Duration // how often the source is asked for what is missing
	finishing time.Duration // time for the last call of the source
}

var defaultPace = pace{
	attempt: time.Minute, query: 2 * time.Second, least: time.Second, most: time.Minute, asked: 10 * time.Minute,
	look: 30 * time.Second, finishing: 2 * time.Second,
}

// errDown means that the endpoint does not answer and is given time.
var errDown = &sigil.Error{Kind: sigil.ErrUnavailable, Code: "embedder_unavailable", Detail: "the endpoint that makes vectors does not answer"}

// probe is the text by which the length of vectors is found, and whether the endpoint or a text is at fault.
const probe = "probe"

// Worker makes the vectors of memories, and of queries, by an endpoint. It works from Start to Stop. Make it with [New]. It is
// used once.
type Worker struct {
	source  Source
	options Options
	client  *client
	queue   *queue
	health  health
	queries queries

	mu sync.Mutex
	// +checklocks:mu
	cancel context.CancelFunc // nil until Start
	// +checklocks:mu
	stopped bool
	// +checklocks:mu
	held bool // what the source has is not asked for
	// +checklocks:mu
	model Model         // the zero value until the endpoint has answered
	done  chan struct{} // closed when run has ended

	// The fields below are used by run only.
	taken    []sigil.Key // taken from the queue, and not kept yet
	scanning bool        // the source has more that is missing, after last
	last     sigil.Key
	failing  bool   // the last request or call of the source failed
	asking   health // of the source
	texts    int    // how many texts a request has: fewer after some took too long
	fits     int    // texts are cut to so many bytes: fewer after some were refused
}

// New returns a Worker for an endpoint. It returns an error if the endpoint's URL is not valid.
func New(source Source, e Endpoint, o Options) (*Worker, error) {
	if o.Queue == 0 {
		o.Queue = 100_000
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Requested == nil {
		o.Requested = func(time.Duration, bool) {}
	}
	if o.Skipped == nil {
		o.Skipped = func() {}
	}
	if o.pace == (pace{}) {
		o.pace = defaultPace
	}
	c, err := newClient(&e, o.pace.attempt)
	if err != nil {
		return nil, err
	}
	return &Worker{source: source, options: o, client: c, queue: newQueue(o.Queue), done: make(chan struct{}), texts: maxTexts, fits: maxTextBytes}, nil
}

// Start begins to work, and returns at once. It has no effect if called again, or after Stop.
func (w *Worker) Start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil || w.stopped {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go w.run(ctx)
}

// Stop ends the work. It aborts a request in progress; what has no vector then is found again after the next start.
// Stop waits until the work has ended, or until ctx ends. It may be called at any time, and more than once.
func (w *Worker) Stop(ctx context.Context) error {
	w.mu.Lock()
	w.stopped = true
	cancel := w.cancel
	w.mu.Unlock()
	if cancel == nil {
		return nil
	}
	cancel()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
	}
	select { // only a call of the source can still be in progress
	case <-w.done:
		return nil
	case <-time.After(w.options.pace.finishing):
		return errors.New("a call of the store is still in progress")
	}
}

// Add has the vectors of new memories made, soon. It never waits.
func (w *Worker) Add(keys ...sigil.Key) { w.queue.put(keys) }

// Look has the source asked for what is missing, soon. It never waits.
func (w *Worker) Look() { w.queue.drop() }

// Hold stops the making of vectors that are missing in the source, or goes on with it. New memories get theirs all the same.
func (w *Worker) Hold(held bool) {
	w.mu.Lock()
	w.held = held
	w.mu.Unlock()
	if !held {
		w.Look()
	}
}

// Held reports whether the making of vectors that are missing is stopped.
func (w *Worker) Held() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held
}

// Forget forgets the vectors of queries, since the endpoint may make others now.
func (w *Worker) Forget() { w.queries.forget() }

// Queued returns how many memories wait for a vector, besides those that only the source knows.
func (w *Worker) Queued() int { return w.queue.len() }

// Model returns the model, which is known once the endpoint has answered.
func (w *Worker) Model() (m Model, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.model, w.model != Model{}
}

// Query returns the vector of a query, which is nil if the endpoint refuses it. It returns [sigil.ErrUnavailable] at
// once while the endpoint does not answer, and after two seconds if that is not known yet.
func (w *Worker) Query(ctx context.Context, text string) (meaning.Vector, error) {
	model, known := w.Model()
	if !known || w.health.left(time.Now()) > 0 {
		return nil, errDown
	}
	text = cut(text, maxTextBytes)
	if v, ok := w.queries.get(text); ok {
		return v, nil
	}
	bounded, cancel := context.WithTimeout(ctx, w.options.pace.query)
	defer cancel()
	vectors, err := w.request(bounded, model, []string{text})
	switch {
	case err == nil:
		w.queries.put(text, vectors[0])
		return vectors[0], nil
	case ctx.Err() != nil:
		return nil, ctx.Err() // the caller's context: the endpoint is not at fault
	case refused(err):
		return nil, nil
	}
	return nil, errDown
}

// request makes one request, and takes note of whether the endpoint answers.
func (w *Worker) request(ctx context.Context, m Model, texts []string) ([]meaning.Vector, error) {
	begin := time.Now()
	vectors, dims, err := w.client.embed(ctx, texts)
	if err == nil && dims != m.Dims {
		err = errDims
	}
	w.noted(ctx, err, time.Since(begin))
	return vectors, err
}

// probe makes a request with a text that no endpoint refuses, and returns the length of the vectors.
func (w *Worker) probe(ctx context.Context) (dims int, err error) {
	begin := time.Now()
	_, dims, err = w.client.embed(ctx, []string{probe})
	if refused(err) {
		err = fmt.Errorf("%w to a text that it should accept", err)
	}
	w.noted(ctx, err, time.Since(begin))
	return dims, err
}

// noted takes note of how a request ended, unless its caller ended it.
func (w *Worker) noted(ctx context.Context, err error, took time.Duration) {
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return
	}
	w.options.Requested(took, err != nil)
	switch {
	case err == nil:
		w.health.over()
	case !refused(err): // a refusal tells nothing: it may be one of everything
		w.health.failed(err, &w.options.pace)
	}
}

var errDims = errors.New("the endpoint answered with vectors of another length than at the start: if its model was replaced, restart")
