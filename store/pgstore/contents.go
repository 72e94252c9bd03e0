package pgstore

import (
	"context"
	"fmt"
	"strings"
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

// Frequencies counts memories with some terms; see [store.Searcher].
func (s *Store) Frequencies(ctx context.Context, tenant string, terms []string) (f store.Frequencies, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return f, err
	}
	if s.searching.analyzer == nil {
		return f, store.NewSearchOff()
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	args := []any{searchMode, tenant}
	counts := []string{"0::bigint"}
	for _, term := range terms {
		c := newChoice([]string{term}, "", nil)
		args = append(args, c.tsquery())
		counts = append(counts, fmt.Sprintf("(select count(*) from sigil.words where tenant = $1 and %s @@ $%d::text::tsquery)", lexemes, len(args)-1))
	}
	var with []int64
	err = s.pool.QueryRow(bounded, "select count(*), coalesce(avg(length), 0)::float8, array["+strings.Join(counts, ", ")+"] from sigil.words where tenant = $1", args...).
		Scan(&f.Memories, &f.Average, &with)
	if err != nil {
		return f, reading(ctx, err)
	}
	f.With = make([]int, len(terms))
	for i := range terms {
		f.With[i] = int(with[i+1])
	}
	return f, nil
}
