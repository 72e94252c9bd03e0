package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/blevesearch/bleve/v2"
)

// searchPeer answers queries about the texts of the library in process.
type searchPeer struct {
	name, needs string
	slow        bool // it is asked few queries
	ask         func(ctx context.Context, query string) error
}

// searchPeers returns SQLite and bleve, each on disk and with all texts. end closes them.
func (b *bench) searchPeers(ctx context.Context, l *library) (peers []searchPeer, end func() error, err error) {
	begin := time.Now()
	index, err := b.fillBleve(l)
	if err != nil {
		return nil, nil, err
	}
	peers, end = []searchPeer{{name: "bleve", ask: askBleve(index)}}, index.Close
	fmt.Printf("filled bleve with the same (%s)\n", time.Since(begin).Round(time.Second))
	if !b.has("fts5") {
		return append([]searchPeer{{name: "SQLite FTS5", needs: "fts5"}}, peers...), end, nil // compare decides what that means
	}
	begin = time.Now()
	db, err := b.fillSQLite(ctx, l)
	if err != nil {
		return nil, nil, errors.Join(err, end())
	}
	fmt.Printf("filled SQLite with the same (%s)\n", time.Since(begin).Round(time.Second))
	ask, err := askSQLite(ctx, db)
	end = func() error { return errors.Join(db.Close(), index.Close()) }
	if err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return append([]searchPeer{{"SQLite FTS5", "fts5", true, ask}}, peers...), end, nil
}

// fillSQLite makes a table of FTS5, with its index merged to one b-tree, and opens it so that all of it can be in memory.
func (b *bench) fillSQLite(ctx context.Context, l *library) (_ *sql.DB, err error) {
	path := "file:" + filepath.Join(b.scratch, "library.db")
	db, err := sql.Open("sqlite3", path+"?_journal_mode=OFF&_synchronous=OFF&_cache_size=-262144") // not durable: it is made once
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	err = fillTable(ctx, db, l, b.memories)
	if err = errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	db, err = sql.Open("sqlite3", path+"?mode=ro&_cache_size=-1048576")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(fewCallers)
	db.SetMaxIdleConns(fewCallers)
	return db, nil
}

func fillTable(ctx context.Context, db *sql.DB, l *library, n int) error {
	if _, err := db.ExecContext(ctx, "create virtual table t"+ftsTable); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, "insert into t values (?, ?)")
	for i := 0; i < n && err == nil; i++ {
		_, err = insert.ExecContext(ctx, i, l.text(uint64(i)))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := errors.Join(insert.Close(), tx.Commit()); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "insert into t(t) values ('optimize')")
	return err
}

func askSQLite(ctx context.Context, db *sql.DB) (func(context.Context, string) error, error) {
	find, err := db.PrepareContext(ctx, "select id, text from t where text match ? order by rank limit ?") // closed with db
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, query string) (err error) {
		rows, err := find.QueryContext(ctx, anyWord(query), retrievalDepth)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		var id int
		var text string
		for rows.Next() {
			if err := rows.Scan(&id, &text); err != nil {
				return err
			}
		}
		return rows.Err()
	}, nil
}

// fillBleve makes an index of one segment, by bleve's builder, and opens it.
func (b *bench) fillBleve(l *library) (bleve.Index, error) {
	path := filepath.Join(b.scratch, "library.bleve")
	builder, err := bleve.NewBuilder(path, bleveMapping(), map[string]any{"buildPathPrefix": b.scratch, "batchSize": 10_000})
	if err != nil {
		return nil, err
	}
	for i := 0; i < b.memories && err == nil; i++ {
		err = builder.Index(strconv.Itoa(i), bleveDoc{l.text(uint64(i))})
	}
	if err = errors.Join(err, builder.Close()); err != nil {
		return nil, err
	}
	return bleve.Open(path)
}

func askBleve(index bleve.Index) func(context.Context, string) error {
	return func(ctx context.Context, query string) error {
		r := bleveRequest(query)
		r.Fields = []string{"text"}
		_, err := index.SearchInContext(ctx, r)
		return err
	}
}
