package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/wire"
)

// The ways in which Sigil is asked: with default settings, and for words, whatever else counts by default.
const (
	byDefault  = "default"
	wordsAlone = "words alone"
)

// way is one of them, as the weights of a query. nil means the default.
type way struct {
	name   string
	engine *engine.Weights
	wire   *wire.SearchWeights
}

func ways() []way {
	return []way{{byDefault, nil, nil}, {wordsAlone, &engine.Weights{Words: 1}, &wire.SearchWeights{Words: new(1.0), Meaning: new(0.0)}}}
}

// named returns the names of the ways of Sigil somewhere.
func named(where string) (names []string) {
	for _, w := range ways() {
		names = append(names, "Sigil "+where+", "+w.name)
	}
	return names
}

// contenders returns Sigil and the peers that are there. end removes what they share.
func (b *bench) contenders() (all []contender, end func(), err error) {
	all = []contender{{named("in process"), b.findInProcess}, {named("over HTTP"), b.findOverHTTP}}
	sqlite := contender{[]string{"SQLite FTS5"}, findBySQLite}
	if b.has("fts5") {
		all = append(all, sqlite)
	} else if !b.lenient {
		return nil, nil, errors.New("built without FTS5: needs the build tag sqlite_fts5")
	}
	all = append(all, contender{[]string{"bleve"}, b.findByBleve})
	if !b.has("postgres") {
		if !b.lenient {
			return nil, nil, errors.New("not installed: postgres")
		}
		return all, func() {}, nil
	}
	cluster, err := newPostgres()
	if err != nil {
		return nil, nil, err
	}
	var ranks []string
	for _, rank := range postgresRanks {
		ranks = append(ranks, "PostgreSQL, "+rank)
	}
	all = append(all, contender{named("on PostgreSQL"), findOnPostgres(cluster)}, contender{ranks, findByPostgres(cluster)})
	return all, cluster.Remove, nil
}

// findInProcess encodes into a new embedded store.
func (b *bench) findInProcess(ctx context.Context, all *questioned) ([]finder, io.Closer, error) {
	dir, err := os.MkdirTemp(b.scratch, "store")
	if err != nil {
		return nil, nil, err
	}
	e, err := openStore(dir, nil)
	if err != nil {
		return nil, nil, err
	}
	finders, err := findByEngine(ctx, e.Engine, all)
	if err != nil {
		return nil, nil, errors.Join(err, e.store.Close())
	}
	return finders, e.store, nil
}

// findOnPostgres encodes into a new database.
func findOnPostgres(cluster *pgtest.Cluster) func(context.Context, *questioned) ([]finder, io.Closer, error) {
	return func(ctx context.Context, all *questioned) ([]finder, io.Closer, error) {
		name, err := cluster.Database(ctx)
		if err != nil {
			return nil, nil, err
		}
		s, err := pgstore.Open(ctx, cluster.URL(name), &pgstore.Options{Logger: quiet})
		if err != nil {
			return nil, nil, err
		}
		finders, err := findByEngine(ctx, engine.New(s, nil), all)
		if err != nil {
			return nil, nil, errors.Join(err, s.Close())
		}
		return finders, s, nil
	}
}

// findByEngine encodes all memories, each group for a tenant of its name.
func findByEngine(ctx context.Context, e *engine.Engine, all *questioned) (finders []finder, err error) {
	names := map[sigil.ID]string{}
	for _, g := range all.sorted() {
		err := g.batches(func(from int, drafts []sigil.Draft) error {
			results, err := e.EncodeBatch(ctx, g.name, drafts)
			for i := range results {
				err = errors.Join(err, results[i].Err)
				names[results[i].Memory.ID] = g.ids[from+i]
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, w := range ways() {
		finders = append(finders, func(ctx context.Context, g *corpus, query string) (ids []string, err error) {
			page, err := e.Search(ctx, g.name, engine.SearchQuery{Text: query, Weights: w.engine, Limit: retrievalDepth})
			if err == nil && page.Incomplete {
				err = errors.New("the index is not complete")
			}
			for i := range page.Hits {
				ids = append(ids, names[page.Hits[i].Memory.ID])
			}
			return ids, err
		})
	}
	return finders, nil
}

// batches calls encode with the drafts of all memories, in batches. from is the index of the first.
func (g *corpus) batches(encode func(from int, drafts []sigil.Draft) error) error {
	const batch = 500
	for from := 0; from < len(g.ids); from += batch {
		drafts := make([]sigil.Draft, min(batch, len(g.ids)-from))
		for i := range drafts {
			drafts[i].Data = g.data[from+i]
		}
		if err := encode(from, drafts); err != nil {
			return err
		}
	}
	return nil
}

// findOverHTTP encodes into a daemon with a new store, and asks it.
func (b *bench) findOverHTTP(ctx context.Context, all *questioned) (_ []finder, _ io.Closer, err error) {
	dir, err := os.MkdirTemp(b.scratch, "data")
	if err != nil {
		return nil, nil, err
	}
	d, err := b.serve(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	stop := closer(func() error { return d.stop(syscall.SIGTERM) })
	clients, names := map[*corpus]*client.Client{}, map[sigil.ID]string{}
	for _, g := range all.sorted() {
		c, err := client.New(d.addr, &client.Options{Tenant: g.name})
		if err == nil {
			err = g.batches(func(from int, drafts []sigil.Draft) error {
				items, err := c.EncodeBatch(ctx, drafts)
				for i := range items {
					if items[i].Memory == nil {
						return fmt.Errorf("%s was not encoded: %w", g.ids[from+i], client.ItemError(items[i]))
					}
					names[items[i].Memory.ID] = g.ids[from+i]
				}
				return err
			})
		}
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		clients[g] = c
	}
	var finders []finder
	for _, w := range ways() {
		finders = append(finders, func(ctx context.Context, g *corpus, query string) (ids []string, err error) {
			page, err := complete(ctx, clients[g], client.SearchQuery{Text: query, Weights: w.wire, Limit: retrievalDepth})
			for i := range page.Hits {
				ids = append(ids, names[page.Hits[i].Memory.ID])
			}
			return ids, err
		})
	}
	return finders, stop, nil
}

// complete searches until nothing is missing in the daemon's indexes.
func complete(ctx context.Context, c *client.Client, q client.SearchQuery) (page wire.SearchPage, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		page, err = c.Search(ctx, q)
		if err != nil || page.Complete && page.Meaning != "building" {
			return page, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return page, fmt.Errorf("the index is not complete: %w", ctx.Err())
		}
	}
}
