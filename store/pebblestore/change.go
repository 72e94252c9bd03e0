package pebblestore

import (
	"context"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// Update changes one memory; see [store.Store].
func (s *Store) Update(ctx context.Context, key sigil.Key, decide func(*sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Memory{}, err
	}
	defer s.keys.Lock(key)()

	m, ok := s.meta(key)
	if !ok {
		return sigil.Memory{}, sigil.NotFound()
	}
	event, err := decide(&m)
	if err != nil {
		return sigil.Memory{}, err
	}
	// Read before anything changes: a memory that cannot be answered is not to be touched.
	memory, found, err := s.read(m)
	if err != nil {
		return sigil.Memory{}, err
	}
	if !found {
		return sigil.Memory{}, record.ErrDamaged // it is locked: nobody else removed it
	}
	policy, err := s.policies.number(m.Policy)
	if err != nil {
		return sigil.Memory{}, err
	}
	if event == nil {
		s.refresh(key, &m, policy)
		return memory, nil
	}
	ch := newChange()
	ch.grows = true
	if err := s.addEvent(ch, event); err != nil {
		ch.discard()
		return sigil.Memory{}, err
	}
	ch.set(memoryKey(metaFamily, key.Tenant, key.ID), record.AppendMeta(nil, &m, policy))
	ch.publish = func(x *index) {
		x.update(key, &m, policy) // +checklocksignore: apply, which calls it, has the index locked
	}
	s.clean([]sigil.Key{key})
	if err := s.commits.do(ch); err != nil {
		s.soil([]sigil.Key{key})
		return sigil.Memory{}, err
	}
	return memory, nil
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
	gone := make([]sigil.Key, 0, len(keys))
	events := make([]sigil.Event, 0, len(keys)) // never grows: ch points into it
	seen := make(map[sigil.Key]bool, len(keys))
	for _, key := range keys {
		m, ok := s.meta(key)
		if !ok || seen[key] {
			continue
		}
		seen[key] = true
		event, remove := decide(m)
		if !remove {
			continue
		}
		gone, events = append(gone, key), append(events, event)
		if err := s.addEvent(ch, &events[len(events)-1]); err != nil {
			ch.discard()
			return nil, err
		}
	}
	if ch.empty() {
		ch.discard()
		return nil, nil
	}
	// Family by family: what comes in the order of its keys is put into the database's memory faster.
	for _, family := range [...]byte{metaFamily, bodyFamily} {
		for _, key := range gone {
			ch.remove(memoryKey(family, key.Tenant, key.ID))
		}
	}
	ch.publish = func(x *index) {
		x.removeAll(gone) // +checklocksignore: apply, which calls it, has the index locked
	}
	s.clean(gone)
	if err := s.commits.do(ch); err != nil {
		s.soil(gone)
		return nil, err
	}
	return events, nil
}

// values gives the events with the positions they got.
func values(events []*sigil.Event) []sigil.Event {
	values := make([]sigil.Event, len(events))
	for i, e := range events {
		values[i] = *e
	}
	return values
}

// meta gives the figures of a memory that the caller has locked.
func (s *Store) meta(key sigil.Key) (sigil.Meta, bool) {
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	_, e := s.index.find(key)
	if e == nil {
		return sigil.Meta{}, false
	}
	return e.meta(key.Tenant, s.policies), true
}

// refresh makes new figures visible and leaves the writing to the committer. The caller has the key
// locked.
func (s *Store) refresh(key sigil.Key, m *sigil.Meta, policy uint16) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	t, e := s.index.update(key, m, policy)
	s.index.soil(t, e)
}

// clean tells the committer not to write the refreshes of memories that are about to be written or
// deleted by a change: its write could come after. The caller has the keys locked, so no new refresh
// comes before the change is published.
func (s *Store) clean(keys []sigil.Key) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	for _, key := range keys {
		if _, e := s.index.find(key); e != nil {
			e.dirty = false
		}
	}
}

// soil undoes clean where the change was not made: some of the memories may have a refresh that is not
// on disk. To write the figures of one that has none does no harm.
func (s *Store) soil(keys []sigil.Key) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	for _, key := range keys {
		if t, e := s.index.find(key); e != nil {
			s.index.soil(t, e)
		}
	}
}

// refreshStep is how many refreshes are encoded in one hold of the index lock.
const refreshStep = 1024

// writeRefreshes puts into the batch what was refreshed since the last time.
func (s *Store) writeRefreshes(b *pebble.Batch) error {
	s.index.mu.Lock()
	dirty := s.index.dirty
	s.index.dirty = nil
	s.index.mu.Unlock()
	for len(dirty) > 0 {
		n := min(refreshStep, len(dirty))
		if err := s.writeSome(b, dirty[:n]); err != nil {
			return err
		}
		dirty = dirty[n:]
	}
	return nil
}

func (s *Store) writeSome(b *pebble.Batch, dirty []dirtyEntry) error {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	for _, d := range dirty {
		if !d.entry.dirty {
			continue // a change took care of it
		}
		d.entry.dirty = false
		m := d.entry.meta(d.tenant.name, s.policies)
		if err := b.Set(memoryKey(metaFamily, d.tenant.name, m.ID), record.AppendMeta(nil, &m, d.entry.policy), nil); err != nil {
			return err
		}
	}
	return nil
}
