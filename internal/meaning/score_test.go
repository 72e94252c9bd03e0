package meaning

import (
	"math"
	"testing"
)

func TestWordsPart(t *testing.T) {
	one, two := BuiltIn().NewRanker(wordsOf("tea"), 1), BuiltIn().NewRanker(wordsOf("green tea"), 1)
	for name, c := range map[string]struct{ got, want float64 }{
		"the best, with all pairs":         {two.WordsPart(1, 8, 8, 1), 1},
		"the best, without a pair":         {two.WordsPart(1, 8, 8, 0), 1 / 1.4},
		"half of it, and some pairs":       {two.WordsPart(0.5, 4, 8, 0.25), 0.6 / 1.4},
		"near words only":                  {two.WordsPart(0, 4, 8, 0), 0.4 / 1.4},
		"no near word":                     {two.WordsPart(0, 0, 3, 0), 0},
		"nothing to be a share of":         {two.WordsPart(0, 0, 0, 0), 0},
		"the best for a query of one word": {one.WordsPart(1, 8, 8, 0), 1},
		"half of it":                       {one.WordsPart(0.5, 4, 8, 0), 0.5},
		"not read":                         {two.UnreadPart(0.7), 0.5},
		"not read, for a query of one":     {one.UnreadPart(0.7), 0.7},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}
