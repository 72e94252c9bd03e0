package search

import (
	"math"
	"slices"
)

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

// Variant is a term, or the terms that begin with Text if Prefix is set: the 64 most frequent of them, of the first
// 4,096 in the order of their bytes.
type Variant struct {
	Text   string
	Prefix bool
	// Weight is a factor of the score, at most 65,536. With 0 or less, the term matches but does not count.
	Weight float64
}

const (
	// maxExpansion is how many terms a prefix stands for at most.
	maxExpansion = 64
	// maxScan is how many terms with a prefix are looked at, with the lock held.
	maxScan = 4096
)

// choice is a term that a clause may match by.
type choice struct {
	term   uint32
	last   uint32 // its newest posting in the memtable, or 0
	df     int
	weight float64
	idf    float64
	factor float64 // what formula.score calls so
	text   string  // if it is to be explained
}

// plan is a query whose terms have been looked up, and everything that it will be asked of. Nothing in it changes any more,
// except which memories are dead.
type plan struct {
	formula
	docs      int
	segments  []*segment
	young     memtable
	required  [][]choice
	optional  [][]choice
	forbidden [][][]choice
	nothing   bool // no memory matches
	choices   int  // of all clauses
}

// all reports whether all memories match that are not forbidden.
func (p *plan) all() bool { return len(p.required)+len(p.optional) == 0 }

// plan looks a query up. With explain, the choices have their texts.
func (x *Index) plan(q *Query, explain bool) *plan {
	x.mu.RLock()
	defer x.mu.RUnlock()
	p := &plan{formula: newFormula(x.docs, x.length), docs: x.docs, segments: x.segments, young: *x.young}
	for _, c := range q.Required {
		choices := x.choices(c, explain)
		p.nothing = p.nothing || len(choices) == 0
		p.required = append(p.required, choices)
	}
	for _, c := range q.Optional {
		p.optional = append(p.optional, x.choices(c, explain))
	}
	for _, set := range q.Forbidden {
		var all [][]choice
		for _, c := range set {
			all = append(all, x.choices(c, explain))
		}
		if !slices.ContainsFunc(all, func(choices []choice) bool { return len(choices) == 0 }) && len(all) > 0 {
			p.forbidden = append(p.forbidden, all)
		}
	}
	for _, clauses := range slices.Concat([][][]choice{p.required, p.optional}, p.forbidden) {
		for _, choices := range clauses {
			p.choices += len(choices)
		}
	}
	return p
}

// choices returns the terms that a clause may match by, each once.
//
// +checklocksread:x.mu
func (x *Index) choices(c Clause, explain bool) []choice {
	var found []choice
	for _, variant := range c {
		if !variant.Prefix {
			if term := x.vocabulary.find(variant.Text); term != 0 {
				found = append(found, x.choice(term, variant.Weight, explain))
			}
			continue
		}
		for _, term := range x.vocabulary.expand([]byte(variant.Text)) {
			found = append(found, x.choice(term, variant.Weight, explain))
		}
	}
	if len(found) > 1 {
		slices.SortStableFunc(found, func(a, b choice) int {
			if a.term != b.term {
				return int(int64(a.term) - int64(b.term))
			}
			return -cmpFloat(a.factor, b.factor)
		})
		found = slices.CompactFunc(found, func(a, b choice) bool { return a.term == b.term })
	}
	return found
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// choice returns what a term counts for.
//
// +checklocksread:x.mu
func (x *Index) choice(term uint32, weight float64, explain bool) choice {
	t := x.vocabulary.at(term)
	if !(weight > 0) { // or not a number
		weight = 0
	}
	c := choice{term: term, df: int(t.df), weight: min(weight, maxWeight), idf: idf(x.docs, int(t.df))}
	c.factor = c.weight * c.idf * (k1 + 1) * one
	if t.list != 0 {
		c.last = x.young.lists[t.list-1].last
	}
	if explain {
		c.text = string(x.vocabulary.text(term))
	}
	return c
}

// leastScore returns the least score of a hit.
func leastScore(q *Query) int64 {
	if !(q.MinScore > 0) {
		return 0
	}
	return int64(math.Ceil(min(q.MinScore, math.MaxInt64/one/2) * one))
}
