package engine

import (
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
)

// ScoreArithmetic is how a score comes about: the sum of the parts of the hit, each times its weight.
type ScoreArithmetic struct {
	Weights Weights
	// Words is what the part for words is made of: the sum over these of Factor × Value / Best.
	Words []Share
	// Meaning is about the part for meaning. It is nil if the query or the memory has no vector.
	Meaning *Cosines
	// BM25 is what the share "bm25" is made of. It is nil if the memory has no word of the query.
	BM25 *store.Arithmetic
}

// Share is a figure of a memory, beside the best of all that were found.
type Share struct {
	// Name is "bm25", the score by words; "near", that by words which are near to one of the query's; or "pairs", the share of the
	// query's pairs of neighboring words that are neighbors in the memory.
	Name                string
	Value, Best, Factor float64
}

// Cosines are cosines of angles between vectors.
type Cosines struct {
	// Query is that of the query's vector and the memory's, and Moved that of the vector which is compared in the end: the query's, moved
	// toward those of the best hits. They are the same if it is not moved. The part for meaning is Moved, or 0 if that is below.
	Query, Moved float64
	// Least is the cosine over which a memory is found by its vector alone.
	Least float64
}

// begin returns the arithmetic of a hit that has a share of the best BM25 score.
func (r *ranking) begin(f *store.Hit, best float64) *ScoreArithmetic {
	why := &ScoreArithmetic{Weights: r.weights, BM25: f.Terms}
	if best > 0 {
		why.Words = []Share{{"bm25", f.Words, best, 1}}
	}
	return why
}

// compared notes the cosine of the vector that is compared now.
func (w *ScoreArithmetic) compared(cosine, least float64) {
	if w.Meaning == nil {
		w.Meaning = &Cosines{Query: cosine, Least: least}
	}
	w.Meaning.Moved = cosine
}

// read notes how the part for words of a hit is made that was read; see [meaning.Ranker.WordsPart].
func (w *ScoreArithmetic) read(by *meaning.Ranker, near, best, pairs float64) {
	ofWords, ofNear, ofPairs := by.Factors()
	for i := range w.Words {
		w.Words[i].Factor = ofWords
	}
	if best > 0 {
		w.Words = append(w.Words, Share{"near", near, best, ofNear})
	}
	if ofPairs > 0 {
		w.Words = append(w.Words, Share{"pairs", pairs, 1, ofPairs})
	}
}

// unread notes that a hit was not read.
func (w *ScoreArithmetic) unread(by *meaning.Ranker) {
	for i := range w.Words {
		w.Words[i].Factor = by.UnreadPart(1)
	}
}
