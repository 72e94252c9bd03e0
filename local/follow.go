package local

import (
	"context"
	"iter"

	"github.com/sigil-dna/sigil"
)

// page is the number of journal entries read at once.
const page = 100

// Follow returns a tenant's journal from the position where a reader left off, or from the start if after is 0, and
// then entries as they are written. It ends with an error: ctx's, [sigil.ErrGone] if entries after that position are
// no longer kept, or [sigil.ErrClosed]. Each entry comes once, in the order of positions. A reader that keeps the
// position of the last entry it has handled can continue from there after a restart.
func (db *DB) Follow(ctx context.Context, tenant string, after uint64) iter.Seq2[sigil.Event, error] {
	return func(yield func(sigil.Event, error) bool) {
		for {
			err := db.Wait(ctx, tenant, after)
			var events []sigil.Event
			if err == nil {
				events, err = db.Events(ctx, tenant, after, page)
			}
			if err != nil {
				yield(sigil.Event{}, err)
				return
			}
			for i := range events {
				if !yield(events[i], nil) {
					return
				}
				after = events[i].Position
			}
		}
	}
}
