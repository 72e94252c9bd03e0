package pgstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/audit"
	"github.com/sigil-dna/sigil/store/internal/keylock"
)

// Check reads the whole store in a database and changes nothing. It looks at all that [store.Checks] names, and may run beside
// daemons, in a session with the right to read. It needs three connections, and memory for a part of one tenant at a time.
//
// Journal, memories, crystals, signatures, answers, and what is kept of removed memories are compared as they were when the check
// began, by one snapshot that is shared by many short transactions. Meanwhile the database cannot clean up rows that were deleted
// since. Contents, deadlines, words, vectors and counts are compared as they are when they are read. A recall that a daemon has not
// written yet is not seen.
//
// An error means that the check could not be completed: [sigil.ErrFormat] if the schema has another version than this program, and
// the errors of [Open]. Of o, Timeout (of a page, by default one minute) and Logger are used.
func Check(ctx context.Context, url string, o *Options) (store.Checked, error) {
	return checkAt(ctx, url, o, false)
}

// Repair is like [Check], and makes anew what is derived: the ends of answers in their index, counts of tenants, and words and
// vectors of texts that are not those of their memories. Vectors of an endpoint are removed, and a daemon has them made again. Each
// page, each tenant's counts and each step of words is a transaction of its own. It changes nothing else: problems of the
// result that are not in Repaired are still there. Daemons may run; searches may miss memories until their words are back,
// and say so.
func Repair(ctx context.Context, url string, o *Options) (store.Checked, error) {
	return checkAt(ctx, url, o, true)
}

const (
	checkTimeout = time.Minute
	// checkConns are one that reads pages, and one that repairs. The one that holds the snapshot is not of the pool.
	checkConns = 2
	// checkPage is the number of rows of a page.
	checkPage = 1000
)

func checkAt(ctx context.Context, url string, o *Options, mend bool) (found store.Checked, err error) {
	s, err := openToCheck(ctx, url, o)
	if err != nil {
		return found, err
	}
	defer s.pool.close()
	c := &checker{s: s, values: true, mend: mend, rows: checkPage, part: checkPart, window: checkWindow}
	err = c.run(ctx)
	return c.found, reading(ctx, err)
}

// openToCheck connects to a database and changes nothing in it. Nothing runs behind the store.
func openToCheck(ctx context.Context, url string, o *Options) (_ *Store, err error) {
	s := &Store{logger: slog.Default(), timeout: checkTimeout, keys: &keylock.Locks{}, searching: &searching{}}
	if o != nil && o.Logger != nil {
		s.logger = o.Logger
	}
	if o != nil && o.Timeout != 0 {
		s.timeout = o.Timeout
	}
	if err := s.connect(ctx, url, checkConns); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.pool.close()
		}
	}()
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	switch found, err := s.version(bounded); {
	case err != nil:
		return nil, failure(err)
	case found == 0:
		return nil, &sigil.Error{Kind: sigil.ErrInvalid, Code: "no_store", Field: "store", Detail: "is a database that has no memories of sigil"}
	case found != version:
		return nil, &sigil.Error{
			Kind: sigil.ErrFormat, Code: "format",
			Detail: fmt.Sprintf("the database has version %d of the schema, and this program checks version %d: check it with the program that its daemons run", found, version),
		}
	}
	return s, failure(s.policies.load(bounded, s.pool))
}

// Verify is [Check] of an open store, without what follows from contents, policies and members alone. It returns all problems as one error, or
// nil if the store is sound.
func (s *Store) Verify(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	c := &checker{s: s, rows: checkPage, part: checkPart, window: checkWindow}
	if err := c.run(ctx); err != nil {
		return reading(ctx, err)
	}
	var all []error
	for _, p := range c.found.Problems {
		all = append(all, errors.New(p.String()))
	}
	return errors.Join(all...)
}

// checker reads a whole store, page by page.
type checker struct {
	s     *Store
	found store.Checked
	// values is set if what follows from contents, policies and members alone is checked, too. mend is set if what is derived is
	// made anew.
	values, mend bool
	// rows is the number of rows of a page.
	rows int
	// part is the number of memories of a tenant that are compared with the journal at a time, window the number of entries of
	// which the hashes are.
	part, window int

	// snapshot is what pages see, the id of one that hold keeps. hold also reads policies while a page is read.
	snapshot string
	hold     *pgx.Conn
	held     time.Time  // when hold was last used
	newest   sigil.Hash // the link of the newest position
	patterns audit.Crystals
	// crystals has the groups of the crystals of a tenant, and whether the journal has an entry about each.
	crystals map[string]map[int]bool
	// inUse makes the words and vectors that the database should have; nil if it is not known how.
	inUse *searching
	// lacking counts the memories that lack words or a vector, and are not known to.
	lacking map[store.Check]int
}

func (c *checker) run(ctx context.Context) (err error) {
	// A connection of its own: who holds one of the pool and waits for another may wait forever.
	if c.hold, err = pgx.ConnectConfig(ctx, c.s.pool.pool.Config().ConnConfig); err != nil {
		return err
	}
	defer func() {
		bounded, cancel := c.s.bounded(context.WithoutCancel(ctx))
		defer cancel()
		_ = c.hold.Close(bounded) // it only read
	}()
	if err := c.together(ctx); err != nil {
		return err
	}
	if err := c.memories(ctx); err != nil {
		return err
	}
	return c.derived(ctx)
}

// together checks what is compared in one snapshot.
func (c *checker) together(ctx context.Context) error {
	// It is idle for no longer than a page takes: a check that hangs does not hold the snapshot forever.
	if err := c.hold.PgConn().Exec(ctx, "begin isolation level repeatable read read only; set local idle_in_transaction_session_timeout = '1h'").Close(); err != nil {
		return err
	}
	if err := c.hold.QueryRow(ctx, "select pg_export_snapshot()").Scan(&c.snapshot); err != nil {
		return err
	}
	c.held = time.Now()
	for _, step := range []func(context.Context) error{c.head, c.readCrystals, c.chain, c.tenants, c.removed, c.corrections, c.answers} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	_, err := c.hold.Exec(ctx, "rollback")
	return err
}

// page runs f in a transaction that sees the snapshot.
func (c *checker) page(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	if time.Since(c.held) > time.Minute { // its session must not be idle for too long
		if _, err := c.hold.Exec(ctx, "select 1"); err != nil {
			return err
		}
		c.held = time.Now()
	}
	return c.read(ctx, "set transaction snapshot '"+c.snapshot+"'", f)
}

// now runs f in a transaction that sees what is there now. It waits for those that replace all words or vectors, which change
// also what earlier snapshots see of them.
func (c *checker) now(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	return c.read(ctx, "lock table sigil.words, sigil.vectors in access share mode", f)
}

// read runs f in a transaction that only reads, and begins with a statement. No lock outlives it.
func (c *checker) read(ctx context.Context, first string, f func(context.Context, *pgx.Conn) error) error {
	held, err := c.s.pool.acquire(ctx)
	if err != nil {
		return err
	}
	defer held.release()
	conn := held.Conn.Conn()
	// A single statement may read a whole table; what the caller waits for is ctx.
	if err := conn.PgConn().Exec(ctx, "begin isolation level repeatable read read only; set local statement_timeout = 0; "+first).Close(); err != nil {
		return err
	}
	if err := f(ctx, conn); err != nil {
		return err
	}
	return conn.PgConn().Exec(ctx, "commit").Close()
}

// each calls visit with each row that a query returns.
func each[T any](ctx context.Context, conn *pgx.Conn, read func(pgx.Rows) (T, error), visit func(T), sql string, args ...any) error {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := read(rows)
		if err != nil {
			return err
		}
		visit(one)
	}
	return rows.Err()
}

// walk reads pages until one is not full. page returns the number of its rows.
func (c *checker) walk(page func() (int, error)) error {
	for {
		if n, err := page(); err != nil || n < c.rows {
			return err
		}
	}
}

// add returns a func that adds a problem with a key to the result.
func (c *checker) add(check store.Check, format string) func(string) {
	return func(key string) { c.found.Add(check, format, key) }
}
