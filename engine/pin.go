package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Pin keeps one memory from fading until it is unpinned. Only its ttl and [Engine.Forget] still end it. Pin does not
// refresh the memory. Pinning a pinned memory changes nothing and journals nothing. The change is durable when Pin
// returns.
func (e *Engine) Pin(ctx context.Context, key sigil.Key) (sigil.Memory, error) {
	return e.setPinned(ctx, key, true)
}

// Unpin lets one memory fade again, unless it is crystallized. Its idleness starts now, under the policy in force: counted from the last access
// it might be gone at once. Unpinning a memory that is not pinned changes nothing.
func (e *Engine) Unpin(ctx context.Context, key sigil.Key) (sigil.Memory, error) {
	return e.setPinned(ctx, key, false)
}

func (e *Engine) setPinned(ctx context.Context, key sigil.Key, pinned bool) (m sigil.Memory, err error) {
	verb, kind := "pin", sigil.Pinned
	if !pinned {
		verb, kind = "unpin", sigil.Unpinned
	}
	defer e.observe(verb, 1)(&err)
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
			m.Touch(e.Settings().Policy, now)
		}
		return &sigil.Event{Time: now, Kind: kind, Reason: sigil.ReasonRequest, Memory: *m}, nil
	})
	return m, wrap(err)
}
