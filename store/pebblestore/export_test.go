package pebblestore

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil/store"
)

// Tune gives o small tables, so that a small store does all that a large one does.
func Tune(o Options) *Options {
	o.tune = func(p *pebble.Options) {
		p.MemTableSize, p.L0CompactionThreshold, p.MaxManifestFileSize = 32<<10, 2, 4<<10
		p.CacheSize = 1 << 20
	}
	return &o
}

// Check is the check of [Check], of an open store. Nothing else may change the store meanwhile.
func (s *Store) Check() (Checked, error) { return s.check() }

// Answer gives what is kept under an idempotency key, whenever it ends.
func (s *Store) Answer(tenant, key string) (store.Answer, bool, error) {
	answers, err := s.answers(tenant, []store.Item{{Idempotency: store.Idempotency{Key: key}}})
	a, ok := answers[0]
	return a, ok, err
}

// CheckIndex rebuilds the index from what is on disk and compares it with the one in memory. Nothing
// else may change the store meanwhile.
func (s *Store) CheckIndex() error {
	b := s.db.NewBatch()
	if err := errors.Join(s.writeRefreshes(b), b.Commit(pebble.Sync)); err != nil {
		return err
	}
	fresh := &Store{db: s.db, index: newIndex(), policies: &policies{}}
	if err := fresh.rebuild(); err != nil {
		return err
	}
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	var problems []error
	differ := func(what string, memory, disk any) {
		if !reflect.DeepEqual(memory, disk) {
			problems = append(problems, fmt.Errorf("%s: in memory %v, on disk %v", what, memory, disk))
		}
	}
	differ("journal position", s.published.Load(), fresh.published.Load())
	differ("memories", s.index.memories, fresh.index.memories)
	differ("crystals", s.index.crystals, fresh.index.crystals)
	differ("tenants", len(s.index.tenants), len(fresh.index.tenants))
	differ("agenda", s.index.agenda.Len(), fresh.index.agenda.Len())
	for name, t := range s.index.tenants {
		f := fresh.index.tenants[name]
		if f == nil {
			problems = append(problems, fmt.Errorf("tenant %s is not on disk", name))
			continue
		}
		memory, disk := t.figures(s.policies), f.figures(fresh.policies)
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

// Unclosed tells whether the database could not be closed.
func (s *Store) Unclosed() bool { return s.unclosed }
