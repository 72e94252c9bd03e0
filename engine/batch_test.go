package engine_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// counted is a store that records how many memories each Insert was asked to keep.
type counted struct {
	store.Store

	mu sync.Mutex
	// +checklocks:mu
	sizes []int
}

func (s *counted) Insert(ctx context.Context, tenant string, items []store.Item, q store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	s.mu.Lock()
	s.sizes = append(s.sizes, len(items))
	s.mu.Unlock()
	return s.Store.Insert(ctx, tenant, items, q, evict)
}

// taken returns the sizes recorded since the last call.
func (s *counted) taken() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sizes := s.sizes
	s.sizes = nil
	return sizes
}

// TestABatchIsOneCommit checks what EncodeBatch promises: all drafts that can be kept together are kept in
// one commit, so that a batch costs one sync and a crash leaves all of it or nothing.
func TestABatchIsOneCommit(t *testing.T) {
	r := newRig(t, engine.Options{})
	s := &counted{Store: r.store}
	e := engine.New(s, &engine.Options{Clock: r.clock.now})
	key := func(key string) func(*sigil.Draft) { return func(d *sigil.Draft) { d.IdempotencyKey = key } }
	for _, c := range []struct {
		name   string
		drafts []sigil.Draft
		want   []int
	}{
		{"plain", drafts(100), []int{100}},
		{"one alone", drafts(1), []int{1}},
		{"one is wrong", []sigil.Draft{draft(`1`, nil), draft(`{`, nil), draft(`3`, nil)}, []int{2}},
		{"with keys", []sigil.Draft{draft(`1`, key("a")), draft(`2`, key("b")), draft(`3`, nil)}, []int{3}},
		{"some were kept before", []sigil.Draft{draft(`1`, key("a")), draft(`4`, nil), draft(`5`, nil)}, []int{3, 2}},
		{"none is right", []sigil.Draft{draft(`{`, nil)}, nil},
	} {
		if _, err := e.EncodeBatch(r.ctx(), sigil.DefaultTenant, c.drafts); err != nil {
			t.Fatal(err)
		}
		if sizes := s.taken(); !slices.Equal(sizes, c.want) {
			t.Errorf("%s: commits of %v memories, want %v", c.name, sizes, c.want)
		}
	}
}
