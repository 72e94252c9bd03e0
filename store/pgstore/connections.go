package pgstore

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	defaultConns = 16
	// leastConns is the minimum number of connections: one to listen, and one for everything else.
	leastConns = 2
	// placeBack is how long a place is unavailable after the database has refused the connection for it.
	placeBack = 5 * time.Second
	// refusedAgain is the pause before the last place is tried again.
	refusedAgain = 50 * time.Millisecond
)

// querier is the pool, or one of its connections that is in a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// connections is a pool whose callers wait for an existing connection if the database refuses a new one
// because the limit of a role, a database or the server is reached.
//
// Each connection in use holds a place. A place whose connection is refused is unavailable for a while, so
// that no more callers proceed than there are connections; the others wait in a queue.
type connections struct {
	pool   *pgxpool.Pool
	logger *slog.Logger
	places chan struct{}
	// away counts the unavailable places.
	away atomic.Int32
}

func newConnections(ctx context.Context, config *pgxpool.Config, logger *slog.Logger) (*connections, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	c := &connections{pool: pool, logger: logger, places: make(chan struct{}, config.MaxConns)}
	for range cap(c.places) {
		c.places <- struct{}{}
	}
	return c, nil
}

// connection is held by its caller until it is released.
type connection struct {
	*pgxpool.Conn
	places chan struct{}
}

func (c connection) release() {
	c.Release() // before the place, whose next holder takes this connection
	c.places <- struct{}{}
}

// acquire waits for a connection until ctx ends.
func (c *connections) acquire(ctx context.Context) (connection, error) {
	var refusal error
	for {
		select {
		case <-c.places:
		case <-ctx.Done():
			return connection{}, errors.Join(ctx.Err(), refusal)
		}
		conn, err := c.pool.Acquire(ctx)
		if err == nil {
			return connection{conn, c.places}, nil
		}
		if !tooMany(err) || !c.refused(ctx) {
			c.places <- struct{}{}
			return connection{}, errors.Join(err, refusal)
		}
		refusal = err
	}
}

// refused makes the place of a refused connection available again after a while, or soon if it is the last
// one besides the listener's. It returns false if ctx has ended; then the caller still holds the place.
func (c *connections) refused(ctx context.Context) bool {
	if away := c.away.Add(1); int(away) <= cap(c.places)-leastConns {
		if away == 1 {
			c.logger.Warn("the database refuses more connections: callers wait for the existing ones", "connections", c.pool.Stat().TotalConns(), "wanted", cap(c.places))
		}
		time.AfterFunc(placeBack, func() {
			c.away.Add(-1)
			c.places <- struct{}{}
		})
		return true
	}
	c.away.Add(-1)
	select {
	case <-time.After(refusedAgain):
		c.places <- struct{}{}
		return true
	case <-ctx.Done():
		return false
	}
}

// tooMany reports whether the database, or a pooler in front of it, refused one more connection.
func tooMany(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == tooManyConnections || e.Code == protocolViolation && strings.Contains(e.Message, "no more connections allowed"))
}

// Exec is like [pgx.Conn.Exec] for one statement. It repeats the statement if the database aborted it in
// favor of another.
func (c *connections) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	conn, err := c.acquire(ctx)
	if err != nil {
		return tag, err
	}
	defer conn.release()
	err = again(func() (err error) {
		tag, err = conn.Exec(ctx, sql, args...)
		return err
	})
	return tag, err
}

// Query is like [pgx.Conn.Query]. The rows hold the connection until they are closed.
func (c *connections) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, err := c.acquire(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		conn.release()
		return nil, err
	}
	return &heldRows{Rows: rows, conn: conn}, nil
}

// heldRows are rows that release their connection once, when they are closed.
type heldRows struct {
	pgx.Rows
	conn     connection
	released bool
}

func (r *heldRows) Close() {
	r.Rows.Close()
	if !r.released {
		r.released = true
		r.conn.release()
	}
}

// QueryRow is like [pgx.Conn.QueryRow]. Scan must be called: the row holds the connection until then.
func (c *connections) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	conn, err := c.acquire(ctx)
	if err != nil {
		return failedRow{err}
	}
	return heldRow{conn.QueryRow(ctx, sql, args...), conn}
}

type heldRow struct {
	pgx.Row
	conn connection
}

func (r heldRow) Scan(dest ...any) error {
	defer r.conn.release()
	return r.Row.Scan(dest...)
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// run sends a batch and handles its results.
func (c *connections) run(ctx context.Context, b *pgx.Batch) error {
	conn, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.release()
	return conn.SendBatch(ctx, b).Close()
}

func (c *connections) close() { c.pool.Close() }
