package pgstore

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil/store"
)

const (
	// maxStatistics is how many tenants' statistics are kept.
	maxStatistics = 64
	// Statistics are made anew if the number of memories has changed by one of countedAnew, or if it has changed at all and
	// they are older than freshFor, or if they are older than keptFor.
	countedAnew = 32
	freshFor    = 10 * time.Second
	keptFor     = 5 * time.Minute
)

// statistics say how common the terms of a tenant's newest memories are.
type statistics struct {
	made    time.Time
	rows    int // of the tenant then
	sampled int
	average float64
	with    map[string]int
}

// current reports whether they can still be used while the tenant has so many memories.
func (s *statistics) current(rows int, now time.Time) bool {
	change, age := max(rows-s.rows, s.rows-rows), now.Sub(s.made)
	return change*countedAnew <= s.rows && age < keptFor && (change == 0 || age < freshFor)
}

// frequencies returns how common terms are. A term that is not in a sample is in one memory.
func (s *statistics) frequencies(rows int, terms []string) store.Frequencies {
	f := store.Frequencies{Memories: rows, Average: s.average, With: make([]int, len(terms))}
	for i, term := range terms {
		n := s.with[stored(term)]
		if s.sampled < s.rows {
			n = max(1, n*rows/s.sampled)
		}
		f.With[i] = min(n, rows)
	}
	return f
}

// statisticsOf has the statistics of some tenants.
type statisticsOf struct {
	mu sync.Mutex
	// +checklocks:mu
	tenants map[string]*statistics
}

// statistics returns how common terms of a tenant are, and how many memories it has.
func (s *Store) statistics(ctx context.Context, tenant string) (_ *statistics, rows int, err error) {
	var kept int64
	err = s.pool.QueryRow(ctx, "select coalesce((select words from sigil.tenants where tenant = $1), 0)", tenant).Scan(&kept)
	rows = int(kept)
	if err != nil {
		return nil, 0, err
	}
	of := &s.searching.statistics
	of.mu.Lock()
	known := of.tenants[tenant]
	of.mu.Unlock()
	if known != nil && known.current(rows, time.Now()) {
		return known, rows, nil
	}
	made := &statistics{made: time.Now(), rows: rows, with: map[string]int{}}
	read, err := s.pool.Query(ctx, "select length, terms from sigil.words where tenant = $1 order by id desc limit $2", tenant, s.searching.bounds.counted)
	total := 0
	if _, err = collect(read, err, func(rows pgx.Rows) (none struct{}, err error) {
		var length int32
		var terms string
		if err = rows.Scan(&length, &terms); err != nil {
			return none, err
		}
		made.sampled++
		total += int(length)
		for term := range strings.SplitSeq(terms, separator) {
			made.with[strings.Clone(term)]++
		}
		return none, nil
	}); err != nil {
		return nil, 0, err
	}
	if made.sampled > 0 {
		made.average = float64(total) / float64(made.sampled)
	}
	if made.sampled < s.searching.bounds.counted { // they were all, whatever has changed meanwhile
		rows, made.rows = made.sampled, made.sampled
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	if of.tenants == nil || len(of.tenants) >= maxStatistics {
		of.tenants = map[string]*statistics{}
	}
	of.tenants[tenant] = made
	return made, rows, nil
}

// Frequencies returns how common some terms are; see [store.Searcher]. It counts the newest memories, and remembers for some
// seconds.
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
	known, rows, err := s.statistics(bounded, tenant)
	if err != nil {
		return f, reading(ctx, err)
	}
	return known.frequencies(rows, terms), nil
}
