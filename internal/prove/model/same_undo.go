package model

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// ago returns a time of up to two hours.
func (l *log) ago() time.Duration { return time.Duration(l.rng.IntN(7_200_000)) * time.Millisecond }

// undo restores, lists or purges removed memories.
func (l *log) undo(tenant string) (string, func(context.Context, store.Store) given) {
	now := l.now
	switch l.rng.IntN(5) {
	case 0:
		q := store.RemovedQuery{Tenant: tenant, Limit: 1 + l.rng.IntN(20), NoData: l.rng.IntN(2) == 0}
		if l.rng.IntN(2) == 0 {
			q.Before, q.BeforeAt = l.key().ID, now.Add(-l.ago())
		}
		if l.rng.IntN(2) == 0 {
			q.Since = now.Add(-l.ago())
		}
		return "removed", func(ctx context.Context, s store.Store) given {
			page, more, err := s.Removed(ctx, q)
			return gave(err, len(page), append([]store.Removed{}, page...), more)
		}
	case 1:
		before, keep, limit := now.Add(-l.ago()), store.Quota{Memories: l.rng.IntN(20), Bytes: l.rng.Int64N(200)}, 1000
		return "purge", func(ctx context.Context, s store.Store) given {
			n, err := s.Purge(ctx, before, keep, limit)
			return gave(err, n)
		}
	}
	ids := []sigil.ID{l.key().ID, l.key().ID, l.key().ID}
	var quota store.Quota
	if l.rng.IntN(4) == 0 {
		quota.Memories = 5 + l.rng.IntN(40)
	}
	policy := l.policy()
	return "restore", func(ctx context.Context, s store.Store) given {
		all, err := s.Restore(ctx, tenant, ids, quota, func(m *sigil.Meta, r store.Removal) (sigil.Event, bool) {
			m.Touch(policy, now)
			if m.Due(now) {
				m.TTL = 0
				m.Reschedule()
			}
			return sigil.Event{Time: now, Kind: sigil.Restored, Reason: sigil.ReasonRequest, Memory: *m}, r.Kind != sigil.Evicted
		})
		return gave(err, len(all), append([]sigil.Memory{}, all...))
	}
}
