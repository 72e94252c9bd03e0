// Package daemon builds a running daemon from its parts: store, engine, scheduler, HTTP. It owns the settings
// and their sources, the order in which the parts start and stop, the handling of signals, and the decision
// when one process takes over from another.
//
// It knows neither the rules of memories nor the content of requests: it connects the parts. Only this
// package names a driver.
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

// Daemon is one daemon, from its start to its stop. It cannot be started twice: make another one instead. Any
// number of them may live in one process, each on its own store.
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

	// Only Start, a hand-over and the first Stop use the fields below, one after the other. core and parts are
	// what is running, each in the order of its start: core has everything that works with the store, parts
	// has what stands before that.
	core        []part
	parts       []part
	sockets     []*net.TCPListener // handed over, or opened by Start
	files       front.Files
	server      *front.Server
	api         *httpapi.API
	secret      []byte        // the webhook's
	embedderKey *string       // nil until it is read
	backups     *backups      // nil if none are made
	code        *httpapi.Code // what was read of the keys for signatures of code; nil before

	ready   atomic.Bool
	waiting atomic.Bool // for the store, at the start
	// reach returns an error if the store cannot be reached. It is nil if the store is in this process.
	reach  func(context.Context) error
	engine atomic.Pointer[engine.Engine]
	addr   atomic.Pointer[string]

	failed   chan struct{}
	failOnce sync.Once
	failure  error // set before failed is closed
}

// phase is a start, a hand-over or a stop, either in progress or finished.
type phase struct {
	done  chan struct{}
	err   error              // set before done is closed
	abort context.CancelFunc // aborts a start or a hand-over, and ends the time that a stop has to drain
}

// succeeded reports whether p has finished without an error.
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

// part is something that runs and must be stopped.
type part struct {
	name string
	// stop lets the part finish until ctx ends, then forces it to end. An error describes what is unfinished.
	stop func(ctx context.Context) error
}

// Hooks are a store's callbacks to the daemon.
type Hooks struct {
	Logger *slog.Logger
	Commit func(changes int, took time.Duration)
	// Fatal reports that the store cannot continue.
	Fatal func(error)
}

// Options configure a Daemon in addition to its Config. The zero value has the defaults.
type Options struct {
	// Version is the version that the daemon reports; "" means "dev".
	Version string
	// Logger receives the log; nil drops it.
	Logger *slog.Logger
	// Level, if not nil, is the Logger's level, which [Daemon.Configure] sets.
	Level *slog.LevelVar
	// Grace is how long canceled work may take to end once the time to drain is over; 0 means 5 s.
	Grace time.Duration
	// Open opens the store; nil opens the one that Config names.
	Open func(Config, Hooks) (store.Store, error)
	// Sockets, if not empty, are served instead of Config's address. The daemon closes them.
	Sockets []*net.TCPListener
}

// New returns a daemon. It does nothing before Start. c must be valid, like one from [Load]. If o is nil, the
// defaults apply.
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

// Start opens the store and serves. It returns when the daemon is ready, or has failed and left nothing
// behind. If ctx ends before that, Start fails; after that, ctx has no effect.
//
// A second Start waits for the first and returns its error. After Stop, Start returns [sigil.ErrClosed].
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
			p.err = ctx.Err() // a Stop that aborted it may no longer wait for it
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

// Stop stops what Start started, in reverse order: readiness, HTTP, scheduler, store. Work in progress may
// finish until ctx ends; then it is canceled and has a grace period. The error describes what is still
// unfinished.
//
// Stop may be called at any time. It aborts a start in progress, and returns nil before a start. A second
// Stop waits for the first and returns its error; if its ctx ends first, the first Stop's time ends, too.
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
		return errors.New("still starting: the start will stop what it has started")
	}
	if handing != nil {
		handing.abort()
		if !d.over(ctx, handing) {
			return errors.New("a hand-over is still in progress")
		}
	}
	return d.stopParts(ctx)
}

// over waits until p has finished. It reports false if ctx and the grace period end first.
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

// stopAll stops all parts of a list, the last one first, even if one fails.
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

// Addr returns the address that the daemon listens on, or "" before it listens.
func (d *Daemon) Addr() string {
	if addr := d.addr.Load(); addr != nil {
		return *addr
	}
	return ""
}

// Failed returns a channel that is closed when a part fails that the daemon cannot run without. [Daemon.Err]
// returns the cause. The daemon must still be stopped.
func (d *Daemon) Failed() <-chan struct{} { return d.failed }

// Err returns the reason why Failed was closed, or nil before that.
func (d *Daemon) Err() error {
	select {
	case <-d.failed:
		return d.failure
	default:
		return nil
	}
}

// fail only records the error. It may be called from anywhere, with any lock held.
func (d *Daemon) fail(err error) {
	d.failOnce.Do(func() {
		d.failure = err
		close(d.failed)
	})
}

// reachTime is the time limit of the store for a readiness check.
const reachTime = 2 * time.Second

// check returns the reason why the daemon cannot accept requests now, or nil.
func (d *Daemon) check() error {
	switch {
	case d.Err() != nil:
		return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_failed", Detail: "the store failed; the daemon must be started again"}
	case d.waiting.Load():
		return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "not_ready", Detail: "the daemon is waiting for its database, which cannot be reached yet"}
	case !d.ready.Load():
		return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "not_ready", Detail: "the daemon is starting or stopping"}
	case d.reach != nil:
		ctx, cancel := context.WithTimeout(context.Background(), reachTime)
		defer cancel()
		return d.reach(ctx)
	}
	return nil
}

// Configure applies the settings of c that can change while the daemon runs: the policy and its figures, the
// limits of a tenant and of what can be restored, notices, the log level. c must be valid. Configure returns [sigil.ErrUnavailable] until Start
// has succeeded.
func (d *Daemon) Configure(c Config) error {
	e := d.engine.Load()
	if e == nil {
		return fmt.Errorf("configure: the daemon is not ready: %w", sigil.ErrUnavailable)
	}
	settings, err := c.settings()
	if err != nil {
		return err
	}
	if !d.reloads("undo") {
		settings.Undo.Window = 0
	}
	e.Configure(settings)
	d.level.Set(c.level())
	return nil
}

// reloads reports whether a setting can change while the daemon runs. The time for which removed memories can be restored
// cannot if it was 0 at the start: the store was opened to keep none.
func (d *Daemon) reloads(setting string) bool {
	return live[setting] && (setting != "undo" || d.config.Undo > 0)
}
