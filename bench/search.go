package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// search measures queries by two callers in process, beside peers that run in the process of their users. All sides
// return the texts of the best ten.
func search(ctx context.Context, b *bench) (_ string, err error) {
	l, err := b.texts(ctx)
	if err != nil {
		return "", err
	}
	peers, end, err := b.searchPeers(ctx, l)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, end()) }()
	e, err := openLibrary(ctx, l.dir, nil, store.SearchSettings{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, e.store.Close()) }()

	rows := heading("words", "queries/s")
	for _, n := range queryLengths {
		queries := l.queries(n)
		run := func(name, needs string, queries []string, ask func(context.Context, string) error) side {
			return side{name, needs, func(ctx context.Context) (figure, error) { return b.passes(ctx, fewCallers, queries, ask) }}
		}
		var sides []side
		for _, w := range searchWays() {
			sides = append(sides, run("Sigil, "+w.name, "", queries, func(ctx context.Context, query string) error {
				_, err := e.Search(ctx, tenant, engine.SearchQuery{Text: query, Weights: w.engine})
				return err
			}))
		}
		for _, p := range peers {
			asked := queries
			if p.slow {
				asked = queries[:askedSlow]
			}
			sides = append(sides, run(p.name, p.needs, asked, p.ask))
		}
		all, err := b.compare(ctx, fmt.Sprintf("search, words: %d", n), sides...)
		if err != nil {
			return "", err
		}
		rows = append(rows, against(strconv.Itoa(n), all, map[string]target{"SQLite FTS5": atLeast(10), "bleve": atLeast(3)})...)
		for i, limit := range []float64{10, 25} { // ms, in the order of searchWays
			millis := all[i].of(func(f figure) float64 { return float64(f.p99) / 1e6 })
			rows = append(rows, []string{strconv.Itoa(n), all[i].name + ": p99, ms", "", "", "", "", millis.String(), target{bound: limit, upper: true, unit: " ms"}.say(millis)})
		}
	}
	return rows.String(), nil
}

// searchWays returns the ways in which Sigil is asked: first for words alone.
func searchWays() []way {
	w := ways()
	return []way{w[1], w[0]}
}

// passes has n callers ask all queries, again and again: whole passes, until a measurement's time is over. So each side
// answers the same queries as often as each other, however slow it is.
func (b *bench) passes(ctx context.Context, n int, queries []string, ask func(context.Context, string) error) (figure, error) {
	var mu sync.Mutex
	var failed error
	next, begin := 0, time.Now()
	take := func() (query string, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next > 0 && next%len(queries) == 0 && time.Since(begin) >= b.span || failed != nil {
			return "", false
		}
		next++
		return queries[(next-1)%len(queries)], true
	}
	each := make([]latencies, n)
	var wg sync.WaitGroup
	for c := range n {
		wg.Go(func() {
			for {
				query, ok := take()
				if !ok {
					return
				}
				begin := time.Now()
				err := ask(ctx, query)
				each[c].add(time.Since(begin))
				if err != nil {
					mu.Lock()
					failed = errors.Join(failed, fmt.Errorf("%q: %w", query, err))
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return summary(each, time.Since(begin)), failed
}
