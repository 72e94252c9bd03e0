package meaning

import (
	"math"
	"testing"
)

func TestWordsPart(t *testing.T) {
	one, two := BuiltIn().NewRanker(wordsOf("tea"), 1), BuiltIn().NewRanker(wordsOf("green tea"), 1)
	for name, c := range map[string]struct{ got, want float64 }{
		"the best, with all pairs":         {two.WordsPart(8, 8, 1), 1},
		"the best, without a pair":         {two.WordsPart(8, 8, 0), 1 / 1.4},
		"half of it, and some pairs":       {two.WordsPart(4, 8, 0.25), 0.6 / 1.4},
		"no near word":                     {two.WordsPart(0, 3, 0), 0},
		"nothing to be a share of":         {two.WordsPart(0, 0, 0), 0},
		"the best for a query of one word": {one.WordsPart(8, 8, 0), 1},
		"half of it":                       {one.WordsPart(4, 8, 0), 0.5},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}
