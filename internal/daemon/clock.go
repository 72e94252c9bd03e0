package daemon

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
)

// farAhead is how far the clock must be ahead of the store's newest entry for a warning.
const farAhead = 24 * time.Hour

// compareClock warns if the clock does not fit the time of the store's newest entry. At the start, the daemon
// has nothing else to compare the clock with.
func (d *Daemon) compareClock(ctx context.Context, now time.Time, s store.Store) {
	known, ok := s.(store.Dated)
	if !ok {
		return
	}
	newest, err := known.Newest(ctx)
	if err != nil || newest.IsZero() { // after an error, later calls of the store report the cause
		return
	}
	switch off := now.Sub(newest); {
	case off < -clock.Threshold:
		d.log.Warn("the clock is behind the newest entry of the journal: it is wrong now, or was when the entry was written",
			"behind", -off, "newest", newest)
	case off > farAhead:
		d.log.Warn("the clock is far ahead of the newest entry of the journal: if it is right, all memories that fell due since then are released now",
			"ahead", off.Round(time.Second), "newest", newest)
	}
}
