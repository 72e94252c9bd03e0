package words

import "math"

// The parameters of BM25: k1 bounds what repetition adds, b is how much long documents are marked down. These are the
// values that Lucene and most others use.
const (
	k1 = 1.2
	b  = 0.75
)

// IDF returns the inverse document frequency of a term that is in with of docs documents:
//
//	ln(1 + (docs - with + 0.5) / (with + 0.5))
//
// (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009, with 1 inside the logarithm
// as in Lucene.) It is never negative, so that a term in most documents still orders them.
func IDF(docs, with int) float64 {
	with = min(with, docs) // counts may be read at different times
	return math.Log1p((float64(docs-with) + 0.5) / (float64(with) + 0.5))
}

// BM25 returns what a term adds to the score of a document that has it count times:
//
//	idf · count · (k1 + 1) / (count + k1 · (1 - b + b · length / average))
//
// Here k1 is 1.2, b is 0.75, length is the document's [Document].Length, and average the mean length of all documents.
func BM25(idf float64, count, length int, average float64) float64 {
	relative := 1.0
	if average > 0 {
		relative = float64(length) / average
	}
	tf := float64(count)
	return idf * tf * (k1 + 1) / (tf + k1*(1-b+b*relative))
}
