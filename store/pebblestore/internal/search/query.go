package search

import "math"

// Query is what memories are searched for.
type Query struct {
	// Required clauses must all match, and add to the score.
	Required []Clause
	// Optional clauses add to the score. If no clause is required, one of them must match. Without any clause of either
	// kind, all memories match, with score 0.
	Optional []Clause
	// Forbidden are sets of clauses. A memory does not match if all clauses of a set do. They do not count for the score.
	Forbidden [][]Clause
	// MinScore is the least score of a hit.
	MinScore float64
}

// Clause matches a memory that has one of its variants. The one with the highest score counts.
type Clause []Variant

// Variant is a term, or the terms that begin with Text if Prefix is set: the first 16,384 of them in the order of their
// bytes. Their document frequencies count together, so that a rare one among them is not worth more.
type Variant struct {
	Text   string
	Prefix bool
	// Weight is a factor of the score, at most 65,536. With 0 or less, the term matches but does not count.
	Weight float64
}

// leastScore returns the least score of a hit.
func leastScore(q *Query) int64 {
	if !(q.MinScore > 0) {
		return 0
	}
	return int64(math.Ceil(min(q.MinScore, math.MaxInt64/one/2) * one))
}
