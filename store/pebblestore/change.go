package pebblestore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Update changes one memory; see [store.Store].
func (s *Store) Update(ctx context.Context, key sigil.Key, decide func(*sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Memory{}, err
	}
	defer s.keys.One(key).Unlock()

	at, m, kept := s.located(key)
	if !at.There() {
		return sigil.Memory{}, sigil.NewNotFound()
	}
	until, noticed := m.FadesAt, m.Noticed
	event, err := decide(&m.Meta)
	if err != nil {
		return sigil.Memory{}, err
	}
	m.Noticed = noticed && m.FadesAt.Equal(until)
	// Read before anything changes: a memory that cannot be returned must not be refreshed.
	memory, err := s.readLocked(at, m, kept)
	if err != nil {
		return sigil.Memory{}, err
	}
	if err := s.refreshed(at, &memory.Meta, until, event); err != nil {
		return sigil.Memory{}, err
	}
	return memory, nil
}

// readLocked adds the content to a memory, whose key is locked, and caches it. kept is what the cache has.
func (s *Store) readLocked(at index.Place, m index.Found, kept content) (memory sigil.Memory, err error) {
	known := kept.record != nil
	if !known {
		if kept.record, err = s.record(m.Key); err != nil {
			return memory, err
		}
		if kept.record == nil {
			return memory, record.ErrDamaged // the key is locked, so no other call has removed it
		}
	}
	if memory, err = s.decoded(m, kept.record); err != nil {
		return memory, err
	}
	if !known || kept.at != at {
		s.contents.put(m.Key, content{kept.record, at, m.Tags})
	}
	return memory, nil
}

// refreshed changes the figures of a memory, whose key is locked, to m: with an event, or if its deadline, which was until,
// is near, in a commit, otherwise in memory, to be written within half a second.
func (s *Store) refreshed(at index.Place, m *sigil.Meta, until time.Time, event *sigil.Event) error {
	policy, err := s.policies.Number(m.Policy)
	if err != nil {
		return err
	}
	// If it were written later, a kill could lose the refresh, and with it the memory at the next start.
	soon := !until.IsZero() && !until.Equal(m.FadesAt) && until.Sub(m.LastAccessed)-m.Stood <= near
	if event == nil && !soon {
		s.index.Refresh(at, m, policy)
		return nil
	}
	err = s.rewrite(at, *m, policy, event)
	if event == nil && errors.Is(err, sigil.ErrFull) { // it is written once the disk has free space
		s.index.Refresh(at, m, policy)
		return nil
	}
	return err
}

// near is how close a deadline must be so that a recall that moves it is written before it is answered.
const near = time.Second

// located returns a memory, its place, and its content if that is cached. The caller has
// locked the key. The cache is searched without the index's lock.
func (s *Store) located(key sigil.Key) (at index.Place, m index.Found, kept content) {
	kept, _ = s.contents.get(key)
	if kept.at.There() {
		return kept.at, index.Found{Meta: s.index.MetaAt(kept.at), Tags: kept.tags}, kept
	}
	at, m = s.index.Find(key)
	return at, m, kept
}

// rewrite changes the figures of a memory, whose key is locked, to m in one commit with event, which may be
// nil.
func (s *Store) rewrite(at index.Place, m sigil.Meta, policy uint16, event *sigil.Event) error {
	ch := newChange()
	return s.rewriteIn(ch, at, m, policy, s.index.Labels(at), event)
}

// rewriteIn is rewrite with whatever else ch has, and with the labels that the memory is to have.
func (s *Store) rewriteIn(ch *change, at index.Place, m sigil.Meta, policy uint16, labels record.Labels, event *sigil.Event) error {
	if event != nil {
		ch.grows = true
		if err := s.addEvent(ch, event); err != nil {
			ch.discard()
			return err
		}
	}
	ch.set(layout.MemoryKey(layout.MetaFamily, m.Tenant, m.ID), record.AppendLabels(record.AppendMeta(nil, &m, policy), labels))
	ch.effect.At, ch.effect.Meta, ch.effect.Policy = at, &m, policy
	s.index.Clean([]index.Place{at})
	if err := s.commits.do(ch); err != nil {
		s.index.Soil([]index.Place{at})
		return err
	}
	return nil
}

// Remove deletes memories in one commit; see [store.Store].
func (s *Store) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.keys.Lock(keys...)()

	ch := newChange()
	gone := make([]index.Place, 0, len(keys))
	removed := make([]sigil.Key, 0, len(keys))
	events := make([]sigil.Event, 0, len(keys)) // must not be reallocated: ch points into it
	err := s.index.Visit(keys, func(at index.Place, m sigil.Meta) error {
		event, remove := decide(m)
		if !remove {
			return nil
		}
		gone, removed, events = append(gone, at), append(removed, m.Key), append(events, event)
		if err := s.keep(ch, at, &m, &events[len(events)-1]); err != nil {
			return err
		}
		return s.addEvent(ch, &events[len(events)-1])
	})
	if err != nil {
		ch.discard()
		return nil, err
	}
	if ch.empty() {
		ch.discard()
		return nil, nil
	}
	ch.leaving = gone
	s.index.Clean(gone)
	if err := s.commits.do(ch); err != nil {
		s.index.Soil(gone)
		return nil, err
	}
	s.contents.drop(keys...)
	s.finder.removed(removed)
	s.kept(events)
	return events, nil
}

// Notice marks memories as noticed in one commit; see [store.Store].
func (s *Store) Notice(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.keys.Lock(keys...)()

	ch := newChange()
	ch.grows = true
	var noticed []index.Place
	events := make([]sigil.Event, 0, len(keys)) // must not be reallocated: ch points into it
	err := s.index.Visit(keys, func(at index.Place, m sigil.Meta) error {
		if m.Noticed || m.FadesAt.IsZero() {
			return nil
		}
		event, write := decide(m)
		if !write {
			return nil
		}
		m.Noticed = true
		policy, err := s.policies.Number(m.Policy)
		if err != nil {
			return err
		}
		ch.set(layout.MemoryKey(layout.MetaFamily, m.Tenant, m.ID), record.AppendLabels(record.AppendMeta(nil, &m, policy), s.index.Labels(at)))
		noticed, events = append(noticed, at), append(events, event)
		return s.addEvent(ch, &events[len(events)-1])
	})
	if err != nil || ch.empty() {
		ch.discard()
		return nil, err
	}
	slices.SortFunc(noticed, index.Place.Compare)
	ch.effect.Noticed = noticed
	s.index.Clean(noticed)
	if err := s.commits.do(ch); err != nil {
		s.index.Soil(noticed)
		return nil, err
	}
	return events, nil
}

// values returns the events with the positions that they got.
func values(events []*sigil.Event) []sigil.Event {
	values := make([]sigil.Event, len(events))
	for i, e := range events {
		values[i] = *e
	}
	return values
}

// writeRefreshes adds to the batch all refreshes since its last call. Only the committer calls it, so a later
// change is written later.
func (s *Store) writeRefreshes(b *pebble.Batch) error {
	var value []byte
	return s.index.Refreshes(func(m *sigil.Meta, policy uint16, labels record.Labels) error {
		value = record.AppendLabels(record.AppendMeta(value[:0], m, policy), labels)
		return b.Set(layout.MemoryKey(layout.MetaFamily, m.Tenant, m.ID), value, nil)
	})
}
