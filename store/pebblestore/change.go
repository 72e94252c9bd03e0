package pebblestore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
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
	if at.entry == nil {
		return sigil.Memory{}, sigil.NotFound()
	}
	until := m.FadesAt
	event, err := decide(&m)
	if err != nil {
		return sigil.Memory{}, err
	}
	// Read before anything changes: a memory that cannot be answered is not to be touched.
	known := kept.record != nil
	if !known {
		if kept.record, err = s.record(key); err != nil {
			return sigil.Memory{}, err
		}
		if kept.record == nil {
			return sigil.Memory{}, record.ErrDamaged // it is locked: nobody else removed it
		}
	}
	memory, err := s.decoded(m, kept.record)
	if err != nil {
		return sigil.Memory{}, err
	}
	if !known || kept.at != at {
		s.contents.put(key, content{kept.record, at})
	}
	policy, err := s.policies.Number(m.Policy)
	if err != nil {
		return sigil.Memory{}, err
	}
	// If it were written later, a kill could lose the refresh, and with it the memory at the next start.
	soon := !until.IsZero() && !until.Equal(m.FadesAt) && until.Sub(m.LastAccessed) <= near
	if event == nil && !soon {
		s.refresh(at, &m, policy)
		return memory, nil
	}
	err = s.rewrite(at, m, policy, event)
	if event == nil && errors.Is(err, sigil.ErrFull) { // it is written once the disk has room
		s.refresh(at, &m, policy)
		return memory, nil
	}
	if err != nil {
		return sigil.Memory{}, err
	}
	return memory, nil
}

// near is how close a deadline must be for a recall that moves it to be written before it is answered.
const near = time.Second

// located gives where a memory is, no entry where it is not, its figures, and its content if that is at hand. The
// caller has the key locked. What is at hand is found without the index's lock: nobody else changes the figures.
func (s *Store) located(key sigil.Key) (at located, m sigil.Meta, kept content) {
	kept, _ = s.contents.get(key)
	if at = kept.at; at.entry != nil {
		return at, at.entry.meta(key.Tenant, s.policies), kept
	}
	// For writing, as refresh does soon: among many who read first and write then, a lock for reading is waited for
	// asleep, one for writing mostly awake, and there is little to do under it.
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	at.tenant, at.entry, m = s.index.figures(key, s.policies)
	return at, m, kept
}

// rewrite sets the figures of a memory, whose key is locked, to m in one commit with event, which may be nil.
func (s *Store) rewrite(l located, m sigil.Meta, policy uint16, event *sigil.Event) error {
	ch := newChange()
	if event != nil {
		ch.grows = true
		if err := s.addEvent(ch, event); err != nil {
			ch.discard()
			return err
		}
	}
	ch.set(layout.MemoryKey(layout.MetaFamily, m.Tenant, m.ID), record.AppendMeta(nil, &m, policy))
	ch.publish = func(x *index) {
		x.update(l.tenant, l.entry, &m, policy) // +checklocksignore: apply, which calls it, has the index locked
	}
	s.clean([]located{l})
	if err := s.commits.do(ch); err != nil {
		s.soil([]located{l})
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
	gone := make([]located, 0, len(keys))
	events := make([]sigil.Event, 0, len(keys)) // never grows: ch points into it
	err := s.locate(keys, func(l located, m sigil.Meta) error {
		event, remove := decide(m)
		if !remove {
			return nil
		}
		gone, events = append(gone, l), append(events, event)
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
	s.clean(gone)
	if err := s.commits.do(ch); err != nil {
		s.soil(gone)
		return nil, err
	}
	s.contents.drop(keys...)
	return events, nil
}

// locate shows visit the entries of keys that are there, each once, and their figures, until it fails. The caller has the
// keys locked.
func (s *Store) locate(keys []sigil.Key, visit func(located, sigil.Meta) error) error {
	var there [holdStep]located
	var metas [holdStep]sigil.Meta
	seen := make(map[*entry]bool, len(keys))
	for step := range slices.Chunk(keys, holdStep) {
		n := 0
		s.index.mu.RLock()
		var t *tenant
		var next finger
		for _, key := range step {
			if t == nil || t.name != key.Tenant {
				if t = s.index.tenants[key.Tenant]; t == nil {
					continue
				}
				next = finger{in: &t.all}
			}
			if e := next.find(idKey(0, key.ID)); e != nil && !seen[e] {
				seen[e] = true
				there[n], metas[n] = located{t, e}, e.meta(key.Tenant, s.policies)
				n++
			}
		}
		s.index.mu.RUnlock()
		for i := range n {
			if err := visit(there[i], metas[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// values gives the events with the positions they got.
func values(events []*sigil.Event) []sigil.Event {
	values := make([]sigil.Event, len(events))
	for i, e := range events {
		values[i] = *e
	}
	return values
}

// meta gives the figures of a memory, if it is there.
func (s *Store) meta(key sigil.Key) (sigil.Meta, bool) {
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	_, e, m := s.index.figures(key, s.policies)
	return m, e != nil
}

// refresh makes new figures visible and leaves the writing to the committer. The caller has the key
// locked.
func (s *Store) refresh(at located, m *sigil.Meta, policy uint16) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.index.refresh(at.tenant, at.entry, m, policy)
}

// clean tells the committer not to write the refreshes of memories that are about to be written or
// deleted by a change: its write could come after. The caller has the keys locked, so no new refresh
// comes before the change is published.
func (s *Store) clean(all []located) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	for _, l := range all {
		s.index.clean(l.tenant, l.entry)
	}
}

// soil undoes clean where the change was not made: some of the memories may have a refresh that is not
// on disk. To write the figures of one that has none does no harm.
func (s *Store) soil(all []located) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	for _, l := range all {
		s.index.soil(l.tenant, l.entry)
	}
}

// holdStep is how many entries are looked up in one hold of the index lock, which recalls wait for.
const holdStep = 32

// catchUpStep is how many are moved in one hold of it: more take longer than who waits for the lock stays awake.
const catchUpStep = 8

// refreshed is what a refresh made of a memory's figures.
type refreshed struct {
	meta   sigil.Meta
	policy uint16
}

// writeRefreshes puts into the batch what was refreshed since the last time. Only the committer calls it: a
// change that comes after is written after.
func (s *Store) writeRefreshes(b *pebble.Batch) error {
	s.index.mu.Lock()
	count := s.index.dirty.count()
	s.index.mu.Unlock()
	var step []refreshed
	var value []byte
	for count > 0 {
		n := min(catchUpStep, count)
		step = s.index.takeRefreshes(step[:0], n, s.policies)
		count -= n
		for i := range step {
			m := &step[i].meta
			value = record.AppendMeta(value[:0], m, step[i].policy)
			if err := b.Set(layout.MemoryKey(layout.MetaFamily, m.Tenant, m.ID), value, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeRefreshes appends the figures of those of the n oldest refreshes that are still to be written, and takes them
// to be.
func (x *index) takeRefreshes(step []refreshed, n int, policies *layout.Policies) []refreshed {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.dirty.take(n, &x.entries, func(t *tenant, e *entry) {
		x.clean(t, e) // +checklocksignore: it is locked, above
		step = append(step, refreshed{e.meta(t.name, policies), e.policy})
	})
	return step
}
