package pebblestore

import (
	"context"
	"fmt"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
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
	if keyed {
		answers, err := s.answers(name, items)
		if err != nil || len(answers) > 0 {
			return store.Inserted{Answers: answers}, err
		}
	}

	ch := newChange()
	ch.tenant, ch.grows = name, true
	ch.reserve(items)
	var arriving load
	for i := range items {
		e, err := s.encode(ch, name, &items[i])
		if err != nil {
			ch.discard()
			return store.Inserted{}, err
		}
		ch.entries = append(ch.entries, e)
		arriving.memories++
		arriving.bytes += int64(e.size)
	}
	for i := range items { // after all figures: what comes in the order of its keys is put in faster
		m := &items[i].Memory
		ch.begin(layout.MemoryKey(layout.BodyFamily, name, m.ID))
		ch.arena = record.AppendBody(ch.arena, m)
		ch.end()
	}
	if err := s.checkNew(name, ch.entries); err != nil {
		ch.discard()
		return store.Inserted{}, err
	}
	if keyed {
		ch.publish = func(x *index) {
			x.expire(items) // +checklocksignore: apply, which calls it, has the index locked
		}
	}
	if quota == (store.Quota{}) {
		return store.Inserted{}, s.commits.do(ch)
	}
	return s.insertWithin(ch, quota, arriving, items[0].Memory.CreatedAt.UnixMilli(), evict)
}

// insertWithin makes room for ch under a quota and commits it with what makes the room.
func (s *Store) insertWithin(ch *change, quota store.Quota, arriving load, now int64, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	room, err := s.makeRoom(ch.tenant, arriving, quota, now)
	if err != nil {
		ch.discard()
		return store.Inserted{}, err
	}
	defer room.unlock()
	evicted, err := s.encodeEvictions(ch, room, evict)
	if err != nil {
		ch.discard()
		s.giveBack(room)
		return store.Inserted{}, err
	}
	expire := ch.publish
	ch.publish = func(x *index) {
		x.settle(room) // +checklocksignore: apply, which calls it, has the index locked
		if expire != nil {
			expire(x)
		}
	}
	leaving := room.leaving()
	ch.leaving = leaving
	s.clean(leaving)
	if err := s.commits.do(ch); err != nil {
		s.soil(leaving)
		s.giveBack(room)
		return store.Inserted{}, err
	}
	s.contents.drop(room.keys...)
	return store.Inserted{Evicted: values(evicted)}, nil
}

// encode adds one item's records but its content to ch and gives its entry, which has no place yet.
func (s *Store) encode(ch *change, name string, item *store.Item) (entry, error) {
	m := &item.Memory
	if m.Tenant != name {
		return entry{}, fmt.Errorf("pebblestore: item of tenant %q in an insert of %q", m.Tenant, name)
	}
	policy, err := s.policies.Number(m.Policy)
	if err != nil {
		return entry{}, err
	}
	ch.begin(layout.MemoryKey(layout.MetaFamily, name, m.ID))
	ch.arena = record.AppendMeta(ch.arena, &m.Meta, policy)
	ch.end()
	for i := range item.Events {
		if err := s.addEvent(ch, &item.Events[i]); err != nil {
			return entry{}, err
		}
	}
	if id := &item.Idempotency; id.Key != "" {
		ch.set(layout.IdempotencyKey(name, id.Key), record.AppendAnswer(nil, id, &m.Meta, policy))
		ch.set(layout.ExpiryKey(id.Ends.UnixMilli(), name, id.Key), nil)
	}
	return newEntry(&m.Meta, policy), nil
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
	ch.events = append(ch.events, journaled{e, from, len(arena)})
	return nil
}

// checkNew reports an id that is taken. Ids are made at random: two inserts of one new id at once do
// not happen, and a repeated one is a caller's mistake.
func (s *Store) checkNew(name string, entries []entry) error {
	if s.index.newer(entries) {
		return nil
	}
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	var seen map[sigil.ID]bool
	if len(entries) > 1 {
		seen = make(map[sigil.ID]bool, len(entries))
	}
	for i := range entries {
		e := &entries[i]
		if _, old := s.index.find(sigil.Key{Tenant: name, ID: e.id}); old != nil || seen[e.id] {
			return &sigil.Error{Kind: sigil.ErrConflict, Code: "exists", Field: "id", Detail: "a memory with this id is there"}
		}
		if seen != nil {
			seen[e.id] = true
		}
	}
	return nil
}
