package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
)

// Sweep releases what is past its deadline, in small steps, each of them one commit, or a few at once where
// nothing else is asked of this engine. It costs what it releases. Any number of sweeps may run at once, in
// any number of processes: each memory is released, and journaled, once.
//
// Beside changes that are asked of this engine it gives way: after each step it pauses for some times as
// long as the step took, though for no more than a quarter of a second, and never so long that as many
// would come as it releases. With nobody else it goes as fast as it can.
//
// When ctx ends it finishes the step it is in, or ends its pause, and returns what it did with the
// context's error.
func (e *Engine) Sweep(ctx context.Context) (s sigil.Sweep, err error) {
	now := e.now()
	s = sigil.Sweep{Job: sigil.DecayJob, StartedAt: sigil.Timestamp{Time: now}, Released: map[string]int{}}
	defer e.swept(&s, &err)()

	decide := func(m sigil.Meta) (sigil.Event, bool) {
		// Asked again with the memory locked: a recall may have come first.
		return sigil.Event{Time: now, Kind: sigil.Faded, Reason: m.FadeReason(), Memory: m}, m.Due(now)
	}
	release := func(ctx context.Context, limit int) (int, error) {
		keys, err := e.store.Due(ctx, now, limit)
		if err != nil {
			return 0, err
		}
		events, err := inCommits(keys, func(keys []sigil.Key) ([]sigil.Event, error) { return e.store.Remove(ctx, keys, decide) })
		for i := range events {
			s.Released[events[i].Reason]++
		}
		return len(keys), err
	}
	prune := func(ctx context.Context, limit int) (did int, err error) {
		for n := sweepStep; n == sweepStep && did < limit && err == nil; did += n { // in commits as large as those
			n, err = e.store.Prune(ctx, now, sweepStep)
		}
		return did, err
	}
	if err := e.inSteps(ctx, release); err != nil {
		return s, err
	}
	return s, e.inSteps(ctx, prune)
}

// inCommits removes keys in commits of sweepStep each, at once: a store can let them share a sync.
func inCommits(keys []sigil.Key, remove func(keys []sigil.Key) ([]sigil.Event, error)) ([]sigil.Event, error) {
	parts := slices.Collect(slices.Chunk(keys, sweepStep))
	events, errs := make([][]sigil.Event, len(parts)), make([]error, len(parts))
	var removing sync.WaitGroup
	for i, part := range parts {
		removing.Go(func() { events[i], errs[i] = remove(part) })
	}
	removing.Wait()
	return slices.Concat(events...), errors.Join(errs...)
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
