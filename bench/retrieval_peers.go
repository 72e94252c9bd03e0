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
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mattn/go-sqlite3"

	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// closer is a func that closes something.
type closer func() error

func (c closer) Close() error { return c() }

func retrievalVersions() string {
	version, _, _ := sqlite3.Version()
	return "SQLite " + version + ", bleve " + module("github.com/blevesearch/bleve/v2") + ", " + postgresVersion()
}

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

// ftsTable is what follows the name of a table in SQLite. Words are found in all their forms.
const ftsTable = " using fts5(id unindexed, text, tokenize = 'porter unicode61')"

// anyWord returns the query of FTS5 for any of the words of a question.
func anyWord(question string) string {
	words := strings.FieldsFunc(question, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	return `"` + strings.Join(words, `" OR "`) + `"`
}

// findBySQLite has a table for each group, since the statistics that rank are a table's.
func findBySQLite(ctx context.Context, all *questioned) (_ []finder, _ io.Closer, err error) {
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
	for i, g := range all.sorted() {
		tables[g] = fmt.Sprintf("t%d", i)
		if _, err := db.ExecContext(ctx, "create virtual table "+tables[g]+ftsTable); err != nil {
			return nil, nil, err
		}
		for j := range g.ids {
			if _, err := db.ExecContext(ctx, "insert into "+tables[g]+" values (?, ?)", g.ids[j], g.text[j]); err != nil { //nolint:gosec // the name is ours
				return nil, nil, err
			}
		}
	}
	find := func(ctx context.Context, g *corpus, query string) (ids []string, err error) {
		rows, err := db.QueryContext(ctx, "select id from "+tables[g]+" where text match ? order by rank limit ?", anyWord(query), retrievalDepth) //nolint:gosec // the name is ours
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
	}
	return []finder{find}, db, nil
}

// bleveMapping has bleve's analyzer for English, and BM25, which an index in memory would not use.
func bleveMapping() mapping.IndexMapping {
	m := bleve.NewIndexMapping()
	m.DefaultAnalyzer = en.AnalyzerName
	m.ScoringModel = index.BM25Scoring
	return m
}

type bleveDoc struct {
	Text string `json:"text"`
}

// bleveRequest asks for the best ten with any of the words of a question.
func bleveRequest(question string) *bleve.SearchRequest {
	q := bleve.NewMatchQuery(question)
	q.SetField("text")
	return bleve.NewSearchRequestOptions(q, retrievalDepth, 0, false)
}

// findByBleve has an index for each group, on disk.
func (b *bench) findByBleve(ctx context.Context, all *questioned) (_ []finder, _ io.Closer, err error) {
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
	for i, g := range all.sorted() {
		x, err := bleve.New(filepath.Join(dir, strconv.Itoa(i)), bleveMapping())
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
	find := func(ctx context.Context, g *corpus, query string) (ids []string, err error) {
		found, err := indexes[g].SearchInContext(ctx, bleveRequest(query))
		if err != nil {
			return nil, err
		}
		for _, h := range found.Hits {
			ids = append(ids, h.ID)
		}
		return ids, nil
	}
	return []finder{find}, end, nil
}

// anyLexeme is the tsquery for any of the words of the question $1, in PostgreSQL. A lexeme has no white space.
const anyLexeme = `cast(replace(plainto_tsquery('english', $1)::text, ''' & ''', ''' | ''') as tsquery)`

// postgresRanks are ranks of PostgreSQL's own text search: the usual one, the same divided by the logarithm of the length,
// and one that does not look at the distances of words. Other normalizations found less.
var postgresRanks = []string{"ts_rank_cd(words, q)", "ts_rank_cd(words, q, 1)", "ts_rank(words, q)"}

// findByPostgres has one table, since a rank looks at its row alone.
func findByPostgres(cluster *pgtest.Cluster) func(context.Context, *questioned) ([]finder, io.Closer, error) {
	return func(ctx context.Context, all *questioned) (_ []finder, _ io.Closer, err error) {
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
		if _, err := pool.Exec(ctx, "create table m (n serial, g text, id text, words tsvector)"); err != nil {
			return nil, nil, err
		}
		for _, g := range all.sorted() {
			_, err := pool.Exec(ctx, "insert into m (g, id, words) select $1, id, to_tsvector('english', t) from unnest($2::text[], $3::text[]) as x (id, t)", g.name, g.ids, g.text)
			if err != nil {
				return nil, nil, err
			}
		}
		var finders []finder
		for _, rank := range postgresRanks {
			sql := "select id from m, " + anyLexeme + " q where g = $2 and words @@ q order by " + rank + " desc, n limit $3"
			finders = append(finders, func(ctx context.Context, g *corpus, query string) ([]string, error) {
				rows, err := pool.Query(ctx, sql, query, g.name, retrievalDepth)
				if err != nil {
					return nil, err
				}
				return pgx.CollectRows(rows, pgx.RowTo[string])
			})
		}
		return finders, closer(func() error { pool.Close(); return nil }), nil
	}
}
