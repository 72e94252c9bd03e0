package pebblestore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/prove/lifecycle"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// The committer, whose goroutine lives from Open to Close, is stressed together with its store. The lasting
// work is an update that holds its memory, and so delays Close, until its func returns.
func TestLifecycle(t *testing.T) {
	lifecycle.Stress(t, lifecycle.Subject{
		New: func(*testing.T, time.Duration) lifecycle.Service { return &service{fs: vfs.NewMem()} },
		Work: func(ctx context.Context, s lifecycle.Service) error {
			_, err := s.(*service).encode(ctx)
			return err
		},
		Begin:    func(t *testing.T, s lifecycle.Service, _ bool) lifecycle.Task { return s.(*service).begin(t) },
		Refused:  sigil.ErrClosed,
		Timeless: true,
	})
}

// service is a store with a Start and a Stop.
type service struct {
	fs vfs.FS // +checklocksignore: never changes
	// mu is also held while the store is opened.
	mu sync.Mutex
	// +checklocks:mu
	store *pebblestore.Store
	// +checklocks:mu
	stopped bool
}

func (s *service) Start(ctx context.Context) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case s.stopped:
		return sigil.ErrClosed
	case s.store == nil:
		s.store, err = pebblestore.Open("sigil", &pebblestore.Options{FS: s.fs})
	}
	return err
}

// Stop closes without holding mu, so that concurrent calls close at once.
func (s *service) Stop(context.Context) error {
	if store := s.stop(); store != nil {
		return store.Close()
	}
	return nil
}

func (s *service) stop() *pebblestore.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	return s.store
}

func (s *service) opened() *pebblestore.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store
}

func (s *service) encode(ctx context.Context) (sigil.Memory, error) {
	store := s.opened()
	if store == nil {
		return sigil.Memory{}, sigil.ErrUnavailable
	}
	return engine.New(store, nil).Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`"tea"`)})
}

func (s *service) begin(t *testing.T) lifecycle.Task {
	m, err := s.encode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begun, free, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	// Close waits for it.
	go func() {
		_, err := s.opened().Update(t.Context(), m.Key, func(*sigil.Meta) (*sigil.Event, error) {
			close(begun)
			<-free
			close(ended)
			return nil, nil
		})
		if err != nil {
			t.Errorf("Update: %v", err)
		}
	}()
	<-begun
	return lifecycle.Task{Free: func() { close(free) }, Ended: ended}
}
