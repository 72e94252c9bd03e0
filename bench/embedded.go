package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// embedded is an engine together with its store in a folder.
type embedded struct {
	*engine.Engine
	store *pebblestore.Store
}

// openStore opens a store as the daemon does by default, with a policy under which nothing fades during a run. If clock is nil,
// the engine uses the system's.
func openStore(dir string, clock func() time.Time) (*embedded, error) {
	return openSearching(dir, clock, store.SearchSettings{})
}

// openSearching is like openStore, with settings of search.
func openSearching(dir string, clock func() time.Time, o store.SearchSettings) (*embedded, error) {
	s, err := pebblestore.Open(dir, &pebblestore.Options{Logger: quiet, Search: o, Undo: true})
	if err != nil {
		return nil, err
	}
	policy, err := sigil.NewHalfLife(7*24*time.Hour, sigil.DefaultThreshold)
	if err != nil {
		return nil, err
	}
	return &embedded{engine.New(s, &engine.Options{Clock: clock, Settings: engine.Settings{Policy: policy, Undo: engine.DefaultUndo()}}), s}, nil
}

// newStore returns an engine over a new store of n small memories, and a function that closes and removes it.
func (b *bench) newStore(ctx context.Context, n int, clock func() time.Time) (_ *embedded, remove func() error, err error) {
	dir, err := os.MkdirTemp(b.scratch, "store")
	if err != nil {
		return nil, nil, err
	}
	e, err := openStore(dir, clock)
	if err != nil {
		return nil, nil, err
	}
	remove = func() error { return errors.Join(e.store.Close(), os.RemoveAll(dir)) }
	if err := e.fill(ctx, n, draft(small), nil); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return e, remove, nil
}

// withStore calls use with an engine over a new store of n small memories, and removes the store.
func (b *bench) withStore(ctx context.Context, n int, clock func() time.Time, use func(*embedded) (figure, error)) (f figure, err error) {
	e, remove, err := b.newStore(ctx, n, clock)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	return use(e)
}

// draft returns a function that makes the i-th draft, with value(i) as its data.
func draft(value func(uint64) []byte) func(uint64) sigil.Draft {
	return func(i uint64) sigil.Draft { return sigil.Draft{Data: value(i)} }
}

// fill encodes n drafts in batches. If visit is not nil, it is called for each memory, from one goroutine at a time.
func (e *embedded) fill(ctx context.Context, n int, draft func(uint64) sigil.Draft, visit func(i int, m *sigil.Memory)) error {
	const batch = 5000
	starts := make(chan int)
	var mu sync.Mutex // one visit at a time
	var failed error
	var wg sync.WaitGroup
	for range 2 { // one computes while the other waits for the disk
		wg.Go(func() {
			for first := range starts {
				drafts := make([]sigil.Draft, min(batch, n-first))
				for i := range drafts {
					drafts[i] = draft(uint64(first + i))
				}
				results, err := e.EncodeBatch(ctx, tenant, drafts)
				mu.Lock()
				for i := range results {
					if err = errors.Join(err, results[i].Err); err == nil && visit != nil {
						visit(first+i, &results[i].Memory)
					}
				}
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	for first := 0; first < n && ctx.Err() == nil; first += batch {
		starts <- first
	}
	close(starts)
	wg.Wait()
	return errors.Join(failed, ctx.Err())
}
