package pebblestore

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

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
		differ(name+" figures", t.figures(s.policies), f.figures(fresh.policies))
	}
	return errors.Join(problems...)
}

func (t *tenant) figures(p *policies) map[string]any {
	figures := map[string]any{
		"bytes": t.bytes, "pinned": t.pinned, "crystallized": t.crystallized, "arriving": t.arriving, "leaving": t.leaving,
		"first": t.first, "newest": t.newest.Len(), "fading": t.fading.Len(), "ending": t.ending.Len(), "crystals": t.crystals,
	}
	metas := map[sigil.ID]sigil.Meta{}
	for id, e := range t.byID {
		metas[id] = e.meta(t.name, p)
	}
	figures["memories"] = metas
	sums := map[uint16]store.Sum{}
	for f, b := range t.frequencies {
		sums[f] = b.sum
	}
	figures["sums"] = sums
	return figures
}
