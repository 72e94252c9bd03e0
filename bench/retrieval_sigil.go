package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// contenders returns Sigil over each store that searches, and the peers that are there. end removes what they share.
func (b *bench) contenders() (all []contender, end func() error, err error) {
	all, end = []contender{{"Sigil", b.searchEmbedded}}, func() error { return nil }
	if b.has("fts5") {
		all = append(all, contender{"SQLite FTS5, porter, any word", b.searchSQLite})
	} else if !b.lenient {
		return nil, nil, errors.New("built without FTS5: needs the build tag sqlite_fts5")
	}
	all = append(all, contender{"bleve v2 en, BM25", b.searchBleve})
	if !b.has("postgres") {
		if !b.lenient {
			return nil, nil, errors.New("not installed: postgres")
		}
		return all, end, nil
	}
	cluster, err := newPostgres()
	if err != nil {
		return nil, nil, err
	}
	end = func() error { cluster.Remove(); return nil }
	if _, searches := any((*pgstore.Store)(nil)).(store.Searcher); searches {
		all = append(all, contender{"Sigil over PostgreSQL", searchOver(cluster)})
	}
	return append(all, contender{"PostgreSQL english, ts_rank_cd, any word", searchPostgres(cluster)}), end, nil
}

// searchEmbedded indexes by Sigil over a new embedded store, with default settings.
func (b *bench) searchEmbedded(ctx context.Context, all *questioned) (finds, io.Closer, error) {
	dir, err := os.MkdirTemp(b.scratch, "store")
	if err != nil {
		return nil, nil, err
	}
	e, err := openStore(dir, nil)
	if err != nil {
		return nil, nil, err
	}
	find, err := encodeQuestioned(ctx, e.Engine, all)
	if err != nil {
		return nil, nil, errors.Join(err, e.store.Close())
	}
	return find, e.store, nil
}

// searchOver indexes by Sigil over a new database.
func searchOver(cluster *pgtest.Cluster) func(context.Context, *questioned) (finds, io.Closer, error) {
	return func(ctx context.Context, all *questioned) (finds, io.Closer, error) {
		name, err := cluster.Database(ctx)
		if err != nil {
			return nil, nil, err
		}
		s, err := pgstore.Open(ctx, cluster.URL(name), &pgstore.Options{Logger: quiet})
		if err != nil {
			return nil, nil, err
		}
		find, err := encodeQuestioned(ctx, engine.New(s, nil), all)
		if err != nil {
			return nil, nil, errors.Join(err, s.Close())
		}
		return find, s, nil
	}
}

// encodeQuestioned encodes all memories, those of a group for a tenant of its name.
func encodeQuestioned(ctx context.Context, e *engine.Engine, all *questioned) (finds, error) {
	names := map[sigil.Key]string{}
	for _, g := range all.groups {
		const batch = 500
		for first := 0; first < len(g.ids); first += batch {
			drafts := make([]sigil.Draft, min(batch, len(g.ids)-first))
			for i := range drafts {
				drafts[i].Data = g.data[first+i]
			}
			results, err := e.EncodeBatch(ctx, g.name, drafts)
			if err != nil {
				return nil, err
			}
			for i := range results {
				if results[i].Err != nil {
					return nil, results[i].Err
				}
				names[results[i].Memory.Key] = g.ids[first+i]
			}
		}
	}
	return func(ctx context.Context, g *corpus, query string) ([]string, error) {
		page, err := e.Search(ctx, g.name, engine.SearchQuery{Text: query, Limit: retrievalDepth})
		if err != nil {
			return nil, err
		}
		if page.Incomplete {
			return nil, errors.New("the index is not complete")
		}
		var ids []string
		for i := range page.Hits {
			id, ok := names[page.Hits[i].Memory.Key]
			if !ok {
				return nil, fmt.Errorf("found %s, which is not one of the memories", page.Hits[i].Memory.ID)
			}
			ids = append(ids, id)
		}
		return ids, nil
	}, nil
}
