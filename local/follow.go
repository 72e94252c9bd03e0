package local

import (
	"context"
	"iter"

	"github.com/sigil-dna/sigil"
)

// page is the number of journal entries read at once.
const page = 100

// Follow is like [DB.FollowAfter], after the position where a reader left off, or from the start if after is 0. Of a store that
// was restored from an older copy, it notices only that its journal ends before that position.
func (db *DB) Follow(ctx context.Context, tenant string, after uint64) iter.Seq2[sigil.Event, error] {
	return db.FollowAfter(ctx, tenant, sigil.Token{Position: after})
}

// FollowAfter returns a tenant's journal after the entry with a token, or from the start for the zero Token, and then entries as
// they are written. Each entry comes once, in the order of positions. A reader that keeps the token of the last entry it has
// handled ([sigil.Event.Token]) can continue from there after a restart of the program.
//
// It ends with an error: ctx's, [sigil.ErrClosed], or [sigil.ErrGone]. That has code position_gone if entries after the token are
// no longer kept (continue after the error's Oldest), and position_ahead if the store was restored from an older copy and lacks the
// token's entry. Then what the reader has seen may never have been: it should read the memories again and continue after the
// error's Newest, or read the journal again from the start.
func (db *DB) FollowAfter(ctx context.Context, tenant string, after sigil.Token) iter.Seq2[sigil.Event, error] {
	return func(yield func(sigil.Event, error) bool) {
		err := db.CheckToken(ctx, after) // at once, not with the next entry
		for {
			if err == nil {
				err = db.Wait(ctx, tenant, after.Position)
			}
			var events []sigil.Event
			if err == nil {
				events, err = db.EventsAfter(ctx, tenant, after, page)
			}
			if err != nil {
				yield(sigil.Event{}, err)
				return
			}
			for i := range events {
				after = events[i].Token()
				if !yield(events[i], nil) {
					return
				}
			}
		}
	}
}
