package scheduler_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil/scheduler"
)

// beginAt is begin with a wall clock that shows at.
func beginAt(t *testing.T, o *scheduler.Options, at time.Time, spec string, do scheduler.Job) (*scheduler.Scheduler, *wallClock) {
	t.Helper()
	var wall wallClock
	wall.set(time.Until(at))
	s := scheduler.New(o)
	s.SetClock(wall.now)
	if err := s.Add("a", spec, do); err != nil {
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
		s, wall := beginAt(t, &scheduler.Options{OnRun: seen.onRun}, noon, "0 0 * * * *", nothing)
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
		s, wall := beginAt(t, nil, time.Unix(0, 0), "* * * * * *", nothing)
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
			s, wall := beginAt(t, nil, noon, spec, nothing)
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
		s, wall := beginAt(t, nil, noon.Add(-time.Second), "0,5 0 12 * * *", nothing)
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
		s, wall := beginAt(t, nil, noon.Add(-time.Second), "0 0 12 * * *", nothing)
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

// Nights in which the clocks change, both ways, as they are lived through: forward by an hour, at midnight,
// and by half an hour. A fixed time comes once, whether it is skipped or repeated; a pace is kept.
func TestNightsOfTheChange(t *testing.T) {
	nights := []struct {
		zone, evening string // 22:00
		fixed         string // in the hour that is skipped or repeated
		all           uint64 // half hours until 10:00
	}{
		{"Europe/Zurich", "2026-03-28", "0 30 2 * * *", 22},
		{"Europe/Zurich", "2026-10-24", "0 30 2 * * *", 26},
		{"Europe/Zurich", "2026-06-01", "0 30 2 * * *", 24}, // no change
		{"America/New_York", "2024-03-09", "0 30 2 * * *", 22},
		{"America/New_York", "2024-11-02", "0 30 1 * * *", 26},
		{"America/Santiago", "2024-09-07", "@daily", 22},
		{"America/Santiago", "2024-04-06", "0 30 23 * * *", 26},
		{"Australia/Lord_Howe", "2024-10-05", "0 15 2 * * *", 23},
		{"Australia/Lord_Howe", "2024-04-06", "0 45 1 * * *", 25},
	}
	for _, night := range nights {
		loc := zone(t, night.zone)
		evening, err := time.ParseInLocation("2006-01-02 15:04", night.evening+" 22:00", loc)
		if err != nil {
			t.Fatal(err)
		}
		for spec, want := range map[string]uint64{night.fixed: 1, "0 */30 * * * *": night.all} {
			synctest.Test(t, func(t *testing.T) {
				s, wall := beginAt(t, &scheduler.Options{Location: loc}, evening, spec, nothing)
				for wall.now().In(loc).Hour() != 10 {
					time.Sleep(time.Minute)
				}
				time.Sleep(time.Second)
				if got := info(t, s); got.Runs != want || got.Missed != 0 {
					t.Errorf("%v %s: %d runs and %d missed, want %d and 0", evening, spec, got.Runs, got.Missed, want)
				}
				stop(t, s)
			})
		}
	}
}

// The end of February of a leap year, of a year after, and of 2100, which has no 29th.
func TestLeapDays(t *testing.T) {
	for year, want := range map[int]uint64{2028: 1, 2029: 0, 2100: 0, 2104: 1} {
		synctest.Test(t, func(t *testing.T) {
			s, wall := beginAt(t, nil, time.Date(year, 2, 27, 12, 0, 0, 0, time.UTC), "0 0 12 29 2 *", nothing)
			for wall.now().Month() == time.February || wall.now().Day() < 2 {
				time.Sleep(time.Hour)
			}
			if got := info(t, s); got.Runs != want || got.Missed != 0 || got.Next.Month() != time.February || got.Next.Day() != 29 {
				t.Errorf("%d: %+v, want %d runs and the next on a leap day", year, got, want)
			}
			stop(t, s)
		})
	}
}

// A clock that is set while a job runs, as when the machine sleeps in the middle of it: the run goes on, no
// second one begins beside it, and the schedule goes on from what the clock shows then.
func TestClockSetDuringARun(t *testing.T) {
	for _, tt := range []struct {
		by     time.Duration
		within time.Duration // of which it is looked at again
		missed uint64
		next   time.Time
	}{
		{time.Hour, 0, 61, noon.Add(time.Hour + 3*time.Minute)}, // 12:02 to 13:02 passed while it ran
		{-time.Hour, 30 * time.Second, 0, noon.Add(-time.Hour + 4*time.Minute)},
	} {
		synctest.Test(t, func(t *testing.T) {
			var running atomic.Int32
			s, wall := beginAt(t, nil, noon, "0 * * * * *", func(context.Context) error {
				if running.Add(1) > 1 {
					t.Error("two runs at a time")
				}
				defer running.Add(-1)
				time.Sleep(90 * time.Second)
				return nil
			})
			time.Sleep(90 * time.Second) // it runs from 12:01
			wall.set(tt.by)
			time.Sleep(61*time.Second + tt.within) // it ends after 60
			if got := info(t, s); got.Runs != 1 || got.Running || got.Missed != tt.missed || !got.Next.Equal(tt.next) {
				t.Errorf("set by %v: %+v, want 1 run, %d missed, and the next at %v", tt.by, got, tt.missed, tt.next)
			}
			time.Sleep(tt.next.Sub(wall.now()) + time.Second)
			if !info(t, s).Running {
				t.Errorf("set by %v: it does not run at %v", tt.by, wall.now())
			}
			stop(t, s)
		})
	}
}

// A job that panics gives back its turn, by hand and by schedule, and a Stop that waits for it ends.
func TestPanicsDuringStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil, "@every 10s", func(context.Context) error {
			time.Sleep(15 * time.Second)
			panic("boom")
		})
		if err := s.Run(t.Context(), "a"); !errors.Is(err, scheduler.ErrPanic) { // to 15; the tick of 10 is missed, and that of 30
			t.Errorf("Run = %v, want ErrPanic", err)
		}
		time.Sleep(10 * time.Second) // to 25; it runs from 20
		stop(t, s)
		if got := info(t, s); got.Runs != 2 || got.Missed != 2 || !errors.Is(got.Last.Err, scheduler.ErrPanic) || got.Last.Manual {
			t.Errorf("Jobs = %+v, want two runs that panicked and two ticks missed", got)
		}
	})
}
