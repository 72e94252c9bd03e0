package engine

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// RelatedQuery selects the neighbors that [Engine.Related] returns.
type RelatedQuery struct {
	Limit int // maximum number of entries; 0 means 100
	// Min is the minimum resonance, from 0 to 1; nil means [sigil.ResonanceThreshold].
	Min *float64
	// Content asks for the whole memories; without it only their Meta is set.
	Content bool
	// IDsOnly asks for ids and resonances only: of a Meta, Key and Frequency are set. It has no effect with Content.
	IDsOnly bool
	// Buf, if not nil, is overwritten and returned re-sliced, so that a caller in a loop can reuse it: 50 neighbors
	// take 14 KB. If nil, Related allocates.
	Buf []Neighbor
}

// Neighbor is a memory that resonates with another.
type Neighbor struct {
	Memory    sigil.Memory
	Resonance float64
}

// nearby pools the buffers into which [Engine.Related] reads figures: those of 100 memories take 17 KB.
var nearby = sync.Pool{New: func() any { return new([]sigil.Meta) }}

// Related returns the memories that resonate with the one at key, strongest first and newest first among equals,
// without refreshing any. With content it stops at [Limits.PageBytes] of data. The network of resonances follows from
// the frequencies: it is never stored, it is symmetric, and it never contains a memory that is gone.
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
		return nil, sigil.NewInvalid("invalid_min", "min", "must be a number from 0 to 1")
	}
	e.use(ctx, key.Tenant)
	now := e.now()
	center, err := e.store.Meta(ctx, key, now)
	if err != nil {
		return nil, e.gone(ctx, key, sigil.ErrGone, err)
	}
	// One more than asked for, because a memory is its own nearest neighbor.
	near := nearby.Get().(*[]sigil.Meta) //nolint:forcetypeassert // only *[]sigil.Meta is put there
	defer nearby.Put(near)
	metas, err := e.store.Nearest(ctx, (*near)[:0], store.NearestQuery{
		Tenant: key.Tenant, Now: now, Limit: limit + 1, Frequency: center.Frequency, Span: sigil.Span(least),
		IDsOnly: q.IDsOnly || q.Content, // reading the content returns all figures
	})
	if err != nil {
		return nil, wrap(err)
	}
	*near = metas
	neighbors = slices.Grow(q.Buf[:0], len(metas))
	var bytes int64 // of data so far
	frequency, resonance := center.Frequency, sigil.Resonance(center.Frequency.Value(), center.Frequency.Value())
	for i := range metas {
		meta := &metas[i]
		if meta.ID == key.ID || len(neighbors) == limit {
			continue
		}
		if meta.Frequency != frequency { // neighbors often have the same frequency
			frequency, resonance = meta.Frequency, sigil.Resonance(center.Frequency.Value(), meta.Frequency.Value())
		}
		neighbors = append(neighbors, Neighbor{Resonance: resonance})
		n := &neighbors[len(neighbors)-1] // filled in place, since it is large
		n.Memory.Meta = *meta
		if q.Content {
			n.Memory, err = e.store.Get(ctx, meta.Key, now)
			if errors.Is(err, sigil.ErrNotFound) {
				neighbors = neighbors[:len(neighbors)-1] // released between the two reads
				continue
			}
			if err != nil {
				return nil, wrap(err)
			}
			if bytes += int64(len(n.Memory.Data)); bytes >= e.limits.PageBytes {
				break
			}
		}
	}
	return neighbors, nil
}
