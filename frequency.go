package sigil

import (
	"encoding/binary"
	"encoding/hex"
	"math"
)

// Phi is the golden ratio φ, to the precision of every formula in the spec.
const Phi = 1.618033988749895

// Hash is the SHA-256 of a memory's canonical form (RFC 8785). Frequency and spiral are pure
// functions of it.
type Hash [32]byte

// String returns 64 hexadecimal digits.
func (h Hash) String() string {
	var b [2 * len(h)]byte // the library's function would allocate this as well as the string
	hex.Encode(b[:], h[:])
	return string(b[:])
}

// word returns u(i) of spec 2, the i-th big-endian 32-bit word.
func (h Hash) word(i int) uint32 { return binary.BigEndian.Uint32(h[4*i:]) }

// Frequency returns the resonance frequency of the content with this hash.
func (h Hash) Frequency() Frequency { return Frequency(h.word(0) % NumFrequencies) }

// NumFrequencies is the number of different resonance frequencies.
const NumFrequencies = 1000

// Frequency is a resonance frequency, as the index n in 0..999 of f = n/1000·φ (spec 2).
type Frequency uint16

// Value returns f = n/1000·φ, in [0, φ). Frequency(398).Value() is 0.6439775275224582.
func (f Frequency) Value() float64 { return float64(f) / NumFrequencies * Phi }

// Pattern returns the group key floor(f·100), in 0..161: memories of one tenant with the same key form one pattern.
// Frequency(398).Pattern() is 64.
func (f Frequency) Pattern() int { return int(math.Floor(f.Value() * 100)) }

// NumPatterns is the number of patterns a tenant can have: group keys are 0 to NumPatterns-1.
const NumPatterns = 162

// ResonanceThreshold is the resonance at or above which two memories resonate.
const ResonanceThreshold = 0.85

// Resonance returns r = exp(−|a − b| / φ) for the values of two frequencies. It is in (0, 1]. Resonance(0, 0.26) is
// 0.8515570028543805.
func Resonance(a, b float64) float64 { return math.Exp(-math.Abs(a-b) / Phi) }

// Span returns the maximum distance, as a difference of two [Frequency] indexes, at which resonance is still at least
// min: the inverse of [Resonance] on the 1,000 frequencies that exist. Span(0.85) is 162. If min is 0 or less, Span
// returns the maximum distance there is; if it is over 1, it returns -1.
func Span(min float64) int {
	if min > 1 || math.IsNaN(min) {
		return -1
	}
	// The closed form −φ·ln(min) is right to within a rounding error; the definition decides.
	n := NumFrequencies - 1
	if min > 0 {
		n = int(math.Min(-math.Log(min)*NumFrequencies, NumFrequencies-1))
	}
	for n < NumFrequencies-1 && Resonance(0, Frequency(n+1).Value()) >= min {
		n++
	}
	for n > 0 && Resonance(0, Frequency(n).Value()) < min {
		n--
	}
	return n
}

// SpiralPoint is one of the six points of a memory's spiral pattern.
type SpiralPoint struct {
	Angle     float64 // v·2π·φ, radians
	Radius    float64 // v·φ
	Intensity float64 // v, in [0, 1]
	Weight    float64 // v^φ, in [0, 1]
}

// Spiral returns the spiral pattern of the content with this hash (spec 2), from v = u(i)/(2³²−1).
func (h Hash) Spiral() [6]SpiralPoint {
	var points [6]SpiralPoint
	for i := range points {
		v := float64(h.word(i)) / math.MaxUint32
		points[i] = SpiralPoint{Angle: v * 2 * math.Pi * Phi, Radius: v * Phi, Intensity: v, Weight: math.Pow(v, Phi)}
	}
	return points
}
