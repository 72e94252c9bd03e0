package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Recall reads one memory and refreshes it: its access count grows by one, its idleness starts anew and it gets the
// current policy. A recall answered before the deadline keeps the memory, whatever sweeps run at the same time. The
// refresh is visible at once, and durable within a second.
//
// For a memory that does not exist, or is past its deadline, Recall returns [sigil.ErrNotFound]; for one that was corrected,
// [sigil.ErrGone] ("superseded"), which names the memory that supersedes it.
func (e *Engine) Recall(ctx context.Context, key sigil.Key) (m sigil.Memory, err error) {
	defer e.observe("recall", 1)(&err)
	e.use(ctx, key.Tenant)
	m, err = e.store.Update(ctx, key, e.touch)
	if w := e.recalled.Load(); w != nil && err == nil {
		(*w).Recalled(m.Meta)
	}
	return m, e.gone(ctx, key, sigil.ErrGone, err)
}

// touched applies a recall to the figures of a memory.
func (e *Engine) touched(m *sigil.Meta) (*sigil.Event, error) {
	// The time is read here, while nothing else can change the memory: a reader that was told ErrNotFound read an
	// earlier time.
	now := e.now()
	if m.Due(now) {
		return nil, sigil.NewNotFound()
	}
	m.Recall(e.policyFor(m), now)
	return nil, nil
}

// RecallMany recalls each key and returns a result for each, in order. Once the results hold [Limits.PageBytes] of
// data, it does not recall the rest: their results are [sigil.ErrTooLarge] with code "answer_full", and the caller
// should recall them in another call.
func (e *Engine) RecallMany(ctx context.Context, keys []sigil.Key) ([]Result, error) {
	if len(keys) > e.limits.Batch {
		return nil, sigil.NewTooLarge("batch_too_large", "ids", "names too many memories")
	}
	results := make([]Result, len(keys))
	var bytes int64 // of data so far
	for i, key := range keys {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if bytes >= e.limits.PageBytes {
			results[i].Err = sigil.NewTooLarge("answer_full", "ids", "the answer is full, and this memory was not recalled: recall it in another request")
			continue
		}
		results[i].Memory, results[i].Err = e.Recall(ctx, key)
		bytes += int64(len(results[i].Memory.Data))
	}
	return results, nil
}
