package sigil_test

import (
	"math"
	"testing"

	"github.com/sigil-dna/sigil"
)

func TestFrequenciesAndPatternsStayInBounds(t *testing.T) {
	seen := map[int]int{}
	for n := range sigil.NumFrequencies {
		f := sigil.Frequency(n)
		if v := f.Value(); v < 0 || v >= sigil.Phi {
			t.Errorf("frequency %d: %v", n, v)
		}
		if g := f.Pattern(); g < 0 || g >= sigil.NumPatterns || g != int(math.Floor(f.Value()*100)) {
			t.Errorf("frequency %d: pattern %d", n, g)
		}
		seen[f.Pattern()]++
	}
	if len(seen) != sigil.NumPatterns {
		t.Errorf("%d patterns, want %d", len(seen), sigil.NumPatterns)
	}
}

// Span agrees with Resonance at every difference there is, and just above and below it.
func TestSpanIsTheInverseOfResonance(t *testing.T) {
	for d := range sigil.NumFrequencies {
		r := sigil.Resonance(0, sigil.Frequency(d).Value())
		if got := sigil.Span(r); got != d {
			t.Errorf("Span(%v): got %d, want %d", r, got, d)
		}
		if got := sigil.Span(math.Nextafter(r, 2)); got != d-1 {
			t.Errorf("Span just over %v: got %d, want %d", r, got, d-1)
		}
		if got := sigil.Span(math.Nextafter(r, 0)); got != d {
			t.Errorf("Span just under %v: got %d, want %d", r, got, d)
		}
	}
	for minimum, want := range map[float64]int{
		0: 999, -1: 999, math.Inf(-1): 999, 1e-300: 999, 1: 0, 1.1: -1, math.Inf(1): -1, math.NaN(): -1, sigil.ResonanceThreshold: 162,
	} {
		if got := sigil.Span(minimum); got != want {
			t.Errorf("Span(%v): got %d, want %d", minimum, got, want)
		}
	}
}

func TestResonanceIsSymmetricAndFalls(t *testing.T) {
	for d := range sigil.NumFrequencies - 1 {
		a, b := sigil.Frequency(d).Value(), sigil.Frequency(d+1).Value()
		if sigil.Resonance(0, a) <= sigil.Resonance(0, b) {
			t.Errorf("resonance does not fall from %v to %v", a, b)
		}
		if sigil.Resonance(a, b) != sigil.Resonance(b, a) {
			t.Errorf("resonance of %v and %v is not symmetric", a, b)
		}
	}
}

func TestPatternCrystallizes(t *testing.T) {
	for _, tt := range []struct {
		pattern sigil.Pattern
		want    bool
	}{
		{sigil.Pattern{Members: 3, Potential: math.Nextafter(0.9, 1)}, true},
		{sigil.Pattern{Members: 3, Potential: 0.9}, false},
		{sigil.Pattern{Members: 2, Potential: 1}, false},
		{sigil.Pattern{}, false},
	} {
		if got := tt.pattern.Crystallizes(); got != tt.want {
			t.Errorf("%+v: got %v", tt.pattern, got)
		}
	}
}
