package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
)

// looks is how often Verify looks before it believes what it does not like.
const looks = 3

// Verify reads the whole store and tells, as one error, where it is not sound: the index built anew from
// what is on disk differs from the one in memory, a memory has no content of its size and frequency, a
// content has no memory, the journal has a gap, an idempotency answer is without its end. nil is a sound
// store. It changes nothing, and needs memory for a second index and 8 bytes a journal entry.
//
// A change that is made meanwhile may look like damage; it looks again before it tells, so call it while
// there are few.
func (s *Store) Verify(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.RUnlock()
	var err error
	for range looks {
		if err = s.verify(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (s *Store) verify(ctx context.Context) error {
	fresh := &Store{db: s.db, index: newIndex(), policies: &policies{}}
	if err := fresh.rebuild(); err != nil {
		return err
	}
	var problems []error
	for _, check := range []func() error{
		fresh.verifyBodies, fresh.verifyJournal, fresh.verifyAnswers,
		func() error { return s.differences(fresh) },
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		problems = append(problems, check())
	}
	return errors.Join(problems...)
}

// verifyBodies checks that each memory has its content, and each content its memory.
func (s *Store) verifyBodies() error {
	bodies := 0
	err := s.scan([]byte{bodyFamily}, func(key, value []byte) error {
		name, rest, ok := splitTenant(key)
		if !ok || len(rest) != len(sigil.ID{}) {
			return errDamaged
		}
		_, e := s.index.find(sigil.Key{Tenant: name, ID: sigil.ID(rest)})
		if e == nil {
			return errors.New("a content without a memory")
		}
		var m sigil.Memory
		r := reader{b: value}
		r.body(&m)
		if len(m.Data) != int(e.size) || uint16(m.Hash.Frequency()) != e.frequency || m.State.Potential() != e.potential {
			return errors.New("a content that is not its memory's")
		}
		bodies++
		return r.end()
	})
	if err == nil && bodies != s.index.memories {
		err = fmt.Errorf("%d memories have %d contents", s.index.memories, bodies)
	}
	return err
}

// verifyJournal checks that no position is missing and none comes twice.
func (s *Store) verifyJournal() error {
	var positions []uint64
	err := s.scan([]byte{journalFamily}, func(key, value []byte) error {
		name, last, ok := splitTenant(key)
		if !ok || len(last) != 8 {
			return errDamaged
		}
		var events []sigil.Event
		err := s.readBlock(&events, value, name, 0, binary.BigEndian.Uint64(last), len(value))
		for i := range events {
			positions = append(positions, events[i].Position)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(positions)
	for i, p := range positions {
		if p != uint64(i)+1 {
			return fmt.Errorf("the journal has an entry at %d where %d is expected", p, i+1)
		}
	}
	if last := s.published.Load(); uint64(len(positions)) != last {
		return fmt.Errorf("the journal ends at %d, and %d is noted", len(positions), last)
	}
	return nil
}

// verifyAnswers checks that the end of each answer is noted, so that it will be pruned.
func (s *Store) verifyAnswers() error {
	return s.scan([]byte{idempotencyFamily}, func(key, value []byte) error {
		name, idem, ok := splitTenant(key)
		r := reader{b: value}
		_, ends := r.answer(name, s.policies)
		if !ok || r.end() != nil {
			return errDamaged
		}
		_, closer, err := s.db.Get(expiryKey(ends.UnixMilli(), name, string(idem)))
		if errors.Is(err, pebble.ErrNotFound) {
			return errors.New("an answer whose end is not noted")
		}
		if err != nil {
			return err
		}
		return closer.Close()
	})
}

// differences holds the index in memory against the one of fresh, which is built from what is on disk.
func (s *Store) differences(fresh *Store) error {
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	// Refreshes that are not written yet are not missing.
	for name, t := range s.index.tenants {
		for id, e := range t.byID {
			if f, onDisk := fresh.index.find(sigil.Key{Tenant: name, ID: id}); e.dirty && onDisk != nil {
				m := e.meta(name, s.policies)
				fresh.index.update(f, onDisk, &m, e.policy)
			}
		}
	}
	var problems []error
	differ := func(what string, memory, disk any) {
		if !reflect.DeepEqual(memory, disk) {
			problems = append(problems, fmt.Errorf("%s: in memory %#v, on disk %#v", what, memory, disk))
		}
	}
	differ("journal position", s.published.Load(), fresh.published.Load())
	differ("memories", s.index.memories, fresh.index.memories)
	differ("crystals", s.index.crystals, fresh.index.crystals)
	differ("agenda", s.index.agenda.Len(), fresh.index.agenda.Len())
	for name := range fresh.index.tenants {
		differ("tenant "+name, s.index.tenants[name] != nil, true)
	}
	for name, t := range s.index.tenants {
		f := fresh.index.tenants[name]
		if f == nil {
			problems = append(problems, fmt.Errorf("tenant %s is not on disk", name))
			continue
		}
		memory, disk := t.figures(s.policies), f.figures(s.policies)
		for key := range disk {
			if _, ok := memory[key]; !ok {
				problems = append(problems, fmt.Errorf("%s: %s is only on disk: %v", name, key, disk[key]))
			}
		}
		for key, value := range memory {
			differ(name+" "+key, value, disk[key])
		}
	}
	return errors.Join(problems...)
}

// figures gives all that is counted and known of a tenant.
func (t *tenant) figures(p *policies) map[string]any {
	figures := map[string]any{
		"bytes": t.bytes, "pinned": t.pinned, "crystallized": t.crystallized, "arriving": t.arriving, "leaving": t.leaving,
		"first": t.first, "newest": t.newest.Len(), "fading": t.fading.Len(), "ending": t.ending.Len(), "crystals": t.crystals,
	}
	for id, e := range t.byID {
		figures["memory "+id.String()] = e.meta(t.name, p)
	}
	for f, b := range t.frequencies {
		figures[fmt.Sprint("sum of frequency ", f)] = b.sum
	}
	return figures
}
