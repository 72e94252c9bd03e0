package model

import (
	"context"
	"errors"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// correct has an item supersede some memory, of its own tenant or not. Few of those are there.
func (l *log) correct(item *store.Item) {
	m, refuse := item.Memory, l.rng.IntN(8) == 0
	old := l.key()
	for range 20 { // most often, one of its own tenant
		if old.Tenant == m.Tenant && old.ID != m.ID {
			break
		}
		old = l.key()
	}
	item.Memory.Supersedes = old.ID
	item.Correct = func(old *sigil.Memory) (sigil.Event, error) {
		if refuse || old.Due(m.CreatedAt) {
			return sigil.Event{}, sigil.NewNotFound()
		}
		return sigil.Event{Time: m.CreatedAt, Kind: sigil.Corrected, Reason: sigil.ReasonRequest, Memory: old.Meta, SupersededBy: m.ID}, nil
	}
}

// uncorrected returns why an item that found no room is not inserted. Room is of no use to a correction of what may not be
// corrected, and stores look for the two in either order.
func uncorrected(ctx context.Context, s store.Store, item *store.Item, now time.Time, full error) error {
	old, err := s.Get(ctx, sigil.Key{Tenant: item.Memory.Tenant, ID: item.Memory.Supersedes}, now)
	if err == nil {
		_, err = item.Correct(&old)
	}
	if err != nil {
		return err
	}
	return full
}

// chains lists superseded memories of a tenant or those of a chain, reads one, drops what one superseded, or erases one with all of that.
func (l *log) chains(tenant string) (string, func(context.Context, store.Store) given) {
	key, noData, now := l.key(), l.rng.IntN(2) == 0, l.now
	switch l.rng.IntN(6) {
	case 2:
		return "chain", func(ctx context.Context, s store.Store) given {
			ids, err := s.Chain(ctx, key)
			return gave(err, len(ids), ids)
		}
	case 3:
		return "drop older", func(ctx context.Context, s store.Store) given {
			n, err := s.DropOlder(ctx, key)
			return gave(err, n)
		}
	case 0:
		limit := 1 + l.rng.IntN(20)
		return "all superseded", func(ctx context.Context, s store.Store) given {
			all, err := s.AllSuperseded(ctx, tenant, key.ID, limit)
			return gave(err, len(all), append([]store.Removed{}, all...))
		}
	case 1:
		return "erase", func(ctx context.Context, s store.Store) given {
			done, err := s.Erase(ctx, []sigil.Key{key}, func(m sigil.Meta, _ bool) sigil.Event {
				return sigil.Event{Time: now, Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}
			})
			return gave(err, done.Memories, done.Removed, done.Bytes, len(done.Events))
		}
	}
	return "superseded", func(ctx context.Context, s store.Store) given {
		r, err := s.Superseded(ctx, key, noData)
		if errors.Is(err, sigil.ErrNotFound) {
			r = store.Removed{}
		}
		return gave(err, r)
	}
}
