package pebblestore

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Searching returns the settings of the store; see [store.Searcher].
func (s *Store) Searching() store.SearchSettings { return s.finder.settings }

// Indexing implements [store.Indexing].
func (s *Store) Indexing() bool { return s.finder.analyzer != nil && !s.finder.built.Load() }

// Contents reads some memories; see [store.Searcher].
func (s *Store) Contents(ctx context.Context, tenant string, ids []sigil.ID, now time.Time) (all []sigil.Memory, err error) {
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
		m, ok := s.index.Get(key)
		var memory sigil.Memory
		if ok = ok && !m.Due(now); ok {
			if memory, ok, err = s.read(m); err != nil {
				return nil, err
			}
		}
		if !ok {
			s.keys.One(key).Unlock() // it is being removed: see List
			continue
		}
		all = append(all, memory)
	}
	return all, nil
}

// Frequencies returns how common terms are; see [store.Searcher].
func (s *Store) Frequencies(ctx context.Context, tenant string, terms []string) (f store.Frequencies, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return f, err
	}
	if s.finder.analyzer == nil {
		return f, store.NewSearchOff()
	}
	f.With = make([]int, len(terms))
	if x := s.finder.of(tenant, false); x != nil {
		f.Memories, f.Average = x.words.Frequencies(terms, f.With)
	}
	return f, nil
}
