package engine

import (
	"context"
	"errors"

	"github.com/sigil-dna/sigil"
)

// RelatedQuery says which neighbors to give.
type RelatedQuery struct {
	Limit int // entries; 0 is 100
	// Min is the least resonance, from 0 to 1; nil is [sigil.ResonanceThreshold].
	Min *float64
	// Content asks for the whole memories; without it only their Meta is set.
	Content bool
}

// Neighbor is a memory that resonates with another.
type Neighbor struct {
	Memory    sigil.Memory
	Resonance float64
}

// Related gives the memories that resonate with the one at key, strongest first and newest first
// among equals, without refreshing any. The network is implied by the frequencies: it is never
// stored, it is symmetric, and it cannot hold what is gone.
func (e *Engine) Related(ctx context.Context, key sigil.Key, q RelatedQuery) (neighbors []Neighbor, err error) {
	defer e.observe("related", 1)(&err)
	limit, err := e.limit(q.Limit)
	if err != nil {
		return nil, err
	}
	least := sigil.ResonanceThreshold
	if q.Min != nil {
		least = *q.Min
	}
	if !(least >= 0 && least <= 1) {
		return nil, sigil.Invalid("invalid_min", "min", "must be a number from 0 to 1")
	}
	now := e.now()
	center, err := e.store.Meta(ctx, key, now)
	if err != nil {
		return nil, wrap(err)
	}
	// One more than asked for, because a memory is its own nearest neighbor.
	metas, err := e.store.Near(ctx, key.Tenant, center.Frequency, sigil.Span(least), limit+1, now)
	if err != nil {
		return nil, wrap(err)
	}
	neighbors = make([]Neighbor, 0, len(metas))
	for _, meta := range metas {
		if meta.ID == key.ID || len(neighbors) == limit {
			continue
		}
		n := Neighbor{Memory: sigil.Memory{Meta: meta}, Resonance: sigil.Resonance(center.Frequency.Value(), meta.Frequency.Value())}
		if q.Content {
			n.Memory, err = e.store.Get(ctx, meta.Key, now)
			if errors.Is(err, sigil.ErrNotFound) {
				continue // released between the two reads
			}
			if err != nil {
				return nil, wrap(err)
			}
		}
		neighbors = append(neighbors, n)
	}
	return neighbors, nil
}
