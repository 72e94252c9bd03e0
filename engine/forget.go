package engine

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// Forget removes one memory on request, with its crystal. The removal is durable when Forget returns. For a memory
// that does not exist, or is past its deadline, it returns [sigil.ErrNotFound].
func (e *Engine) Forget(ctx context.Context, key sigil.Key) error {
	_, err := e.ForgetWithUndo(ctx, key)
	return err
}

// ForgetWithUndo is like Forget, and returns the time from which on the memory cannot be restored any more, or the zero time while
// nothing can be restored. See [Undo] for when it may be dropped earlier.
func (e *Engine) ForgetWithUndo(ctx context.Context, key sigil.Key) (until time.Time, err error) {
	defer e.observe("forget", 1)(&err)
	e.use(ctx, key.Tenant)
	e.changes.Add(1)
	events, err := e.store.Remove(ctx, []sigil.Key{key}, func(m sigil.Meta) (sigil.Event, bool) {
		now := e.now()
		return sigil.Event{Time: now, Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: m}, !m.Due(now)
	})
	if err != nil {
		return until, wrap(err)
	}
	if len(events) == 0 {
		return until, e.gone(ctx, key, sigil.ErrGone, sigil.NewNotFound())
	}
	e.observer.Released(sigil.ReasonRequest, 1)
	if window := e.Settings().Undo.Window; window > 0 {
		until = events[0].Time.Add(window)
	}
	return until, nil
}
