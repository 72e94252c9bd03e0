package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Events gives a tenant's journal entries with a position over after, in order, at most limit (0 is
// 100). Who goes on after the last position of each answer misses nothing and repeats nothing.
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
