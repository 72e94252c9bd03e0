package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil/scheduler"
)

func TestAdd(t *testing.T) {
	s := scheduler.New(nil)
	if err := s.Add("sweep", "*/5 * * * * *", nothing); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, spec string
		do         scheduler.Job
		want       error
		says       string
	}{
		{"sweep", "@every 1s", nothing, scheduler.ErrConflict, `"sweep"`},
		{"", "@every 1s", nothing, scheduler.ErrInvalid, "name"},
		{"b", "@every 1s", nil, scheduler.ErrInvalid, `"b"`},
		{"b", "0 0 0 30 2 *", nothing, scheduler.ErrInvalid, `job "b": schedule "0 0 0 30 2 *": it never fires`},
		{"b", "often", nothing, scheduler.ErrInvalid, `job "b": schedule "often"`},
	}
	for _, tt := range tests {
		err := s.Add(tt.name, tt.spec, tt.do)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("Add(%q, %q) = %v, want %v about %s", tt.name, tt.spec, err, tt.want, tt.says)
		}
	}
	if got := info(t, s); got != (scheduler.Info{Name: "sweep", Spec: "*/5 * * * * *"}) {
		t.Errorf("Jobs = %+v", got)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Add("late", "@every 1s", nothing); !errors.Is(err, scheduler.ErrStarted) {
		t.Errorf("Add after Start = %v", err)
	}
	stop(t, s)
	if err := s.Add("late", "@every 1s", nothing); !errors.Is(err, scheduler.ErrStopped) {
		t.Errorf("Add after Stop = %v", err)
	}
}

func TestRunsOnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		loc := zone(t, "Asia/Kathmandu")
		epoch := time.Now()
		s := begin(t, &scheduler.Options{Location: loc, OnRun: seen.onRun}, "*/5 * * * * *", takes(2*time.Second))
		if got := info(t, s).Next; !got.Equal(epoch.Add(5*time.Second)) || got.Location() != loc {
			t.Errorf("Next = %v", got)
		}
		time.Sleep(6 * time.Second)
		if !info(t, s).Running {
			t.Error("not running")
		}
		time.Sleep(10 * time.Second)
		stop(t, s)

		runs := seen.all()
		if len(runs) != 3 {
			t.Fatalf("%d runs, want 3", len(runs))
		}
		for i, run := range runs {
			want := epoch.Add(time.Duration(i+1) * 5 * time.Second)
			if run.Name != "a" || !run.Scheduled.Equal(want) || !run.Start.Equal(want) ||
				run.Duration != 2*time.Second || run.Err != nil || run.Manual {
				t.Errorf("run %d = %+v", i, run)
			}
		}
		got := info(t, s)
		if got.Runs != 3 || got.Missed != 0 || got.Running || !got.Next.IsZero() || got.Last != runs[2] {
			t.Errorf("Jobs = %+v", got)
		}
	})
}

func TestTicksDuringARunAreMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		epoch := time.Now()
		// Runs at 5-17 (10 and 15 are missed), 20-32 (25, 30), 35-47 (40, 45).
		s := begin(t, &scheduler.Options{OnRun: seen.onRun}, "@every 5s", takes(12*time.Second))
		time.Sleep(48 * time.Second)
		stop(t, s)
		var starts []time.Duration
		for _, run := range seen.all() {
			starts = append(starts, run.Start.Sub(epoch)/time.Second)
		}
		if len(starts) != 3 || starts[0] != 5 || starts[1] != 20 || starts[2] != 35 {
			t.Errorf("started at %d", starts)
		}
		if got := info(t, s).Missed; got != 6 {
			t.Errorf("Missed = %d, want 6", got)
		}
	})
}

func TestTickAsTheRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil, "@every 5s", takes(5*time.Second))
		time.Sleep(21 * time.Second)
		if got := info(t, s); got.Runs != 3 || got.Missed != 0 {
			t.Errorf("Jobs = %+v, want 3 runs and no tick missed", got)
		}
		stop(t, s)
	})
}

func TestFailingJobsKeepTheirSchedule(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		do   scheduler.Job
		want []error
		says string
	}{
		"error":       {func(context.Context) error { return broken }, []error{broken}, "broken"},
		"panic":       {func(context.Context) error { panic("boom") }, []error{scheduler.ErrPanic}, "boom"},
		"panic error": {func(context.Context) error { panic(broken) }, []error{scheduler.ErrPanic, broken}, "broken"},
		"panic nil":   {func(context.Context) error { panic(nilValue()) }, []error{scheduler.ErrPanic}, "nil"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen recorder
				var log bytes.Buffer
				s := begin(t, &scheduler.Options{
					OnRun:  seen.onRun,
					Logger: slog.New(slog.NewTextHandler(&log, nil)),
				}, "@every 1s", tt.do)
				time.Sleep(2500 * time.Millisecond)
				byHand := s.Run(t.Context(), "a")
				stop(t, s)
				runs := seen.all()
				if len(runs) != 3 {
					t.Fatalf("%d runs, want 3", len(runs))
				}
				for _, want := range tt.want {
					if !errors.Is(byHand, want) {
						t.Errorf("Run = %v, want %v", byHand, want)
					}
					for _, run := range runs {
						if !errors.Is(run.Err, want) || !strings.Contains(run.Err.Error(), tt.says) {
							t.Errorf("OnRun got %v, want %v", run.Err, want)
						}
					}
				}
				if !strings.Contains(log.String(), tt.says) || !strings.Contains(log.String(), "job=a") {
					t.Errorf("log: %s", log.String())
				}
			})
		})
	}
}

func TestJobThatExitsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		s := begin(t, &scheduler.Options{OnRun: seen.onRun}, "@every 1s", func(context.Context) error {
			t.SkipNow() // stands for runtime.Goexit
			return nil
		})
		time.Sleep(1500 * time.Millisecond)
		stop(t, s)
		if runs := seen.all(); len(runs) != 1 || runs[0].Err == nil {
			t.Errorf("runs = %+v, want one that failed", runs)
		}
	})
}

func TestJobsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scheduler.New(nil)
		for name, d := range map[string]time.Duration{"slow": time.Hour, "fast": 0} {
			if err := s.Add(name, "@every 1s", takes(d)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + time.Millisecond)
		for _, job := range s.Jobs() {
			if want := map[string]uint64{"slow": 0, "fast": 60}[job.Name]; job.Runs != want {
				t.Errorf("%s: %d runs, want %d", job.Name, job.Runs, want)
			}
		}
		stop(t, s)
	})
}

func nilValue() any { return nil }
