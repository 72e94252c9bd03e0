package engine

import (
	"context"
	"errors"
	"time"

	"github.com/sigil-dna/sigil"
)

// Events returns a tenant's journal entries with a position over after, in order, at most limit (0 means 100). A caller
// that continues after the last position of each answer gets every entry exactly once. If entries after that position
// were dropped (see [Settings.Retention]), it returns [sigil.ErrGone].
func (e *Engine) Events(ctx context.Context, tenant string, after uint64, limit int) (events []sigil.Event, err error) {
	defer e.observe("events", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return nil, err
	}
	limit, err = e.limit(limit)
	if err != nil {
		return nil, err
	}
	events, err = e.store.Events(ctx, tenant, after, limit)
	return events, wrap(err)
}

// LatestEvents returns the newest entries of a tenant's journal, in order, at most limit (0 means 100).
func (e *Engine) LatestEvents(ctx context.Context, tenant string, limit int) (events []sigil.Event, err error) {
	defer e.observe("events", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return nil, err
	}
	limit, err = e.limit(limit)
	if err != nil {
		return nil, err
	}
	for range 3 { // a concurrent Trim may drop the entries
		if events, err = e.latestEvents(ctx, tenant, limit); !errors.Is(err, sigil.ErrGone) {
			break
		}
	}
	return events, wrap(err)
}

// latestEvents finds the greatest position that has limit entries of the tenant after it. Entries of other tenants lie
// in between, so it searches: first back by doubling distances, then by halving the interval.
func (e *Engine) latestEvents(ctx context.Context, tenant string, limit int) ([]sigil.Event, error) {
	trimmed, newest, err := e.store.JournalBounds(ctx)
	if err != nil {
		return nil, err
	}
	after, short := newest, newest // short is a position with too few entries after it
	var events []sigil.Event
	for back := uint64(limit); len(events) < limit && after > trimmed; back *= 2 {
		short = after
		after -= min(back, after-trimmed)
		if events, err = e.store.Events(ctx, tenant, after, limit); err != nil {
			return nil, err
		}
	}
	if len(events) < limit {
		return events, nil // there are no more
	}
	for after = events[0].Position - 1; short-after > 1; {
		middle := after + (short-after)/2
		nearer, err := e.store.Events(ctx, tenant, middle, limit)
		if err != nil {
			return nil, err
		}
		if len(nearer) < limit {
			short = middle
			continue
		}
		events, after = nearer, nearer[0].Position-1
	}
	return events, nil
}

// Wait returns nil once a tenant's journal has an entry with a position over after, whichever process wrote it. It
// fails with ctx's error, with [sigil.ErrGone] like Events, and with [sigil.ErrClosed].
func (e *Engine) Wait(ctx context.Context, tenant string, after uint64) error {
	if err := sigil.CheckTenant(tenant); err != nil {
		return err
	}
	return wrap(e.store.Wait(ctx, tenant, after))
}

// JournalBounds returns where the journal of all tenants begins and ends: it holds the entries whose positions are
// after trimmed and up to newest.
func (e *Engine) JournalBounds(ctx context.Context) (trimmed, newest uint64, err error) {
	trimmed, newest, err = e.store.JournalBounds(ctx)
	return trimmed, newest, wrap(err)
}

// Trim drops entries from the journal according to [Settings.Retention], and returns the position up to which they are
// gone. Like Sweep, it fails during an unconfirmed jump of the clock. Any number of Trims may run at once, in any
// number of processes.
func (e *Engine) Trim(ctx context.Context) (trimmed uint64, err error) {
	defer e.observe("trim", 1)(&err)
	keep := e.Settings().Retention
	if keep == (Retention{}) {
		return 0, nil
	}
	var before time.Time
	if keep.Age > 0 {
		now, err := e.final()
		if err != nil {
			return 0, err
		}
		before = now.Add(-keep.Age)
	}
	trimmed, err = e.store.Trim(ctx, before, keep.Entries)
	return trimmed, wrap(err)
}
