// Package lifecycle has the contract of every type here that starts and stops, and its test: [Stress] tests
// one type, and [Cycles] finds what many lives leave behind.
//
// It does not know the types. Only tests import it.
//
// # The contract
//
// Start returns when the service is ready or has failed; if it has failed, nothing is left behind. Its context bounds
// the start, not the life: once Start has returned nil, only Stop ends the service. If the context has already ended,
// Start fails. A second Start returns nil, or what the first one returned, and starts nothing. After a Stop, Start is
// refused.
//
// Stop lets work in progress finish until its context ends. Then it cancels the work, waits for a grace period,
// releases everything, and returns an error that names what is still unfinished. It may be called at any time, from
// any number of goroutines. Before a start it returns nil; a start in progress is aborted or waited for; and no Stop
// returns before the work has ended or its own time and the grace period are over. A Stop that has less time than an
// earlier one hurries that one, too.
package lifecycle

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a test waits for something that must happen soon.
const patience = 30 * time.Second

// Service is something that starts and stops.
type Service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// Subject is a type to be stressed.
type Subject struct {
	// New returns a service that is not started, each time with fresh resources, whose Stop waits for canceled
	// work for the grace period.
	New func(t *testing.T, grace time.Duration) Service
	// Work does something short with a service in any state.
	Work func(ctx context.Context, s Service) error
	// Begin starts something that lasts in a started service, and returns once it is in progress. If deaf is
	// set, it ignores the end of its context.
	Begin func(t *testing.T, s Service, deaf bool) Task
	// Refused is the error of a Start after a Stop. Work after a Stop may return it, too.
	Refused error
	// Unfinished is part of the error of a Stop after which deaf work is still running.
	Unfinished string
	// Deaf means that tasks of Begin always ignore their context.
	Deaf bool
	// Timeless means that Stop ignores its context: it waits for work in progress, however long that takes.
	Timeless bool
}

// Task is something that lasts.
type Task struct {
	// Free lets the task end normally.
	Free func()
	// Ended is closed when the task ends, normally or not.
	Ended <-chan struct{}
}

// Stress tests the contract. Each subtest tests one sentence of it, on a new service, and ends with no more
// goroutines than it began with.
func Stress(t *testing.T, s Subject) {
	t.Helper()
	for _, sentence := range []struct {
		name    string
		applies bool
		test    func(t *testing.T, s Subject)
	}{
		{"starts, works, and stops", true, worksAndStops},
		{"stop before start is final", true, stopFirst},
		{"start with a context that has ended", true, startTooLate},
		{"outlives the context of its start", true, outlivesStart},
		{"stop with a deadline that has passed, at rest", true, stopAtRest},
		{"everybody at once", true, everybody},
		{"stop waits for work", true, stopWaits},
		{"stop cancels work when its context ends", !s.Deaf && !s.Timeless, stopCancels},
		{"stop names work that is deaf", !s.Timeless, stopNames},
		{"a hasty stop hurries a patient one", !s.Deaf && !s.Timeless, hastyStop},
	} {
		if !sentence.applies {
			continue
		}
		t.Run(sentence.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			sentence.test(t, s)
			goleak.VerifyNone(t, before)
		})
	}
}

func worksAndStops(t *testing.T, s Subject) {
	service := s.New(t, patience)
	for range 2 { // the second call does nothing
		start(t, service)
		work(t, s, service)
	}
	for range 2 { // the second call does nothing
		stop(t, service)
	}
	refused(t, s, service)
}

func stopFirst(t *testing.T, s Subject) {
	service := s.New(t, patience)
	stop(t, service)
	refused(t, s, service)
	stop(t, service)
}

func startTooLate(t *testing.T, s Subject) {
	service := s.New(t, patience)
	if err := service.Start(ended()); !errors.Is(err, context.Canceled) {
		t.Errorf("Start: %v, want it canceled", err)
	}
	stop(t, service)
}

func outlivesStart(t *testing.T, s Subject) {
	service := s.New(t, patience)
	ctx, cancel := context.WithCancel(t.Context())
	if err := service.Start(ctx); err != nil {
		t.Fatalf("Start: %v", err)
	}
	cancel()
	work(t, s, service)
	stop(t, service)
}

func stopAtRest(t *testing.T, s Subject) {
	service := s.New(t, patience)
	start(t, service)
	if err := service.Stop(ended()); err != nil {
		t.Errorf("Stop: %v, want nil: nothing was under way", err)
	}
	refused(t, s, service)
}

// everybody starts, works and stops concurrently, in any order.
func everybody(t *testing.T, s Subject) {
	const rounds, callers = 30, 3
	for range rounds {
		service := s.New(t, patience)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				if err := service.Start(t.Context()); err != nil && !errors.Is(err, s.Refused) && !errors.Is(err, context.Canceled) {
					t.Errorf("Start: %v", err)
				}
			})
			all.Go(func() { _ = s.Work(t.Context(), service) }) // its result depends on the order
			all.Go(func() {
				ctx := context.WithoutCancel(t.Context())
				if i == 0 {
					ctx = ended()
				}
				if err := service.Stop(ctx); err != nil {
					t.Errorf("Stop: %v", err)
				}
			})
		}
		all.Wait()
		refused(t, s, service)
	}
}

func stopWaits(t *testing.T, s Subject) {
	service := s.New(t, patience)
	start(t, service)
	task := s.Begin(t, service, true)
	var stops sync.WaitGroup
	for range 3 {
		stops.Go(func() {
			stop(t, service)
			if !has(task.Ended) {
				t.Error("Stop returned before the work had ended")
			}
		})
	}
	awaitRefusal(t, s, service) // a stop has begun
	if has(task.Ended) {
		t.Error("the work ended before it was let go")
	}
	task.Free()
	stops.Wait()
}

func stopCancels(t *testing.T, s Subject) {
	service := s.New(t, patience)
	start(t, service)
	task := s.Begin(t, service, false)
	if err := service.Stop(ended()); err != nil {
		t.Errorf("Stop: %v, want nil: the work minds its context", err)
	}
	await(t, "the work", task.Ended)
}

func stopNames(t *testing.T, s Subject) {
	service := s.New(t, time.Millisecond)
	start(t, service)
	task := s.Begin(t, service, true)
	if err := service.Stop(ended()); err == nil || !strings.Contains(err.Error(), s.Unfinished) {
		t.Errorf("Stop: %v, want an error about %q", err, s.Unfinished)
	}
	if err := service.Stop(ended()); err == nil {
		t.Error("a second Stop is nil, and the work is not finished")
	}
	task.Free()
	await(t, "the work", task.Ended)
}

func hastyStop(t *testing.T, s Subject) {
	service := s.New(t, patience)
	start(t, service)
	task := s.Begin(t, service, false)
	patient := make(chan struct{})
	go func() { // awaited below
		defer close(patient)
		stop(t, service)
	}()
	awaitRefusal(t, s, service) // the patient one has begun
	if err := service.Stop(ended()); err != nil {
		t.Errorf("Stop: %v, want nil: the work minds its context", err)
	}
	await(t, "the patient Stop", patient)
	await(t, "the work", task.Ended)
}

func start(t *testing.T, service Service) {
	t.Helper()
	if err := service.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
}

// stop stops the service without a time limit.
func stop(t *testing.T, service Service) {
	t.Helper()
	if err := service.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func work(t *testing.T, s Subject, service Service) {
	t.Helper()
	if err := s.Work(t.Context(), service); err != nil {
		t.Errorf("it does not work: %v", err)
	}
}

func refused(t *testing.T, s Subject, service Service) {
	t.Helper()
	if err := service.Start(t.Context()); !errors.Is(err, s.Refused) {
		t.Errorf("Start after Stop: %v, want %v", err, s.Refused)
	}
}

// awaitRefusal waits until a Stop has begun: from then on, a Start is refused.
func awaitRefusal(t *testing.T, s Subject, service Service) {
	t.Helper()
	for deadline := time.Now().Add(patience); !errors.Is(service.Start(t.Context()), s.Refused); {
		if time.Now().After(deadline) {
			t.Fatalf("no Stop has begun after %v", patience)
		}
		runtime.Gosched()
	}
}

// ended returns a context that has ended.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func has(ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
	}
}
