package scheduler_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil/scheduler"
)

func TestRunByHand(t *testing.T) {
	var seen recorder
	s := scheduler.New(&scheduler.Options{OnRun: seen.onRun})
	broken := errors.New("broken")
	type key struct{}
	if err := s.Add("a", "@yearly", func(ctx context.Context) error {
		if ctx.Value(key{}) != "value" {
			t.Error("not the context of the caller")
		}
		return broken
	}); err != nil {
		t.Fatal(err)
	}
	ctx := context.WithValue(t.Context(), key{}, "value")
	if err := s.Run(ctx, "a"); !errors.Is(err, broken) {
		t.Errorf("Run before Start = %v, want what the job returned", err)
	}
	if err := s.Run(ctx, "b"); !errors.Is(err, scheduler.ErrNotFound) {
		t.Errorf("Run of no job = %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Run(ended, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("Run with a context that has ended = %v", err)
	}
	runs := seen.all()
	if len(runs) != 1 || !runs[0].Manual || !runs[0].Scheduled.IsZero() || !errors.Is(runs[0].Err, broken) {
		t.Errorf("runs = %+v", runs)
	}
	if got := info(t, s); got.Runs != 1 || got.Last != runs[0] {
		t.Errorf("Jobs = %+v", got)
	}
	stop(t, s)
	if err := s.Run(ctx, "a"); !errors.Is(err, scheduler.ErrStopped) {
		t.Errorf("Run after Stop = %v", err)
	}
}

func TestRunByHandWaitsForTheScheduledRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		epoch := time.Now()
		s := begin(t, &scheduler.Options{OnRun: seen.onRun}, "@every 10s", takes(4*time.Second))
		time.Sleep(11 * time.Second) // it runs from 10 to 14

		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Run(hasty, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run = %v, want the deadline", err)
		}
		if at := time.Since(epoch); at != 12*time.Second {
			t.Errorf("gave up at %v", at)
		}
		if err := s.Run(t.Context(), "a"); err != nil {
			t.Errorf("Run: %v", err)
		}
		stop(t, s)
		runs := seen.all()
		if len(runs) != 2 || runs[0].Manual || !runs[1].Manual ||
			!runs[1].Start.Equal(epoch.Add(14*time.Second)) {
			t.Errorf("runs = %+v", runs)
		}
	})
}

func TestTicksDuringARunByHandAreMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil, "@every 1s", takes(2500*time.Millisecond))
		if err := s.Run(t.Context(), "a"); err != nil { // from 0 to 2.5
			t.Fatal(err)
		}
		if got := info(t, s); got.Missed != 2 || got.Runs != 1 {
			t.Errorf("Jobs = %+v, want 2 missed", got)
		}
		stop(t, s)
	})
}

func TestRunsNeverOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, runs atomic.Int32
		s := begin(t, nil, "@every 1s", func(context.Context) error {
			if running.Add(1) > 1 {
				t.Error("two runs at a time")
			}
			time.Sleep(300 * time.Millisecond)
			running.Add(-1)
			runs.Add(1)
			return nil
		})
		for range 20 {
			// The bubble waits for it.
			go func() {
				for range 10 {
					if err := s.Run(t.Context(), "a"); err != nil {
						t.Errorf("Run: %v", err)
					}
				}
			}()
		}
		time.Sleep(2 * time.Minute)
		stop(t, s)
		if got := info(t, s); got.Runs != uint64(runs.Load()) || got.Runs < 200 {
			t.Errorf("%d runs, want %d, of which 200 by hand", got.Runs, runs.Load())
		}
	})
}

func TestStopReleasesRunsThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil, "@every 1s", takes(time.Minute))
		time.Sleep(2 * time.Second)
		asked := time.Now()
		var calls sync.WaitGroup
		calls.Go(func() {
			if err := s.Run(t.Context(), "a"); !errors.Is(err, scheduler.ErrStopped) {
				t.Errorf("Run = %v, want ErrStopped", err)
			}
			if waited := time.Since(asked); waited != 0 {
				t.Errorf("Run waited for %v, although stopped", waited)
			}
		})
		synctest.Wait()
		stop(t, s)
		calls.Wait()
		if got := info(t, s).Runs; got != 1 {
			t.Errorf("%d runs, want 1", got)
		}
	})
}
