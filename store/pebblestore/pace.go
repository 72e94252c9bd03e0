package pebblestore

import (
	"runtime"
	"sync/atomic"
	"time"
)

// pace keeps flushes and compactions out of the way of callers. Where there is time they rest most of it: what is
// done at once, callers wait behind, for the processor and for the disk. There is time while the log fills slowly.
type pace struct {
	start   time.Time
	begun   atomic.Int64 // when the newest log was, from start, in ns
	took    atomic.Int64 // how long the one before it was written to
	hurried atomic.Bool
}

const (
	// restTurns is how many times as long as it worked a flush or a compaction rests where there is time, and
	// mostRest how long at most.
	restTurns = 7
	mostRest  = 10 * time.Millisecond
	// leastFill is how long a log must take to fill for there to be time: in the first half of what the next one
	// takes. A flush takes a second or less where it does not rest.
	leastFill = 4 * time.Second
)

func newPace() *pace { return &pace{start: time.Now()} }

// log says that a log was begun.
func (p *pace) log() {
	now := int64(time.Since(p.start))
	p.took.Store(now - p.begun.Swap(now))
}

// hurry says that somebody waits for an end: there is no time any more.
func (p *pace) hurry() { p.hurried.Store(true) }

func (p *pace) leisure() bool {
	took := p.took.Load()
	return took >= int64(leastFill) && int64(time.Since(p.start))-p.begun.Load() < took/2 && !p.hurried.Load()
}

// shift is the work of one flush or compaction, on one goroutine.
type shift struct {
	pace  *pace
	since time.Time // it rested
}

func (p *pace) shift() shift { return shift{p, time.Now()} }

// step is called often. It rests where there is time, and else lets whoever waits for a processor have it first: the
// goroutines of a flush, and of a compaction, wake each other, and by themselves keep it for ten milliseconds.
func (s *shift) step() {
	if s.pace.leisure() {
		time.Sleep(min(restTurns*time.Since(s.since), mostRest))
	} else {
		runtime.Gosched()
	}
	s.since = time.Now()
}
