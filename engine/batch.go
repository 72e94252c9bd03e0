package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Result is the outcome of one draft of a batch, or of one id to recall.
type Result struct {
	Memory sigil.Memory // set if Err is nil
	Err    error
}

// EncodeBatch encodes many drafts and returns a result for each, in order. When it returns, those without an error are
// durable, all in one commit. Similar memories are looked for before it, so no draft finds another one of its batch. A wrong draft does not affect the others. If the quota has no space for all of them
// together, as many as possible are encoded one by one. If err is not nil, nothing was encoded. As with
// [Engine.Encode], the caller may reuse all data.
func (e *Engine) EncodeBatch(ctx context.Context, tenant string, drafts []sigil.Draft) (results []Result, err error) {
	begin := time.Now()
	defer func() { e.observeBatch(results, time.Since(begin), err) }()
	if err := sigil.CheckTenant(tenant); err != nil {
		return nil, err
	}
	if len(drafts) > e.limits.Batch {
		return nil, sigil.NewTooLarge("batch_too_large", "", fmt.Sprintf("the batch has more than %d memories", e.limits.Batch))
	}
	results = make([]Result, len(drafts))
	m := manies.Get().(*many) //nolint:forcetypeassert // only *many is put there
	m.room(len(drafts))
	at := m.prepareAll(e, tenant, drafts, results)
	if len(m.items) == 0 {
		m.recycle(len(drafts))
		return results, nil
	}
	e.useNew(ctx, tenant)
	if err := e.lookAround(ctx, tenant, m.items); err != nil {
		return nil, err
	}
	for i := range m.items {
		e.create(&m.items[i])
	}
	encoded := results
	if len(m.items) < len(results) {
		encoded = make([]Result, len(m.items))
	}
	together := !repeatsKey(m.items)
	if together {
		err = e.insert(ctx, tenant, m.items, encoded)
		together = sigil.CodeOf(err) != "quota_full" && !errors.Is(err, sigil.ErrConflict)
	}
	if together && err != nil {
		return nil, err // not recycled: the store may still use the items
	}
	unknown := false
	for i := 0; !together && i < len(m.items); i++ {
		// One draft fails, or has an earlier answer: give each its own commit.
		if err := e.insert(ctx, tenant, m.items[i:i+1], encoded[i:i+1]); err != nil {
			encoded[i] = Result{Err: err}
			unknown = true
		}
	}
	for i := range at {
		results[at[i]] = encoded[i]
	}
	if !unknown {
		m.recycle(len(drafts))
	}
	return results, nil
}

// many is the working memory of an EncodeBatch, large enough to be worth pooling.
type many struct {
	items  []store.Item
	events []sigil.Event // one for each item: most have only one
}

var manies = sync.Pool{New: func() any { return new(many) }}

// maxMany is the maximum number of items of a many that is pooled.
const maxMany = 1024

// room makes m large enough for n items. Growing it later would move the items that are in it.
func (m *many) room(n int) {
	if cap(m.items) < n {
		m.items, m.events = make([]store.Item, 0, n), make([]sigil.Event, n)
	}
}

// prepareAll prepares the valid drafts. It puts the errors of the others into results; if there are any, it returns the
// index in results of each item.
func (m *many) prepareAll(e *Engine, tenant string, drafts []sigil.Draft, results []Result) (at []int) {
	for i := range drafts {
		n := len(m.items)
		m.items = append(m.items, store.Item{Events: m.events[n : n : n+1]})
		if err := e.prepare(tenant, &drafts[i], &m.items[n]); err != nil {
			m.items, results[i].Err = m.items[:n], err
			if at == nil {
				at = make([]int, n, len(drafts))
				for k := range at {
					at[k] = k
				}
			}
			continue
		}
		if at != nil {
			at = append(at, i)
		}
	}
	return at
}

// recycle returns m to the pool, after clearing the first n items: at most that many were used.
func (m *many) recycle(n int) {
	if cap(m.items) > maxMany {
		return
	}
	clear(m.items[:n])
	clear(m.events[:n])
	m.items = m.items[:0]
	manies.Put(m)
}

// repeatsKey reports whether two of the items have the same idempotency key.
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

// observeBatch reports the encoded memories of a batch as one call, and each refused one.
func (e *Engine) observeBatch(results []Result, took time.Duration, err error) {
	kept := len(results)
	for i := range results {
		if err == nil && results[i].Err != nil {
			kept--
			e.observer.Refused(results[i].Err)
		} else if results[i].Memory.Reinforced() {
			kept--
		}
	}
	e.observer.Did("encode", kept, took, err)
}

// insert stores items and puts the outcome of each into results. An item whose idempotency key already has an answer
// gets that answer. If insert returns an error, it has stored nothing more.
func (e *Engine) insert(ctx context.Context, tenant string, items []store.Item, results []Result) error {
	e.changes.Add(uint64(len(items)))
	for i := range results {
		results[i].Memory = answerOf(&items[i])
	}
	// at has the index in results of each item; it is nil while that is the same as in items.
	items, at, later := apart(items)
	for len(items) > 0 {
		inserted, err := e.store.Insert(ctx, tenant, items, e.Settings().Quota, e.evict)
		if err != nil {
			return wrap(err)
		}
		for i := range inserted.Evicted {
			e.observer.Released(inserted.Evicted[i].Reason, 1)
		}
		if !inserted.Refused(items) {
			for i, id := range inserted.Duplicates {
				results[placeOf(i, at)].Memory.DuplicateOf = id
				e.observer.Duplicate(sigil.Keep)
			}
			e.embedded(items)
			break
		}
		var again []duplicate
		items, at, again = sortOut(items, at, &inserted, results)
		later = append(later, again...)
	}
	// Last: if an insert above fails, nothing must be recalled.
	slices.SortFunc(later, func(a, b duplicate) int { return a.place - b.place })
	for _, d := range later {
		results[d.place] = e.duplicate(ctx, tenant, d)
	}
	return nil
}

// placeOf returns the index in results of an item.
func placeOf(i int, at []int) int {
	if at == nil {
		return i
	}
	return at[i]
}

// sortOut moves the items that have an answer into results. It returns the items that have a duplicate, which are not to be
// inserted, and all others with their indexes in results.
func sortOut(items []store.Item, at []int, inserted *store.Inserted, results []Result) (rest []store.Item, restAt []int, again []duplicate) {
	for i, item := range items {
		place := placeOf(i, at)
		answer, answered := inserted.Answers[i]
		of, found := inserted.Duplicates[i]
		switch {
		case answered:
			results[place] = repeated(&item, &answer)
		case found && item.OnDuplicate.Unique():
			again = append(again, duplicate{item, place, of})
		default:
			rest, restAt = append(rest, item), append(restAt, place)
		}
	}
	return rest, restAt, again
}

// repeated returns the result for an item whose idempotency key has an answer.
func repeated(item *store.Item, answer *store.Answer) Result {
	if answer.Fingerprint != item.Idempotency.Fingerprint && answer.Fingerprint != formerFingerprint(item) {
		return Result{Err: &sigil.Error{
			Kind: sigil.ErrConflict, Code: "idempotency_mismatch", Field: "Idempotency-Key",
			Detail: "this key was used before with another request",
		}}
	}
	if answer.Amended != nil {
		return reinforced(*answer.Amended, answer.Similar)
	}
	m := item.Memory
	m.Meta, m.DuplicateOf, m.Similar = answer.Memory, answer.DuplicateOf, answer.Similar.Without(answer.Memory.ID)
	return Result{Memory: m}
}

// answerOf returns the answer to an item that is stored and has no duplicate.
func answerOf(item *store.Item) sigil.Memory {
	m := item.Memory
	m.Similar = item.Idempotency.Similar.Without(m.ID)
	return m
}

// evict returns the journal entry of a memory that is evicted.
func (e *Engine) evict(m sigil.Meta, reason string) sigil.Event {
	now := e.now()
	if m.Due(now) { // it has already faded, but no sweep has released it
		return sigil.Event{Time: now, Kind: sigil.Faded, Reason: m.FadeReason(), Memory: m}
	}
	return sigil.Event{Time: now, Kind: sigil.Evicted, Reason: reason, Memory: m}
}
