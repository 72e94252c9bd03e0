package meaning

import (
	"math"
	"testing"
)

func TestWordsPart(t *testing.T) {
	for name, c := range map[string]struct{ got, want float64 }{
		"the best, with all pairs":   {WordsPart(8, 8, 1), 1},
		"the best, without a pair":   {WordsPart(8, 8, 0), 1 / 1.4},
		"half of it, and some pairs": {WordsPart(4, 8, 0.25), 0.6 / 1.4},
		"no near word":               {WordsPart(0, 3, 0), 0},
		"nothing to be a share of":   {WordsPart(0, 0, 0), 0},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}
