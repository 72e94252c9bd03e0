package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// linkable returns an error if a memory cannot supersede another one: what it is now, and whether it is that one.
//
// +checklocks:s.mu
func (s *Model) linkable(by, old sigil.Key) error {
	m, live := s.memories[by]
	if r, kept := s.removed[by]; !live {
		if !kept || r.Kind != sigil.Corrected {
			return sigil.NewNotFound()
		}
		m = r.Memory
	}
	if m.Supersedes != (sigil.ID{}) || slices.Contains(s.versions(old), by) {
		return store.NewLinked()
	}
	return nil
}

// link has a memory supersede another.
//
// +checklocks:s.mu
func (s *Model) link(by sigil.Key, old sigil.ID) {
	if m, live := s.memories[by]; live {
		m.Supersedes = old
		s.memories[by] = m
		return
	}
	r := s.removed[by]
	r.Memory.Supersedes = old
	s.removed[by] = r
}

// taken reports whether a tenant has a memory with an id, live or kept.
//
// +checklocks:s.mu
func (s *Model) taken(key sigil.Key) bool {
	_, live := s.memories[key]
	_, kept := s.removed[key]
	return live || kept
}

// Versions implements [store.Store].
func (s *Model) Versions(ctx context.Context, tenant string, ids []sigil.ID) (all []store.Version, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if r, kept := s.removed[sigil.Key{Tenant: tenant, ID: id}]; kept {
			r.Memory = copied(r.Memory)
			all = append(all, store.Version{Removed: r.Removed, Vector: slices.Clone(r.vector)})
		}
	}
	return all, nil
}

// Attach implements [store.Store].
func (s *Model) Attach(ctx context.Context, v *store.Version, events []sigil.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	key := v.Memory.Key
	by := sigil.Key{Tenant: key.Tenant, ID: v.SupersededBy}
	if err := s.linkable(by, key); err != nil {
		return err
	}
	if s.taken(key) {
		return store.NewExists()
	}
	var last sigil.Event
	for _, event := range events {
		last = s.record(event)
	}
	m := copied(v.Memory)
	m.Supersedes = sigil.ID{}
	s.supersede(m, slices.Clone(v.Vector), last, v.At)
	s.link(by, key.ID)
	return nil
}

// supersede keeps a memory as superseded at a time, as an event says.
//
// +checklocks:s.mu
func (s *Model) supersede(m sigil.Memory, v store.Vector, event sigil.Event, at time.Time) {
	how := store.RemovalOf(&event)
	how.At = at
	s.removed[m.Key] = removed{store.Removed{Removal: how, Memory: m}, v}
}

// Supersede implements [store.Store].
func (s *Model) Supersede(ctx context.Context, key sigil.Key, by sigil.ID, at time.Time, correct func(*sigil.Memory) (sigil.Event, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	m, live := s.memories[key]
	if !live {
		return sigil.NewNotFound()
	}
	newer := sigil.Key{Tenant: key.Tenant, ID: by}
	if err := s.linkable(newer, key); err != nil {
		return err
	}
	event, err := correct(&sigil.Memory{Meta: m.Meta, Tags: slices.Clone(m.Tags)})
	if err != nil {
		return err
	}
	v := s.vectors[key]
	s.forget(key)
	s.supersede(m, v, s.record(event), at)
	s.link(newer, key.ID)
	return nil
}
