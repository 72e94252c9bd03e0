package store

import (
	"bytes"
	"cmp"
	"math"

	"github.com/sigil-dna/sigil"
)

// SortKey returns the figure of m that a list in an order is sorted by, before the id: milliseconds for a time,
// [math.MaxInt64] if m never fades, and 0 for [sigil.SortCreated].
func SortKey(by sigil.Sort, m *sigil.Meta) int64 {
	switch by {
	case sigil.SortFades:
		if m.FadesAt.IsZero() {
			return math.MaxInt64
		}
		return m.FadesAt.UnixMilli()
	case sigil.SortRecalled:
		return m.LastAccessed.UnixMilli()
	case sigil.SortRecalls:
		return int64(m.AccessCount) // counts are far below the maximum
	}
	return 0
}

// Compare compares memories by their places in a list in the order of q.Sort.
func (q *Query) Compare(a, b *sigil.Meta) int {
	return q.ComparePlaces(SortKey(q.Sort, a), a.ID, SortKey(q.Sort, b), b.ID)
}

// Follows reports whether m comes after the memory at which q continues.
func (q *Query) Follows(m *sigil.Meta) bool {
	return q.Before == sigil.ID{} || q.ComparePlaces(SortKey(q.Sort, m), m.ID, q.BeforeKey, q.Before) > 0
}

// ComparePlaces is Compare for memories with these keys and ids.
func (q *Query) ComparePlaces(aKey int64, a sigil.ID, bKey int64, b sigil.ID) int {
	order := cmp.Or(cmp.Compare(aKey, bKey), bytes.Compare(a[:], b[:]))
	if q.Sort == sigil.SortFades {
		return order
	}
	return -order
}
