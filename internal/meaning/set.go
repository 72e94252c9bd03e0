package meaning

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"
)

const (
	// blockLen is how many vectors a block has. A search locks the set for one block at a time.
	blockLen = 2048
	// Of the vectors whose sign bits are nearest to the query, so many are compared by their bytes: rescored, or
	// rescoredPerHit for each that is wanted, or one of rescoredOneOf of all, whichever is most.
	rescored       = 8192
	rescoredPerHit = 128
	rescoredOneOf  = 80
)

// Set keeps vectors of one length in memory, each under a handle, and finds those nearest to another. It is safe for
// concurrent use. What it takes for each vector of 100 dimensions is about 145 bytes.
type Set struct {
	dims  int
	words int // +checklocksignore: never changes; 64-bit words of sign bits for each vector

	mu sync.RWMutex
	// Vectors are numbered without gaps. The one with number n is in blocks[n/blockLen]. Only the last block is not full.
	// +checklocks:mu
	blocks []*block
	// +checklocks:mu
	slots map[uint32]uint32 // the number of each handle's vector
}

// block has the vectors of some handles, one after the other.
type block struct {
	handles []uint32
	norms   []float32 // 1 divided by each vector's length
	signs   []uint64
	codes   []int8
}

// Hit is a vector that a search found.
type Hit struct {
	Handle uint32
	Cosine float32 // of the angle between it and the query's vector
}

// NewSet returns an empty set for vectors with that many dimensions.
func NewSet(dims int) *Set {
	return &Set{dims: dims, words: signWords(dims), slots: map[uint32]uint32{}}
}

// Len returns how many vectors there are.
func (s *Set) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.slots)
}

// Add keeps a copy of v under handle and replaces the one that is there. A vector that is empty or of another length
// is not kept, and what was there is removed.
func (s *Set) Add(handle uint32, v Vector) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(v) != s.dims || dot(v, v) == 0 {
		s.remove(handle)
		return
	}
	if n, ok := s.slots[handle]; ok {
		s.blocks[n/blockLen].put(int(n%blockLen), s.words, v)
		return
	}
	n := uint32(len(s.slots))
	if n%blockLen == 0 {
		s.blocks = append(s.blocks, &block{})
	}
	last := s.blocks[n/blockLen]
	if len(last.handles) == cap(last.handles) {
		last.grow(s.words, s.dims)
	}
	last.handles = append(last.handles, handle)
	last.norms = append(last.norms, float32(inverseNorm(v)))
	last.signs = appendSigns(last.signs, v)
	last.codes = append(last.codes, v...)
	s.slots[handle] = n
}

// grow makes place for as many vectors again, and for no more than a block has: append would take a quarter more.
func (b *block) grow(words, dims int) {
	n := min(blockLen, max(4, 2*len(b.handles)))
	b.handles = append(make([]uint32, 0, n), b.handles...)
	b.norms = append(make([]float32, 0, n), b.norms...)
	b.signs = append(make([]uint64, 0, n*words), b.signs...)
	b.codes = append(make([]int8, 0, n*dims), b.codes...)
}

// put replaces vector i.
func (b *block) put(i, words int, v Vector) {
	b.norms[i] = float32(inverseNorm(v))
	appendSigns(b.signs[:i*words], v)
	copy(b.codes[i*len(v):], v)
}

// Remove removes the vector of a handle, if there is one. The last vector takes its place, so that the cost does not
// depend on how many there are.
func (s *Set) Remove(handle uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(handle)
}

// +checklocks:s.mu
func (s *Set) remove(handle uint32) {
	n, ok := s.slots[handle]
	if !ok {
		return
	}
	delete(s.slots, handle)
	to, at := s.blocks[n/blockLen], int(n%blockLen)
	last := s.blocks[len(s.blocks)-1]
	from := len(last.handles) - 1
	if to != last || at != from {
		to.handles[at] = last.handles[from]
		to.norms[at] = last.norms[from]
		copy(to.signs[at*s.words:(at+1)*s.words], last.signs[from*s.words:])
		copy(to.codes[at*s.dims:(at+1)*s.dims], last.codes[from*s.dims:])
		s.slots[to.handles[at]] = n
	}
	if from == 0 {
		s.blocks[len(s.blocks)-1] = nil
		s.blocks = s.blocks[:len(s.blocks)-1]
		return
	}
	last.handles = last.handles[:from]
	last.norms = last.norms[:from]
	last.signs = last.signs[:from*s.words]
	last.codes = last.codes[:from*s.dims]
}

// Score returns the cosine of the angle between q and the vector of a handle. It reports false if there is none.
func (s *Set) Score(q *Query, handle uint32) (float32, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, ok := s.slots[handle]
	if !ok || len(q.codes) != s.dims {
		return 0, false
	}
	return s.blocks[n/blockLen].score(int(n%blockLen), q), true
}

func (b *block) score(i int, q *Query) float32 {
	return float32(dot(q.codes, b.codes[i*len(q.codes):])) * q.norm * b.norms[i]
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

// NewQuery returns a query for v, which it keeps. v must not be empty.
func NewQuery(v Vector) *Query {
	q := &Query{codes: v, signs: appendSigns(nil, v), norm: float32(inverseNorm(v))}
	for p := range q.planes {
		q.planes[p] = make([]uint64, signWords(len(v)))
	}
	for i, x := range v {
		weight := (max(int(x), -int(x))*(1<<planeCount-1) + 63) / 127
		for p := range q.planes {
			q.planes[p][i/64] |= uint64(weight>>p&1) << (i % 64)
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
	handle   uint32
	slot     uint32 // where it was when it was seen
	distance uint32 // of its sign bits from the query
}

// Search returns the nearest vectors among those that accept, if not nil, accepts: at most limit, the nearest first,
// and of those that are equally near the one with the lowest handle. Every vector is looked at by its sign bits, and
// those nearest by them are then compared by all their bytes.
//
// A vector that is in the set from before the search until after it is seen, whatever others do meanwhile. accept is
// called without the set's lock.
func (s *Set) Search(q *Query, accept func(handle uint32) bool, limit int) []Hit {
	if len(q.codes) != s.dims || limit <= 0 {
		return nil
	}
	last := s.lastBlock()
	near := searches.Get().(*nearest)
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
		for at, handle := range b.handles {
			d0, d1 := q0^b.signs[2*at], q1^b.signs[2*at+1]
			d := uint32(bits.OnesCount64(d0&a0) + bits.OnesCount64(d1&a1) + 2*(bits.OnesCount64(d0&b0)+bits.OnesCount64(d1&b1)) +
				4*(bits.OnesCount64(d0&c0)+bits.OnesCount64(d1&c1)))
			if d <= n.bound {
				n.block = append(n.block, candidate{handle, first + uint32(at), d})
			}
		}
		return
	}
	for at, handle := range b.handles {
		if d := q.distance(b.signs[at*s.words:][:s.words]); d <= n.bound {
			n.block = append(n.block, candidate{handle, first + uint32(at), d})
		}
	}
}

// take keeps what accept accepts of the block that was read, and lowers the bound as soon as there are enough within.
func (n *nearest) take(accept func(uint32) bool) {
	for _, c := range n.block {
		if c.distance > n.bound || accept != nil && !accept(c.handle) {
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
		for _, c := range part {
			n := c.slot
			if int(n) >= len(s.slots) || s.blocks[n/blockLen].handles[n%blockLen] != c.handle {
				var ok bool
				if n, ok = s.slots[c.handle]; !ok {
					continue // removed meanwhile
				}
			}
			hits = insert(hits, Hit{c.handle, s.blocks[n/blockLen].score(int(n%blockLen), q)}, limit)
		}
		s.mu.RUnlock()
	}
	return hits
}

// insert adds a hit to those that are the nearest so far, in their order, unless limit of them are nearer.
func insert(hits []Hit, h Hit, limit int) []Hit {
	if len(hits) == limit && compare(hits[limit-1], h) <= 0 {
		return hits
	}
	at, _ := slices.BinarySearchFunc(hits, h, compare)
	if slices.ContainsFunc(hits, func(other Hit) bool { return other.Handle == h.Handle }) {
		return hits // seen twice
	}
	hits = slices.Insert(hits, at, h)
	return hits[:min(limit, len(hits))]
}

// compare orders hits: the nearest first.
func compare(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Cosine, a.Cosine), cmp.Compare(a.Handle, b.Handle))
}

// Toward returns a query that is moved toward the vectors of some handles: to q, which counts as 1, it adds their mean,
// which counts as share. Handles that the set does not have are left out.
func (s *Set) Toward(q *Query, handles []uint32, share float64) *Query {
	if len(q.codes) != s.dims {
		return q
	}
	sums := make([]float32, s.dims)
	for i, x := range q.codes {
		sums[i] = float32(x) * q.norm
	}
	s.mu.RLock()
	for _, handle := range handles {
		n, ok := s.slots[handle]
		if !ok {
			continue
		}
		b, at := s.blocks[n/blockLen], int(n%blockLen)
		part := float32(share/float64(len(handles))) * b.norms[at]
		for i, x := range b.codes[at*s.dims:][:s.dims] {
			sums[i] += part * float32(x)
		}
	}
	s.mu.RUnlock()
	v := Compact(sums)
	if v == nil {
		return q
	}
	return NewQuery(v)
}
