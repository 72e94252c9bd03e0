package engine

import (
	"context"
	"time"
)

const (
	// sweepStep is how many memories a sweep releases in one commit. It is small, so that a recall of a memory that is
	// being released waits for no more than one short commit, and so that a stopped sweep ends soon.
	sweepStep = 512
	// idleSteps is how many commits a sweep queues ahead when there is no other write load.
	idleSteps = 32
	// commitsAtOnce is how many of those commits run concurrently: fewer than the connections that a store is likely to
	// have.
	commitsAtOnce = 12
	// pauseFactor is the length of a pause, as a multiple of the step before it, while there are other changes. They
	// then have the store to themselves for four fifths of the time.
	pauseFactor = 4
	// maxPause limits a pause: a step that took seconds, on a disk that hung, does not predict the next.
	maxPause = 250 * time.Millisecond
	// minDrain: a sweep releases at least this many times the number of new writes, so that the backlog shrinks.
	minDrain = 2
)

// inSteps calls step until it reports that there is no more, or ctx ends, and then returns ctx's error. A step handles
// sweepStep items, and continues up to limit while goOn returns true. Between steps, inSteps pauses for concurrent
// changes.
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
			limit *= idleSteps
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

// pauseFor returns how long to pause after a step that took a time and handled did items, if came changes arrived in
// the time since.
func pauseFor(took time.Duration, did int, since time.Duration, came uint64) time.Duration {
	if came == 0 {
		return 0
	}
	// In this time, of step and pause together, at most did/minDrain changes arrive.
	longest := time.Duration(float64(since) * float64(did) / float64(minDrain*came))
	return min(pauseFactor*took, maxPause, longest-took)
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
