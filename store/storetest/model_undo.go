package storetest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// removed is a memory that can be restored.
type removed struct {
	store.Removed
	vector store.Vector
}

// remove removes a memory, keeps it if it can be restored, and journals event, which it returns with its position.
//
// +checklocks:s.mu
func (s *Model) remove(key sigil.Key, event sigil.Event) sigil.Event {
	m, v := s.memories[key], s.vectors[key]
	s.forget(key)
	event = s.record(event)
	chained := event.Kind == sigil.Corrected || m.Supersedes != sigil.ID{}
	if (s.undo || chained) && store.KeepsRemoved(event.Kind) {
		s.removed[key] = removed{store.Removed{Removal: store.RemovalOf(&event), Memory: m}, v}
	}
	return event
}

// removedOf returns the removed memories of a tenant, the one removed last first.
//
// +checklocks:s.mu
func (s *Model) removedOf(tenant string) (all []removed) {
	for key, r := range s.removed {
		if key.Tenant == tenant && r.Kind != sigil.Corrected {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b removed) int { return store.CompareRemoved(a.At, a.Memory.ID, b.At, b.Memory.ID) })
	return all
}

// Removed implements [store.Store].
func (s *Model) Removed(ctx context.Context, q store.RemovedQuery) (page []store.Removed, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	var total int64
	for _, r := range s.removedOf(q.Tenant) {
		if !q.Matches(r.Memory.ID, r.At) {
			continue
		}
		if q.Ends(len(page), total, r.Memory.Size) {
			return page, true, nil
		}
		total += int64(r.Memory.Size)
		r.Memory = copied(r.Memory)
		if q.NoData {
			r.Memory.Data = nil
		}
		page = append(page, r.Removed)
	}
	return page, false, nil
}

// Restore implements [store.Store].
func (s *Model) Restore(ctx context.Context, tenant string, ids []sigil.ID, quota store.Quota, restore func(*sigil.Meta, store.Removal) (sigil.Event, bool)) ([]sigil.Memory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	var back []sigil.Memory
	var events []sigil.Event
	memories, size := 0, int64(0)
	seen := map[sigil.ID]bool{}
	for _, id := range ids {
		key := sigil.Key{Tenant: tenant, ID: id}
		r, there := s.removed[key]
		if _, live := s.memories[key]; !there || live || seen[id] || r.Kind == sigil.Corrected {
			continue
		}
		seen[id] = true
		meta := r.Memory.Meta
		event, ok := restore(&meta, r.Removal)
		if !ok {
			continue
		}
		m := copied(r.Memory)
		m.LastAccessed, m.Stood, m.TTL, m.Policy = meta.LastAccessed, meta.Stood, meta.TTL, meta.Policy
		m.MoveDeadline(meta.FadesAt)
		back, events = append(back, m), append(events, event)
		memories, size = memories+1, size+int64(m.Size)
	}
	for _, m := range s.of(tenant) {
		memories, size = memories+1, size+int64(m.Size)
	}
	if len(back) > 0 && (quota.Memories > 0 && memories > quota.Memories || quota.Bytes > 0 && size > quota.Bytes) {
		return nil, store.NewRestoreFull()
	}
	for i, m := range back {
		s.put(m, s.removed[m.Key].vector)
		delete(s.removed, m.Key)
		s.record(events[i])
	}
	return back, nil
}

// Purge implements [store.Store].
func (s *Model) Purge(ctx context.Context, before time.Time, keep store.Quota, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	tenants := map[string]bool{}
	for key := range s.removed {
		tenants[key.Tenant] = true
	}
	purged := 0
	for _, tenant := range slices.Sorted(maps.Keys(tenants)) {
		all := s.removedOf(tenant)
		memories, size := 0, int64(0)
		for _, r := range all {
			memories, size = memories+1, size+int64(r.Memory.Size)
		}
		for i := len(all) - 1; i >= 0; i-- {
			r := all[i]
			over := keep.Memories > 0 && memories > keep.Memories || keep.Bytes > 0 && size > keep.Bytes
			if purged == limit || !over && !r.At.Before(before) {
				break
			}
			for _, key := range s.versions(r.Memory.Key) {
				delete(s.removed, key)
			}
			memories, size, purged = memories-1, size-int64(r.Memory.Size), purged+1
		}
	}
	return purged, nil
}
