// Package daemon builds a running daemon from its parts: store, engine, scheduler, HTTP. It owns the settings and
// where they come from, the order in which the parts start and stop, signals, and when one process takes over from
// another.
//
// It knows neither the rules of memories nor the content of requests: it wires. Only this package names a driver.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/front"
	"github.com/sigil-dna/sigil/internal/handover"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store"
)

// Daemon is one daemon, from its start to its stop. It is used once: make another to start again. Any
// number of them may live in one process, on stores of their own.
type Daemon struct {
	config  Config
	version string
	log     *slog.Logger
	level   *slog.LevelVar
	grace   time.Duration
	open    func(Config, Hooks) (store.Store, error)

	mu sync.Mutex
	// +checklocks:mu
	started *phase // nil until Start is called
	// +checklocks:mu
	handing *phase // the hand-over in progress, or the one that succeeded
	// +checklocks:mu
	stopped *phase // nil until Stop is called

	// Start, a hand-over and the first Stop alone touch what follows, one after the other. core and
	// parts are what runs, each in the order of its start: what works with the store, and what stands
	// before that.
	core, parts []part
	sockets     []*net.TCPListener // handed over, or opened by Start
	files       front.Files
	server      *front.Server
	api         *httpapi.API
	secret      []byte // the webhook's

	ready   atomic.Bool
	waiting atomic.Bool // for the store, at the start
	// reach returns an error if the store cannot be reached; nil if it is in this process.
	reach  func(context.Context) error
	engine atomic.Pointer[engine.Engine]
	addr   atomic.Pointer[string]

	failed   chan struct{}
	failOnce sync.Once
	failure  error // set before failed is closed
}

// phase is a start, a hand-over or a stop, in progress or over.
type phase struct {
	done  chan struct{}
	err   error              // set before done is closed
	abort context.CancelFunc // breaks a start or a hand-over off, and ends a stop's time to drain
}

// succeeded reports whether p is over and went well.
func (p *phase) succeeded() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return p.err == nil
	default:
		return false
	}
}

// part is something that runs and has to be stopped.
type part struct {
	name string
	// stop lets it finish until ctx ends, then forces it to end; an error names what is unfinished.
	stop func(ctx context.Context) error
}

// Hooks are a store's callbacks to the daemon.
type Hooks struct {
	Logger *slog.Logger
	Commit func(changes int, took time.Duration)
	// Fatal reports that the store cannot continue.
	Fatal func(error)
}

// Options configure a Daemon in addition to its Config; the zero value is the defaults.
type Options struct {
	// Version is the version that the daemon reports; "" is "dev".
	Version string
	// Logger gets the log; nil drops it.
	Logger *slog.Logger
	// Level, if not nil, is the Logger's level, which [Daemon.Configure] sets.
	Level *slog.LevelVar
	// Grace is how long what was canceled, once the time to drain is over, may take to end; 0 is 5 s.
	Grace time.Duration
	// Open opens the store; nil opens the one that Config names.
	Open func(Config, Hooks) (store.Store, error)
	// Sockets, if not empty, are the sockets to serve on, instead of Config's address; the daemon closes them.
	Sockets []*net.TCPListener
}

// New returns a daemon. It does nothing before Start. c must be valid, like one from [Load]; nil options are the
// defaults.
func New(c Config, o *Options) *Daemon {
	if o == nil {
		o = &Options{}
	}
	d := &Daemon{
		config: c, version: o.Version, log: o.Logger, level: o.Level, grace: o.Grace, open: o.Open,
		sockets: o.Sockets, failed: make(chan struct{}),
	}
	if d.version == "" {
		d.version = "dev"
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.level == nil {
		d.level = new(slog.LevelVar)
	}
	if d.grace == 0 {
		d.grace = 5 * time.Second
	}
	if d.open == nil {
		d.open = d.openStore
	}
	return d
}

// Start opens the store and serves. It returns when the daemon is ready, or has failed and left
// nothing behind. When ctx ends before that, it fails; later, ctx means nothing to it.
//
// A second Start waits for the first and returns its error. After Stop it is [sigil.ErrClosed].
func (d *Daemon) Start(ctx context.Context) error {
	d.mu.Lock()
	if d.stopped != nil {
		d.mu.Unlock()
		return fmt.Errorf("start: the daemon was stopped: %w", sigil.ErrClosed)
	}
	first := d.started == nil
	if first {
		starting, abort := context.WithCancel(ctx)
		defer abort()
		ctx = starting
		d.started = &phase{done: make(chan struct{}), abort: abort}
	}
	p := d.started
	d.mu.Unlock()

	if first {
		if p.err = d.start(ctx); p.err == nil {
			p.err = ctx.Err() // a Stop that broke it off may have stopped waiting for it
		}
		if p.err != nil {
			cleanUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.grace)
			p.err = errors.Join(p.err, d.stopParts(cleanUp))
			cancel()
		}
		close(p.done)
	}
	<-p.done
	return p.err
}

// Stop stops what Start started, in reverse: readiness, HTTP, scheduler, store. Work in progress finishes until ctx
// ends; then it is canceled, and has a grace period. The error names what is still unfinished.
//
// Stop may be called at any time. It aborts a start in progress, and returns nil before a start. A second Stop waits
// for the first and returns its error; if its ctx ends first, the first one's time is over, too.
func (d *Daemon) Stop(ctx context.Context) error {
	drain, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	d.mu.Lock()
	first := d.stopped == nil
	if first {
		d.stopped = &phase{done: make(chan struct{}), abort: abort}
	}
	p, started, handing := d.stopped, d.started, d.handing
	d.mu.Unlock()

	defer context.AfterFunc(ctx, p.abort)()
	if first {
		if started != nil {
			p.err = d.stop(drain, started, handing)
		} else {
			handover.Close(d.sockets)
		}
		close(p.done)
	}
	<-p.done
	return p.err
}

func (d *Daemon) stop(ctx context.Context, started, handing *phase) error {
	started.abort()
	if !d.over(ctx, started) {
		return errors.New("still starting: it will stop what it has started")
	}
	if handing != nil {
		handing.abort()
		if !d.over(ctx, handing) {
			return errors.New("a hand-over is still in progress")
		}
	}
	return d.stopParts(ctx)
}

// over waits until p is over, or ctx and a grace are.
func (d *Daemon) over(ctx context.Context, p *phase) bool {
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
	}
	select {
	case <-p.done:
		return true
	case <-time.After(d.grace):
		return false
	}
}

func (d *Daemon) stopParts(ctx context.Context) error {
	d.ready.Store(false)
	return errors.Join(d.stopAll(ctx, &d.parts), d.stopAll(ctx, &d.core))
}

// stopAll stops all parts of a list, the latest first, even if one of them fails.
func (d *Daemon) stopAll(ctx context.Context, parts *[]part) error {
	var errs []error
	for _, p := range slices.Backward(*parts) {
		begin := time.Now()
		if err := p.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", p.name, err))
		}
		d.log.Debug("stopped", "part", p.name, "took", time.Since(begin))
	}
	*parts = nil
	return errors.Join(errs...)
}

// Addr returns the address that the daemon listens on, or "" before it does.
func (d *Daemon) Addr() string {
	if addr := d.addr.Load(); addr != nil {
		return *addr
	}
	return ""
}

// Failed is closed when a part broke without which the daemon cannot continue; [Daemon.Err] returns the cause. The
// daemon must still be stopped.
func (d *Daemon) Failed() <-chan struct{} { return d.failed }

// Err returns why Failed was closed, or nil before that.
func (d *Daemon) Err() error {
	select {
	case <-d.failed:
		return d.failure
	default:
		return nil
	}
}

// fail may be called from anywhere, with any lock held: it only records the error.
func (d *Daemon) fail(err error) {
	d.failOnce.Do(func() {
		d.failure = err
		close(d.failed)
	})
}

// reachTime is how long the store may take to answer a readiness check.
const reachTime = 2 * time.Second

// check returns why the daemon cannot accept requests now, or nil.
func (d *Daemon) check() error {
	switch {
	case d.Err() != nil:
		return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_failed", Detail: "the store failed; the daemon must be started again"}
	case d.waiting.Load():
		return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "not_ready", Detail: "the daemon waits for its database, which cannot be reached yet"}
	case !d.ready.Load():
		return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "not_ready", Detail: "the daemon is starting or stopping"}
	case d.reach != nil:
		ctx, cancel := context.WithTimeout(context.Background(), reachTime)
		defer cancel()
		return d.reach(ctx)
	}
	return nil
}

// Configure applies those settings of c that can change while the daemon runs: the policy and its
// figures, the limits of a tenant, the log level. c must be valid. Before Start has returned nil it
// is [sigil.ErrUnavailable].
func (d *Daemon) Configure(c Config) error {
	e := d.engine.Load()
	if e == nil {
		return fmt.Errorf("configure: the daemon is not ready: %w", sigil.ErrUnavailable)
	}
	settings, err := c.settings()
	if err != nil {
		return err
	}
	e.Configure(settings)
	d.level.Set(c.level())
	return nil
}
