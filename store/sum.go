package store

import (
	"math"
	"math/big"
	"math/bits"
)

// Sum adds up potentials exactly, so that a sum that is updated by adding and removing single memories equals
// a newly computed one, in every driver and in any order. The zero Sum is 0. It is a plain value; guard it
// like an integer.
//
// A float64 sum would drift: after a million changes, the mean of memories that all have 0.9 would no longer
// be 0.9, and a pattern would crystallize by rounding.
type Sum struct{ hi, lo uint64 } // units of 2^-60

const sumScale = 1 << 60

// Add adds p, in [0, 1].
func (s *Sum) Add(p float64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, uint64(math.Round(p*sumScale)), 0)
	s.hi += carry
}

// Remove subtracts a p that was added.
func (s *Sum) Remove(p float64) {
	var borrow uint64
	s.lo, borrow = bits.Sub64(s.lo, uint64(math.Round(p*sumScale)), 0)
	s.hi -= borrow
}

// Plus returns the sum of both.
func (s Sum) Plus(t Sum) Sum {
	lo, carry := bits.Add64(s.lo, t.lo, 0)
	return Sum{hi: s.hi + t.hi + carry, lo: lo}
}

// Mean returns the sum divided by n, correctly rounded, so that the mean of equal values is that value. It
// returns 0 if n is 0.
func (s Sum) Mean(n int) float64 {
	if n == 0 {
		return 0
	}
	sum := new(big.Int).SetUint64(s.hi)
	sum.Lsh(sum, 64).Or(sum, new(big.Int).SetUint64(s.lo))
	mean, _ := new(big.Rat).SetFrac(sum, new(big.Int).Mul(big.NewInt(int64(n)), big.NewInt(sumScale))).Float64()
	return mean
}

// AddUnits adds n units of 2^-60, which must not be negative: potentials as Add counts them, added up
// elsewhere.
func (s *Sum) AddUnits(n *big.Int) {
	words := new(big.Int).Rsh(n, 64)
	*s = s.Plus(Sum{hi: words.Uint64(), lo: new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64()})
}
