package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// The errors that the methods return, found with [errors.Is].
var (
	// ErrInvalid means that a schedule cannot be read or never fires, a name is empty, or a job is nil.
	ErrInvalid = errors.New("scheduler: invalid")
	// ErrConflict means that another job has the name.
	ErrConflict = errors.New("scheduler: there is a job of that name") // +checklocksignore: never changes
	// ErrNotFound means that no job has the name.
	ErrNotFound = errors.New("scheduler: no job of that name")
	// ErrStarted means that Add was called after Start.
	ErrStarted = errors.New("scheduler: started") // +checklocksignore: never changes
	// ErrStopped means that a method was called after Stop. It is also the [context.Cause] for a job whose context Stop
	// has canceled.
	ErrStopped = errors.New("scheduler: stopped")
	// ErrUnfinished means that Stop left jobs running; its text names them.
	ErrUnfinished = errors.New("scheduler: unfinished jobs")
	// ErrPanic means that a run panicked. If it panicked with an error, that is wrapped as well.
	ErrPanic = errors.New("scheduler: job panicked")
)

// A Job is the work of one run. It returns soon after ctx is canceled. That happens when Stop's own ctx has ended, in a
// run by hand also when the context given to Run ends, and for a job of AddStepwise at once with Stop. A job must not
// wait for a run of itself, nor for Stop: both wait for it. It may panic but must not call [runtime.Goexit], after
// which it would not be scheduled again.
type Job func(ctx context.Context) error

// A Run is the result of one run of a job. The zero Run means that there was none.
type Run struct {
	Name      string        // the job's name
	Scheduled time.Time     // the tick it ran for; zero if run by hand
	Start     time.Time     // when it began, by the wall clock
	Duration  time.Duration // how long it took, by the monotonic clock
	Err       error         // what the job returned, or ErrPanic
	Manual    bool          // run by hand
}

// Info is the state of a job. Times are in the time zone of its schedule.
type Info struct {
	Name    string
	Spec    string    // as given to Add
	Next    time.Time // the tick it waits for; zero before Start and after Stop
	Last    Run       // the last run that ended; the zero Run if none has
	Runs    uint64    // runs that ended, scheduled and by hand
	Missed  uint64    // ticks that passed without a run; at most 100,000 per gap are counted
	Running bool      // a run is in progress
}

// Options configure a Scheduler. The zero value and nil mean the defaults.
type Options struct {
	// Location is the time zone of schedules that do not name their own; nil means UTC.
	Location *time.Location

	// OnRun, if not nil, is called after every run, from the goroutine of the run. The job's next run waits for it to
	// return, and so does Stop: it must be quick, and must not call either Run on that job or Stop. It may be called
	// concurrently for different jobs. It must not panic.
	OnRun func(Run)

	// Logger gets a warning about each failed run and each gap with missed ticks, and the stack of a panic; nil
	// discards them.
	Logger *slog.Logger

	// Grace is how long Stop waits for jobs it has interrupted. 0 means five seconds; less than 0 means not at all.
	Grace time.Duration
}

// A Scheduler runs jobs on their schedules. Make it with New, then call Add, Start and Stop, in this order, and once.
// All methods are safe for concurrent use.
type Scheduler struct {
	loc    *time.Location
	onRun  func(Run)
	log    *slog.Logger
	grace  time.Duration
	now    func() time.Time
	ledger *ledger
}

// New returns a Scheduler without jobs. It copies the options. It starts nothing: Stop is needed only after Start.
func New(o *Options) *Scheduler {
	if o == nil {
		o = &Options{}
	}
	s := &Scheduler{
		loc:    o.Location,
		onRun:  o.OnRun,
		log:    o.Logger,
		grace:  o.Grace,
		now:    time.Now,
		ledger: newLedger(),
	}
	if s.loc == nil {
		s.loc = time.UTC
	}
	if s.onRun == nil {
		s.onRun = func(Run) {}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.grace == 0 {
		s.grace = 5 * time.Second
	}
	return s
}

// Add registers a job under a unique name, to run on the schedule spec (see the package comment). It fails with
// [ErrInvalid], [ErrConflict], [ErrStarted] or [ErrStopped], and then adds nothing.
func (s *Scheduler) Add(name, spec string, do Job) error {
	return s.add(name, spec, do, false)
}

// AddStepwise is like Add, for a job that works in steps and may end after any of them, because its next run does the
// rest. Stop cancels its context at once, and a run that then returns [context.Canceled] has not failed.
func (s *Scheduler) AddStepwise(name, spec string, do Job) error {
	return s.add(name, spec, do, true)
}

func (s *Scheduler) add(name, spec string, do Job, stepwise bool) error {
	if name == "" {
		return fmt.Errorf("%w: the name of a job is empty", ErrInvalid)
	}
	if do == nil {
		return fmt.Errorf("%w: job %q: nil func", ErrInvalid, name)
	}
	at, err := parse(spec, s.loc, s.wall())
	if err != nil {
		return fmt.Errorf("%w: job %q: schedule %q: %w", ErrInvalid, name, spec, err)
	}
	return s.ledger.add(&job{name: name, do: do, at: at, turn: make(chan struct{}, 1), stepwise: stepwise}, spec)
}

// Jobs returns the state of all jobs, in the order they were added. The slice is the caller's.
func (s *Scheduler) Jobs() []Info {
	return s.ledger.infos()
}

// Validate returns nil if Add would accept spec, and otherwise an [ErrInvalid] that says why not.
func Validate(spec string) error {
	if _, err := parse(spec, time.UTC, time.Now()); err != nil {
		return fmt.Errorf("%w: schedule %q: %w", ErrInvalid, spec, err)
	}
	return nil
}

// wall returns the time of the wall clock. In drops the monotonic reading, with which a comparison would not notice
// that the clock was set.
func (s *Scheduler) wall() time.Time {
	return s.now().In(s.loc)
}
