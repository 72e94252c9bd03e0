package engine

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Claim acquires or renews the lease on name for owner. It fails while another owner's lease is unexpired, in whatever
// process. lease is at most [store.MaxLease]; 0 releases it. Claim returns the position stored under name, and
// whether owner holds the lease. To keep it, claim again before it expires.
func (e *Engine) Claim(ctx context.Context, name string, owner sigil.ID, lease time.Duration) (position uint64, held bool, err error) {
	now := e.reference() // reference is not ahead of the time that other processes use
	position, held, err = e.store.Claim(ctx, name, owner, now.Add(min(lease, store.MaxLease)), now)
	return position, held, wrap(err)
}

// Advance stores a position under a name that owner has claimed. The position never goes back.
func (e *Engine) Advance(ctx context.Context, name string, owner sigil.ID, position uint64) error {
	return wrap(e.store.Advance(ctx, name, owner, position))
}
