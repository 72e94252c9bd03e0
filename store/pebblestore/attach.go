package pebblestore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Versions returns memories that are kept; see [store.Attacher].
func (s *Store) Versions(ctx context.Context, tenant string, ids []sigil.ID) (all []store.Version, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		key := sigil.Key{Tenant: tenant, ID: id}
		if s.exists(key) { // its removal may be on disk, and not be visible yet
			continue
		}
		r, there, err := s.removed(key)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		vector, err := s.ownVector(key)
		if err != nil {
			return nil, err
		}
		all = append(all, store.Version{Removed: r.Removed, Vector: vector})
	}
	return all, nil
}

// isKept reports whether a memory that was removed is kept.
func (s *Store) isKept(key sigil.Key) (bool, error) {
	_, closer, err := s.db.Get(layout.MemoryKey(layout.RemovedFamily, key.Tenant, key.ID))
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		err = closer.Close()
	}
	return err == nil, s.reading(err)
}

// taken returns an error if one of the memories that bring their ids along has that of one that is kept. While s.importing is held, none
// of those is restored.
func (s *Store) taken(name string, items []store.Item) error {
	if !s.trash.any.Load() {
		return nil
	}
	for i := range items {
		if items[i].At.IsZero() {
			continue
		}
		kept, err := s.isKept(sigil.Key{Tenant: name, ID: items[i].Memory.ID})
		if err != nil {
			return err
		}
		if kept {
			return store.NewExists()
		}
	}
	return nil
}

// linkable returns an error if the memory by cannot supersede the one with the key old. Both keys are locked.
func (s *Store) linkable(by, old sigil.Key) error {
	if !s.exists(by) {
		_, there, err := s.superseded(by)
		if err != nil {
			return err
		}
		if !there {
			return sigil.NewNotFound()
		}
	}
	if s.chains.of(by) != (sigil.ID{}) || by == old || slices.Contains(s.chains.versions([]sigil.Key{old}), by) {
		return store.NewLinked()
	}
	return nil
}

// Attach keeps a version; see [store.Attacher].
func (s *Store) Attach(ctx context.Context, v *store.Version, events []sigil.Event) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	m := v.Memory
	by := sigil.Key{Tenant: m.Tenant, ID: v.SupersededBy}
	s.importing.Lock()
	defer s.importing.Unlock()
	defer s.keys.Lock(by, m.Key)()
	if err := s.linkable(by, m.Key); err != nil {
		return err
	}
	if kept, err := s.isKept(m.Key); err != nil {
		return err
	} else if kept || s.exists(m.Key) {
		return store.NewExists()
	}
	policy, err := s.policies.Number(m.Policy)
	if err != nil {
		return err
	}
	ch := newChange()
	ch.grows = true
	ch.set(layout.MemoryKey(layout.BodyFamily, m.Tenant, m.ID), record.AppendBody(nil, &m))
	if len(v.Vector) > 0 {
		ch.set(layout.MemoryKey(layout.VectorFamily, m.Tenant, m.ID), record.AppendVector(nil, v.Vector))
		s.hasVectors.Store(true) // before the commit: whoever removes the memory sees it
	}
	for i := range events {
		if err := s.addEvent(ch, &events[i]); err != nil {
			ch.discard()
			return err
		}
	}
	s.trash.any.Store(true) // before the commit
	ch.removals = append(ch.removals, removal{event: &events[len(events)-1], meta: m.Meta, policy: policy, labels: record.LabelsOf(&m), since: v.At})
	return s.commitLink(ch, by, m.ID)
}

// commitLink commits ch, with which the memory by supersedes another.
func (s *Store) commitLink(ch *change, by sigil.Key, old sigil.ID) error {
	ch.set(layout.MemoryKey(layout.CorrectionFamily, by.Tenant, by.ID), old[:])
	s.chains.add(by, old)
	err := s.commits.do(ch)
	if err != nil {
		s.chains.drop(by)
	}
	return err
}

// Supersede has a memory take the place of one that is live; see [store.Attacher].
func (s *Store) Supersede(ctx context.Context, key sigil.Key, by sigil.ID, at time.Time, correct func(*sigil.Memory) (sigil.Event, error)) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	newer := sigil.Key{Tenant: key.Tenant, ID: by}
	defer s.keys.Lock(newer, key)()
	if !s.exists(key) {
		return sigil.NewNotFound()
	}
	if err := s.linkable(newer, key); err != nil {
		return err
	}
	ch := newChange()
	var gone []index.Place
	var event sigil.Event
	err := s.index.Visit([]sigil.Key{key}, func(place index.Place, m sigil.Meta) (err error) {
		old := sigil.Memory{Meta: m}
		record.Retag(&old, s.index.Labels(place).Tags)
		if event, err = correct(&old); err != nil {
			return err
		}
		gone = append(gone, place)
		if err := s.keep(ch, place, &m, &event); err != nil {
			return err
		}
		ch.removals[0].since = at
		return s.addEvent(ch, &event)
	})
	if err != nil {
		ch.discard()
		return err
	}
	ch.leaving = gone
	s.index.Clean(gone)
	if err := s.commitLink(ch, newer, key.ID); err != nil {
		s.index.Soil(gone)
		return err
	}
	s.contents.drop(key)
	s.finder.removed([]sigil.Key{key})
	return nil
}
