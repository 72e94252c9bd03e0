package engine

import (
	"context"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
)

// notices returns a step of a sweep that journals a notice for each memory that fades after now and up to a span after it,
// unless there is one of the same deadline already. It counts them in s.
func (e *Engine) notices(ctx context.Context, now time.Time, span time.Duration, s *Sweep) func(limit int, goOn func() bool) (did int, more bool, err error) {
	until := now.Add(span)
	near := func(m *sigil.Meta) bool { return !m.FadesAt.IsZero() && !m.Due(now) && !m.FadesAt.After(until) }
	return func(limit int, goOn func() bool) (did int, more bool, err error) {
		keys, err := e.store.Unnoticed(ctx, now, until, limit)
		if err != nil {
			return 0, false, err
		}
		var mu sync.Mutex // guards did and s
		err = inCommits(keys, goOn, func(keys []sigil.Key) error {
			events, err := e.store.Notice(ctx, keys, func(m sigil.Meta) (sigil.Event, bool) {
				m.Noticed = true
				return sigil.Event{Time: now, Kind: sigil.Fading, Reason: m.FadeReason(), Memory: m}, near(&m)
			})
			mu.Lock()
			defer mu.Unlock()
			did += len(keys)
			s.Noticed += len(events)
			return err
		})
		return did, len(keys) == limit || did < len(keys), err
	}
}
