package meaning

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCompactKeepsTheDirection(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		a, b := randomFloats(random, 100), randomFloats(random, 100)
		want := 0.0
		var aa, bb float64
		for i := range a {
			want += float64(a[i]) * float64(b[i])
			aa += float64(a[i]) * float64(a[i])
			bb += float64(b[i]) * float64(b[i])
		}
		want /= math.Sqrt(aa * bb)
		if got := float64(Cosine(Compact(a), Compact(b))); math.Abs(got-want) > 0.01 {
			t.Fatalf("cosine %v, of the compact forms %v", want, got)
		}
	}
}

func TestCompactOfNothing(t *testing.T) {
	for _, v := range [][]float32{nil, {}, {0, 0}, {float32(math.NaN()), 1}, {float32(math.Inf(1)), 1}, {1, float32(math.Inf(-1))}} {
		if c := Compact(v); c != nil {
			t.Errorf("Compact(%v) = %v, want nil", v, c)
		}
	}
	for _, tiny := range []float32{math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.MaxFloat32} {
		sign := int8(1)
		if tiny < 0 {
			sign = -1
		}
		if c := Compact([]float32{tiny, 0, -tiny}); !slices.Equal(c, Vector{127 * sign, 0, -127 * sign}) {
			t.Errorf("Compact of %g: %v", tiny, c)
		}
	}
}

func TestCosineOfAnEmptyVectorIsZero(t *testing.T) {
	if c := Cosine(nil, Vector{1}); c != 0 {
		t.Errorf("Cosine = %v", c)
	}
}

func TestDotOfAnyLength(t *testing.T) {
	for n := range 20 {
		a, b := make([]int8, n), make([]int8, n)
		want := int32(0)
		for i := range a {
			a[i], b[i] = int8(i-3), int8(5*i-40)
			want += int32(a[i]) * int32(b[i])
		}
		if got := dot(a, b); got != want {
			t.Errorf("dot of %d figures: %d, want %d", n, got, want)
		}
	}
}

func TestSigns(t *testing.T) {
	v := make([]int8, 130)
	v[0], v[1], v[63], v[64], v[129] = 1, -1, 5, 127, 9
	if got := appendSigns(nil, v); !slices.Equal(got, []uint64{1 | 1<<63, 1, 2}) {
		t.Errorf("signs: %x", got)
	}
}

func randomFloats(random *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(random.NormFloat64())
	}
	return v
}
