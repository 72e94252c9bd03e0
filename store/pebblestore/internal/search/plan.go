package search

import "slices"

const (
	// maxExpansion is how many terms a prefix stands for at most. They are looked up with the lock held.
	maxExpansion = 1 << 14
	// maxAlone is how many of them, the most frequent, have a choice of their own at most. The others share one.
	maxAlone = 64
	// maxShared is how many postings the terms that share a choice may have, unless that takes more than maxAlone choices. A
	// choice costs something in each window of memories, a shared posting costs something once.
	maxShared = 1 << 13
)

// choice is a term that a clause may match by, or several whose lists are searched as one.
type choice struct {
	terms  []member
	df     int
	weight float64
	idf    float64
	factor float64 // what formula.score calls so
}

// member is a term of a choice.
type member struct {
	number uint32
	last   uint32 // its newest posting in the memtable, or 0
	text   string // if it is to be explained
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
	x.settle()
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

// choices returns what a clause may match by.
//
// +checklocksread:x.mu
func (x *Index) choices(c Clause, explain bool) []choice {
	var found []choice
	for _, variant := range c {
		if !variant.Prefix {
			if number := x.vocabulary.find(variant.Text); number != 0 {
				found = append(found, x.choice([]uint32{number}, &variant, int(x.vocabulary.at(number).df), explain))
			}
			continue
		}
		terms, df := x.vocabulary.expand([]byte(variant.Text))
		alone := x.vocabulary.alone(terms, df)
		for i := range alone {
			found = append(found, x.choice(terms[i:i+1], &variant, df, explain))
		}
		if len(terms) > alone {
			found = append(found, x.choice(terms[alone:], &variant, df, explain))
		}
	}
	return found
}

// choice returns a choice of some terms, which have a document frequency together.
//
// +checklocksread:x.mu
func (x *Index) choice(terms []uint32, v *Variant, df int, explain bool) choice {
	c := choice{terms: make([]member, len(terms)), df: min(df, x.docs), idf: idf(x.docs, df)}
	if v.Weight > 0 { // and a number
		c.weight = min(v.Weight, maxWeight)
	}
	c.factor = c.weight * c.idf * (k1 + 1) * one
	for i, number := range terms {
		m := &c.terms[i]
		m.number = number
		if t := x.vocabulary.at(number); t.list != 0 {
			m.last = x.young.lists[t.list-1].last
		}
		if explain {
			m.text = string(x.vocabulary.text(number))
		}
	}
	return c
}
