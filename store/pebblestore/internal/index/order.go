package index

import (
	"context"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// First returns at most limit memories that match q, in the order of q.Sort, which may be by any figure. It looks at
// every entry of the tenant, or at those with the rarest of q.Tags.
func (x *Index) First(ctx context.Context, q *store.Query, limit int) ([]sigil.Meta, error) {
	// found is sorted and cut when it has become twice as long as it must be: each cut is paid for by limit entries.
	var found []sigil.Meta
	bound := 0 // if more than 0, that many elements of found are the first so far, in order
	cut := func() {
		slices.SortFunc(found, func(a, b sigil.Meta) int { return q.Compare(&a, &b) })
		found = found[:min(limit, len(found))]
		if bound = 0; len(found) == limit {
			bound = limit
		}
	}
	var last sigil.ID
	for more := true; more; {
		more = false
		x.scan(q.Tenant, q.Tags, last, func(e *entry) bool {
			last = e.id
			m := e.meta(q.Tenant, x.policies)
			if !q.Matches(&m) || !q.Follows(&m) || bound > 0 && q.Compare(&m, &found[bound-1]) > 0 {
				return true
			}
			if found = append(found, m); len(found) == 2*limit {
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
