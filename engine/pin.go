package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Pin keeps one memory from fading until it is unpinned. It still ends if it is forgotten or its ttl ends. Pin does not
// refresh the memory. The pin is durable when Pin returns. Pinning a pinned memory changes nothing and is not
// journaled.
func (e *Engine) Pin(ctx context.Context, key sigil.Key) (sigil.Memory, error) {
	return e.setPinned(ctx, key, true)
}

// Unpin lets one memory fade again, unless it is crystallized. Its idleness starts now, under the current policy:
// counted from the last access it might fade at once. Unpinning a memory that is not pinned changes nothing.
func (e *Engine) Unpin(ctx context.Context, key sigil.Key) (sigil.Memory, error) {
	return e.setPinned(ctx, key, false)
}

func (e *Engine) setPinned(ctx context.Context, key sigil.Key, pinned bool) (m sigil.Memory, err error) {
	verb, kind := "pin", sigil.Pinned
	if !pinned {
		verb, kind = "unpin", sigil.Unpinned
	}
	defer e.observe(verb, 1)(&err)
	e.use(ctx, key.Tenant)
	e.changes.Add(1)
	m, err = e.store.Update(ctx, key, func(m *sigil.Meta) (*sigil.Event, error) {
		now := e.now()
		if m.Due(now) {
			return nil, sigil.NewNotFound()
		}
		if m.Pinned == pinned {
			return nil, nil
		}
		m.Pinned = pinned
		if pinned {
			m.Reschedule()
		} else {
			m.Touch(e.policyFor(m), now)
		}
		return &sigil.Event{Time: now, Kind: kind, Reason: sigil.ReasonRequest, Memory: *m}, nil
	})
	return m, e.gone(ctx, key, sigil.ErrGone, err)
}
