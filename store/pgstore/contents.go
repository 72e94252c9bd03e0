package pgstore

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Searching returns the settings of the store; see [store.Searcher].
func (s *Store) Searching() store.SearchSettings { return s.searching.given }

// Contents reads some memories; see [store.Searcher].
func (s *Store) Contents(ctx context.Context, tenant string, ids []sigil.ID, now time.Time) (all []sigil.Memory, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil || len(ids) == 0 {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	wanted := make([]*candidate, len(ids))
	for i, id := range ids {
		wanted[i] = &candidate{id: id}
	}
	found, err := (&search{s: s, q: &store.SearchQuery{Tenant: tenant, Now: now}}).fetch(bounded, wanted)
	if err != nil {
		return nil, reading(ctx, err)
	}
	for _, id := range ids {
		if m, ok := found[id]; ok {
			all = append(all, m)
		}
	}
	return all, nil
}
