package search

import (
	"cmp"
	"slices"

	"github.com/sigil-dna/sigil"
)

// Hit is a memory that was found.
type Hit struct {
	ID    sigil.ID
	Ref   uint32
	Score float64
}

// found is a hit while others are looked for.
type found struct {
	score int64
	id    sigil.ID
	ref   uint32
}

// compare compares hits, best first: by score, then newest first.
func (f *found) compare(g *found) int {
	if f.score != g.score {
		return cmp.Compare(g.score, f.score)
	}
	return newer(f.id, g.id)
}

// top holds the best hits so far, at most limit, as a heap: the worst is the first.
type top struct {
	hits  []found
	limit int
	least int64 // the least score of a hit
}

// need returns the least score with which a memory becomes a hit, if its id is newest or older.
func (t *top) need(newest sigil.ID) int64 {
	if len(t.hits) < t.limit {
		return t.least
	}
	worst := &t.hits[0]
	if newer(newest, worst.id) > 0 {
		return worst.score + 1
	}
	return worst.score
}

// add adds a hit that reaches what need returns for it.
func (t *top) add(f found) {
	if len(t.hits) < t.limit {
		t.hits = append(t.hits, f)
		for i := len(t.hits) - 1; i > 0; {
			parent := (i - 1) / 2
			if t.hits[i].compare(&t.hits[parent]) <= 0 {
				break
			}
			t.hits[i], t.hits[parent] = t.hits[parent], t.hits[i]
			i = parent
		}
		return
	}
	t.hits[0] = f
	for i := 0; ; {
		worst := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < len(t.hits) && t.hits[child].compare(&t.hits[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.hits[i], t.hits[worst] = t.hits[worst], t.hits[i]
		i = worst
	}
}

// sorted returns the hits, best first.
func (t *top) sorted() []Hit {
	slices.SortFunc(t.hits, func(f, g found) int { return f.compare(&g) })
	hits := make([]Hit, len(t.hits))
	for i, f := range t.hits {
		hits[i] = Hit{f.id, f.ref, float(f.score)}
	}
	return hits
}
