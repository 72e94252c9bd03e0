package search

import "math/bits"

// bitmap is a set of the memories of a window.
type bitmap [window / 64]uint64

func (b *bitmap) has(i uint32) bool { return b[i/64]>>(i%64)&1 != 0 }

func (b *bitmap) fill() {
	for i := range b {
		b[i] = ^uint64(0)
	}
}

func (b *bitmap) and(c *bitmap) {
	for i := range b {
		b[i] &= c[i]
	}
}

func (b *bitmap) andNot(c *bitmap) {
	for i := range b {
		b[i] &^= c[i]
	}
}

// scores are sums of scores of the memories of a window. Those of others than has are not defined.
type scores struct {
	has  bitmap
	sums [window]int64
}

func (s *scores) clear() { s.has = bitmap{} }

func (s *scores) add(i uint32, score int64) {
	word, bit := &s.has[i/64%(window/64)], uint64(1)<<(i%64)
	if *word&bit != 0 {
		score += s.sums[i%window]
	}
	*word |= bit
	s.sums[i%window] = score
}

// max is like add, but keeps the greater of the two.
func (s *scores) max(i uint32, score int64) {
	word, bit := &s.has[i/64%(window/64)], uint64(1)<<(i%64)
	if *word&bit != 0 {
		score = max(score, s.sums[i%window])
	}
	*word |= bit
	s.sums[i%window] = score
}

// addAll adds all scores of others.
func (s *scores) addAll(others *scores) {
	for i, word := range others.has {
		for ; word != 0; word &= word - 1 {
			at := uint32(i*64 + bits.TrailingZeros64(word))
			s.add(at, others.sums[at])
		}
	}
}

// above appends those of at least least to into. The first memory of the window is begin.
func (s *scores) above(into []candidate, begin uint32, least int64) []candidate {
	for i, word := range s.has {
		for ; word != 0; word &= word - 1 {
			at := uint32(i*64 + bits.TrailingZeros64(word))
			if score := s.sums[at]; score >= least {
				into = append(into, candidate{begin + at, score})
			}
		}
	}
	return into
}
