package pgstore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/keylock"
	"github.com/sigil-dna/sigil/store/internal/wake"
)

// Store is a [store.Store] in PostgreSQL. [Open] makes one.
type Store struct {
	info     store.Info
	process  [16]byte // identifies this Store among all that have the database open
	pool     *connections
	logger   *slog.Logger
	timeout  time.Duration
	onCommit func(changes int, took time.Duration)

	searching *searching
	undo      bool
	clock     *clock.Clock
	policies  policies
	keys      *keylock.Locks // locks of memories that this process changes
	refreshes refreshes
	inserts   chan *insert
	full      sync.Map    // tenants whose last insert had to evict memories
	journaled wake.Signal // fires when this process has journaled something
	heard     wake.Signal // fires when any process has, or the store was closed

	told      recalled // recalls in this process of which the others have not been notified
	elsewhere recalled // recalls elsewhere that have not been passed to the watcher
	watcher   atomic.Pointer[store.RecallWatcher]

	tenantPolicies tenantPolicies
	clocks         tenantClocks

	// gate is held for reading by every call, and for writing by Close.
	gate sync.RWMutex
	// +checklocks:gate
	closed bool

	// inFlight are the idempotency keys of inserts in progress.
	// +checklocks:gate
	inFlight *keylock.Set

	stop    context.CancelFunc // ends the goroutines
	running sync.WaitGroup     // the goroutines; Close waits for them
}

var _ store.Shared = (*Store)(nil)

// Options configure [Open]. The zero value and nil mean the defaults.
type Options struct {
	// Timeout is the time limit of each call, including the wait for a connection. A call that takes longer
	// fails with [sigil.ErrUnavailable]. 0 means 5 s.
	Timeout time.Duration
	// MaxConns is the maximum number of connections to the database, one of which listens; the minimum is 2. 0
	// means the URL's pool_max_conns, or 16. Calls wait while all are in use, or if the database allows no
	// more.
	MaxConns int
	// ClockConfirm is how long a jump of the database's clock must last before it counts; 0 means 15 minutes.
	ClockConfirm time.Duration
	// Search is what of a memory is searched. All processes that have a database open should have the same: if languages
	// or exclusions differ, those of the process that was opened last are kept in the database, the words of all memories
	// are written anew, and searches by processes with others are incomplete until they are opened again. A process that
	// does not search leaves its memories to the others, which write the words of those some seconds later.
	Search store.SearchSettings
	// Undo keeps memories that fade, are evicted or are forgotten, so that they can be restored: see [store.Undo]. They stay until
	// [Store.Purge] drops them. All processes that have a database open should have the same.
	Undo bool
	// Logger receives problems in the background; nil means [slog.Default].
	Logger *slog.Logger
	// OnCommit is called after each commit of inserts, with the number of callers whose inserts it contained
	// and the time it took. It must be fast.
	OnCommit func(changes int, took time.Duration)
}

const (
	defaultTimeout = 5 * time.Second
	// writers is the number of goroutines that gather and commit: one commits while the other gathers.
	writers = 2
)

// Open opens the store in the database at url (a "postgres://" URL, or anything else that libpq accepts). It
// creates the store if there is none, and migrates an older one; any number of processes may do so at once.
// If url has several hosts, it looks for one that accepts writes, and does so again after each lost
// connection.
//
// Open returns [sigil.ErrFormat] if the schema is newer than this program supports, and
// [sigil.ErrUnavailable] if the database cannot be reached. It returns [sigil.ErrInvalid] ("store_refused")
// if the server refuses the role, the password or the database; methods of an open store return
// [sigil.ErrUnavailable] for that. It returns [sigil.ErrInvalid] ("sessions_shared") if connections have no
// sessions of their own, for example behind a pooler that pools by transaction. The caller closes the store.
func Open(ctx context.Context, url string, o *Options) (_ *Store, err error) {
	if o == nil {
		o = &Options{}
	}
	s := &Store{
		process: [16]byte(sigil.NewID(time.Now())), logger: o.Logger, timeout: o.Timeout, onCommit: o.OnCommit, undo: o.Undo, keys: &keylock.Locks{}, inFlight: &keylock.Set{},
		inserts: make(chan *insert, maxGathered),
	}
	if s.searching, err = newSearching(&o.Search); err != nil {
		return nil, err
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	if err := s.connect(ctx, url, o.MaxConns); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.pool.close()
		}
	}()
	if err := s.migrate(ctx); err != nil {
		return nil, failure(err)
	}
	if s.info, err = s.identify(ctx); err != nil {
		return nil, failure(err)
	}
	if err := s.policies.load(ctx, s.pool); err != nil {
		return nil, failure(err)
	}
	if err := s.readTenantPolicies(ctx); err != nil {
		return nil, failure(err)
	}
	if _, err := s.readClocks(ctx); err != nil {
		return nil, failure(err)
	}
	if err := s.startClock(ctx, o.ClockConfirm); err != nil {
		return nil, failure(err)
	}
	if _, err := s.pool.Exec(ctx, "delete from sigil.flushes where at < clock_timestamp() - interval '30 days'"); err != nil {
		return nil, failure(err)
	}
	if err := s.startSearching(ctx); err != nil {
		return nil, failure(err)
	}
	s.warn(ctx)
	s.start()
	return s, nil
}

// connect opens the pool, and proves that the sessions of url are of use.
func (s *Store) connect(ctx context.Context, url string, most int) error {
	config, err := s.config(url, most)
	if err != nil {
		return err
	}
	if s.pool, err = newConnections(ctx, config, s.logger); err != nil {
		return failure(err)
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.proveSessions(bounded); err != nil {
		s.pool.close()
		return openFailure(err)
	}
	return nil
}

// warn logs which promises the server's settings break.
func (s *Store) warn(ctx context.Context) {
	for name, why := range map[string]string{
		"fsync":              "a crash of the database's machine can lose acknowledged changes, or everything",
		"synchronous_commit": "a crash of the database can lose acknowledged changes",
		"full_page_writes":   "a crash of the database's machine can damage acknowledged changes",
	} {
		var value string
		if err := s.pool.QueryRow(ctx, "select current_setting($1)", name).Scan(&value); err == nil && value == "off" {
			s.logger.Warn("the database's setting "+name+" is off: "+why, "setting", name)
		}
	}
}

// start starts the goroutines. Close ends them and waits.
func (s *Store) start() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	for range writers {
		s.running.Go(s.write)
	}
	s.running.Go(func() { s.keepRefreshing(ctx) })
	s.running.Go(func() { s.keepTime(ctx) })
	s.running.Go(func() { s.listen(ctx) })
	s.running.Go(func() { s.notify(ctx) })
	s.running.Go(func() { s.keepTenantPolicies(ctx) })
	s.running.Go(func() { s.tellRecalls(ctx) })
	s.running.Go(func() { s.hearRecalls(ctx) })
	if s.searching.analyzer != nil {
		s.running.Go(func() { s.keepSearchable(ctx) })
	}
}

// enter begins a call, or returns the reason why it cannot. The caller holds gate.
//
// +checklocksread:s.gate
func (s *Store) enter(ctx context.Context) error {
	if s.closed {
		return closed()
	}
	return ctx.Err()
}

// bounded returns the context of a call that reads. It ends with the caller's context, or after the timeout.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}

// steady returns the context of a call that writes. Once begun, the call is finished even if the caller's
// context ends: cutting a connection in the middle costs more than the rest of the transaction.
func (s *Store) steady(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
}

// Info implements [store.Store].
func (s *Store) Info() store.Info { return s.info }

// Ping returns nil if the database can be reached and written to, and [sigil.ErrUnavailable] otherwise.
func (s *Store) Ping(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return closed()
	}
	var replica bool
	err := s.pool.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&replica)
	if err == nil && replica {
		err = &sigil.Error{Kind: sigil.ErrUnavailable, Code: "unavailable", Detail: "the database is a replica, which cannot be written to"}
	}
	return failure(err)
}

// Close writes outstanding refreshes and closes the connections; see [store.Store]. If the database is lost,
// Close returns an error after the timeout, and the refreshes of the last second are lost.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.heard.Fire()
	close(s.inserts)
	s.stop()
	s.running.Wait()
	ctx, cancel := s.steady(context.Background())
	defer cancel()
	err := s.flush(ctx)
	if err == nil {
		_, _ = s.pool.Exec(ctx, "delete from sigil.flushes where process = $1", s.process) // otherwise a later Open deletes it
		for payloads := s.told.payloads(s.process); len(payloads) > 0 && s.send(ctx, recallChannel, payloads...) == nil; {
			payloads = s.told.payloads(s.process)
		}
	}
	s.pool.close()
	if err != nil {
		return fmt.Errorf("pgstore: refreshes of recalls were not written: %w", failure(err))
	}
	return nil
}

// reading converts the error of a read to the one that the caller gets.
func reading(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // the caller's context: the database is not at fault
	}
	return failure(err)
}

// collect reads all rows with read.
func collect[T any](rows pgx.Rows, err error, read func(pgx.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := read(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
