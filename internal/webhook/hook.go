// Package webhook delivers a tenant's journal to a URL: signed, in order, at least once. It owns the requests and their
// signature, when a delivery is retried, and which of several processes delivers.
//
// It knows neither the engine, nor stores, nor where its settings come from: it reads from a [Source].
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
)

// Source is the journal and the claims; an engine is one.
type Source interface {
	Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error)
	Wait(ctx context.Context, tenant string, after uint64) error
	Claim(ctx context.Context, name string, owner sigil.ID, lease time.Duration) (position uint64, held bool, err error)
	Advance(ctx context.Context, name string, owner sigil.ID, position uint64) error
}

// Options configure a Hook. URL, Tenant, Secret and Body must be set; the zero value of the other fields means the
// default.
type Options struct {
	URL    string
	Tenant string
	// Secret is the key of the signature.
	Secret []byte
	// Body returns the body of a request, as JSON, for events of a tenant's journal.
	Body func(tenant string, events []sigil.Event) ([]byte, error)
	// Epoch is that of the store, for the Sigil-Epoch header; without one, there is none.
	Epoch sigil.ID
	// Version is the sender's version, for the User-Agent header.
	Version string
	// Batch is the maximum number of events in one request, and no more than the source returns at once; 0 means 100.
	Batch int
	// Logger gets failures and recoveries; nil discards them.
	Logger *slog.Logger
	// Delivered, if not nil, is called with the number of events that the receiver accepted, and Failed for each
	// failed attempt. They must be fast.
	Delivered func(events int)
	Failed    func()

	pace      pace
	transport http.RoundTripper // nil means the network; tests set it
}

// pace is the durations that a Hook uses.
type pace struct {
	lease     time.Duration // how long a claim lasts if it is not renewed
	renew     time.Duration // how old a claim may be before it is renewed
	look      time.Duration // how often a Hook without the claim asks for it
	attempt   time.Duration // maximum time of one request
	least     time.Duration // minimum wait after a failure
	most      time.Duration // maximum wait after a failure
	finishing time.Duration // time for the last calls of the store
}

var defaultPace = pace{
	lease: 30 * time.Second, renew: 10 * time.Second, look: 10 * time.Second, attempt: 10 * time.Second,
	least: time.Second, most: 5 * time.Minute, finishing: 2 * time.Second,
}

// Hook delivers from Start to Stop. Make it with [New]. It is used once.
type Hook struct {
	source  Source
	options Options
	name    string   // of the lease: only its holder delivers this tenant's journal
	owner   sigil.ID // identifies this Hook
	client  *http.Client

	mu sync.Mutex
	// +checklocks:mu
	cancel context.CancelFunc // nil until Start
	// +checklocks:mu
	stopped bool
	done    chan struct{} // closed when run has ended

	// oldest is the time of the oldest entry that was read and that the receiver has not accepted, in Unix nanoseconds; 0
	// if there is none.
	oldest atomic.Int64

	// The fields below are used by run only.
	held      bool
	renewed   time.Time // when the claim was last requested
	receiving streak    // the receiver's failures
	asking    streak    // the source's failures
}

// New returns a Hook that delivers from Start on.
func New(source Source, o Options) *Hook {
	if o.Batch == 0 {
		o.Batch = 100
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Delivered == nil {
		o.Delivered = func(int) {}
	}
	if o.Failed == nil {
		o.Failed = func() {}
	}
	if o.pace == (pace{}) {
		o.pace = defaultPace
	}
	if o.transport == nil {
		o.transport = &http.Transport{ // without a proxy, even if the environment names one
			DialContext:     (&net.Dialer{Timeout: o.pace.attempt}).DialContext,
			MaxIdleConns:    1,
			IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: o.pace.attempt, ForceAttemptHTTP2: true,
		}
	}
	log := o.Logger.With("webhook", o.Tenant)
	return &Hook{
		source: source, options: o, name: "webhook/" + o.Tenant, owner: sigil.NewID(time.Now()),
		client: &http.Client{
			Transport:     o.transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		done:      make(chan struct{}),
		receiving: streak{log: log, what: "delivering"},
		asking:    streak{log: log, what: "reading the journal"},
	}
}

// Start begins to deliver, and returns at once. It has no effect if called again, or after Stop.
func (h *Hook) Start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cancel != nil || h.stopped {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go h.run(ctx)
}

// Stop ends the deliveries. It aborts a request in progress, which the next process that delivers will repeat. Stop
// waits until deliveries have ended, or until ctx ends. It may be called at any time, and more than once.
func (h *Hook) Stop(ctx context.Context) error {
	h.mu.Lock()
	h.stopped = true
	cancel := h.cancel
	h.mu.Unlock()
	if cancel == nil {
		return nil
	}
	cancel()
	select {
	case <-h.done:
		return nil
	case <-ctx.Done():
	}
	select { // only a call of the store can still be in progress
	case <-h.done:
		return nil
	case <-time.After(h.options.pace.finishing):
		return errors.New("a call of the store is still in progress")
	}
}

// Lag returns the age of the oldest entry that the receiver has not accepted; 0 if there is none, or if another process
// delivers. It may be called from any goroutine.
func (h *Hook) Lag() time.Duration {
	oldest := h.oldest.Load()
	if oldest == 0 {
		return 0
	}
	return max(0, time.Since(time.Unix(0, oldest)))
}
