package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Result is what became of one draft of a batch.
type Result struct {
	Memory sigil.Memory // where Err is nil
	Err    error
}

// EncodeBatch keeps many drafts and answers for each, in order; those without error are durable, all
// in one commit, when it returns. A draft that is wrong does not harm the others. Where the quota has
// no room for all of them together they are kept one by one as far as it goes. The error tells that
// nothing was kept.
func (e *Engine) EncodeBatch(ctx context.Context, tenant string, drafts []sigil.Draft) (results []Result, err error) {
	begin := time.Now()
	defer func() { e.observeBatch(results, time.Since(begin), err) }()
	if err := sigil.CheckTenant(tenant); err != nil {
		return nil, err
	}
	if len(drafts) > e.limits.Batch {
		return nil, sigil.TooLarge("batch_too_large", "", fmt.Sprintf("the batch has more than %d memories", e.limits.Batch))
	}
	results = make([]Result, len(drafts))
	items := make([]store.Item, 0, len(drafts))
	at := make([]int, 0, len(drafts)) // the place in results of each item
	for i := range drafts {
		var item store.Item
		if err := e.prepare(tenant, &drafts[i], &item); err != nil {
			results[i].Err = err
			continue
		}
		items, at = append(items, item), append(at, i)
	}
	if len(items) == 0 {
		return results, nil
	}
	encoded := make([]Result, len(items))
	together := !repeatsKey(items)
	if together {
		err = e.insert(ctx, tenant, items, encoded)
		together = sigil.CodeOf(err) != "quota_full" && !errors.Is(err, sigil.ErrConflict)
	}
	if together && err != nil {
		return nil, err
	}
	for i := 0; !together && i < len(items); i++ {
		// One item stands in the way, or is to be answered with another's memory: give each its own commit.
		if err := e.insert(ctx, tenant, items[i:i+1], encoded[i:i+1]); err != nil {
			encoded[i] = Result{Err: err}
		}
	}
	for i := range encoded {
		results[at[i]] = encoded[i]
	}
	return results, nil
}

// repeatsKey tells whether two of items have one idempotency key.
func repeatsKey(items []store.Item) bool {
	seen := map[string]bool{}
	for i := range items {
		if key := items[i].Idempotency.Key; key != "" {
			if seen[key] {
				return true
			}
			seen[key] = true
		}
	}
	return false
}

// observeBatch reports what was kept of a batch as one call, and what was not one by one.
func (e *Engine) observeBatch(results []Result, took time.Duration, err error) {
	kept := len(results)
	for i := range results {
		if err == nil && results[i].Err != nil {
			kept--
			e.observer.Refused(results[i].Err)
		}
	}
	e.observer.Did("encode", kept, took, err)
}

// insert stores items and puts what became of each into results; those whose idempotency key has an
// answer get it. An error tells that nothing more was stored.
func (e *Engine) insert(ctx context.Context, tenant string, items []store.Item, results []Result) error {
	e.changes.Add(uint64(len(items)))
	for i := range items {
		results[i].Memory = items[i].Memory
	}
	var at []int // the place in results of each item; nil as long as it is the item's own
	for len(items) > 0 {
		inserted, err := e.store.Insert(ctx, tenant, items, e.Settings().Quota, e.evict)
		if err != nil {
			return wrap(err)
		}
		for i := range inserted.Evicted {
			e.observer.Released(inserted.Evicted[i].Reason, 1)
		}
		if len(inserted.Answers) == 0 {
			return nil
		}
		items, at = answer(items, at, inserted.Answers, results)
	}
	return nil
}

// answer gives the items that have an answer theirs, and returns the others with their places.
func answer(items []store.Item, at []int, answers map[int]store.Answer, results []Result) (rest []store.Item, restAt []int) {
	for i, item := range items {
		place := i
		if at != nil {
			place = at[i]
		}
		answer, found := answers[i]
		switch {
		case !found:
			rest, restAt = append(rest, item), append(restAt, place)
		case answer.Fingerprint != item.Idempotency.Fingerprint:
			results[place] = Result{Err: &sigil.Error{
				Kind: sigil.ErrConflict, Code: "idempotency_mismatch", Field: "Idempotency-Key",
				Detail: "this key was used before with another request",
			}}
		default:
			results[place].Memory.Meta = answer.Memory
		}
	}
	return rest, restAt
}

// evict tells the journal why m makes room.
func (e *Engine) evict(m sigil.Meta, reason string) sigil.Event {
	now := e.now()
	if m.Due(now) { // it had faded, and no sweep has come by yet
		return sigil.Event{Time: now, Kind: sigil.Faded, Reason: m.FadeReason(), Memory: m}
	}
	return sigil.Event{Time: now, Kind: sigil.Evicted, Reason: reason, Memory: m}
}
