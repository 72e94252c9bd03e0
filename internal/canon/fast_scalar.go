package canon

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// number reads a number without an exponent.
func (r *reader) number(from int) int {
	whole := from
	if r.raw[from] == '-' {
		whole++
	}
	i := r.digits(whole)
	if i == whole || i > whole+1 && r.raw[whole] == '0' {
		return -1
	}
	fraction := 0
	if r.raw[i] == '.' {
		point := i
		i = r.digits(point + 1)
		if fraction = i - point - 1; fraction == 0 {
			return -1
		}
	}
	// No two decimals of up to 15 digits are the same float64. So the shortest text of that float64, which
	// ECMAScript writes, is this one, unless it ends in a zero or needs an exponent (below 1e-6).
	switch {
	case i-whole > 15:
	case fraction == 0 && (whole == from || r.raw[whole] != '0'), fraction > 0 && fraction <= 6 && r.raw[i-1] != '0':
		return i
	}
	x, err := strconv.ParseFloat(string(r.raw[from:i]), 64)
	switch size := math.Abs(x); {
	case size == 0:
		x = 0 // not -0
	case err != nil || size < 1e-6 || size >= 1e21:
		return -1
	}
	r.canonical.cut(r.raw, from, i)
	r.canonical.done = strconv.AppendFloat(r.canonical.done, x, 'f', -1, 64)
	return i
}

func (r *reader) digits(i int) int {
	for r.raw[i] >= '0' && r.raw[i] <= '9' {
		i++
	}
	return i
}

// text reads a string without escapes, which is its own canonical form, and reports whether it is ASCII. For
// a string that is left to the library, ascii is false.
func (r *reader) text(from int) (end int, ascii bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i, seen := from+1, uint64(0)
	for {
		x := binary.LittleEndian.Uint64(r.raw[i:])
		quote, escape := x^ones*'"', x^ones*'\\'
		// stop has the top bit of each byte that is a quote, an escape or below a space. A borrow can set
		// further bits, but only above a correct one.
		if stop := ((quote-ones)&^quote | (escape-ones)&^escape | (x-ones*' ')&^x) & tops; stop != 0 {
			seen |= x & (stop&-stop - 1)
			i += bits.TrailingZeros64(stop) / 8
			break
		}
		seen |= x
		i += 8
	}
	ascii = seen&tops == 0
	if r.raw[i] != '"' || !ascii && !utf8.Valid(r.raw[from:i]) {
		return -1, false
	}
	return i + 1, ascii
}
