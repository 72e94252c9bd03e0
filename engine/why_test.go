package engine_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/words"
)

// TestScoresFollowFromTheirArithmetic computes each score again from what explains it, of queries of every kind.
func TestScoresFollowFromTheirArithmetic(t *testing.T) {
	r := newRig(t, engine.Options{})
	kettle := r.encode(`{"note":"a kettle and pans for the kitchen","more":"kettle"}`, nil)
	r.encode(`"cookware: a teapot, a kettle"`, nil)
	r.encode(`"the kitchen table"`, nil)
	r.encode(`"an espresso maker"`, nil)
	r.recall(kettle.Key)
	for i := range 150 { // more than are read
		r.encode(fmt.Sprintf(`"kettle number %d of the museum, in hall %d"`, i, i%7), nil)
	}
	vectored := func(v ...float32) func(d *sigil.Draft) { return func(d *sigil.Draft) { d.Vector = v } }
	own := r.encode(`"a kettle with a vector"`, vectored(1, 0.5))
	r.encode(`"another vector"`, vectored(0.9, 0.1))

	for what, q := range map[string]engine.SearchQuery{
		"words and meaning":   {Text: "kitchen kettle"},
		"one word":            {Text: "kettle"},
		"none of the words":   {Text: "crockery"},
		"a phrase":            {Text: `"the kitchen" kettle`},
		"words alone":         {Text: "kitchen kettle", Weights: byWords},
		"meaning alone":       {Text: "kitchen kettle", Weights: &engine.Weights{Meaning: 1}},
		"all weights":         {Text: "kitchen kettle", Weights: &engine.Weights{Words: 0.5, Meaning: 0.25, Freshness: 0.125, Strength: 1}},
		"a vector":            {Vector: []float32{1, 0.4}},
		"a vector and words":  {Vector: []float32{1, 0.4}, Text: "kettle vector"},
		"like a memory":       {Like: kettle.ID},
		"like one's vector":   {Like: own.ID},
		"nothing but without": {Text: "-museum"},
	} {
		q.Explain, q.Limit = true, 200
		page := r.search(q)
		if len(page.Hits) == 0 {
			t.Errorf("%s: nothing found", what)
		}
		read := 0
		for i := range page.Hits {
			h := &page.Hits[i]
			if h.Why == nil {
				t.Fatalf("%s: no arithmetic", what)
			}
			parts := engine.Parts{Freshness: h.Parts.Freshness, Strength: h.Parts.Strength}
			for _, s := range h.Why.Words {
				parts.Words += s.Factor * s.Value / s.Best
				if s.Name == "near" {
					read++
				}
				if s.Name == "bm25" {
					bm25 := 0.0
					if x := h.Why.BM25; x != nil {
						for _, term := range x.Parts {
							near(t, what+": idf of "+term.Term, term.IDF, words.IDF(x.Memories, term.DF))
							near(t, what+": "+term.Term, term.Score, term.Weight*words.BM25(term.IDF, term.Count, x.Length, x.Average))
							bm25 += term.Score
						}
					}
					near(t, what+": BM25", s.Value, bm25)
				}
			}
			if m := h.Why.Meaning; m != nil {
				parts.Meaning = max(0, m.Moved)
				if len(h.Why.Words) == 0 && m.Query <= m.Least {
					t.Errorf("%s: found by a cosine of %v", what, m.Query)
				}
			}
			w := h.Why.Weights
			score := w.Words*parts.Words + w.Meaning*parts.Meaning + w.Freshness*parts.Freshness + w.Strength*parts.Strength
			for name, pair := range map[string][2]float64{"words": {parts.Words, h.Parts.Words}, "meaning": {parts.Meaning, h.Parts.Meaning}, "score": {score, h.Score}} {
				if math.Abs(pair[0]-pair[1]) > 1e-12 {
					t.Errorf("%s: hit %d: %s is %v, and by its arithmetic %v: %+v", what, i, name, pair[1], pair[0], h.Why)
				}
			}
		}
		if what == "words and meaning" && (read < 50 || read == len(page.Hits)) {
			t.Errorf("%d of %d hits were read", read, len(page.Hits))
		}
	}
	if h := r.search(engine.SearchQuery{Text: "kettle"}).Hits[0]; h.Why != nil {
		t.Errorf("not asked, told %+v", h.Why)
	}
}
