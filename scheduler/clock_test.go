package scheduler_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil/scheduler"
)

// beginAt is begin with a wall clock that shows at.
func beginAt(t *testing.T, o *scheduler.Options, at time.Time, spec string) (*scheduler.Scheduler, *wallClock) {
	t.Helper()
	var wall wallClock
	wall.set(time.Until(at))
	s := scheduler.New(o)
	s.SetClock(wall.now)
	if err := s.Add("a", spec, nothing); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, &wall
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestClockSetForwardRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		s, wall := beginAt(t, &scheduler.Options{OnRun: seen.onRun}, noon, "0 0 * * * *")
		time.Sleep(time.Minute + time.Second)
		wall.set(10 * time.Hour) // past 13:00 to 22:00
		time.Sleep(30 * time.Second)
		runs := seen.all()
		if len(runs) != 1 || !runs[0].Scheduled.Equal(noon.Add(time.Hour)) {
			t.Fatalf("runs = %+v, want one within 30 s, for 13:00", runs)
		}
		if got := info(t, s); got.Missed != 9 || !got.Next.Equal(noon.Add(11*time.Hour)) {
			t.Errorf("Jobs = %+v, want 9 missed and the next at 23:00", got)
		}
		stop(t, s)
	})
}

func TestClockSetForwardByYears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, wall := beginAt(t, nil, time.Unix(0, 0), "* * * * * *")
		synctest.Wait() // until it waits for its first tick
		wall.set(noon.Sub(time.Unix(0, 0)))
		time.Sleep(time.Second)
		synctest.Wait() // until the ticks of all those years are counted
		got := info(t, s)
		// One run for all those years, and one for the tick of this second.
		if got.Runs != 2 || got.Missed != 100_000 || !got.Next.Equal(noon.Add(2*time.Second)) {
			t.Errorf("Jobs = %+v", got)
		}
		stop(t, s)
	})
}

func TestClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, spec := range []string{"*/5 * * * * *", "@every 5s"} {
			s, wall := beginAt(t, nil, noon, spec)
			time.Sleep(11 * time.Second)
			wall.set(-10 * time.Hour)
			before := info(t, s).Runs
			time.Sleep(time.Minute)
			// Noticed at the latest when the tick it waited for was due.
			if got := info(t, s).Runs - before; got < 11 {
				t.Errorf("%s: %d runs in a minute, want 11 or 12", spec, got)
			}
			stop(t, s)
		}
	})
}

func TestClockSetBackABitRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, wall := beginAt(t, nil, noon.Add(-time.Second), "0,5 0 12 * * *")
		time.Sleep(3 * time.Second)
		wall.set(-20 * time.Second) // from 12:00:02 to 11:59:42
		time.Sleep(time.Minute)
		if got := info(t, s); got.Runs != 2 || !got.Next.Equal(noon.AddDate(0, 0, 1)) {
			t.Errorf("Jobs = %+v, want two runs and the next tomorrow", got)
		}
		stop(t, s)
	})
}

func TestClockSetBackRepeatsTheStretch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, wall := beginAt(t, nil, noon.Add(-time.Second), "0 0 12 * * *")
		time.Sleep(3 * time.Second)
		wall.set(-time.Hour)
		time.Sleep(59 * time.Minute)
		if got := info(t, s); got.Runs != 1 || !got.Next.Equal(noon) {
			t.Errorf("Jobs = %+v, want one run and the next at noon again", got)
		}
		time.Sleep(2 * time.Minute)
		if got := info(t, s).Runs; got != 2 {
			t.Errorf("%d runs, want 2", got)
		}
		stop(t, s)
	})
}

// A night in Zurich with each change of the clocks, as it is lived through.
func TestNightsOfTheChange(t *testing.T) {
	nights := []struct {
		evening    time.Time // 22:00 in Zurich
		fixed, all uint64    // runs until 10:00
	}{
		{time.Date(2026, 3, 28, 21, 0, 0, 0, time.UTC), 1, 11},
		{time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC), 1, 13},
		{time.Date(2026, 6, 1, 20, 0, 0, 0, time.UTC), 1, 12},
	}
	for _, night := range nights {
		for spec, want := range map[string]uint64{"0 30 2 * * *": night.fixed, "0 0 * * * *": night.all} {
			synctest.Test(t, func(t *testing.T) {
				zurich := zone(t, "Europe/Zurich")
				s, wall := beginAt(t, &scheduler.Options{Location: zurich}, night.evening, spec)
				for wall.now().In(zurich).Hour() != 10 {
					time.Sleep(time.Minute)
				}
				time.Sleep(time.Second)
				if got := info(t, s); got.Runs != want || got.Missed != 0 {
					t.Errorf("%v %s: %d runs and %d missed, want %d and 0",
						night.evening, spec, got.Runs, got.Missed, want)
				}
				stop(t, s)
			})
		}
	}
}
