package scheduler_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil/scheduler"
)

func TestStopBeforeStartIsFinal(t *testing.T) {
	s := scheduler.New(nil)
	stop(t, s)
	stop(t, s)
	if err := s.Start(t.Context()); !errors.Is(err, scheduler.ErrStopped) {
		t.Errorf("Start after Stop = %v", err)
	}
}

func TestStart(t *testing.T) {
	s := scheduler.New(nil)
	if err := s.Add("a", "@every 1s", nothing); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Start(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Start with a context that has ended = %v", err)
	}
	for range 2 {
		if err := s.Start(t.Context()); err != nil {
			t.Errorf("Start: %v", err)
		}
	}
	stop(t, s)
}

func TestJobsOutliveTheContextOfStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		s := scheduler.New(nil)
		if err := s.Add("a", "@every 1s", func(ctx context.Context) error {
			if ctx.Value(key{}) != "value" {
				t.Error("the values of the context are lost")
			}
			return ctx.Err()
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(1500 * time.Millisecond)
		if got := info(t, s); got.Runs != 1 || got.Last.Err != nil {
			t.Errorf("Jobs = %+v, want a run without an error", got)
		}
		stop(t, s)
	})
}

func TestStopWaitsForTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		epoch := time.Now()
		s := begin(t, nil, "@every 1s", func(ctx context.Context) error {
			time.Sleep(time.Minute)
			return ctx.Err()
		})
		time.Sleep(2 * time.Second)
		var stops sync.WaitGroup
		for range 3 {
			stops.Go(func() { stop(t, s) })
		}
		stops.Wait()
		if at := time.Since(epoch); at != 61*time.Second {
			t.Errorf("stopped at %v", at)
		}
		if got := info(t, s); got.Runs != 1 || got.Last.Err != nil {
			t.Errorf("Jobs = %+v, want one run without an error", got)
		}
		time.Sleep(time.Hour)
		if got := info(t, s).Runs; got != 1 {
			t.Errorf("%d runs an hour later", got)
		}
	})
}

func TestStopInterruptsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		epoch := time.Now()
		var cause error
		s := begin(t, nil, "@every 1s", func(ctx context.Context) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		})
		time.Sleep(2 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("Stop = %v, want nil: nothing runs any more", err)
		}
		if at := time.Since(epoch); at != 12*time.Second {
			t.Errorf("stopped at %v", at)
		}
		if !errors.Is(cause, scheduler.ErrStopped) {
			t.Errorf("cause = %v", cause)
		}
		if got := info(t, s).Last.Err; !errors.Is(got, context.Canceled) {
			t.Errorf("Last.Err = %v", got)
		}
	})
}

func TestStopInterruptsRunsByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scheduler.New(nil)
		if err := s.Add("a", "@yearly", func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}); err != nil {
			t.Fatal(err)
		}
		got := make(chan error, 1)
		// The receive below waits for it.
		go func() { got <- s.Run(t.Context(), "a") }()
		synctest.Wait()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Stop(ended); err != nil {
			t.Errorf("Stop: %v", err)
		}
		if err := <-got; !errors.Is(err, scheduler.ErrStopped) {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestStopNamesUnfinishedJobs(t *testing.T) {
	for grace, waits := range map[time.Duration]time.Duration{
		0: 5 * time.Second, time.Minute: time.Minute, -1: 0,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := scheduler.New(&scheduler.Options{Grace: grace})
			free := make(chan struct{})
			stuck := func(context.Context) error { <-free; return nil }
			for name, do := range map[string]scheduler.Job{"stuck": stuck, "idle": nothing, "deaf": stuck} {
				if err := s.Add(name, "@every 1s", do); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			asked := time.Now()
			err := s.Stop(ctx)
			if !errors.Is(err, scheduler.ErrUnfinished) || !strings.Contains(err.Error(), "stuck") ||
				!strings.Contains(err.Error(), "deaf") || strings.Contains(err.Error(), "idle") {
				t.Errorf("Stop = %v, want ErrUnfinished about stuck and deaf", err)
			}
			if took := time.Since(asked); took != time.Second+waits {
				t.Errorf("Grace %v: Stop took %v", grace, took)
			}
			if err := s.Stop(ctx); !errors.Is(err, scheduler.ErrUnfinished) {
				t.Errorf("second Stop = %v, want ErrUnfinished", err)
			}
			close(free)
			stop(t, s)
		})
	}
}

// OnRun is part of the run: Stop waits for it, and names its job.
func TestStopWaitsForOnRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		s := begin(t, &scheduler.Options{OnRun: func(scheduler.Run) { <-free }}, "@every 1s", nothing)
		time.Sleep(1500 * time.Millisecond)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Stop(ended); !errors.Is(err, scheduler.ErrUnfinished) || !strings.HasSuffix(err.Error(), ": a") {
			t.Errorf("Stop = %v, want ErrUnfinished: a", err)
		}
		close(free)
		stop(t, s)
	})
}

// Every call may come at any moment, also during another call.
func TestStopWhileStarting(t *testing.T) {
	for range 1000 {
		s := scheduler.New(nil)
		if err := s.Add("a", "@every 1s", nothing); err != nil {
			t.Fatal(err)
		}
		var calls sync.WaitGroup
		for range 2 {
			calls.Go(func() {
				if err := s.Start(t.Context()); err != nil && !errors.Is(err, scheduler.ErrStopped) {
					t.Errorf("Start: %v", err)
				}
			})
			calls.Go(func() { stop(t, s) })
			calls.Go(func() {
				if err := s.Run(t.Context(), "a"); err != nil && !errors.Is(err, scheduler.ErrStopped) {
					t.Errorf("Run: %v", err)
				}
			})
			calls.Go(func() { s.Jobs() })
		}
		calls.Wait()
	}
}

// A job of AddStepwise is interrupted at once, and has not failed for that; another error is one. A job of Add
// goes on.
func TestStopInterruptsStepwiseJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		s := scheduler.New(nil)
		ends := func(err error) scheduler.Job {
			return func(ctx context.Context) error {
				<-ctx.Done()
				if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
					t.Errorf("canceled with %v", cause)
				}
				return err
			}
		}
		if err := errors.Join(
			s.AddStepwise("steps", "@every 1s", ends(context.Canceled)),
			s.AddStepwise("breaks", "@every 1s", ends(broken)),
			s.Add("whole", "@every 1s", func(ctx context.Context) error {
				time.Sleep(time.Minute)
				return ctx.Err()
			}),
			s.Start(t.Context()),
		); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		time.Sleep(2 * time.Second)
		stop(t, s)
		if at := time.Since(begin); at != 61*time.Second {
			t.Errorf("stopped after %v, want to have waited for the whole job", at)
		}
		for _, j := range s.Jobs() {
			want, took := error(nil), time.Second
			switch j.Name {
			case "breaks":
				want = broken
			case "whole":
				took = time.Minute
			}
			if j.Runs != 1 || !errors.Is(j.Last.Err, want) || j.Last.Duration != took {
				t.Errorf("%s: %+v", j.Name, j.Last)
			}
		}
	})
}

// A stepwise job that is canceled by the context of a run by hand has failed.
func TestRunOfAStepwiseJobIsCanceled(t *testing.T) {
	s := scheduler.New(nil)
	defer stop(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.AddStepwise("steps", "@every 1s", func(ctx context.Context) error {
		cancel()
		return ctx.Err()
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(ctx, "steps"); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
}
