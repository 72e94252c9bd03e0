package index

import (
	"context"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// First returns at most limit memories that match q, in the order of q.Sort, which may be by any figure. It looks at
// every entry of the tenant, or at those with the rarest of q.Tags.
func (x *Index) First(ctx context.Context, q *store.Query, limit int) ([]Found, error) {
	// found is sorted and cut when it has become twice as long as it must be: each cut is paid for by limit entries.
	// From then on, nothing after the last element is added. Most entries are turned down by their key alone.
	var found []Found
	full := false
	var lastKey int64
	var lastID sigil.ID
	cut := func() {
		slices.SortFunc(found, func(a, b Found) int { return q.Compare(&a.Meta, &b.Meta) })
		found = found[:min(limit, len(found))]
		if full = len(found) == limit; full {
			lastKey, lastID = store.SortKey(q.Sort, &found[limit-1].Meta), found[limit-1].ID
		}
	}
	now := q.Now.UnixMilli()
	var last sigil.ID
	for more := true; more; {
		more = false
		x.scan(q.Tenant, q.Tags, last, func(e *entry) bool {
			last = e.id
			key := e.sortKey(q.Sort)
			if e.due(now) || full && q.ComparePlaces(key, e.id, lastKey, lastID) > 0 ||
				q.Before != (sigil.ID{}) && q.ComparePlaces(key, e.id, q.BeforeKey, q.Before) <= 0 {
				return true
			}
			m := e.meta(q.Tenant, x.policies)
			if !q.Matches(&m) {
				return true
			}
			if found = append(found, Found{m, x.entries.labels(e).Tags}); len(found) == 2*limit {
				cut()
			}
			return true
		}, &more)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	cut()
	return found, nil
}

// sortKey returns the [store.SortKey] of an entry.
func (e *entry) sortKey(by sigil.Sort) int64 {
	switch by {
	case sigil.SortFades:
		return e.fades
	case sigil.SortRecalled:
		return e.lastAccessed
	case sigil.SortRecalls:
		return int64(e.accessCount) // as in SortKey
	}
	return 0
}
