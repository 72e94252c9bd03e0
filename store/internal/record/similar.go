package record

import "github.com/sigil-dna/sigil"

func appendSimilar(b []byte, s *sigil.Similar) []byte {
	b = append(appendFloat(b, s.Least), 0, byte(len(s.Near)))
	if s.Incomplete {
		b[len(b)-2] = 1
	}
	for _, n := range s.Near {
		b = appendFloat(append(b, n.ID[:]...), n.Score)
	}
	return b
}

// similar decodes the output of appendSimilar.
func (r *Reader) similar() *sigil.Similar {
	s := &sigil.Similar{Least: r.cosine()}
	incomplete, count := r.byte(), int(r.byte())
	if s.Incomplete = incomplete == 1; incomplete > 1 {
		r.Fail()
	}
	s.Near = make([]sigil.Near, count)
	for i := range s.Near {
		s.Near[i] = sigil.Near{ID: r.ID(), Score: r.cosine()}
	}
	return s
}

// cosine decodes a number over 0 and at most 1.
func (r *Reader) cosine() float64 {
	c := r.float()
	if !(c > 0 && c <= 1) {
		r.Fail()
	}
	return c
}
