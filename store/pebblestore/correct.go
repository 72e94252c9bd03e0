package pebblestore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// A superseded memory is kept as one that can be restored is: its content and own vector stay where they are, and a record has its
// figures (t). It is not found by the time of its removal. Instead, a record (r) of the memory that supersedes it has its id. These
// links are in memory as well, since whether a memory supersedes another decides what becomes of it when it is removed.

// chains has for each memory that supersedes another, live or removed, the id of that one, and the reverse. An open rebuilds it.
type chains struct {
	any atomic.Bool // there may be some

	mu sync.RWMutex
	// +checklocks:mu
	supersedes map[sigil.Key]sigil.ID
	// +checklocks:mu
	supersededBy map[sigil.Key]sigil.ID
}

func (c *chains) add(key sigil.Key, old sigil.ID) {
	c.any.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.supersedes == nil {
		c.supersedes, c.supersededBy = map[sigil.Key]sigil.ID{}, map[sigil.Key]sigil.ID{}
	}
	c.supersedes[key] = old
	c.supersededBy[sigil.Key{Tenant: key.Tenant, ID: old}] = key.ID
}

func (c *chains) drop(keys ...sigil.Key) {
	if !c.any.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		delete(c.supersededBy, sigil.Key{Tenant: key.Tenant, ID: c.supersedes[key]})
		delete(c.supersedes, key)
	}
}

// next returns the memory that supersedes the one with a key, or will once its commit is visible.
func (c *chains) next(key sigil.Key) (sigil.Key, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	id, ok := c.supersededBy[key]
	return sigil.Key{Tenant: key.Tenant, ID: id}, ok
}

// of returns the memory that the one with a key supersedes, or the zero id.
func (c *chains) of(key sigil.Key) sigil.ID {
	if !c.any.Load() {
		return sigil.ID{}
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.supersedes[key]
}

// versions returns each of keys, and after it those of all memories that it supersedes, the newest first. What a memory supersedes never
// changes; it may be dropped, which a caller that has locked the keys sees when it looks again.
func (c *chains) versions(keys []sigil.Key) []sigil.Key {
	if !c.any.Load() {
		return keys
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make([]sigil.Key, 0, len(keys))
	for _, key := range keys {
		for ok := true; ok; key.ID, ok = c.supersedes[key] {
			all = append(all, key)
		}
	}
	return all
}

// keeps reports whether a memory that is removed by an event is kept.
func (s *Store) keeps(e *sigil.Event) bool {
	return store.KeepsRemoved(e.Kind) && (s.undo || e.Kind == sigil.Corrected || s.chains.of(e.Memory.Key) != sigil.ID{})
}

// correct has a change, which inserts an item, remove the memory that the item supersedes. Its key is locked.
func (s *Store) correct(ch *change, at index.Place, m *sigil.Meta, item *store.Item) error {
	old := sigil.Memory{Meta: *m}
	record.Retag(&old, s.index.Labels(at).Tags)
	event, err := item.Correct(&old)
	if err != nil {
		return err
	}
	if err := s.keep(ch, at, m, &event); err != nil {
		return err
	}
	ch.set(layout.MemoryKey(layout.CorrectionFamily, m.Tenant, item.Memory.ID), m.ID[:])
	return s.addEvent(ch, &event)
}

// Superseded returns a superseded memory; see [store.Corrections].
func (s *Store) Superseded(ctx context.Context, key sigil.Key, noData bool) (store.Removed, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return store.Removed{}, err
	}
	r, there, err := s.superseded(key)
	if err == nil && !there {
		err = sigil.NewNotFound()
	}
	if err != nil {
		return store.Removed{}, err
	}
	if noData {
		r.Memory.Data = nil
	}
	return r, nil
}

// superseded reads a superseded memory. there is false if there is none with the key.
func (s *Store) superseded(key sigil.Key) (r store.Removed, there bool, err error) {
	if !s.chains.any.Load() || s.exists(key) { // its removal may be on disk, and not be visible yet
		return r, false, nil
	}
	found, there, err := s.removed(key)
	return found.Removed, there && found.Kind == sigil.Corrected, err
}

// AllSuperseded lists superseded memories; see [store.Corrections].
func (s *Store) AllSuperseded(ctx context.Context, tenant string, after sigil.ID, limit int) (all []store.Removed, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: append(layout.MemoryKey(layout.CorrectionFamily, tenant, after), 0),
		UpperBound: layout.After(layout.TenantPrefix(layout.CorrectionFamily, tenant)),
	})
	if err != nil {
		return nil, s.reading(err)
	}
	defer func() { err = errors.Join(err, s.reading(it.Close())) }()
	for ok := it.First(); ok && len(all) < limit; ok = it.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		_, old, ok := splitCorrection(it.Key(), it.Value())
		if !ok {
			return nil, s.reading(record.ErrDamaged)
		}
		r, there, err := s.superseded(old)
		if err != nil {
			return nil, err
		}
		if there {
			r.Memory.Data = nil
			all = append(all, r)
		}
	}
	return all, s.reading(it.Error())
}

// Chain returns the ids of a chain; see [store.Corrections].
func (s *Store) Chain(ctx context.Context, key sigil.Key) ([]sigil.ID, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	for ok := s.chains.any.Load(); ok && !s.exists(key); { // a live memory is the newest, although its correction may be under way
		var next sigil.Key
		if next, ok = s.chains.next(key); ok {
			key = next
		}
	}
	all := s.chains.versions([]sigil.Key{key})
	ids := make([]sigil.ID, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	return ids, nil
}

// DropOlder drops what a superseded memory superseded; see [store.Corrections].
func (s *Store) DropOlder(ctx context.Context, key sigil.Key) (int, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.keys.Lock(s.chains.versions([]sigil.Key{key})...)()
	versions := s.chains.versions([]sigil.Key{key}) // again: some may have been dropped
	if _, there, err := s.superseded(key); err != nil || !there || len(versions) == 1 {
		return 0, err
	}
	ch := newChange()
	s.dropVersions(ch, versions[1:])
	unlinked := s.unlink(ch, versions)
	if err := s.commits.do(ch); err != nil {
		return 0, err
	}
	s.chains.drop(unlinked...)
	return len(versions) - 1, nil
}

// dropVersions has a change drop what is kept of memories that are removed, whose keys are locked.
func (s *Store) dropVersions(ch *change, versions []sigil.Key) {
	for _, key := range versions {
		for _, family := range []byte{layout.RemovedFamily, layout.BodyFamily} {
			ch.remove(layout.MemoryKey(family, key.Tenant, key.ID))
		}
		if s.hasVectors.Load() {
			ch.remove(layout.MemoryKey(layout.VectorFamily, key.Tenant, key.ID))
		}
	}
}

// unlink has a change drop the links from memories to what they superseded, and returns those that have one.
func (s *Store) unlink(ch *change, versions []sigil.Key) (unlinked []sigil.Key) {
	for _, key := range versions {
		if s.chains.of(key) != (sigil.ID{}) {
			ch.remove(layout.MemoryKey(layout.CorrectionFamily, key.Tenant, key.ID))
			unlinked = append(unlinked, key)
		}
	}
	return unlinked
}

// splitCorrection returns a memory that supersedes another, and that one.
func splitCorrection(key, value []byte) (by, old sigil.Key, ok bool) {
	by, ok = layout.SplitMemoryKey(key)
	if !ok || len(value) != len(sigil.ID{}) {
		return by, old, false
	}
	return by, sigil.Key{Tenant: by.Tenant, ID: sigil.ID(value)}, true
}

// rebuildChains reads the links from disk.
func (s *Store) rebuildChains() error {
	return s.scan([]byte{layout.CorrectionFamily}, func(key, value []byte) error {
		by, old, ok := splitCorrection(key, value)
		if !ok {
			return record.ErrDamaged
		}
		s.trash.any.Store(true)
		s.chains.add(by, old.ID)
		return nil
	})
}
