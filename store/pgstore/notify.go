package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	channel = "sigil_journal"
	// recallChannel is the channel on which processes notify each other of recalled memories.
	recallChannel = "sigil_recalls"
	// notifyEvery is the minimum time between two notifications by a process, however much it commits: a
	// notification wakes all other processes, and takes a lock that all notifying commits share.
	notifyEvery = 20 * time.Millisecond
	// pollEvery is the maximum delay with which a reader sees an entry if notifications are lost.
	pollEvery = time.Second
)

// Wait implements [store.Store]. It also returns for entries that other processes write: at once, or within a
// second while notifications cannot be received.
func (s *Store) Wait(ctx context.Context, tenant string, after uint64) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		woken := s.heard.Wait() // before reading, so that no later entry is missed
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

// tell wakes all calls that wait for journal entries, here and in other processes.
func (s *Store) tell() {
	s.heard.Fire()
	s.journaled.Fire()
}

// notify notifies other processes of entries that this one journaled, until ctx ends.
func (s *Store) notify(ctx context.Context) {
	woken := s.journaled.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-woken:
		}
		woken = s.journaled.Wait() // later entries are for the next notification
		bounded, cancel := s.bounded(ctx)
		_ = s.send(bounded, channel, "") // nothing is lost if it fails: readers also poll
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-time.After(notifyEvery):
		}
	}
}

// send sends notifications in one transaction. They need not be durable, so it does not wait for a sync.
func (s *Store) send(ctx context.Context, channel string, payloads ...string) error {
	b := &pgx.Batch{}
	b.Queue("select set_config('synchronous_commit', 'off', true)")
	b.Queue("select pg_notify($1, payload) from unnest($2::text[]) payload", channel, payloads)
	return s.pool.run(ctx, b)
}

// listen receives the notifications of other processes until ctx ends. It replaces a lost connection.
func (s *Store) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listenOnce(ctx); err != nil && ctx.Err() == nil {
			s.logger.Warn("listening for changes by other processes failed: they are seen up to a second late, and recalls not at all", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
}

func (s *Store) listenOnce(ctx context.Context) error {
	held, err := s.pool.acquire(ctx)
	if err != nil {
		return err
	}
	conn := held.Conn.Conn()
	defer func() {
		closing, cancel := s.steady(ctx)
		defer cancel()
		_ = conn.Close(closing) // no other caller of the pool should get a connection that listens
		held.release()
	}()
	if _, err := conn.Exec(ctx, "listen "+channel+"; listen "+recallChannel+"; listen "+policyChannel); err != nil {
		return err
	}
	s.heard.Fire() // for entries before the listen
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		switch n.Channel {
		case recallChannel:
			s.heardOf(n.Payload)
		case policyChannel:
			s.tenantPolicies.stale.Fire()
		default:
			s.heard.Fire()
		}
	}
}
