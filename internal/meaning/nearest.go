package meaning

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"sync"
)

// Of the vectors whose sign bits are nearest to the query, so many are compared by their bytes: rescored, or
// rescoredPerHit for each that is wanted, or one of rescoredOneOf of all, whichever is most.
const (
	rescored       = 8192
	rescoredPerHit = 64
	rescoredOneOf  = 80
)

// Hit is a vector that a search found.
type Hit struct {
	ID     ID
	Handle uint32
	Cosine float32 // of the angle between it and the query's vector
}

// Query is a vector to search with.
type Query struct {
	codes Vector
	norm  float32
	signs []uint64
	// planes has, for each of the planeCount bits of a weight, the dimensions whose weight has it. A dimension's
	// weight is how large the query's figure is: from 0 to 7.
	planes [planeCount][]uint64
}

// planeCount is how many bits a query's weights have.
const planeCount = 3

// Weight returns the weight of a dimension in the distance of sign bits from a query with that figure: from 0 to 7.
func Weight(x int8) int { return (max(int(x), -int(x))*(1<<planeCount-1) + 63) / 127 }

// NewQuery returns a query for v, which it keeps. v must not be empty.
func NewQuery(v Vector) *Query {
	q := &Query{codes: v, signs: appendSigns(nil, v), norm: float32(inverseNorm(v))}
	for p := range q.planes {
		q.planes[p] = make([]uint64, signWords(len(v)))
	}
	for i, x := range v {
		for p := range q.planes {
			q.planes[p][i/64] |= uint64(Weight(x)>>p&1) << (i % 64)
		}
	}
	return q
}

// distance returns how far sign bits are from the query: the weights of the dimensions that differ, in sum.
func (q *Query) distance(signs []uint64) uint32 {
	d := 0
	for w, s := range signs {
		differ := q.signs[w] ^ s
		for p := range q.planes {
			d += bits.OnesCount64(differ&q.planes[p][w]) << p
		}
	}
	return uint32(d)
}

// candidate is a vector whose sign bits are near to the query.
type candidate struct {
	id       ID
	handle   uint32
	slot     uint32 // where it was when it was seen
	distance uint32 // of its sign bits from the query
}

// Search returns the nearest vectors among those whose IDs accept, if not nil, accepts: at most limit, the nearest first, and
// of those that are equally near the one with the highest ID. Every vector is looked at by its sign bits, and those nearest
// by them are then compared by all their bytes.
//
// A vector that is in the set from before the search until after it is seen, whatever others do meanwhile. accept is
// called without the set's lock.
func (s *Set) Search(q *Query, accept func(ID) bool, limit int) []Hit {
	if len(q.codes) != s.dims || limit <= 0 {
		return nil
	}
	last := s.lastBlock()
	near := searches.Get().(*nearest) //nolint:forcetypeassert // nothing else is put there
	defer searches.Put(near)
	near.begin(max(rescored, rescoredPerHit*limit, last*blockLen/rescoredOneOf), s.dims*(1<<planeCount-1))
	// Backwards: a removal moves the last vector to a lower number, so that nothing is moved behind the search.
	// It may then be seen twice.
	for i := last; i >= 0; i-- {
		near.read(s, i, q)
		near.take(accept)
	}
	return s.rescore(near.all(), q, limit)
}

func (s *Set) lastBlock() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.blocks) - 1
}

// nearest gathers the candidates of one search.
type nearest struct {
	wanted int
	bound  uint32 // no candidate that is farther is wanted any more
	within int    // how many candidates there are within bound
	counts []int  // of candidates, by distance
	seen   []candidate
	block  []candidate // those of one block, before accept
}

// searches keeps the memory of searches that have ended for those that come.
var searches = sync.Pool{New: func() any { return new(nearest) }}

// begin prepares n for a search that wants so many candidates, of which none is farther than farthest.
func (n *nearest) begin(wanted, farthest int) {
	n.wanted, n.bound, n.within = wanted, uint32(farthest), 0
	n.counts = append(n.counts[:0], make([]int, farthest+1)...)
	n.seen = n.seen[:0]
}

// read reads the sign bits of a block.
func (n *nearest) read(s *Set, i int, q *Query) {
	n.block = n.block[:0]
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i >= len(s.blocks) {
		return
	}
	b, first := s.blocks[i], uint32(i*blockLen)
	if s.words == 2 { // the built-in vectors: the same as distance, without its loops
		q0, q1 := q.signs[0], q.signs[1]
		a0, a1, b0, b1, c0, c1 := q.planes[0][0], q.planes[0][1], q.planes[1][0], q.planes[1][1], q.planes[2][0], q.planes[2][1]
		for at := range b.handles {
			d0, d1 := q0^b.signs[2*at], q1^b.signs[2*at+1]
			d := uint32(bits.OnesCount64(d0&a0) + bits.OnesCount64(d1&a1) + 2*(bits.OnesCount64(d0&b0)+bits.OnesCount64(d1&b1)) +
				4*(bits.OnesCount64(d0&c0)+bits.OnesCount64(d1&c1)))
			if d <= n.bound {
				n.block = append(n.block, candidate{b.ids[at], b.handles[at], first + uint32(at), d})
			}
		}
		return
	}
	for at := range b.handles {
		if d := q.distance(b.signs[at*s.words:][:s.words]); d <= n.bound {
			n.block = append(n.block, candidate{b.ids[at], b.handles[at], first + uint32(at), d})
		}
	}
}

// take keeps what accept accepts of the block that was read, and lowers the bound as soon as there are enough within.
func (n *nearest) take(accept func(ID) bool) {
	for _, c := range n.block {
		if c.distance > n.bound || accept != nil && !accept(c.id) {
			continue
		}
		n.seen = append(n.seen, c)
		n.counts[c.distance]++
		n.within++
		for n.within-n.counts[n.bound] >= n.wanted {
			n.within -= n.counts[n.bound]
			n.bound--
		}
	}
	if len(n.seen) > 4*n.wanted+blockLen {
		n.all()
	}
}

// all returns the candidates within the bound.
func (n *nearest) all() []candidate {
	n.seen = slices.DeleteFunc(n.seen, func(c candidate) bool { return c.distance > n.bound })
	return n.seen
}

// rescore compares candidates by their bytes and returns the nearest.
func (s *Set) rescore(all []candidate, q *Query, limit int) []Hit {
	hits := make([]Hit, 0, min(limit, len(all))+1)
	for part := range slices.Chunk(all, blockLen) {
		s.mu.RLock()
		for i := range part {
			c := &part[i]
			b, at := s.slot(c.slot)
			if b == nil || b.ids[at] != c.id {
				var ok bool
				if b, at, ok = s.find(c.id, c.handle); !ok {
					continue // removed meanwhile
				}
			}
			hits = insert(hits, Hit{c.id, c.handle, b.score(at, q)}, limit)
		}
		s.mu.RUnlock()
	}
	return hits
}

// slot returns where the vector with a number is, or nil if there is none.
//
// +checklocksread:s.mu
func (s *Set) slot(n uint32) (*block, int) {
	if int(n) >= s.count {
		return nil, 0
	}
	return s.blocks[n/blockLen], int(n % blockLen)
}

func (b *block) score(i int, q *Query) float32 {
	return float32(dot(q.codes, b.codes[i*len(q.codes):])) * q.norm * b.norms[i]
}

// insert adds a hit to those that are the nearest so far, in their order, unless limit of them are nearer.
func insert(hits []Hit, h Hit, limit int) []Hit {
	if len(hits) == limit && compare(&hits[limit-1], &h) <= 0 {
		return hits
	}
	at, found := slices.BinarySearchFunc(hits, &h, func(a Hit, b *Hit) int { return compare(&a, b) })
	if found {
		return hits // seen twice
	}
	hits = slices.Insert(hits, at, h)
	return hits[:min(limit, len(hits))]
}

// compare orders hits: the nearest first.
func compare(a, b *Hit) int {
	return cmp.Or(cmp.Compare(b.Cosine, a.Cosine), bytes.Compare(b.ID[:], a.ID[:]))
}
