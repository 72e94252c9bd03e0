package pgstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/sigil-dna/sigil/internal/clock"
)

const (
	// clockEvery is how often the database's clock is read. In between, time follows this machine's monotonic clock.
	clockEvery = 5 * time.Second
	// clockTries is the most readings each time. The one with the shortest round trip counts, which can be wrong by half
	// of that. A reading that took no longer than clockSoon is good enough.
	clockTries = 5
	clockSoon  = 2 * time.Millisecond
	// clockLate is the longest round trip of a reading that counts, after the first: a slow answer proves nothing.
	clockLate = time.Second
)

// Clock returns the database's clock, which all processes with this store share: a memory fades for all of them at the
// same time, however their machines' clocks are set. A jump of the database's clock counts only once it is confirmed.
// The engine uses it as its own clock.
func (s *Store) Clock() *clock.Clock { return s.clock }

// Now returns the time of [Store.Clock].
func (s *Store) Now() time.Time { return s.clock.Now() }

// readClock reads the database's clock a few times, and returns the best reading. It gets a connection first, so that
// round trips do not include waiting for one.
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

// startClock starts the clock by a first reading.
func (s *Store) startClock(ctx context.Context, confirm time.Duration) error {
	first, err := readClock(ctx, s.pool)
	if err != nil {
		return err
	}
	if first.Error > clockLate/2 {
		s.logger.Warn("the database's time is not known well: it answers slowly", "off_by_at_most", first.Error)
	}
	s.clock = clock.New(first, clock.Options{Name: "the database's clock", Confirm: confirm, Logger: s.logger})
	return nil
}

// measure reads the database's clock and corrects the store's by it.
func (s *Store) measure(ctx context.Context) error {
	r, err := readClock(ctx, s.pool)
	if err == nil && r.Error <= clockLate/2 {
		s.clock.Observe(r)
	}
	return err
}

// keepTime reads the database's clock from time to time until ctx ends. While the database is lost, time goes on.
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
