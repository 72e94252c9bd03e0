package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// tries is how often a transaction is tried that the database ended for the sake of another.
const tries = 10

// tx is a transaction that costs two round trips: one that begins it and reads with locks, and one that
// writes and commits. Locks are taken in one order by all: memories by key, tenants by name, head.
type tx struct {
	conn  *pgx.Conn
	begun bool
}

// transact runs f in a transaction, again where the database ended it for the sake of another's. What
// f does not commit is rolled back.
func (s *Store) transact(ctx context.Context, f func(*tx) error) error {
	for try := 1; ; try++ {
		err := s.transactOnce(ctx, f)
		if code := stateOf(err); code != serialization && code != deadlock || try == tries {
			return err
		}
	}
}

func (s *Store) transactOnce(ctx context.Context, f func(*tx) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // which closes a connection that is still in a transaction
	t := &tx{conn: conn.Conn()}
	err = f(t)
	if t.begun && !t.conn.IsClosed() && t.conn.PgConn().TxStatus() != 'I' {
		_, rollback := t.conn.Exec(ctx, "rollback")
		err = errors.Join(err, rollback)
	}
	return err
}

// rows runs a read in the transaction, beginning it where that was not done.
func (t *tx) rows(ctx context.Context, read func(pgx.Rows) (row, error), sql string, args ...any) ([]row, error) {
	var all []row
	b := &pgx.Batch{}
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		all, err = collect(rows, nil, read)
		return err
	})
	return all, t.send(ctx, b)
}

// send runs b in the transaction, beginning it where that was not done.
func (t *tx) send(ctx context.Context, b *pgx.Batch) error {
	if t.begun {
		return t.conn.SendBatch(ctx, b).Close()
	}
	t.begun = true
	first := &pgx.Batch{}
	first.Queue("begin")
	first.QueuedQueries = append(first.QueuedQueries, b.QueuedQueries...)
	return t.conn.SendBatch(ctx, first).Close()
}

// commit runs b and commits.
func (t *tx) commit(ctx context.Context, b *pgx.Batch) error {
	var tag pgconn.CommandTag
	b.Queue("commit").Exec(func(ct pgconn.CommandTag) error {
		tag = ct
		return nil
	})
	if err := t.send(ctx, b); err != nil {
		return err
	}
	if tag.String() != "COMMIT" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}
