package scheduler_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A recorder keeps what OnRun is told.
type recorder struct {
	mu sync.Mutex
	// +checklocks:mu
	runs []scheduler.Run
}

func (r *recorder) onRun(run scheduler.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs = append(r.runs, run)
}

func (r *recorder) all() []scheduler.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]scheduler.Run(nil), r.runs...)
}

// A wallClock is the clock of the bubble, which a test may set.
type wallClock struct{ off atomic.Int64 }

func (c *wallClock) now() time.Time       { return time.Now().Add(time.Duration(c.off.Load())) }
func (c *wallClock) set(by time.Duration) { c.off.Add(int64(by)) }

// begin adds one job named "a", and starts.
func begin(t *testing.T, o *scheduler.Options, spec string, do scheduler.Job) *scheduler.Scheduler {
	t.Helper()
	s := scheduler.New(o)
	if err := s.Add("a", spec, do); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func stop(t *testing.T, s *scheduler.Scheduler) {
	t.Helper()
	if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func info(t *testing.T, s *scheduler.Scheduler) scheduler.Info {
	t.Helper()
	jobs := s.Jobs()
	if len(jobs) != 1 {
		t.Fatalf("%d jobs, want 1", len(jobs))
	}
	return jobs[0]
}

func nothing(context.Context) error { return nil }

// takes returns a job that takes d, whatever its context says.
func takes(d time.Duration) scheduler.Job {
	return func(context.Context) error {
		time.Sleep(d)
		return nil
	}
}
