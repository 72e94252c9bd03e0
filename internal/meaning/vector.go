// Package meaning finds texts by what they mean: it makes vectors of texts and keeps and searches them in memory.
package meaning

import "math"

// Vector is a vector in compact form: a signed byte for each dimension, scaled so that the largest is 127 or -127.
// Only its direction counts. An empty Vector is none: what it stands for has no meaning that is known.
type Vector []int8

// Compact returns the compact form of v, or nil if v is zero or has a figure that is not finite.
func Compact(v []float32) Vector {
	largest := float32(0)
	for _, x := range v {
		switch {
		case x != x || math.IsInf(float64(x), 0):
			return nil
		case x > largest:
			largest = x
		case -x > largest:
			largest = -x
		}
	}
	if largest == 0 {
		return nil
	}
	c := make(Vector, len(v))
	for i, x := range v {
		// Divided first: 127/largest is infinite for the smallest figures.
		c[i] = int8(math.Round(float64(x) / float64(largest) * 127))
	}
	return c
}

// Cosine returns the cosine of the angle between two vectors of the same length, from -1 to 1. It is 0 if one of
// them is empty.
func Cosine(a, b Vector) float32 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	return float32(float64(dot(a, b)) * inverseNorm(a) * inverseNorm(b))
}

// Toward returns q moved toward others of the same length: to q, which counts as 1, it adds their mean, which counts as share.
// All count by their directions. It returns q if there are no others, or if nothing would be left.
func Toward(q Vector, others []Vector, share float64) Vector {
	sums := make([]float32, len(q))
	add := func(v Vector, part float64) {
		if len(v) != len(q) || dot(v, v) == 0 {
			return
		}
		part *= inverseNorm(v)
		for i, x := range v {
			sums[i] += float32(part * float64(x))
		}
	}
	add(q, 1)
	for _, v := range others {
		add(v, share/float64(len(others)))
	}
	if moved := Compact(sums); moved != nil && len(others) > 0 {
		return moved
	}
	return q
}

// dot returns the dot product. b must be as long as a.
func dot(a, b []int8) int32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 int32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += int32(a[0]) * int32(b[0])
		s1 += int32(a[1]) * int32(b[1])
		s2 += int32(a[2]) * int32(b[2])
		s3 += int32(a[3]) * int32(b[3])
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s0 += int32(x) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

// inverseNorm returns 1 divided by the length of v, which must not be zero.
func inverseNorm(v []int8) float64 { return 1 / math.Sqrt(float64(dot(v, v))) }

// signWords returns how many 64-bit words the sign bits of a vector with that many dimensions take.
func signWords(dims int) int { return (dims + 63) / 64 }

// appendSigns appends the sign bits of v: 1 for a figure above zero.
func appendSigns(to []uint64, v []int8) []uint64 {
	for len(v) > 0 {
		part := v[:min(64, len(v))]
		var word uint64
		for i, x := range part {
			if x > 0 {
				word |= 1 << i
			}
		}
		to = append(to, word)
		v = v[len(part):]
	}
	return to
}
