package pgstore

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// tries is how often a transaction is tried that the database aborts in favor of another.
const tries = 10

// tx is a transaction that takes at most two round trips: one that begins it and reads with locks, if needed,
// and one that writes and commits. All transactions take locks in the same order: memories by key, tenants by
// name, head.
type tx struct {
	conn  *pgx.Conn
	begun bool
}

// again runs f, and runs it again if the database aborted it in favor of another transaction.
func again(f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if code := stateOf(err); code != serialization && code != deadlock || try == tries {
			return err
		}
	}
}

// transact runs f in a transaction. It runs f again if the database aborted the transaction in favor of
// another, or if f needs the number of a new policy, which is committed first. If f does not commit,
// everything is rolled back.
func (s *Store) transact(ctx context.Context, f func(*tx) error) error {
	for {
		err := again(func() error { return s.transactOnce(ctx, f) })
		var lacking *unnumbered
		if !errors.As(err, &lacking) {
			return err
		}
		if _, err := s.policies.number(ctx, s.pool, lacking.policy); err != nil {
			return err
		}
	}
}

func (s *Store) transactOnce(ctx context.Context, f func(*tx) error) error {
	held, err := s.pool.acquire(ctx)
	if err != nil {
		return err
	}
	defer held.release() // release closes a connection that is still in a transaction
	t := &tx{conn: held.Conn.Conn()}
	err = f(t)
	if t.begun && !t.conn.IsClosed() && t.conn.PgConn().TxStatus() != 'I' {
		_, rollback := t.conn.Exec(ctx, "rollback")
		err = errors.Join(err, rollback)
	}
	return err
}

// rows runs a read in the transaction, which it begins if necessary.
func (t *tx) rows(ctx context.Context, read func(pgx.Rows) (row, error), sql string, args ...any) ([]row, error) {
	var all []row
	b := &pgx.Batch{}
	into(b, &all, read, sql, args...)
	return all, t.send(ctx, b)
}

// send runs reads in the transaction, which it begins if necessary.
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

// writes are the statements that end a transaction.
type writes []statement

type statement struct {
	sql  string
	args []any // values that pgx can encode, or raw ones
	// number, if not nil, receives the number in the first column of the first row.
	number *uint64
	// rows, if not nil, receives all rows.
	rows func(rows [][][]byte)
}

// raw is a parameter in the database's binary form.
type raw []byte

func (w *writes) add(sql string, args ...any) { *w = append(*w, statement{sql: sql, args: args}) }

// commit runs w and commits, in one round trip. If no transaction was begun, w is one transaction.
func (t *tx) commit(ctx context.Context, w writes) error {
	b := &pgconn.Batch{}
	for i := range w {
		if err := t.queue(ctx, b, &w[i]); err != nil {
			return err
		}
	}
	if t.begun {
		if err := t.queue(ctx, b, &statement{sql: "commit"}); err != nil {
			return err
		}
	}
	results, err := t.conn.PgConn().ExecBatch(ctx, b).ReadAll()
	if err != nil {
		return err
	}
	if last := results[len(results)-1].CommandTag.String(); t.begun && last != "COMMIT" {
		return pgx.ErrTxCommitRollback
	}
	for i := range w {
		if rows := results[i].Rows; w[i].number != nil && len(rows) > 0 {
			*w[i].number = binary.BigEndian.Uint64(rows[0][0])
		}
		if w[i].rows != nil {
			w[i].rows(results[i].Rows)
		}
	}
	return nil
}

var binaryFormat = []int16{pgx.BinaryFormatCode}

// queue adds a statement to b. It prepares the statement on its first use by the connection.
func (t *tx) queue(ctx context.Context, b *pgconn.Batch, s *statement) error {
	prepared, err := t.conn.Prepare(ctx, s.sql, s.sql)
	if err != nil {
		return err
	}
	values := make([][]byte, len(s.args))
	for i, arg := range s.args {
		if r, ok := arg.(raw); ok {
			values[i] = r
		} else if values[i], err = t.conn.TypeMap().Encode(prepared.ParamOIDs[i], pgx.BinaryFormatCode, arg, []byte{}); err != nil { // not nil: an empty value would become null
			return err
		}
	}
	b.ExecPrepared(prepared.Name, values, binaryFormat, binaryFormat)
	return nil
}
