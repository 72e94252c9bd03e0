package store_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil/store"
)

// A sum is the same however it was formed: by adding and removing, in any order or grouping.
func TestASumDoesNotDrift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		potentials := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "potentials")
		var forward, backward, left, right store.Sum
		for i, p := range potentials {
			forward.Add(p)
			backward.Add(potentials[len(potentials)-1-i])
			if i%2 == 0 {
				left.Add(p)
			} else {
				right.Add(p)
			}
		}
		if backward != forward || left.Plus(right) != forward {
			t.Fatalf("forward %v, backward %v, in two parts %v", forward, backward, left.Plus(right))
		}
		for _, p := range potentials {
			forward.Remove(p)
		}
		if forward != (store.Sum{}) {
			t.Fatalf("%v is left after removing all", forward)
		}
	})
}

// A pattern whose members all have 0.9 is not over 0.9, however many there are.
func TestTheMeanOfEqualValuesIsThatValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.OneOf(rapid.Just(0.9), rapid.Float64Range(0.01, 1)).Draw(t, "potential")
		n := rapid.IntRange(1, 5000).Draw(t, "members")
		var s store.Sum
		for range n {
			s.Add(p)
		}
		if got := s.Mean(n); got != p {
			t.Fatalf("mean of %d times %v is %v", n, p, got)
		}
	})
	var none store.Sum
	if got := none.Mean(0); got != 0 || math.IsNaN(got) {
		t.Errorf("mean of nothing is %v, want 0", got)
	}
}
