package meaning

// A search by words and meaning has two steps (docs/decisions/056-meaning.md):
//
//  1. Candidates are the best of the word index and of the vectors. The score of each is its BM25 as a share of the best, times
//     WordsWeight, plus its cosine times MeaningWeight.
//  2. The best Reranked of them are scored by their words with a [Ranker], and [Ranker.WordsPart] is in the place of that share. Then the
//     query's vector is moved [Toward] the Feedback best, and the cosines are taken once more.
const (
	// WordsWeight and MeaningWeight are the factors of the two parts of a score.
	WordsWeight   = 0.65
	MeaningWeight = 0.35

	// Reranked is how many candidates the second step looks at.
	Reranked = 100
	// Feedback is how many of the best the query's vector is moved toward, and FeedbackShare how far.
	Feedback      = 3
	FeedbackShare = 0.4

	indexShare = 0.2
	pairsShare = 0.4
)

// WordsPart returns the part of a score that is of words, from 0 to 1. words is the candidate's BM25 as a share of the best,
// near and pairs are what [Ranker.Score] returned, and best is the highest such score of the query's candidates.
//
//	(0.2 · words + 0.8 · near / best + 0.4 · pairs) / 1.4
//
// For a query of one word, which has no pairs, it is only the sum of the first two.
func (r *Ranker) WordsPart(words, near, best, pairs float64) float64 {
	mean := indexShare*words + (1-indexShare)*share(near, best)
	if len(r.pairs) == 0 {
		return mean
	}
	return (mean + pairsShare*pairs) / (1 + pairsShare)
}

// Factors returns the factors of the three shares in a WordsPart: words, near / best, and pairs, which is 0 if the query has no pairs.
func (r *Ranker) Factors() (words, near, pairs float64) {
	if len(r.pairs) == 0 {
		return indexShare, 1 - indexShare, 0
	}
	return indexShare / (1 + pairsShare), (1 - indexShare) / (1 + pairsShare), pairsShare / (1 + pairsShare)
}

// UnreadPart returns that part of a candidate that was not scored by its content.
func (r *Ranker) UnreadPart(words float64) float64 { return r.WordsPart(words, words, 1, 0) }

// share returns x as a share of the best, or 0 if that is 0.
func share(x, best float64) float64 {
	if best <= 0 {
		return 0
	}
	return x / best
}
