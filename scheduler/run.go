package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
)

// maxWait limits one wait for a tick: a timer does not notice that the wall clock was set.
const maxWait = 30 * time.Second

// Start begins to run the jobs and returns. The jobs get the values of ctx but not its cancellation: once Start has
// returned, only Stop ends them. Start fails if ctx has ended, and with [ErrStopped] after Stop. A second Start does
// nothing and returns nil.
func (s *Scheduler) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("scheduler: start: %w", err)
	}
	now := s.wall()
	ticks, err := s.ledger.start(now)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	for j, tick := range ticks {
		// Stop waits for this goroutine: it counts as active until it leaves.
		go s.keep(ctx, j, tick, now)
	}
	return nil
}

// Stop prevents new runs and waits for those in progress until ctx ends; it interrupts the runs of jobs added by
// [Scheduler.AddStepwise] at once. When ctx ends, it cancels the contexts of the other runs and waits for
// Options.Grace. It returns nil if nothing is running any more, even if it had to interrupt, and otherwise an
// [ErrUnfinished] that names the jobs still running.
//
// Stop may be called early, late, twice and concurrently. Each call waits in the same way, and the first whose ctx ends
// interrupts the runs. After ErrUnfinished, a further Stop waits again. Stop before Start is final, too.
func (s *Scheduler) Stop(ctx context.Context) error {
	s.ledger.stop()
	select {
	case <-s.ledger.drained:
		return nil
	case <-ctx.Done():
	}
	_, cancels := s.ledger.unfinished()
	for _, cancel := range cancels {
		cancel(ErrStopped)
	}
	grace := time.NewTimer(s.grace)
	defer grace.Stop()
	select {
	case <-s.ledger.drained:
		return nil
	case <-grace.C:
	}
	if names, _ := s.ledger.unfinished(); len(names) > 0 {
		return fmt.Errorf("%w: %s", ErrUnfinished, strings.Join(names, ", "))
	}
	return nil
}

// Run runs a job now, by hand, in the goroutine of the caller, and returns what the job returns, or an [ErrPanic]. If
// the job is already running, Run waits for it to end. A tick that comes during Run is missed. The scheduler need not
// be started.
//
// The job's context is ctx, canceled also by Stop. Run fails with the error of ctx if that ends before its turn comes,
// with [ErrNotFound] if there is no such job, and with [ErrStopped] after Stop, even if it waited before.
func (s *Scheduler) Run(ctx context.Context, name string) error {
	j := s.ledger.find(name)
	if j == nil {
		return fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("scheduler: job %q: %w", name, err)
	}
	select {
	case j.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("scheduler: job %q: waiting for its turn: %w", name, ctx.Err())
	case <-s.ledger.stopping:
		return ErrStopped
	}
	return s.run(ctx, j, Run{Name: name, Manual: true})
}

// keep runs a job whenever it is due, first at tick, which was computed at the time seen. It is the goroutine of that
// job, from Start to Stop.
func (s *Scheduler) keep(ctx context.Context, j *job, tick, seen time.Time) {
	defer s.ledger.leave()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-s.ledger.stopping:
			return
		}
		now := s.wall()
		if back := seen.Sub(now); back > maxWait {
			s.log.Warn("clock set back", "job", j.name, "by", back)
			seen = now
			if next := j.at.next(now); next.Before(tick) {
				tick = next
				s.ledger.plan(j, tick, 0)
			}
		} else if back < 0 {
			seen = now
		}
		if !now.Before(tick) {
			tick = s.tick(ctx, j, tick)
		}
		timer.Reset(min(tick.Sub(s.wall()), maxWait))
	}
}

// tick runs a job that is due, unless a run by hand is in progress, and returns when it is due next.
func (s *Scheduler) tick(ctx context.Context, j *job, tick time.Time) time.Time {
	var busy uint64
	select {
	case j.turn <- struct{}{}:
		// The error has been reported to OnRun and the log.
		_ = s.run(ctx, j, Run{Name: j.name, Scheduled: tick})
	default:
		busy = 1
	}
	next, missed := j.at.advance(tick, s.wall())
	if missed += busy; missed > 0 {
		s.log.Warn("ticks missed", "job", j.name, "missed", missed)
	}
	s.ledger.plan(j, next, missed)
	return next
}

// run runs a job whose turn the caller has taken, and returns the turn.
func (s *Scheduler) run(ctx context.Context, j *job, r Run) error {
	defer func() { <-j.turn }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := s.ledger.begin(j, cancel); err != nil {
		return err
	}
	defer s.ledger.end(j)
	r.Start = s.wall().In(j.at.loc)
	start := time.Now()
	// Deferred, and with an initial error, for a job that calls Goexit.
	r.Err = errors.New("scheduler: job did not return")
	defer func() {
		r.Duration = time.Since(start)
		if r.Err != nil {
			s.log.Warn("run failed", "job", j.name, "manual", r.Manual, "err", r.Err)
		}
		s.ledger.done(j, r)
		s.onRun(r)
	}()
	r.Err = s.call(ctx, j)
	if j.stepwise && errors.Is(r.Err, context.Canceled) && s.ledger.isStopping() {
		r.Err = nil
	}
	return r.Err
}

func (s *Scheduler) call(ctx context.Context, j *job) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
			return
		case error:
			err = fmt.Errorf("%w: %w", ErrPanic, v)
		default:
			err = fmt.Errorf("%w: %v", ErrPanic, v)
		}
		s.log.Error("job panicked", "job", j.name, "stack", string(debug.Stack()))
	}()
	return j.do(ctx)
}
