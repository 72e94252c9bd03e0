package engine

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// Events gives a tenant's journal entries with a position over after, in order, at most limit (0 is
// 100). Who goes on after the last position of each answer misses nothing and repeats nothing. Where
// entries after that position were dropped (see [Settings.Journal]) it is [sigil.ErrGone].
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

// Wait returns nil when a tenant's journal has an entry with a position over after, whichever process
// wrote it. It ends with ctx's error, with [sigil.ErrGone] as Events does, and with [sigil.ErrClosed].
func (e *Engine) Wait(ctx context.Context, tenant string, after uint64) error {
	if err := sigil.CheckTenant(tenant); err != nil {
		return err
	}
	return wrap(e.store.Wait(ctx, tenant, after))
}

// Span tells where the journal, of all tenants, begins and ends: after which position, and with which.
func (e *Engine) Span(ctx context.Context) (trimmed, newest uint64, err error) {
	trimmed, newest, err = e.store.Span(ctx)
	return trimmed, newest, wrap(err)
}

// Trim drops from the journal what [Settings.Journal] says is to go, and gives the position up to which it
// is gone. While the clock has jumped it is refused, as Sweep is. Any number of them may run at once, in any number of processes.
func (e *Engine) Trim(ctx context.Context) (trimmed uint64, err error) {
	defer e.observe("trim", 1)(&err)
	keep := e.Settings().Journal
	if keep == (Journal{}) {
		return 0, nil
	}
	var before time.Time
	if keep.Age > 0 {
		now, err := e.certain()
		if err != nil {
			return 0, err
		}
		before = now.Add(-keep.Age)
	}
	trimmed, err = e.store.Trim(ctx, before, keep.Entries)
	return trimmed, wrap(err)
}
