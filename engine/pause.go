package engine

import (
	"context"
	"time"
)

const (
	// sweepStep is how many a sweep does in one commit: few, so that a recall of a memory that is being
	// released waits no longer than one commit, and so that a sweep that is stopped ends soon.
	sweepStep = 512
	// idleSteps is how many commits a sweep queues ahead when there is no other write load.
	idleSteps = 32
	// commitsAtOnce is how many of them run concurrently: fewer than a store is likely to have connections.
	commitsAtOnce = 12
	// pauseFactor is the length of a pause, as a multiple of the step before it, while there are other changes: they
	// have the store to themselves for four fifths of the time.
	pauseFactor = 4
	// maxPause limits a pause: a step that took seconds, on a disk that hung, says little about the next.
	maxPause = 250 * time.Millisecond
	// minDrain: a sweep releases at least this many times the number of new writes, so that the backlog shrinks.
	minDrain = 2
)

// inSteps calls step until it returns that there is no more, or ctx ends, and then returns ctx's error. A step does
// sweepStep items, and goes on to limit as long as goOn allows. Between steps, inSteps pauses for concurrent changes.
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

// pauseFor returns how long to pause after a step that took a time and did some items, when so many changes came in
// the time since the end of the previous step.
func pauseFor(took time.Duration, did int, since time.Duration, came uint64) time.Duration {
	if came == 0 {
		return 0
	}
	// In this time, of step and pause together, a minDrain-th of what the step did arrives.
	longest := time.Duration(float64(since) * float64(did) / float64(minDrain*came))
	return min(pauseFactor*took, maxPause, longest-took)
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
