package engine

import (
	"context"
	"errors"

	"github.com/sigil-dna/sigil"
)

// EventsAfter is like [Engine.Events], after a token. If the entry at its position is another one than the token names, it
// returns [sigil.ErrGone] ("position_ahead"): the store was restored from an older copy.
func (e *Engine) EventsAfter(ctx context.Context, tenant string, after sigil.Token, limit int) ([]sigil.Event, error) {
	events, err := e.Events(ctx, tenant, after.Position, limit)
	if err == nil {
		// Checked after the read: a store that is put back in between must not go unnoticed.
		err = e.CheckToken(ctx, after)
	}
	if err != nil {
		return nil, err
	}
	return events, nil
}

// CheckToken returns [sigil.ErrGone] if the entry at the token's position is another one ("position_ahead"), or is not there
// (that, or "position_gone"). It returns nil for a token without a check, for position 0, and for the last position that was
// dropped, after which nothing is missing. Its cost grows with the number of tenants.
func (e *Engine) CheckToken(ctx context.Context, t sigil.Token) error {
	if t.Check == 0 || t.Position == 0 {
		return nil
	}
	hash, err := e.store.EntryHash(ctx, t.Position)
	var gone *sigil.Error
	switch {
	case errors.As(err, &gone) && errors.Is(err, sigil.ErrGone) && gone.Newest == nil && gone.Oldest == t.Position:
		return nil
	case err != nil:
		return wrap(err)
	case t.Fits(hash):
		return nil
	}
	_, newest, err := e.store.JournalBounds(ctx)
	if err != nil {
		return wrap(err)
	}
	return sigil.NewPositionReplaced(newest)
}

// TokenAt returns the token of the entry at a position, of any tenant, without a check if no entry is there.
func (e *Engine) TokenAt(ctx context.Context, position uint64) (sigil.Token, error) {
	hash, err := e.store.EntryHash(ctx, position)
	switch {
	case errors.Is(err, sigil.ErrGone):
		return sigil.Token{Position: position}, nil
	case err != nil:
		return sigil.Token{}, wrap(err)
	}
	return sigil.NewToken(position, hash), nil
}
