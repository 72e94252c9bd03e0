package meaning

// A search by words and meaning has two steps (docs/decisions/056-meaning.md):
//
//  1. Candidates are the best of the word index and of the vectors. [FirstScore] orders them.
//  2. The best Reranked of them are scored by their words with a [Ranker]. [FinalScore] orders them, the first time with the
//     query's vector, then with the one that [Toward] makes of it and of the Feedback best.
const (
	// Reranked is how many candidates the second step looks at.
	Reranked = 100
	// Feedback is how many of the best the query's vector is moved toward, and FeedbackShare how far.
	Feedback      = 3
	FeedbackShare = 0.4

	firstCosine = 0.6
	finalCosine = 0.9
	finalPairs  = 0.4
)

// FirstScore returns the score of a candidate: its BM25 divided by the best one of the query, plus a part of its cosine. A memory
// that the words do not find has 0 for words, one without a vector 0 for cosine.
func FirstScore(words, best, cosine float64) float64 {
	return share(words, best) + firstCosine*cosine
}

// FinalScore returns the score of a candidate of the second step. score and pairs are what [Ranker.Score] returned, and
// best is the highest such score of the query's candidates.
func FinalScore(score, best, cosine, pairs float64) float64 {
	return share(score, best) + finalCosine*cosine + finalPairs*pairs
}

// share returns x as a share of the best, or 0 if that is 0.
func share(x, best float64) float64 {
	if best <= 0 {
		return 0
	}
	return x / best
}
