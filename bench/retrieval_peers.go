package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// closer is a func that closes something.
type closer func() error

func (c closer) Close() error { return c() }

// sqliteFTS5 reports whether SQLite was built with its full-text index.
func sqliteFTS5() bool {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return false
	}
	defer func() { _ = db.Close() }() // nothing is in it
	_, err = db.ExecContext(context.Background(), "create virtual table t using fts5(text)")
	return err == nil
}

// anyWord returns the FTS5 query for any of the words of a question.
func anyWord(question string) string {
	words := strings.FieldsFunc(question, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	return `"` + strings.Join(words, `" OR "`) + `"`
}

// searchSQLite indexes by FTS5, in a table for each group, since its statistics are a table's.
func (b *bench) searchSQLite(ctx context.Context, all *questioned) (_ finds, _ io.Closer, err error) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1) // each connection would have a database of its own
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	tables := map[*corpus]string{}
	for i, g := range all.groups {
		name := fmt.Sprintf("t%d", i)
		tables[g] = name
		if _, err := db.ExecContext(ctx, "create virtual table "+name+" using fts5(id unindexed, text, tokenize = 'porter unicode61')"); err != nil {
			return nil, nil, err
		}
		for j := range g.ids {
			if _, err := db.ExecContext(ctx, "insert into "+name+" values (?, ?)", g.ids[j], g.text[j]); err != nil { //nolint:gosec // the name is ours
				return nil, nil, err
			}
		}
	}
	return func(ctx context.Context, g *corpus, query string) (ids []string, err error) {
		rows, err := db.QueryContext(ctx, "select id from "+tables[g]+" where text match ? order by rank limit ?", anyWord(query), retrievalDepth)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		return ids, rows.Err()
	}, db, nil
}

// newBleve returns a new bleve index on disk, which ranks by BM25. In memory it would rank by TF-IDF.
func newBleve(dir string) (bleve.Index, error) {
	m := bleve.NewIndexMapping()
	m.DefaultAnalyzer = en.AnalyzerName
	m.ScoringModel = index.BM25Scoring
	return bleve.New(dir, m)
}

type bleveDoc struct {
	Text string `json:"text"`
}

// searchBleve indexes by bleve, in an index for each group.
func (b *bench) searchBleve(ctx context.Context, all *questioned) (_ finds, _ io.Closer, err error) {
	dir, err := os.MkdirTemp(b.scratch, "bleve")
	if err != nil {
		return nil, nil, err
	}
	indexes := map[*corpus]bleve.Index{}
	var end closer = func() (err error) {
		for _, x := range indexes {
			err = errors.Join(err, x.Close())
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, end())
		}
	}()
	for i, g := range all.groups {
		x, err := newBleve(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			return nil, nil, err
		}
		indexes[g] = x
		batch := x.NewBatch()
		for j := range g.ids {
			if err := batch.Index(g.ids[j], bleveDoc{g.text[j]}); err != nil {
				return nil, nil, err
			}
		}
		if err := x.Batch(batch); err != nil {
			return nil, nil, err
		}
	}
	return func(ctx context.Context, g *corpus, query string) (ids []string, err error) {
		q := bleve.NewMatchQuery(query)
		q.SetField("text")
		found, err := indexes[g].SearchInContext(ctx, bleve.NewSearchRequestOptions(q, retrievalDepth, 0, false))
		if err != nil {
			return nil, err
		}
		for _, h := range found.Hits {
			ids = append(ids, h.ID)
		}
		return ids, nil
	}, end, nil
}

// searchPostgres indexes by PostgreSQL's own text search.
func searchPostgres(cluster *pgtest.Cluster) func(context.Context, *questioned) (finds, io.Closer, error) {
	return func(ctx context.Context, all *questioned) (_ finds, _ io.Closer, err error) {
		name, err := cluster.Database(ctx)
		if err != nil {
			return nil, nil, err
		}
		pool, err := pgxpool.New(ctx, cluster.URL(name))
		if err != nil {
			return nil, nil, err
		}
		defer func() {
			if err != nil {
				pool.Close()
			}
		}()
		if _, err := pool.Exec(ctx, "create table m (g text, id text, words tsvector)"); err != nil {
			return nil, nil, err
		}
		for _, g := range all.groups {
			_, err := pool.Exec(ctx, "insert into m select $1, id, to_tsvector('english', t) from unnest($2::text[], $3::text[]) as x (id, t)", g.name, g.ids, g.text)
			if err != nil {
				return nil, nil, err
			}
		}
		const find = `select id from m, cast(replace(plainto_tsquery('english', $2)::text, '&', '|') as tsquery) q
			where g = $1 and words @@ q order by ts_rank_cd(words, q) desc limit $3`
		return func(ctx context.Context, g *corpus, query string) ([]string, error) {
			rows, err := pool.Query(ctx, find, g.name, query, retrievalDepth)
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, pgx.RowTo[string])
		}, closer(func() error { pool.Close(); return nil }), nil
	}
}
