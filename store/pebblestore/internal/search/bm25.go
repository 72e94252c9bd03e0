package search

import "math"

// The parameters of BM25, the usual ones.
const (
	k1 = 1.2
	b  = 0.75
)

// idf returns the inverse document frequency of a term that df of n memories have. The 1 in the logarithm keeps it
// above 0, so that a term that nearly all memories have still orders them.
func idf(n, df int) float64 {
	df = min(df, n) // while a merge is being accounted for, df may still count what n does not
	return math.Log(1 + (float64(n-df)+0.5)/(float64(df)+0.5))
}

// A memory of n words has the relative length empty + n × perWord(average), which is 1 if it has the average length.
const empty = 1 - b

func perWord(average float64) float64 { return b / average }

// one is the score 1. Scores are integers, multiples of 2⁻³², so that their sum does not depend on the order of
// the summands: equal memories have equal scores, however a search came to them.
const one = 1 << 32

// maxWeight bounds the weight of a term, so that no sum of scores overflows.
const maxWeight = 1 << 16

func float(score int64) float64 { return float64(score) / one }

// impacts are stored as multiples of 1/impactOne, rounded up. noImpact stands for all that are too large.
const (
	impactOne = 256
	noImpact  = math.MaxUint16
)

// impact returns, for storage, what bounds the score of a term that occurs count times in a memory of a relative
// length: count divided by the length. A score rises with it.
func impact(most float64) uint16 {
	i := math.Ceil(most * impactOne)
	if i >= noImpact {
		return noImpact
	}
	return uint16(i)
}

// formula computes scores for one search, which fixes the average length.
type formula struct {
	average float64
	// A count c in a memory of length l has the saturation c / (c + short + long × l).
	short, long float64
}

func newFormula(docs int, length uint64) formula {
	average := 1.0
	if docs > 0 && length > 0 {
		average = float64(length) / float64(docs)
	}
	return formula{average, k1 * (1 - b), k1 * b / average}
}

// score returns the score of a term that occurs count times in a memory. factor is the term's weight times its idf,
// times k1 + 1, times one.
func (f *formula) score(factor float64, count uint32, length uint16) int64 {
	c := float64(count)
	return int64(factor * c / (c + f.short + f.long*float64(length)))
}

// bound returns an upper bound of the scores of a term in memories with an impact of at most most, which were
// stored when the average length was average.
func (f *formula) bound(factor float64, most uint16, average float64) int64 {
	if most == noImpact {
		return int64(factor) + 1
	}
	// If the average has grown since, memories count as shorter now: by its growth at most.
	i := float64(most) / impactOne * max(1, f.average/average)
	return int64(factor*i/(i+k1)*(1+1e-9)) + 1
}
