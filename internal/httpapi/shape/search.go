package shape

import (
	"time"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// Search returns the shape of a page of hits at the time now. Without content, its memories have no data and no state.
func Search(page *engine.SearchPage, now time.Time, content bool) wire.SearchPage {
	v := wire.SearchPage{Hits: make([]wire.Hit, len(page.Hits)), Complete: !page.Incomplete, Meaning: page.Vectors.String(), Model: page.Model}
	if page.Next != "" {
		v.Next = &page.Next
	}
	for i := range page.Hits {
		h := &page.Hits[i]
		hit := &v.Hits[i]
		hit.Score, hit.Parts = h.Score, wire.ScoreParts(h.Parts)
		hit.Matched, hit.Explanation = matched(h.Matched), arithmetic(h.Why)
		if content {
			hit.Memory = Memory(&h.Memory, now)
		} else {
			hit.Memory = Outline(&h.Memory, now)
		}
	}
	return v
}

func matched(all []engine.Match) []wire.Matched {
	if all == nil {
		return nil
	}
	v := make([]wire.Matched, len(all))
	for i, m := range all {
		v[i] = wire.Matched{Pointer: m.Pointer, Tag: m.Tag, Ranges: m.Ranges}
	}
	return v
}

func arithmetic(a *engine.ScoreArithmetic) *wire.ScoreExplanation {
	if a == nil {
		return nil
	}
	v := &wire.ScoreExplanation{Weights: wire.ScoreParts(a.Weights), Words: make([]wire.ScoreShare, len(a.Words)), BM25: bm25(a.BM25)}
	for i, s := range a.Words {
		v.Words[i] = wire.ScoreShare(s)
	}
	if m := a.Meaning; m != nil {
		v.Meaning = &wire.ScoreCosines{Query: m.Query, Moved: m.Moved, Least: m.Least}
	}
	return v
}

func bm25(a *engine.Arithmetic) *wire.ScoreBM25 {
	if a == nil {
		return nil
	}
	v := &wire.ScoreBM25{Memories: a.Memories, AverageLength: a.Average, Length: a.Length, Terms: make([]wire.ScoreTerm, len(a.Parts))}
	for i, p := range a.Parts {
		v.Terms[i] = wire.ScoreTerm{Term: p.Term, Count: p.Count, Memories: p.DF, IDF: p.IDF, Weight: p.Weight, Score: p.Score}
	}
	return v
}
