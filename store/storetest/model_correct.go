package storetest

import (
	"bytes"
	"context"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// superseded returns the key of the memory that an item supersedes.
func superseded(item *store.Item) sigil.Key {
	return sigil.Key{Tenant: item.Memory.Tenant, ID: item.Memory.Supersedes}
}

// correction returns the event of the memory that an item supersedes.
//
// +checklocks:s.mu
func (s *Model) correction(item *store.Item) (sigil.Event, error) {
	m, live := s.memories[superseded(item)]
	if !live {
		return sigil.Event{}, sigil.NewNotFound()
	}
	return item.Correct(&sigil.Memory{Meta: m.Meta, Tags: slices.Clone(m.Tags)})
}

// versions returns the key of a memory that is live or removed, and those of all that it superseded, the newest first.
//
// +checklocks:s.mu
func (s *Model) versions(key sigil.Key) []sigil.Key {
	all := []sigil.Key{key}
	m, live := s.memories[key]
	if !live {
		m = s.removed[key].Memory
	}
	for m.Supersedes != (sigil.ID{}) {
		key.ID = m.Supersedes
		all = append(all, key)
		m = s.removed[key].Memory
	}
	return all
}

// unlink has the memory that supersedes another, which is erased, supersede none.
//
// +checklocks:s.mu
func (s *Model) unlink(r *removed) {
	key := sigil.Key{Tenant: r.Memory.Tenant, ID: r.SupersededBy}
	if m, live := s.memories[key]; live {
		m.Supersedes = sigil.ID{}
		s.memories[key] = m
	}
	if m, kept := s.removed[key]; kept {
		m.Memory.Supersedes = sigil.ID{}
		s.removed[key] = m
	}
}

// Superseded implements [store.Store].
func (s *Model) Superseded(ctx context.Context, key sigil.Key, noData bool) (store.Removed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return store.Removed{}, err
	}
	r, kept := s.removed[key]
	if !kept || r.Kind != sigil.Corrected {
		return store.Removed{}, sigil.NewNotFound()
	}
	r.Memory = copied(r.Memory)
	if noData {
		r.Memory.Data = nil
	}
	return r.Removed, nil
}

// AllSuperseded implements [store.Store].
func (s *Model) AllSuperseded(ctx context.Context, tenant string, after sigil.ID, limit int) (all []store.Removed, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	for key, r := range s.removed {
		if key.Tenant == tenant && r.Kind == sigil.Corrected && bytes.Compare(r.SupersededBy[:], after[:]) > 0 {
			r.Memory = copied(r.Memory)
			r.Memory.Data = nil
			all = append(all, r.Removed)
		}
	}
	slices.SortFunc(all, func(a, b store.Removed) int { return bytes.Compare(a.SupersededBy[:], b.SupersededBy[:]) })
	return all[:min(limit, len(all))], nil
}

// Chain implements [store.Store].
func (s *Model) Chain(ctx context.Context, key sigil.Key) (ids []sigil.ID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	for r := s.removed[key]; r.SupersededBy != (sigil.ID{}); r = s.removed[key] {
		key.ID = r.SupersededBy
	}
	for _, version := range s.versions(key) {
		ids = append(ids, version.ID)
	}
	return ids, nil
}

// DropOlder implements [store.Store].
func (s *Model) DropOlder(ctx context.Context, key sigil.Key) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	r := s.removed[key]
	if r.SupersededBy == (sigil.ID{}) {
		return 0, nil
	}
	older := s.versions(key)[1:]
	for _, version := range older {
		delete(s.removed, version)
	}
	r.Memory.Supersedes = sigil.ID{}
	s.removed[key] = r
	return len(older), nil
}
