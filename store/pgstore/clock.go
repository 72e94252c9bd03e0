package pgstore

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// clock tells the database's time: this machine's and how far it is from the database's.
type clock struct {
	offset atomic.Int64 // nanoseconds
}

const (
	// clockEvery is how often the offset is measured again.
	clockEvery = 10 * time.Second
	// clockTries is how many measurements the best is taken of: the shorter the round trip, the less
	// it can be off, by half of it at most.
	clockTries = 3
)

// Now gives the database's time, as all processes with this store should: what one of them takes for
// faded, the others do too, however their machines' clocks are set.
func (s *Store) Now() time.Time {
	return time.Now().Add(time.Duration(s.clock.offset.Load()))
}

func (c *clock) measure(ctx context.Context, pool *pgxpool.Pool) error {
	best := time.Hour
	for range clockTries {
		var theirs time.Time
		before := time.Now()
		if err := pool.QueryRow(ctx, "select clock_timestamp()").Scan(&theirs); err != nil {
			return err
		}
		if took := time.Since(before); took < best {
			best = took
			c.offset.Store(int64(theirs.Sub(before.Add(took / 2))))
		}
	}
	return nil
}

// keepTime measures from time to time until ctx ends. While the database is lost, the last offset
// stands.
func (s *Store) keepTime(ctx context.Context) {
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			bounded, cancel := s.bounded(ctx)
			if err := s.clock.measure(bounded, s.pool); err != nil && ctx.Err() == nil {
				s.logger.Warn("the database's time could not be read", "error", err)
			}
			cancel()
		}
	}
}
