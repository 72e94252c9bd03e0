package daemon

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
)

const (
	// recent is how old the newest entry of the journal may be to show that the clock is right.
	recent = time.Minute
	// maxClockConfirm is long enough to leave the decision to an operator.
	maxClockConfirm = 30 * 24 * time.Hour
)

// compareClock compares the clock with the time of the store's newest entry: at the start, the daemon has nothing else
// to compare it with. If that entry is not recent, the daemon was off for some time, or the clock is wrong. What is due then fades
// at once if it can be restored for longer than the clock may be ahead; nothing is dropped for good before the clock is confirmed.
// If it cannot, or the entry is in the future, sweeps are held until then, and nothing else changes.
func (d *Daemon) compareClock(ctx context.Context, e *engine.Engine, s store.Store) {
	known, ok := s.(store.Dated)
	if !ok {
		return
	}
	newest, err := known.Newest(ctx)
	if err != nil || newest.IsZero() { // after an error, later calls of the store report the cause
		return
	}
	off, undo := e.Now().Sub(newest), e.Settings().Undo.Window
	const next = "sweeps are held until the clock is confirmed. If it is right: sigil clock confirm"
	switch {
	case off < -recent:
		e.DoubtClock(off, true)
		d.log.Warn("the clock is behind the newest entry of the journal: it is wrong now, or was when the entry was written; "+next,
			"behind", (-off).Round(time.Second), "newest", newest, "confirmed_after", d.config.ClockConfirm)
	case off < -clock.Threshold:
		d.log.Warn("the clock is behind the newest entry of the journal: it is wrong now, or was when the entry was written",
			"behind", (-off).Round(time.Millisecond), "newest", newest)
	case off > max(recent, undo):
		e.DoubtClock(off, true)
		d.log.Warn("the clock is ahead of the newest entry of the journal by more than the time for which memories can be restored (--undo): the daemon was off for that long, or the clock is wrong; "+next,
			"ahead", off.Round(time.Second), "newest", newest, "undo", undo, "confirmed_after", d.config.ClockConfirm)
	case off > recent:
		e.DoubtClock(off, false)
		d.log.Info("the newest entry of the journal is not recent: the daemon was off, or the clock is ahead. What is due fades, and can be restored; nothing is dropped for good until the clock is confirmed",
			"ahead", off.Round(time.Second), "newest", newest, "confirmed_after", d.config.ClockConfirm)
	}
}
