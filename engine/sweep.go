package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
)

// Sweep is the result of one run of a sweep.
type Sweep struct {
	Job       sigil.Job
	StartedAt time.Time
	Took      time.Duration
	// Released counts the memories that a decay sweep released, by reason ("decay", "ttl").
	Released map[string]int
	// Noticed is the number of notices that a decay sweep journaled; see [Settings.Notice].
	Noticed int
	// Purged is the number of removed memories that a decay sweep dropped for good; see [Undo].
	Purged int
	// Patterns is the number of patterns that a crystallize sweep looked at; Created and Updated count the crystals
	// that it created and changed.
	Patterns int
	Created  int
	Updated  int
}

// Total returns how many memories the sweep released.
func (s *Sweep) Total() int {
	n := 0
	for _, k := range s.Released {
		n += k
	}
	return n
}

// Sweep releases memories past their deadlines, in small steps, drops removed memories that can no longer be restored, and
// then journals notices of deadlines that are near; see [Settings.Notice]. A step is one commit, or several concurrent ones if
// this engine has no other changes to make. The cost of a sweep grows with what it releases and notices. Any number of sweeps may
// run at once, in any number of processes: each memory is released, and journaled, once, and each deadline noticed once.
//
// A sweep yields to changes requested through this engine. After each step it pauses for several times the duration of
// the step, up to a quarter of a second, but never so long that more memories arrive than it releases. With no other
// changes it runs at full speed.
//
// During an unconfirmed jump of the clock, Sweep releases nothing and returns [sigil.ErrUnavailable] ("clock_held"). While the
// clock is doubted without that, see [Engine.DoubtClock], it releases memories, and drops nothing for good.
// After a jump forward, it first moves the deadlines of due memories that were touched before the jump was confirmed.
//
// When ctx ends, Sweep finishes the commits in progress, or ends its pause, and returns what it did with the context's
// error.
func (e *Engine) Sweep(ctx context.Context) (s Sweep, err error) {
	due, err := e.certain()
	now := e.now() // read after due, so that a release is not dated before its deadline
	s = Sweep{Job: sigil.DecayJob, StartedAt: now, Released: map[string]int{}}
	if err != nil {
		return s, err
	}
	defer e.swept(&s, &err)()

	uncut := context.WithoutCancel(ctx) // a commit in progress is finished even if ctx ends
	// Those of other processes are read too: this one may have been suspended for long, and not know that a clock stands still.
	clocks, err := e.store.TenantClocks(uncut)
	if err != nil {
		return s, wrap(err)
	}
	release := func(limit int, goOn func() bool) (did int, more bool, err error) {
		keys, err := e.store.Due(uncut, due, limit)
		if err != nil {
			return 0, false, err
		}
		var mu sync.Mutex // guards did and s
		err = inCommits(keys, goOn, func(keys []sigil.Key) error {
			var early []sigil.Key // those whose deadlines are too early
			events, err := e.store.Remove(uncut, keys, func(m sigil.Meta) (sigil.Event, bool) {
				// Checked again with the memory locked: a recall may have come first.
				if m.Due(due) && e.early(&m, due) {
					early = append(early, m.Key)
				}
				return sigil.Event{Time: now, Kind: sigil.Faded, Reason: m.FadeReason(), Memory: m}, m.Due(due)
			})
			if err == nil {
				err = e.prolong(uncut, early, due)
			}
			mu.Lock()
			defer mu.Unlock()
			did += len(keys)
			for i := range events {
				s.Released[events[i].Reason]++
			}
			return err
		})
		return did, len(keys) == limit || did < len(keys), err
	}
	prune := func(limit int, goOn func() bool) (did int, more bool, err error) {
		more = true
		for more && did < limit && (did == 0 || goOn()) && err == nil { // in commits of sweepStep, like the releases
			var n int
			n, err = e.store.PruneAnswers(uncut, due, sweepStep)
			did, more = did+n, n == sweepStep
		}
		return did, more, err
	}
	purge := func(limit int, goOn func() bool) (did int, more bool, err error) {
		undo := e.Settings().Undo
		more = true
		for more && did < limit && (did == 0 || goOn()) && err == nil {
			var n int
			n, err = e.store.Purge(uncut, due.Add(time.Millisecond-undo.Window), undo.Keep, sweepStep)
			did, more = did+n, n == sweepStep
		}
		s.Purged += did
		return did, more, err
	}
	steps := []func(int, func() bool) (int, bool, error){release, e.ends(uncut, clocks, due, now, &s)}
	if _, err := e.final(); err == nil {
		steps = append(steps, prune, purge)
	}
	if span := e.Settings().Notice; span > 0 {
		steps = append(steps, e.notices(uncut, now, span, &s)) // last: it is the only one that needs space on a disk
	}
	for _, step := range steps {
		if err := e.inSteps(ctx, step); err != nil {
			return s, err
		}
	}
	return s, nil
}

// inCommits removes keys in commits of sweepStep each, several of them concurrently: a store can let them share a sync,
// and prepare some while others are being written. It always begins the first one, and others while goOn returns true.
func inCommits(keys []sigil.Key, goOn func() bool, remove func(keys []sigil.Key) error) error {
	parts := slices.Collect(slices.Chunk(keys, sweepStep))
	errs := make([]error, len(parts))
	slots := make(chan struct{}, commitsAtOnce)
	var removing sync.WaitGroup
	for i, part := range parts {
		slots <- struct{}{}
		if i > 0 && !goOn() {
			break
		}
		removing.Go(func() {
			errs[i] = remove(part)
			<-slots
		})
	}
	removing.Wait()
	return errors.Join(errs...)
}

// swept returns a function that ends the record of a sweep and reports it.
func (e *Engine) swept(s *Sweep, err *error) func() {
	begin := time.Now()
	return func() {
		s.Took = time.Since(begin)
		for reason, n := range s.Released {
			e.observer.Released(reason, n)
		}
		e.observer.Swept(*s, *err)
	}
}
