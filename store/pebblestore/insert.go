package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Insert keeps items in one commit; see [store.Store].
func (s *Store) Insert(ctx context.Context, name string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil || len(items) == 0 {
		return store.Inserted{}, err
	}
	keyed, end, err := s.insertKeys.Begin(name, items)
	if err != nil {
		return store.Inserted{}, err
	}
	defer end()
	if slices.ContainsFunc(items, func(i store.Item) bool { return !i.At.IsZero() }) {
		s.importing.Lock()
		defer s.importing.Unlock()
	}
	var ended [][]byte
	if keyed {
		var answers map[int]store.Answer
		if answers, ended, err = s.answers(name, items); err != nil || len(answers) > 0 {
			return store.Inserted{Answers: answers}, err
		}
	}

	for {
		found, err := s.seek(name, items)
		if err != nil {
			return store.Inserted{}, err
		}
		inserted := store.Inserted{Duplicates: found.found}
		if inserted.Refused(items) {
			return inserted, nil
		}
		inserted.Evicted, err = s.insert(name, items, found, ended, quota, evict)
		if errors.Is(err, errTaken) {
			continue
		}
		if err != nil {
			return store.Inserted{}, err
		}
		return inserted, nil
	}
}

// insert keeps items whose duplicates are known, and returns the events of evictions.
func (s *Store) insert(name string, items []store.Item, found sought, ended [][]byte, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) ([]sigil.Event, error) {
	ch := newChange()
	ch.effect.Tenant, ch.unique, ch.grows = name, found.unique, true
	ch.effect.Ends = firstEnd(items)
	ch.reserve(items)
	for _, key := range ended {
		ch.remove(key)
	}
	var arriving index.Load
	for i := range items {
		labels := record.LabelsOf(&items[i].Memory)
		e, err := s.encode(ch, name, &items[i], labels, found.found[i])
		if err != nil {
			ch.discard()
			return nil, err
		}
		ch.effect.Entries = append(ch.effect.Entries, e)
		if labels.Tags != "" {
			ch.effect.Tagged = append(ch.effect.Tagged, index.Tagged{Entry: i, Tags: labels.Tags})
		}
		arriving.Memories++
		arriving.Bytes += int64(items[i].Memory.Size)
	}
	for i := range items { // after all figures: keys in ascending order are added faster
		m := &items[i].Memory
		ch.begin(layout.MemoryKey(layout.BodyFamily, name, m.ID))
		ch.arena = record.AppendBody(ch.arena, m)
		ch.end()
	}
	for i := range items {
		if v := items[i].Vector; len(v) > 0 {
			ch.begin(layout.MemoryKey(layout.VectorFamily, name, items[i].Memory.ID))
			ch.arena = record.AppendVector(ch.arena, v)
			ch.end()
			s.hasVectors.Store(true) // before the commit: whoever removes the memory sees it
		}
	}
	// New ids are random, so two concurrent inserts never have the same one. Those of imports may be: s.importing has them
	// come here one after the other.
	if s.index.Taken(name, ch.effect.Entries) {
		ch.discard()
		return nil, store.NewExists()
	}
	if err := s.taken(name, items); err != nil { // after that of live ones: what leaves is kept before
		ch.discard()
		return nil, err
	}
	docs := s.finder.documents(items)
	defer docs.release()
	// Before they are stored: nobody finds them until then, and from then on whoever changes or removes one finds it here.
	ch.searched, ch.postings = s.finder.queue(name, docs), len(docs.terms)
	var evicted []sigil.Event
	var err error
	if quota == (store.Quota{}) && items[0].Correct == nil {
		err = s.commits.do(ch)
	} else {
		evicted, err = s.insertWithin(ch, quota, arriving, &items[0], evict)
	}
	if err != nil {
		s.finder.remove(name, docs.ids())
	}
	return evicted, err
}

// insertWithin evicts for ch under a quota, and commits ch together with the evictions, and with the removal of what its first item
// supersedes.
func (s *Store) insertWithin(ch *change, quota store.Quota, arriving index.Load, first *store.Item, evict func(sigil.Meta, string) sigil.Event) ([]sigil.Event, error) {
	var old sigil.ID
	if first.Correct != nil {
		old = first.Memory.Supersedes
	}
	room, err := s.makeRoom(ch.effect.Tenant, arriving, quota, first.Live().UnixMilli(), old)
	if err != nil {
		ch.discard()
		return nil, err
	}
	defer room.unlock()
	evicted, err := s.encodeEvictions(ch, room.Reservation, first, evict)
	if err != nil {
		ch.discard()
		s.index.Release(room.Reservation)
		return nil, err
	}
	if first.Correct != nil { // before it is stored: nobody sees it until then
		s.chains.add(first.Memory.Key, old)
	}
	ch.effect.Reservation = room.Reservation
	leaving := room.Leaving()
	ch.leaving = leaving
	s.index.Clean(leaving)
	if err := s.commits.do(ch); err != nil {
		s.index.Soil(leaving)
		s.index.Release(room.Reservation)
		if first.Correct != nil {
			s.chains.drop(first.Memory.Key)
		}
		return nil, err
	}
	s.contents.drop(room.keys...)
	s.finder.removed(room.keys)
	events := values(evicted)
	s.kept(events)
	return events, nil
}

// room is a reservation, with the locked keys of the memories that are evicted.
type room struct {
	*index.Reservation
	keys   []sigil.Key
	unlock func()
}

// makeRoom reserves quota for arriving, and has the memory old leave if that is not the zero id. The caller either adds the reservation to its change or releases it,
// and calls unlock at the end.
func (s *Store) makeRoom(name string, arriving index.Load, quota store.Quota, now int64, old sigil.ID) (room, error) {
	for {
		r, err := s.index.Reserve(name, arriving, quota, now, old)
		if errors.Is(err, index.ErrLeaving) {
			s.keys.One(sigil.Key{Tenant: name, ID: old}).Unlock() // once the other call is done with it
			continue
		}
		if err != nil {
			return room{}, err
		}
		keys := r.Keys()
		unlock := s.keys.Lock(keys...)
		// In the meantime, one of them may have been recalled, pinned or removed. Then it must not be evicted:
		// choose again.
		if s.index.Stands(r, now) {
			return room{r, keys, unlock}, nil
		}
		unlock()
		s.index.Release(r)
	}
}

// encodeEvictions adds to ch the journal entries of the evictions, and of the memory that its first item supersedes, before all other
// entries of ch, since they come first.
func (s *Store) encodeEvictions(ch *change, r *index.Reservation, first *store.Item, evict func(sigil.Meta, string) sigil.Event) (evicted []*sigil.Event, err error) {
	own := ch.events
	ch.events = nil
	err = s.index.Evict(r, func(at index.Place, m sigil.Meta, reason string) error {
		if reason == "" {
			return s.correct(ch, at, &m, first)
		}
		event := evict(m, reason)
		evicted = append(evicted, &event)
		if err := s.keep(ch, at, &m, &event); err != nil {
			return err
		}
		return s.addEvent(ch, &event)
	})
	if err != nil {
		return nil, err
	}
	ch.events = append(ch.events, own...)
	return evicted, nil
}

// encode adds the records of one item to ch, except its content, and returns its entry. duplicate is its duplicate, if it has
// one.
func (s *Store) encode(ch *change, name string, item *store.Item, labels record.Labels, duplicate sigil.ID) (index.Entry, error) {
	m := &item.Memory
	if m.Tenant != name {
		return index.Entry{}, fmt.Errorf("pebblestore: item of tenant %q in an insert of %q", m.Tenant, name)
	}
	policy, err := s.policies.Number(m.Policy)
	if err != nil {
		return index.Entry{}, err
	}
	ch.begin(layout.MemoryKey(layout.MetaFamily, name, m.ID))
	ch.arena = record.AppendLabels(record.AppendMeta(ch.arena, &m.Meta, policy), labels)
	ch.end()
	for i := range item.Events {
		if err := s.addEvent(ch, &item.Events[i]); err != nil {
			return index.Entry{}, err
		}
	}
	if id := &item.Idempotency; id.Key != "" {
		ch.set(layout.IdempotencyKey(name, id.Key), record.AppendAnswer(nil, id, &m.Meta, policy, duplicate))
		ch.set(layout.ExpiryKey(id.Ends.UnixMilli(), name, id.Key), nil)
	}
	return index.NewEntry(&m.Meta, policy, labels.Hash), nil
}

// addEvent adds an event to ch.
func (s *Store) addEvent(ch *change, e *sigil.Event) error {
	var policy uint16
	if e.Memory.Policy != nil {
		var err error
		if policy, err = s.policies.Number(e.Memory.Policy); err != nil {
			return err
		}
	}
	from := len(ch.arena)
	arena, err := record.AppendEvent(ch.arena, e, policy)
	if err != nil {
		return err
	}
	ch.arena = arena
	e.Hash = record.EntryHash(e.Memory.Tenant, arena[from:])
	ch.events = append(ch.events, journaled{e, from, len(arena)})
	return nil
}
