package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Forget removes one memory on request, with its crystal. The removal is durable when Forget returns. For a memory
// that does not exist, or is past its deadline, it returns [sigil.ErrNotFound].
func (e *Engine) Forget(ctx context.Context, key sigil.Key) (err error) {
	defer e.observe("forget", 1)(&err)
	e.changes.Add(1)
	events, err := e.store.Remove(ctx, []sigil.Key{key}, func(m sigil.Meta) (sigil.Event, bool) {
		now := e.now()
		return sigil.Event{Time: now, Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: m}, !m.Due(now)
	})
	if err != nil {
		return wrap(err)
	}
	if len(events) == 0 {
		return sigil.NewNotFound()
	}
	e.observer.Released(sigil.ReasonRequest, 1)
	return nil
}
