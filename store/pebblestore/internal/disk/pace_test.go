package disk

import (
	"testing"
	"testing/synctest"
	"time"
)

// A flush or compaction rests in the first half of the time that a log takes to fill, if that is long, and otherwise
// only yields.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tuned := Tuned()
		p := newPace(tuned)
		s := p.shift()
		const work = time.Millisecond
		rests := func(what string, want time.Duration) {
			t.Helper()
			s.since = time.Now()
			time.Sleep(work) // it works
			begun := time.Now()
			if s.step(); time.Since(begun) != want {
				t.Errorf("%s: it rests for %v, want %v", what, time.Since(begun), want)
			}
		}
		time.Sleep(time.Hour)
		rests("with the first log not begun", 0)
		p.log()
		time.Sleep(tuned.LeastFill)
		p.log()
		rests("a log takes long to fill", tuned.RestTurns*work)
		s.since = time.Now().Add(-time.Minute)
		begun := time.Now()
		if s.step(); time.Since(begun) != tuned.MostRest {
			t.Errorf("after long work it rests for %v", time.Since(begun))
		}
		time.Sleep(tuned.LeastFill / 2)
		rests("the next log is half full", 0)
		time.Sleep(tuned.LeastFill/2 - time.Second)
		p.log()
		rests("a log fills fast", 0)
		time.Sleep(time.Minute)
		p.log()
		rests("a log takes longer", tuned.RestTurns*work)
		first, second := p.hurry(), p.hurry()
		rests("two wait", 0)
		first()
		rests("one waits", 0)
		second()
		rests("nobody waits", tuned.RestTurns*work)
	})
}

// Without the tuning, nothing rests or yields.
func TestNothingRestsWithoutTuning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(Tuning{})
		p.log()
		time.Sleep(time.Hour)
		p.log()
		s := p.shift()
		time.Sleep(time.Millisecond)
		begun := time.Now()
		if s.step(); time.Since(begun) != 0 {
			t.Errorf("it rests for %v", time.Since(begun))
		}
	})
}
