// Package engine owns the verbs: encode, recall, peek, forget, restore, erase, pin, list, search, related, sweep, crystallize, explain,
// forecast, register, revoke, export, import. It owns the clock, the rules and the order in which things are checked.
//
// It knows neither SQL nor HTTP nor Prometheus, and holds no lock across I/O. Its only goroutines are those of a
// sweep's concurrent commits, which the sweep waits for. The [store.Store] provides atomicity, durability and the
// locking of single memories. The caller schedules the sweeps; reads hide a memory past its deadline whether or not a
// sweep runs.
package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

// Engine applies the rules and changes a store accordingly. Its methods may be called from any goroutine. It does not
// own the store: the caller that opened it closes it, after the last call has returned. Any number of engines, in as
// many processes as the driver allows, may work on one store.
//
// Every error is a [*sigil.Error] or the context's.
type Engine struct {
	store    *clocked
	limits   Limits
	clock    func() time.Time
	guard    *clock.Clock // what clock reads; nil if the caller has set Options.Clock
	observer Observer
	started  time.Time
	touch    func(*sigil.Meta) (*sigil.Event, error) // the method touched, kept because a method value is allocated each time

	searching store.SearchSettings
	analyzer  *words.Analyzer // nil if nothing is searched

	given givenPolicies

	embedder atomic.Pointer[Embedder]
	backups  atomic.Pointer[func() ([]string, error)] // lists copies of the store; see [Engine.UseBackups]
	redact   atomic.Pointer[func(tenant string)]      // see [Engine.OnErase]
	settings atomic.Pointer[Settings]
	recalled atomic.Pointer[store.RecallWatcher]
	latest   atomic.Int64 // the newest time returned, in Unix milliseconds
	// changes counts the memories in requested changes whose callers wait for durability: sweeps yield to them.
	changes atomic.Uint64
	uses    uses
}

// Options configure an Engine; the zero value and nil mean the defaults.
type Options struct {
	// Clock returns the time and is trusted: if it runs back, the engine's time stands still until it has caught up. If
	// nil, the engine uses the store's clock if it has one (PostgreSQL's is the database's), else the machine's. These
	// two are guarded: a jump counts only once it has lasted for ClockConfirm; see [Engine.Clock].
	Clock func() time.Time
	// ClockConfirm is how long a jump of the machine's clock must last before it counts; 0 means 15 minutes. A store
	// with its own clock has its own setting.
	ClockConfirm time.Duration
	// Logger gets the jumps of the machine's clock; nil means [slog.Default].
	Logger *slog.Logger
	// Observer, if not nil, is told what was done.
	Observer Observer
	// Limits bound the input; a field that is 0 has its default.
	Limits Limits
	// Settings can be changed later, with [Engine.Configure].
	Settings Settings
}

// Settings are the rules that may change while the engine runs.
type Settings struct {
	// Policy is the policy that encodes, recalls and unpins give a memory from now on; nil means [sigil.DefaultPolicy].
	// A memory keeps its policy until then. A tenant may have another one: see [Engine.SetPolicy].
	Policy sigil.Policy
	// Quota bounds each tenant; the zero value means no bound.
	Quota store.Quota
	// Retention bounds the journal; the zero value keeps all of it.
	Retention Retention
	// Notice is how long before its deadline a memory gets a notice: a journal entry of kind [sigil.Fading], which the first sweep
	// writes that finds the deadline that near, once for each deadline. A memory whose deadline passes between two
	// sweeps, or while none run, fades without one. 0 means no notices.
	Notice time.Duration
	// Undo is how long removed memories can be restored; the zero value turns that off.
	Undo Undo
}

// Retention bounds how much of the journal, of all tenants together, is kept. A client that resumes at a position which
// is no longer kept gets [sigil.ErrGone].
type Retention struct {
	Age     time.Duration // 0 means forever
	Entries uint64        // 0 means any number; an entry takes about 80 bytes
}

// Limits bound the input. For input over a limit the error is [sigil.ErrTooLarge] or [sigil.ErrInvalid], naming the
// field. The defaults are in the comments.
type Limits struct {
	Data  int // bytes of one value: 1 MiB
	Depth int // levels of nesting: 64
	State int // bytes of the extra keys of a state: 4 KiB
	Tags  int // tags of one memory, each of 1 to 128 bytes: 32
	Batch int // memories in one batch: 10,000
	Page  int // entries in one page: 1,000
	// Versions is how many superseded memories a chain of corrections has at most; 1,000. A correction over that drops the oldest
	// ones: see [Engine.Correct].
	Versions int
	// PageBytes is the maximum number of bytes of data in one answer, unless a single memory has more: 8 MiB.
	PageBytes int64
	// Policies is how many different policies encodes may give to memories of one tenant, for as long as the engine is there; 256.
	// A store can number only so many, and has each of them forever. It does not bound imports.
	Policies int
	// Signatures is the most signatures of code that a tenant can register; 1,000,000. None is ever removed.
	Signatures int
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, n int) {
		if *v == 0 {
			*v = n
		}
	}
	def(&l.Data, 1<<20)
	def(&l.Depth, 64)
	def(&l.State, 4<<10)
	def(&l.Tags, 32)
	def(&l.Batch, 10_000)
	def(&l.Page, 1_000)
	def(&l.Versions, 1_000)
	def(&l.Policies, 256)
	def(&l.Signatures, 1_000_000)
	if l.PageBytes == 0 {
		l.PageBytes = 8 << 20
	}
	return l
}

// Observer is called after the engine has done something, on the goroutine of the call. Its methods must be fast and
// safe for concurrent use.
type Observer interface {
	// Did reports a call of a verb ("encode", "recall", …) on n memories, and its error.
	Did(verb string, n int, took time.Duration, err error)
	// Refused reports the error of one memory of a batch.
	Refused(err error)
	// Duplicate reports an encode whose content the tenant had already, and what was done about it. An encode that
	// reinforced a memory counts as one recall, and as an encode of none.
	Duplicate(did sigil.OnDuplicate)
	// Released reports n memories released for a reason: "decay", "ttl", "memories", "bytes", "request".
	Released(reason string, n int)
	// Swept reports a run of a sweep, whether or not it released anything.
	Swept(sweep Sweep, err error)
}

type nobody struct{}

func (nobody) Did(string, int, time.Duration, error) {}
func (nobody) Refused(error)                         {}
func (nobody) Duplicate(sigil.OnDuplicate)           {}
func (nobody) Released(string, int)                  {}
func (nobody) Swept(Sweep, error)                    {}

// New returns an engine over s. nil options are the defaults.
func New(s store.Store, o *Options) *Engine {
	if o == nil {
		o = &Options{}
	}
	e := &Engine{limits: o.Limits.withDefaults(), clock: o.Clock, observer: o.Observer}
	if e.clock == nil {
		e.guard = guardOf(s, o)
		e.clock = e.guard.Now
	}
	if e.observer == nil {
		e.observer = nobody{}
	}
	e.store = &clocked{s, e.now}
	e.Configure(o.Settings)
	e.started = e.now()
	e.touch = e.touched
	e.searching = s.Searching()
	e.analyzer, _ = e.searching.Analyzer() // the store has checked the settings
	return e
}

// Configure replaces the settings. They apply to calls that begin after it returns.
func (e *Engine) Configure(s Settings) {
	if s.Policy == nil {
		s.Policy = sigil.DefaultPolicy()
	}
	e.settings.Store(&s)
}

// OnRecall sets the watcher of recalls, replacing the previous one. It is called for each recall made through e, with
// the memory in the state after the recall, on the goroutine of the call. If the store is a [store.Shared], it is also
// called, with a delay, for recalls in other processes.
func (e *Engine) OnRecall(w store.RecallWatcher) {
	e.recalled.Store(&w)
	e.store.onRecall(w)
}

// Settings returns the current settings.
func (e *Engine) Settings() Settings { return *e.settings.Load() }

// Limits returns the limits.
func (e *Engine) Limits() Limits { return e.limits }

// Now returns the engine's time, in UTC and whole milliseconds. Every rule uses it. It never runs back.
func (e *Engine) Now() time.Time { return e.now() }

func (e *Engine) now() time.Time {
	ms := e.clock().UnixMilli()
	for {
		latest := e.latest.Load()
		if ms <= latest {
			return time.UnixMilli(latest).UTC()
		}
		if e.latest.CompareAndSwap(latest, ms) {
			return time.UnixMilli(ms).UTC()
		}
	}
}

// observe returns a function that reports a call of a verb: defer it with the address of the named error.
func (e *Engine) observe(verb string, n int) func(*error) {
	begin := time.Now() // the real time, not the engine's
	return func(err *error) { e.observer.Did(verb, n, time.Since(begin), *err) }
}

// wrap turns a store's error into a [sigil.Error]. It returns an error that is one already, or the context's,
// unchanged.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	var known *sigil.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &sigil.Error{Kind: sigil.ErrInternal, Code: "internal", Detail: "the store failed", Err: err}
}
