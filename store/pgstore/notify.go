package pgstore

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	channel = "sigil_journal"
	// notifyEvery bounds how often a process tells the others, whatever it commits: a notification wakes
	// every one of them, and takes a lock that all commits with one share.
	notifyEvery = 20 * time.Millisecond
	// pollEvery is how late a reader hears of an entry where notifications are lost.
	pollEvery = time.Second
)

// signal wakes all that wait for it. The zero value is ready.
type signal struct {
	mu sync.Mutex
	// +checklocks:mu
	next chan struct{} // closed by fire; nil where nobody waits
}

// wait gives a channel that the next fire closes.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}

// Wait returns nil when the tenant's journal has an entry over after, whichever process wrote it; or
// ctx's error, or ErrClosed. It hears of one at once, and a second late at most while the database
// cannot be listened to.
func (s *Store) Wait(ctx context.Context, tenant string, after uint64) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		woken := s.heard.wait() // before the look: what comes after it is heard
		there, err := s.Events(ctx, tenant, after, 1)
		if err != nil || len(there) > 0 {
			return err
		}
		select {
		case <-woken:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tell wakes those that wait for entries of the journal, here and in other processes.
func (s *Store) tell() {
	s.heard.fire()
	s.journaled.fire()
}

// notify tells the other processes of what this one journaled, until ctx ends.
func (s *Store) notify(ctx context.Context) {
	woken := s.journaled.wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-woken:
		}
		woken = s.journaled.wait() // what comes from here on is told of next time
		bounded, cancel := s.bounded(ctx)
		// Nothing is lost where it fails: readers also poll. It need not be durable, so no sync is paid.
		_ = s.pool.SendBatch(bounded, notification()).Close()
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-time.After(notifyEvery):
		}
	}
}

func notification() *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue("select set_config('synchronous_commit', 'off', true)")
	b.Queue("select pg_notify($1, '')", channel)
	return b
}

// listen hears what other processes journaled, until ctx ends. A lost connection is made anew.
func (s *Store) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listenOnce(ctx); err != nil && ctx.Err() == nil {
			s.logger.Warn("changes by other processes are heard of a second late: listening failed", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
}

func (s *Store) listenOnce(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := s.steady(ctx)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
		return err
	}
	s.heard.fire() // of what came before
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		s.heard.fire()
	}
}
