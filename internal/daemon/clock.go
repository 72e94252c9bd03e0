package daemon

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
)

// farAhead is from when on the clock is said to be ahead of what a store knows.
const farAhead = 24 * time.Hour

// compareClock warns of a clock that is unlikely beside the time of the store's newest entry, which is all that there
// is to compare it with at a start.
func (d *Daemon) compareClock(ctx context.Context, now time.Time, s store.Store) {
	known, ok := s.(interface {
		Newest(ctx context.Context) (time.Time, error)
	})
	if !ok {
		return
	}
	newest, err := known.Newest(ctx)
	if err != nil || newest.IsZero() { // what needs the store says why
		return
	}
	switch off := now.Sub(newest); {
	case off < -clock.Threshold:
		d.log.Warn("the clock is behind the newest entry of the journal: it is wrong, or was when that was written",
			"behind", -off, "newest", newest)
	case off > farAhead:
		d.log.Warn("the clock is far ahead of the newest entry of the journal: if it is right, what fell due since is released now",
			"ahead", off.Round(time.Second), "newest", newest)
	}
}
