package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/wire"
)

const searchPath = "/v1/sigils:search"

// searchOverHTTP measures queries over the network, beside PostgreSQL's own text search, which is asked by its protocol.
func searchOverHTTP(ctx context.Context, b *bench) (_ string, err error) {
	l, err := b.texts(ctx)
	if err != nil {
		return "", err
	}
	peer, end, err := b.searchPostgres(ctx, l)
	if err != nil {
		return "", err
	}
	defer end()
	d, err := b.serve(ctx, l.dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.stop(syscall.SIGTERM)) }()
	c, err := client.New(d.addr, nil)
	if err == nil {
		_, err = complete(ctx, c, client.SearchQuery{Text: word(0)})
	}
	if err != nil {
		return "", err
	}
	var sides []side
	for i, w := range searchWays() {
		file := filepath.Join(b.scratch, fmt.Sprint("queries", i))
		if err := writeQueries(file, l.mixed(), w); err != nil {
			return "", err
		}
		sides = append(sides, side{"Sigil, " + w.name, "wrk", func(ctx context.Context) (figure, error) {
			return b.wrk(ctx, d, connections, searchPath, file)
		}})
	}
	all, err := b.compare(ctx, "search, over HTTP", append(sides, peer)...)
	if err != nil {
		return "", err
	}
	rows := heading("connections", "queries/s")
	return append(rows, against(strconv.Itoa(connections), all, map[string]target{peer.name: atLeast(5)})...).String(), nil
}

// writeQueries writes the bodies of searches into a file.
func writeQueries(path string, queries []string, w way) error {
	return writeBodies(path, len(queries), func(i int) any { return wire.Search{Query: queries[i], Weights: w.wire} })
}

// writeBodies writes the bodies of n requests into a file, one a line.
func writeBodies(path string, n int, body func(i int) any) error {
	var lines []byte
	for i := range n {
		text, err := json.Marshal(body(i))
		if err != nil {
			return err
		}
		lines = append(append(lines, text...), '\n')
	}
	return os.WriteFile(path, lines, 0o600)
}

// searchPostgres fills a table of PostgreSQL with the texts. end removes it; without PostgreSQL there is nothing to remove.
func (b *bench) searchPostgres(ctx context.Context, l *library) (s side, end func(), err error) {
	s = side{name: "PostgreSQL, GIN, ts_rank_cd", needs: "postgres"}
	if !b.has("postgres") {
		return s, func() {}, nil // compare decides what that means
	}
	begin := time.Now()
	cluster, err := newPostgres()
	if err != nil {
		return s, nil, err
	}
	pool, err := searchPool(ctx, cluster)
	if err != nil {
		cluster.Remove()
		return s, nil, err
	}
	end = func() { pool.Close(); cluster.Remove() }
	if err := fillWords(ctx, pool, l, b.memories); err != nil {
		end()
		return s, nil, err
	}
	fmt.Printf("filled PostgreSQL with the same (%s)\n", time.Since(begin).Round(time.Second))
	s.run = func(ctx context.Context) (figure, error) {
		return b.passes(ctx, connections, l.mixed()[:askedSlow*len(queryLengths)], func(ctx context.Context, query string) error {
			rows, err := pool.Query(ctx, "select id, text from m, "+anyLexeme+" q where words @@ q order by ts_rank_cd(words, q) desc limit $2", query, retrievalDepth)
			if err != nil {
				return err
			}
			var id int
			var text string
			_, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error { return nil })
			return err
		})
	}
	return s, end, nil
}

// searchPool returns connections to a new database, each for one query at a time: parallel workers would wait for each
// other, and compiling takes longer than it saves.
func searchPool(ctx context.Context, cluster *pgtest.Cluster) (*pgxpool.Pool, error) {
	database, err := cluster.Database(ctx)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(cluster.URL(database))
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	for setting, value := range map[string]string{"max_parallel_workers_per_gather": "0", "jit": "off", "work_mem": "64MB", "random_page_cost": "1.1"} {
		config.ConnConfig.RuntimeParams[setting] = value
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// fillWords makes the index after the rows, which keeps it small.
func fillWords(ctx context.Context, pool *pgxpool.Pool, l *library, n int) error {
	_, err := pool.Exec(ctx, "create table m (id int, text text, words tsvector generated always as (to_tsvector('english', text)) stored)")
	if err != nil {
		return err
	}
	_, err = pool.CopyFrom(ctx, pgx.Identifier{"m"}, []string{"id", "text"}, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		return []any{i, l.text(uint64(i))}, nil
	}))
	if err != nil {
		return err
	}
	for _, sql := range []string{"create index on m using gin (words) with (fastupdate = off)", "vacuum analyze m"} {
		if _, err := pool.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
