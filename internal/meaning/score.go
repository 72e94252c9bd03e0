package meaning

// A search by words and meaning has two steps (docs/decisions/056-meaning.md):
//
//  1. Candidates are the best of the word index and of the vectors. The score of each is its BM25 as a share of the best, times
//     WordsWeight, plus its cosine times MeaningWeight.
//  2. The best Reranked of them are scored by their words with a [Ranker], and [Ranker.WordsPart] is in the place of that share. Then the
//     query's vector is moved [Toward] the Feedback best, and the cosines are taken once more.
const (
	// WordsWeight and MeaningWeight are the factors of the two parts of a score.
	WordsWeight   = 0.6
	MeaningWeight = 0.4

	// Reranked is how many candidates the second step looks at.
	Reranked = 100
	// Feedback is how many of the best the query's vector is moved toward, and FeedbackShare how far.
	Feedback      = 3
	FeedbackShare = 0.4

	pairsShare = 0.4
)

// WordsPart returns the part of a score that is of words, from 0 to 1. score and pairs are what [Ranker.Score] returned, and
// best is the highest such score of the query's candidates.
//
//	(score / best + 0.4 · pairs) / 1.4
//
// It is score / best for a query of one word, which has no pairs.
func (r *Ranker) WordsPart(score, best, pairs float64) float64 {
	if len(r.pairs) == 0 {
		return share(score, best)
	}
	return (share(score, best) + pairsShare*pairs) / (1 + pairsShare)
}

// share returns x as a share of the best, or 0 if that is 0.
func share(x, best float64) float64 {
	if best <= 0 {
		return 0
	}
	return x / best
}
