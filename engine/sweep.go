package engine

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// sweepStep is how many memories a decay sweep releases in one commit: small, so that a recall of one
// of them waits no longer than one commit, and so that a sweep that is stopped ends soon.
const sweepStep = 512

// Sweep releases what is past its deadline, in small steps, each of them one commit. It costs what it
// releases. Any number of sweeps may run at once, in any number of processes: each memory is released,
// and journaled, once.
//
// When ctx ends it finishes the step it is in and returns what it did with the context's error.
func (e *Engine) Sweep(ctx context.Context) (s sigil.Sweep, err error) {
	now := e.now()
	s = sigil.Sweep{Job: sigil.DecayJob, StartedAt: sigil.Timestamp{Time: now}, Released: map[string]int{}}
	defer e.swept(&s, &err)()

	// A step under way is finished, whatever becomes of ctx.
	step := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		keys, err := e.store.Due(step, now, sweepStep)
		if err != nil {
			return s, wrap(err)
		}
		if len(keys) == 0 {
			break
		}
		events, err := e.store.Remove(step, keys, func(m sigil.Meta) (sigil.Event, bool) {
			// Asked again with the memory locked: a recall may have come first.
			return sigil.Event{Time: now, Kind: sigil.Faded, Reason: m.FadeReason(), Memory: m}, m.Due(now)
		})
		if err != nil {
			return s, wrap(err)
		}
		for i := range events {
			s.Released[events[i].Reason]++
		}
		if len(keys) < sweepStep {
			break
		}
	}
	for ctx.Err() == nil {
		n, err := e.store.Prune(step, now, sweepStep)
		if err != nil {
			return s, wrap(err)
		}
		if n < sweepStep {
			break
		}
	}
	return s, ctx.Err()
}

// swept closes the books of a sweep when the returned func runs.
func (e *Engine) swept(s *sigil.Sweep, err *error) func() {
	begin := time.Now()
	return func() {
		s.DurationSeconds = time.Since(begin).Seconds()
		for reason, n := range s.Released {
			e.observer.Released(reason, n)
		}
		e.observer.Swept(*s, *err)
	}
}
