package meaning

import (
	"math"
	"testing"
)

func TestScoresAreSums(t *testing.T) {
	for name, c := range map[string]struct{ got, want float64 }{
		"the best by words":          {FirstScore(8, 8, 0), 1},
		"half of it, and a cosine":   {FirstScore(4, 8, 0.5), 0.5 + firstCosine/2},
		"a query without words":      {FirstScore(0, 0, 1), firstCosine},
		"the best of all":            {FinalScore(3, 3, 1, 1), 1 + finalCosine + finalPairs},
		"no near word, no vector":    {FinalScore(0, 3, 0, 0), 0},
		"nothing to be a share of":   {FinalScore(0, 0, 0.5, 0), finalCosine / 2},
		"an opposite counts against": {FinalScore(3, 3, -1, 0), 1 - finalCosine},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}
