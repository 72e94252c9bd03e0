package daemon_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/lifecycle"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// This is a daemon whose HTTP server is answering a request.
func TestLifecycleDuringARequest(t *testing.T) {
	lifecycle.Stress(t, lifecycle.Subject{
		New:  newLasting,
		Work: work,
		Begin: func(t *testing.T, s lifecycle.Service, deaf bool) lifecycle.Task {
			l := s.(*lasting)
			l.linger(deaf)
			answers := post(l.Daemon)
			t.Cleanup(func() { wait(t, "the answer", answers) })
			return l.task(t)
		},
		Refused: sigil.ErrClosed, Unfinished: "HTTP: 1 requests are still running",
	})
}

// This is a daemon whose scheduler is running a sweep. Each step of it finishes: it ignores its context.
func TestLifecycleDuringASweep(t *testing.T) {
	lifecycle.Stress(t, lifecycle.Subject{
		New:  newLasting,
		Work: work,
		Begin: func(t *testing.T, s lifecycle.Service, deaf bool) lifecycle.Task {
			l := s.(*lasting)
			old := engine.New(l.store.Model, &engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic()}, Clock: func() time.Time { return time.Now().Add(-time.Hour) }})
			if _, err := old.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte("1")}); err != nil {
				t.Fatal(err)
			}
			l.linger(deaf)
			return l.task(t)
		},
		Deaf:    true,
		Refused: sigil.ErrClosed, Unfinished: "stopping scheduler: scheduler: unfinished jobs: decay",
	})
}

// lasting is a daemon on a store in which one write can be made to last.
type lasting struct {
	*daemon.Daemon
	store *lingering
}

func newLasting(t *testing.T, grace time.Duration) lifecycle.Service {
	l := &lasting{store: &lingering{
		Model: storetest.NewModel(), begun: make(chan struct{}), free: make(chan struct{}), ended: make(chan struct{}),
	}}
	o := on(l.store)
	o.Grace = grace
	l.Daemon = daemon.New(config(t, "--decay-schedule=* * * * * *").Config, o)
	return l
}

// work encodes one memory.
func work(ctx context.Context, s lifecycle.Service) error {
	status, body, err := request(ctx, s.(*lasting).Addr(), http.MethodPost, "/v1/sigils", `{"data":1}`)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("%d %s", status, body)
	}
	return err
}

// linger makes the next write last, and ignore its context if it is deaf; task waits for its start.
func (l *lasting) linger(deaf bool) {
	if deaf {
		l.store.next.Store(lastsDeaf)
	} else {
		l.store.next.Store(lasts)
	}
}

func (l *lasting) task(t *testing.T) lifecycle.Task {
	t.Helper()
	wait(t, "the write", l.store.begun)
	return lifecycle.Task{Free: func() { close(l.store.free) }, Ended: l.store.ended}
}

// lingering is a store in which one write lasts, on demand.
type lingering struct {
	*storetest.Model
	next               atomic.Int32 // what the next write does: 0 does not last
	begun, free, ended chan struct{}
}

const (
	lasts     = 1
	lastsDeaf = 2
)

// last waits before a write, and returns the func to call after it.
func (s *lingering) last(ctx context.Context) (end func(), err error) {
	done := ctx.Done()
	switch s.next.Swap(0) {
	case 0:
		return func() {}, nil
	case lastsDeaf:
		done = nil
	}
	end = func() { close(s.ended) }
	close(s.begun)
	select {
	case <-s.free:
		return end, nil
	case <-done:
		return end, ctx.Err()
	}
}

func (s *lingering) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	end, err := s.last(ctx)
	defer end()
	if err != nil {
		return store.Inserted{}, err
	}
	return s.Model.Insert(ctx, tenant, items, quota, evict)
}

func (s *lingering) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	end, err := s.last(ctx)
	defer end()
	if err != nil {
		return nil, err
	}
	return s.Model.Remove(ctx, keys, decide)
}
