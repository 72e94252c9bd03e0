package main

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	_ "github.com/mattn/go-sqlite3" // the driver that most use
)

// sqliteEncode inserts a row with the same data and two more indexed columns into SQLite, as a careful user would:
// write-ahead log, every commit synced, and one writer that takes all waiting rows into one transaction.
func (b *bench) sqliteEncode(callers int) side {
	return side{"SQLite", "", func(ctx context.Context) (f figure, err error) {
		dir, err := os.MkdirTemp(b.scratch, "sqlite")
		if err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "m.db")+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
		if err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		db.SetMaxOpenConns(1)
		_, err = db.ExecContext(ctx, `create table m (id blob primary key, fades_at integer, frequency integer, data blob) without rowid;
			create index fades on m (fades_at); create index frequencies on m (frequency, id)`)
		if err != nil {
			return f, err
		}
		insert, err := db.PrepareContext(ctx, "insert into m values (?, ?, ?, ?)")
		if err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, insert.Close()) }()
		w := &sqliteWriter{db: db, insert: insert, rows: make(chan sqliteRow, callers)}
		var running sync.WaitGroup
		running.Go(func() { w.run(ctx) })
		defer running.Wait()
		defer close(w.rows)
		return b.load(ctx, callers, func(i uint64) error {
			done := make(chan error, 1)
			w.rows <- sqliteRow{i, payload(i), done}
			return <-done
		})
	}}
}

type sqliteRow struct {
	i    uint64
	data []byte
	done chan<- error
}

type sqliteWriter struct {
	db     *sql.DB
	insert *sql.Stmt
	rows   chan sqliteRow
}

// run writes the rows that wait, one transaction after the other, until rows is closed.
func (w *sqliteWriter) run(ctx context.Context) {
	for row := range w.rows {
		group := []sqliteRow{row}
		for len(w.rows) > 0 { // there is no other receiver
			group = append(group, <-w.rows)
		}
		err := w.write(ctx, group)
		for _, r := range group {
			r.done <- err
		}
	}
}

func (w *sqliteWriter) write(ctx context.Context, group []sqliteRow) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	insert := tx.StmtContext(ctx, w.insert)
	for _, r := range group {
		id := uuid.Must(uuid.NewV7())
		if _, err := insert.ExecContext(ctx, id[:], time.Now().UnixMilli(), int64(r.i%1000), r.data); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}
