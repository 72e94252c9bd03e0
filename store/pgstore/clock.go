package pgstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/sigil-dna/sigil/internal/clock"
)

const (
	// clockEvery is the time between two readings of the database's clock. In between, time follows this
	// machine's monotonic clock.
	clockEvery = 5 * time.Second
	// clockTries is the maximum number of readings each time. The one with the shortest round trip counts; its
	// error is at most half of that. A reading that took no longer than clockSoon is good enough.
	clockTries = 5
	clockSoon  = 2 * time.Millisecond
	// clockLate is the maximum round trip of a reading that counts, after the first one: a slow answer proves
	// nothing.
	clockLate = time.Second
)

// Clock returns the database's clock, which all processes with this store share, so that a memory fades for
// all of them at the same time, whatever the clocks of their machines are set to. A jump of the database's
// clock counts only once it is confirmed. The engine uses this clock as its own.
func (s *Store) Clock() *clock.Clock { return s.clock }

// Now returns the time of [Store.Clock].
func (s *Store) Now() time.Time { return s.clock.Now() }

// readClock reads the database's clock a few times, and returns the best reading. It acquires a connection
// first, so that round trips do not include waiting for one.
func readClock(ctx context.Context, pool *connections) (best clock.Reading, err error) {
	held, err := pool.acquire(ctx)
	if err != nil {
		return best, err
	}
	defer held.release()
	for try := range clockTries {
		var theirs time.Time
		before := time.Now()
		if err := held.QueryRow(ctx, "select clock_timestamp()").Scan(&theirs); err != nil {
			return best, err
		}
		took := time.Since(before)
		if try == 0 || took/2 < best.Error {
			best = clock.Reading{At: clock.Monotonic(before.Add(took / 2)), Time: theirs, Error: took / 2}
		}
		if took <= clockSoon {
			break
		}
	}
	return best, nil
}

// startClock starts the clock with a first reading.
func (s *Store) startClock(ctx context.Context, confirm time.Duration) error {
	first, err := readClock(ctx, s.pool)
	if err != nil {
		return err
	}
	if first.Error > clockLate/2 {
		s.logger.Warn("the database's time is known only roughly, since it answers slowly", "off_by_at_most", first.Error)
	}
	s.clock = clock.New(first, clock.Options{Name: "the database's clock", Confirm: confirm, Logger: s.logger})
	return nil
}

// measure reads the database's clock and corrects the store's clock.
func (s *Store) measure(ctx context.Context) error {
	r, err := readClock(ctx, s.pool)
	if err == nil && r.Error <= clockLate/2 {
		s.clock.Observe(r)
	}
	return err
}

// keepTime reads the database's clock from time to time until ctx ends. While the database is lost, time
// continues.
func (s *Store) keepTime(ctx context.Context) {
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		bounded, cancel := s.bounded(ctx)
		err := s.measure(bounded)
		cancel()
		if err != nil && !failing && ctx.Err() == nil {
			s.logger.Warn("the database's time cannot be read: using this machine's", slog.Any("error", err))
		}
		failing = err != nil
	}
}
