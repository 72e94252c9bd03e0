package search

import (
	"slices"

	"github.com/sigil-dna/sigil"
)

// Scores returns the score of each memory for a query, as Search would, and 0 for those that do not match or are not in the
// index.
func (x *Index) Scores(q *Query, ids []sigil.ID) []float64 {
	p := x.plan(q, false)
	scores := make([]float64, len(ids))
	if p.nothing {
		return scores
	}
	for i, id := range ids {
		if e, ok := p.explain(id); ok {
			scores[i] = e.Score
		}
	}
	return scores
}

// Explanation is the arithmetic of a score: the sum of its parts.
type Explanation struct {
	Score    float64
	Memories int     // that the document frequencies are of
	Average  float64 // length of these
	Length   int     // of the memory
	Parts    []Part  // of the required and then the optional clauses that match
}

// Part is what a clause adds to a score: Weight × IDF × (k1 + 1) × Count / (Count + k1 × (1 − b + b × Length / Average)).
type Part struct {
	Required bool
	Clause   int    // its index in the query
	Term     string // the one that counts
	Count    int    // how often the memory has it
	DF       int    // how many memories have it; of a prefix, the sum of all its terms, but no more than Memories
	IDF      float64
	Weight   float64
	Score    float64
}

// Explain returns the arithmetic of a memory's score, if the memory matches the query.
func (x *Index) Explain(q *Query, id sigil.ID) (Explanation, bool) {
	p := x.plan(q, true)
	if p.nothing {
		return Explanation{}, false
	}
	return p.explain(id)
}

// explain explains the score of a memory, if it is in the index and matches.
func (p *plan) explain(id sigil.ID) (Explanation, bool) {
	at := place{young: &p.young}
	var ok bool
	if at.segment, at.doc, ok = find(p.segments, id); !ok {
		if at.doc, ok = p.young.find(id); !ok {
			return Explanation{}, false
		}
	}
	e := Explanation{Memories: p.docs, Average: p.average, Length: int(at.length())}
	sum := int64(0)
	for i, clauses := range [...][][]choice{p.required, p.optional} {
		for number, choices := range clauses {
			part, score, has := p.part(&at, choices)
			if !has {
				if i == 0 {
					return Explanation{}, false
				}
				continue
			}
			part.Required, part.Clause = i == 0, number
			e.Parts = append(e.Parts, part)
			sum += score
		}
	}
	for _, set := range p.forbidden {
		if !slices.ContainsFunc(set, func(choices []choice) bool { _, _, has := p.part(&at, choices); return !has }) {
			return Explanation{}, false
		}
	}
	e.Score = float(sum)
	return e, len(e.Parts) > 0 || len(p.required)+len(p.optional) == 0
}

// part returns what a clause adds to the score of a memory, if it matches.
func (p *plan) part(at *place, choices []choice) (best Part, most int64, has bool) {
	for i := range choices {
		c := &choices[i]
		for j := range c.terms {
			count := at.count(&c.terms[j])
			if count == 0 {
				continue
			}
			score := p.score(c.factor, count, at.length())
			if !has || score > most {
				best = Part{Term: c.terms[j].text, Count: int(count), DF: c.df, IDF: c.idf, Weight: c.weight, Score: float(score)}
				most, has = score, true
			}
		}
	}
	return best, most, has
}

// place is where a memory is: in a segment, or in the memtable if segment is nil.
type place struct {
	segment *segment
	young   *memtable
	doc     uint32
}

func (p *place) length() uint16 {
	if p.segment == nil {
		return p.young.lengths[p.doc]
	}
	return p.segment.lengths[p.doc]
}

// count returns how often the memory has a term.
func (p *place) count(term *member) uint32 {
	if p.segment == nil {
		for at := term.last; at != 0; at = p.young.postings[at-1].previous {
			if posting := &p.young.postings[at-1]; uint32(posting.doc) <= p.doc { // newest first
				if uint32(posting.doc) == p.doc {
					return uint32(posting.count)
				}
				return 0
			}
		}
		return 0
	}
	list, _ := p.segment.list(term.number)
	in := cursor{segment: p.segment, list: list, data: p.segment.data, read: -1}
	if !in.advance(p.doc) {
		return 0
	}
	in.open(p.doc)
	if in.members[in.at] != p.doc {
		return 0
	}
	return list[in.current].count(in.data, in.counts, in.at)
}
