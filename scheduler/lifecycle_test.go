package scheduler_test

import (
	"context"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/prove/lifecycle"
	"github.com/sigil-dna/sigil/scheduler"
)

func TestLifecycle(t *testing.T) {
	lifecycle.Stress(t, lifecycle.Subject{
		New: newLasting,
		Work: func(ctx context.Context, s lifecycle.Service) error {
			return s.(*lasting).Run(ctx, "nothing")
		},
		Begin:   func(t *testing.T, s lifecycle.Service, deaf bool) lifecycle.Task { return s.(*lasting).begin(t, deaf) },
		Refused: scheduler.ErrStopped, Unfinished: "unfinished jobs: lasts",
	})
}

func TestThousandLivesLeakNothing(t *testing.T) {
	lifecycle.Cycles(t, 1000, func(t *testing.T) {
		s := begin(t, nil, "@every 1s", nothing)
		if err := s.Run(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		stop(t, s)
	})
}

// lasting is a scheduler with a job that does nothing, every second and by hand, and one that lasts until it is
// released or, unless it is deaf, canceled.
type lasting struct {
	*scheduler.Scheduler
	begun, free, ended chan struct{}
	deaf               bool // set before the job runs
}

func newLasting(t *testing.T, grace time.Duration) lifecycle.Service {
	l := &lasting{
		Scheduler: scheduler.New(&scheduler.Options{Grace: grace}),
		begun:     make(chan struct{}), free: make(chan struct{}), ended: make(chan struct{}),
	}
	if err := l.Add("nothing", "@every 1s", nothing); err != nil {
		t.Fatal(err)
	}
	if err := l.Add("lasts", "@yearly", l.last); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lasting) last(ctx context.Context) error {
	done := ctx.Done()
	if l.deaf {
		done = nil
	}
	close(l.begun)
	defer close(l.ended)
	select {
	case <-l.free:
		return nil
	case <-done:
		return ctx.Err()
	}
}

func (l *lasting) begin(t *testing.T, deaf bool) lifecycle.Task {
	l.deaf = deaf
	go func() { _ = l.Run(t.Context(), "lasts") }() // the test awaits the end of the job
	<-l.begun
	return lifecycle.Task{Free: func() { close(l.free) }, Ended: l.ended}
}
