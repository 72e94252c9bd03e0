package pebblestore

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// trash counts the removed memories that can be restored. An open rebuilds it.
type trash struct {
	// any reports that there may be some on disk: then contents and vectors are deleted one by one, since those of removed
	// memories may lie between them. It is set before the commit.
	any atomic.Bool

	mu sync.Mutex
	// +checklocks:mu
	tenants map[string]*trashed
}

// trashed are the removed memories of one tenant.
type trashed struct {
	store.Quota // so many memories, with so many bytes of data
	// oldest is a time at or before the first removal, in Unix milliseconds. While a purge looks it is index.Never, or that of a
	// removal since then.
	oldest int64
}

// add counts a memory that was removed at a time, in Unix milliseconds.
func (t *trash) add(tenant string, at int64, size int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tenants == nil {
		t.tenants = map[string]*trashed{}
	}
	of := t.tenants[tenant]
	if of == nil {
		of = &trashed{oldest: index.Never}
		t.tenants[tenant] = of
	}
	of.Memories++
	of.Bytes += int64(size)
	of.oldest = min(of.oldest, at)
}

// drop no longer counts some memories.
func (t *trash) drop(tenant string, some store.Quota) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of := t.tenants[tenant]; of != nil {
		of.Memories -= some.Memories
		of.Bytes -= some.Bytes
		if of.Memories <= 0 {
			delete(t.tenants, tenant)
		}
	}
}

// due returns, by name, the tenants that may have memories that were removed before a time, or that have more than keep.
func (t *trash) due(before int64, keep store.Quota) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var names []string
	for name, of := range t.tenants {
		if of.oldest < before || over(of.Quota, keep) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// begin returns what a tenant has, for a purge, which then looks for the first removal.
func (t *trash) begin(tenant string) store.Quota {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.tenants[tenant]
	if of == nil {
		return store.Quota{}
	}
	of.oldest = index.Never // whoever removes one from now on sets it
	return of.Quota
}

// end ends what begin began: the first removal that the purge left was at oldest.
func (t *trash) end(tenant string, oldest int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of := t.tenants[tenant]; of != nil {
		of.oldest = min(of.oldest, oldest)
	}
}

// counts returns what each tenant has.
func (t *trash) counts() map[string]store.Quota {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]store.Quota{}
	for name, of := range t.tenants {
		all[name] = of.Quota
	}
	return all
}

// over reports whether a tenant has more than a quota.
func over(has, quota store.Quota) bool {
	return quota.Memories > 0 && has.Memories > quota.Memories || quota.Bytes > 0 && has.Bytes > quota.Bytes
}

// rebuildTrash counts what is on disk.
func (s *Store) rebuildTrash() error {
	return s.scan([]byte{layout.RemovalFamily}, func(key, value []byte) error {
		of, at, size, ok := layout.SplitRemoval(key, value)
		if !ok {
			return record.ErrDamaged
		}
		s.trash.any.Store(true)
		s.trash.add(of.Tenant, at, size)
		return nil
	})
}
