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
	leading := NewLeading(q, limit)
	now := q.Now.UnixMilli()
	var last sigil.ID
	for more := true; more; {
		more = false
		x.scan(q.Tenant, q.Tags, last, func(e *entry, of *entries) bool {
			last = e.id
			if e.due(now) || !leading.Wants(e.sortKey(q.Sort), e.id) {
				return true
			}
			if m := e.meta(q.Tenant, x.policies); q.Matches(&m) {
				leading.Add(Found{m, of.labels(e).Tags})
			}
			return true
		}, &more)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return leading.Memories(), nil
}

// Leading keeps the first memories in the order of a query, after its place, of all that are added.
type Leading struct {
	q     *store.Query
	limit int
	// found is sorted and cut when it has become twice as long as it must be: each cut is paid for by limit entries.
	// From then on, nothing after the last element is added. Most entries are turned down by their key alone.
	found   []Found
	full    bool
	lastKey int64
	lastID  sigil.ID
}

// NewLeading returns one for at most limit memories. The place of q may change afterwards, but not before the last Add.
func NewLeading(q *store.Query, limit int) *Leading { return &Leading{q: q, limit: limit} }

// Wants reports whether a memory with this [store.SortKey] and id would be kept.
func (l *Leading) Wants(key int64, id sigil.ID) bool {
	q := l.q
	return (!l.full || q.ComparePlaces(key, id, l.lastKey, l.lastID) <= 0) &&
		(q.Before == (sigil.ID{}) || q.ComparePlaces(key, id, q.BeforeKey, q.Before) > 0)
}

// Add adds a memory that is wanted.
func (l *Leading) Add(m Found) {
	if l.found = append(l.found, m); len(l.found) == 2*l.limit {
		l.cut()
	}
}

// Memories returns the memories in their order.
func (l *Leading) Memories() []Found {
	l.cut()
	return l.found
}

func (l *Leading) cut() {
	slices.SortFunc(l.found, func(a, b Found) int { return l.q.Compare(&a.Meta, &b.Meta) })
	l.found = l.found[:min(l.limit, len(l.found))]
	if l.full = len(l.found) == l.limit; l.full {
		last := &l.found[l.limit-1].Meta
		l.lastKey, l.lastID = store.SortKey(l.q.Sort, last), last.ID
	}
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
