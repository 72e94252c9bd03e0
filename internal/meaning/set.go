package meaning

import "sync"

// blockLen is how many vectors a block has. A search locks the set for one block at a time.
const blockLen = 2048

// ID is that of the memory whose vector it is.
type ID = [16]byte

// Set keeps vectors of one length in memory and finds those nearest to another. It is safe for concurrent use. A vector
// of 100 dimensions takes 144 bytes with its ID and its handle.
type Set struct {
	dims  int
	words int // +checklocksignore: never changes; 64-bit words of sign bits for each vector

	mu sync.RWMutex
	// Vectors are numbered without gaps. The one with number n is in blocks[n/blockLen]. Only the last block is not full.
	// +checklocks:mu
	blocks []*block
	// +checklocks:mu
	count int
	// slots has the number of each handle's vector. Handles that are free are linked by it: each has the next one. The
	// vector with that number, if there is one, has another handle.
	// +checklocks:mu
	slots []uint32
	// +checklocks:mu
	free uint32 // the first free handle, or noHandle
}

const noHandle = ^uint32(0)

// block has some vectors, one after the other.
type block struct {
	ids     []ID
	handles []uint32
	norms   []float32 // 1 divided by each vector's length
	signs   []uint64
	codes   []int8
}

// NewSet returns an empty set for vectors with that many dimensions.
func NewSet(dims int) *Set {
	return &Set{dims: dims, words: signWords(dims), free: noHandle}
}

// Len returns how many vectors there are.
func (s *Set) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.count
}

// Add keeps a copy of v, the vector of id, and returns a handle by which it is found again without a search. The set does not look
// whether there is one of that ID already. A vector that is zero or of another length is not kept.
func (s *Set) Add(id ID, v Vector) (handle uint32, ok bool) {
	if len(v) != s.dims || dot(v, v) == 0 {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := uint32(s.count)
	if n%blockLen == 0 {
		s.blocks = append(s.blocks, &block{})
	}
	if handle = s.free; handle != noHandle {
		s.free = s.slots[handle]
		s.slots[handle] = n
	} else {
		handle = uint32(len(s.slots))
		s.slots = append(s.slots, n)
	}
	last := s.blocks[n/blockLen]
	if len(last.handles) == cap(last.handles) {
		last.grow(s.words, s.dims)
	}
	last.ids = append(last.ids, id)
	last.handles = append(last.handles, handle)
	last.norms = append(last.norms, float32(inverseNorm(v)))
	last.signs = appendSigns(last.signs, v)
	last.codes = append(last.codes, v...)
	s.count++
	return handle, true
}

// grow makes place for as many vectors again, and for no more than a block has: append would take a quarter more.
func (b *block) grow(words, dims int) {
	n := min(blockLen, max(4, 2*len(b.handles)))
	b.ids = append(make([]ID, 0, n), b.ids...)
	b.handles = append(make([]uint32, 0, n), b.handles...)
	b.norms = append(make([]float32, 0, n), b.norms...)
	b.signs = append(make([]uint64, 0, n*words), b.signs...)
	b.codes = append(make([]int8, 0, n*dims), b.codes...)
}

// find returns the block and the index in it of the vector that id has under a handle.
//
// +checklocksread:s.mu
func (s *Set) find(id ID, handle uint32) (b *block, at int, ok bool) {
	if int(handle) >= len(s.slots) {
		return nil, 0, false
	}
	n := s.slots[handle]
	if int(n) >= s.count {
		return nil, 0, false
	}
	b, at = s.blocks[n/blockLen], int(n%blockLen)
	return b, at, b.handles[at] == handle && b.ids[at] == id
}

// Append appends the vector that id has under a handle, if there is one, and reports whether there is.
func (s *Set) Append(to Vector, id ID, handle uint32) (Vector, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, at, ok := s.find(id, handle)
	if ok {
		to = append(to, b.codes[at*s.dims:][:s.dims]...)
	}
	return to, ok
}

// Remove removes the vector that id has under a handle, if there is one. The last vector takes its place, so that the cost does
// not depend on how many there are. The handle may be that of another vector afterwards.
func (s *Set) Remove(id ID, handle uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to, at, ok := s.find(id, handle)
	if !ok {
		return
	}
	n := s.slots[handle]
	s.slots[handle], s.free = s.free, handle
	last := s.blocks[len(s.blocks)-1]
	from := len(last.handles) - 1
	if to != last || at != from {
		to.ids[at] = last.ids[from]
		to.handles[at] = last.handles[from]
		to.norms[at] = last.norms[from]
		copy(to.signs[at*s.words:(at+1)*s.words], last.signs[from*s.words:])
		copy(to.codes[at*s.dims:(at+1)*s.dims], last.codes[from*s.dims:])
		s.slots[to.handles[at]] = n
	}
	if s.count--; s.count == 0 {
		s.slots, s.free = nil, noHandle
	}
	if from == 0 {
		s.blocks[len(s.blocks)-1] = nil
		s.blocks = s.blocks[:len(s.blocks)-1]
		return
	}
	last.ids = last.ids[:from]
	last.handles = last.handles[:from]
	last.norms = last.norms[:from]
	last.signs = last.signs[:from*s.words]
	last.codes = last.codes[:from*s.dims]
}
