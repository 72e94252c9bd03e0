package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// looks is how often Verify looks before it believes what it does not like.
const looks = 3

// Verify reads the whole store and tells, as one error, where it is not sound: the index built anew from
// what is on disk differs from the one in memory, or [Check] would find something. nil is a sound store.
// It changes nothing, and needs memory for two more indexes.
//
// A change that is made meanwhile may look like damage; it looks again before it tells, so call it while
// there are few.
func (s *Store) Verify(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	var err error
	for range looks {
		if err = s.verify(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (s *Store) verify(ctx context.Context) error {
	fresh := &Store{db: s.db, index: newIndex(), policies: &layout.Policies{}}
	if err := fresh.rebuild(); err != nil {
		return err
	}
	found, err := fresh.check()
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && found.Wrong > 0 {
		err = fmt.Errorf("%d records are wrong: %s", found.Wrong, strings.Join(found.Problems, "; "))
	}
	return errors.Join(err, s.differences(fresh))
}

// differences holds the index in memory against the one of fresh, which is built from what is on disk.
func (s *Store) differences(fresh *Store) error {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.index.dirty.scan(&s.index.entries, func(t *tenant, e *entry) {
		s.index.catchUp(t, e) // +checklocksignore: it is locked, above
	})
	fresh.index.mu.Lock()
	defer fresh.index.mu.Unlock()
	var problems []error
	// Refreshes that are not written yet are not missing.
	for name, t := range s.index.tenants {
		f := fresh.index.tenants[name]
		t.all.scan(func(e *entry) bool {
			if e.behind() {
				problems = append(problems, fmt.Errorf("%s: memory %s fades at %d and is listed under %d", name, e.id, e.fades, e.listed))
			}
			if f != nil && e.dirty != 0 {
				if onDisk := f.find(e.id); onDisk != nil {
					m := e.meta(name, s.policies)
					f.update(onDisk, &m, e.policy)
				}
			}
			return true
		})
		if f != nil {
			fresh.index.reschedule(f)
		}
	}
	differ := func(what string, memory, disk any) {
		if !reflect.DeepEqual(memory, disk) {
			problems = append(problems, fmt.Errorf("%s: in memory %#v, on disk %#v", what, memory, disk))
		}
	}
	differ("journal position", s.published.Load(), fresh.published.Load())
	differ("trimmed position", s.trimmed.Load(), fresh.trimmed.Load())
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
func (t *tenant) figures(p *layout.Policies) map[string]any {
	figures := map[string]any{
		"bytes": t.bytes, "pinned": t.pinned, "crystallized": t.crystallized, "arriving": t.arriving, "leaving": t.leaving,
		"first": t.first, "memories": t.all.count, "fading": t.fading.count, "ending": t.ending.count, "crystals": t.crystals,
	}
	t.all.scan(func(e *entry) bool {
		figures["memory "+e.id.String()] = e.meta(t.name, p)
		return true
	})
	for f, b := range t.frequencies {
		figures[fmt.Sprint("sum of frequency ", f)] = b.sum
	}
	return figures
}
