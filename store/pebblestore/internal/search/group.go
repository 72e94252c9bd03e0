package search

import "math"

// noLeast is below all scores.
const noLeast = math.MinInt64

// next returns a memory, not before doc, before which no list has one from doc on, or noDoc.
func (g *group) next(doc uint32) uint32 {
	next := noDoc
	for i := range g.cursors {
		next = min(next, g.cursors[i].next(doc))
	}
	return next
}

// boundIn returns an upper bound of the scores of memories from begin to before end, or -1 if there are none.
func (g *group) boundIn(begin, end uint32) int64 {
	most := int64(-1)
	for i := range g.cursors {
		if bound, any := g.cursors[i].boundIn(begin, end); any {
			most = max(most, bound)
		}
	}
	return most
}

// has reports whether all groups have a memory.
func has(groups []group, doc uint32) bool {
	for i := range groups {
		if _, has := groups[i].lookup(doc, noLeast); !has {
			return false
		}
	}
	return true
}

// lookup is the lookup of the best of the lists.
func (g *group) lookup(doc uint32, least int64) (best int64, has bool) {
	for i := range g.cursors {
		if score, found := g.cursors[i].lookup(doc, least); found {
			best, has = max(best, score), true
		}
	}
	return best, has
}
