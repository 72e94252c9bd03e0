package disk

import (
	"runtime"
	"sync/atomic"
	"time"
)

// pace keeps flushes and compactions out of the way of callers. If there is time, they rest for most of it:
// at full speed, callers would wait for the processor and the disk. There is time while the log fills slowly.
type pace struct {
	tuning  Tuning
	start   time.Time
	begun   atomic.Int64 // when the newest log was begun, in nanoseconds since start
	took    atomic.Int64 // how long the previous log was written to
	hurried atomic.Int32 // how many callers wait for the work to end
}

func newPace(t Tuning) *pace { return &pace{tuning: t, start: time.Now()} }

// log records the start of a log.
func (p *pace) log() {
	now := int64(time.Since(p.start))
	p.took.Store(now - p.begun.Swap(now))
}

// hurry ends the rests until done is called, since a caller waits for the work to end.
func (p *pace) hurry() (done func()) {
	p.hurried.Add(1)
	return func() { p.hurried.Add(-1) }
}

func (p *pace) leisure() bool {
	took := p.took.Load()
	return p.tuning.RestTurns > 0 && took >= int64(p.tuning.LeastFill) && int64(time.Since(p.start))-p.begun.Load() < took/2 && p.hurried.Load() == 0
}

// shift is the work of one flush or compaction, on one goroutine.
type shift struct {
	pace  *pace
	since time.Time // the end of its last rest
}

func (p *pace) shift() shift { return shift{p, time.Now()} }

// step is called often. It rests if there is time. If not, it yields to other goroutines that wait for a
// processor: the goroutines of a flush or compaction wake each other, and would otherwise keep the processor
// for ten milliseconds.
func (s *shift) step() {
	switch t := &s.pace.tuning; {
	case s.pace.leisure():
		time.Sleep(min(t.RestTurns*time.Since(s.since), t.MostRest))
	case t.Yields:
		runtime.Gosched()
	}
	s.since = time.Now()
}
