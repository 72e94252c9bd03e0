package engine

import (
	"context"
	"time"
)

const (
	// sweepStep is how many a sweep does in one commit: few, so that a recall of a memory that is being
	// released waits no longer than one commit, and so that a sweep that is stopped ends soon.
	sweepStep = 512
	// alone is how many such commits it has before it where nobody else changes anything.
	alone = 32
	// atOnce is how many of them it does at once: fewer than a store is likely to have connections.
	atOnce = 12
	// giveWay is how many times as long as a step took it pauses beside changes: they have the store to
	// themselves for four fifths of the time.
	giveWay = 4
	// maxPause bounds that: a step that took seconds, on a disk that hung, says little of the next.
	maxPause = 250 * time.Millisecond
	// ahead is how many times as many as come it does at the least: in a store that is written all the
	// time what is due must not pile up.
	ahead = 2
)

// inSteps does step after step until one says that there is no more, or ctx ends, whose error it gives. A step does
// sweepStep, and goes on to a limit for as long as it may. It gives way to the changes that come meanwhile.
func (e *Engine) inSteps(ctx context.Context, step func(limit int, goOn func() bool) (did int, more bool, err error)) error {
	look, counted, limit := time.Now(), e.changes.Load(), sweepStep
	goOn := func() bool { return ctx.Err() == nil && e.changes.Load() == counted }
	for begin := look; ctx.Err() == nil; {
		did, more, err := step(limit, goOn)
		if err != nil {
			return wrap(err)
		}
		if !more {
			break
		}
		now, changes := time.Now(), e.changes.Load()
		limit = sweepStep
		if changes == counted {
			limit *= alone
		}
		pause := pauseFor(now.Sub(begin), did, now.Sub(look), changes-counted)
		begin, look, counted = now, now, changes
		if pause > 0 {
			sleep(ctx, pause)
			begin = time.Now()
		}
	}
	return ctx.Err()
}

// pauseFor tells how long to pause after a step that took a time and did some, where so many changes came in
// the time since the end of the step before it.
func pauseFor(took time.Duration, did int, since time.Duration, came uint64) time.Duration {
	if came == 0 {
		return 0
	}
	// So many come in this time, of the step and the pause together, that it did ahead times as many.
	longest := time.Duration(float64(since) * float64(did) / float64(ahead*came))
	return min(giveWay*took, maxPause, longest-took)
}

// sleep waits for a time, or for ctx to end.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
