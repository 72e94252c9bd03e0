package daemon

import (
	"context"
	"log/slog"
	"time"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
)

const (
	// recent is how old the newest entry of the journal may be to show that the clock is right.
	recent = time.Minute
	// farAhead is how far the clock must be ahead of the newest entry for a warning.
	farAhead = 24 * time.Hour
	// maxClockConfirm is long enough to leave the decision to an operator.
	maxClockConfirm = 30 * 24 * time.Hour
)

// compareClock compares the clock with the time of the store's newest entry: at the start, the daemon has nothing else
// to compare it with. If that entry is not recent, the store was not used for some time, or the clock is ahead. Sweeps
// are then held until the clock is confirmed, and nothing else changes: after a real pause they release a little later.
func (d *Daemon) compareClock(ctx context.Context, e *engine.Engine, s store.Store) {
	known, ok := s.(store.Dated)
	if !ok {
		return
	}
	newest, err := known.Newest(ctx)
	if err != nil || newest.IsZero() { // after an error, later calls of the store report the cause
		return
	}
	off := e.Now().Sub(newest)
	switch {
	case off < -clock.Threshold:
		d.log.Warn("the clock is behind the newest entry of the journal: it is wrong now, or was when the entry was written",
			"behind", -off, "newest", newest)
	case off > recent:
		e.DoubtClock(off)
		level, far := slog.LevelInfo, ""
		if off > farAhead {
			level, far = slog.LevelWarn, "far "
		}
		d.log.Log(ctx, level, "the clock is "+far+"ahead of the newest entry of the journal: sweeps are held until it is confirmed",
			"ahead", off.Round(time.Second), "newest", newest, "confirmed_after", d.config.ClockConfirm)
	}
}
