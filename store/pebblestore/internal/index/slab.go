package index

// slabSize is how many entries come and go together: 24 KiB.
const slabSize = 256

const (
	// maxChunk is how many slabs are allocated together at most: 9.5 MiB.
	maxChunk = 400
	// ahead is how many slabs are made before they are needed, if as many are allocated together: they fill a huge page.
	ahead = 128
)

// ref names an entry of entries. 0 names none.
type ref uint32

// entries holds the entries of an index in slabs that have no pointers, each under a small number for
// the lists to hold. The garbage collector, which would look at a million entries and at three times as many
// pointers to them, has nothing to look at.
//
// An entry stays where it is until it is freed; its place is then used again.
type entries struct {
	huge  bool    // slabs are allocated by the megabyte, in huge pages, and ahead; never changes
	slabs []*slab // nil where one was dropped
	spare []slab  // allocated, and not used yet
	// next gets those that are spare after them, once they are made; nil while nobody makes any.
	next chan []slab
	open []uint32 // the numbers of the slabs with room; the last is used first
	gone []uint32 // the numbers of those that were dropped
}

type slab struct {
	entries [slabSize]entry
	free    [slabSize]uint8 // the first count are the places that are free
	count   int
	number  uint32
	at      int // in open, where count > 0
}

// at returns the entry of a ref, which is not 0.
func (s *entries) at(r ref) *entry {
	r--
	return &s.slabs[r/slabSize].entries[r%slabSize]
}

// named returns the entry of a ref that may be of one that was freed: that may be another by now, or nil.
func (s *entries) named(r ref) *entry {
	if s.slabs[(r-1)/slabSize] == nil {
		return nil
	}
	return s.at(r)
}

// add copies e to a place and returns it there.
func (s *entries) add(e *entry) *entry {
	if len(s.open) == 0 {
		s.grow()
	}
	b := s.slabs[s.open[len(s.open)-1]]
	b.count--
	place := b.free[b.count]
	if b.count == 0 {
		s.open = s.open[:len(s.open)-1]
	}
	added := &b.entries[place]
	*added = *e
	added.ref = ref(b.number)*slabSize + ref(place) + 1
	return added
}

// grow adds a slab. Many are allocated together, in proportion to what there is: entries are read in any order, which
// takes a third less time where they lie in huge pages, and only what is larger than those lies in them. Memory is
// given back when all of a chunk's slabs are dropped.
func (s *entries) grow() {
	chunk := 1
	if s.huge {
		chunk = min(max((len(s.slabs)-len(s.gone))/8, 1), maxChunk)
	}
	if len(s.spare) == 0 {
		s.spare = s.more(chunk)
	}
	b := &s.spare[0]
	s.spare = s.spare[1:]
	if s.next == nil && chunk >= ahead && len(s.spare) < chunk/2 {
		s.prepare(chunk)
	}
	b.count = slabSize
	for i := range b.free {
		b.free[i] = uint8(slabSize - 1 - i) // what comes one after the other lies side by side
	}
	if last := len(s.gone) - 1; last >= 0 {
		b.number, s.gone = s.gone[last], s.gone[:last]
		s.slabs[b.number] = b
	} else {
		b.number = uint32(len(s.slabs))
		s.slabs = append(s.slabs, b)
	}
	s.show(b)
}

// more returns the slabs that are prepared, or n others.
func (s *entries) more(n int) []slab {
	select {
	case next := <-s.next:
		s.next = nil
		return next
	default: // nobody prepares any, or they come too late
		return s.newSlabs(n)
	}
}

// prepare has n slabs made beside, with their memory. Else whoever first touches a huge page waits for it with the index
// locked: 0.3 ms, or 7 where a virtual machine is given its memory only then.
func (s *entries) prepare(n int) {
	next := make(chan []slab, 1)
	s.next = next
	go func() { // wait waits for it
		slabs := s.newSlabs(n)
		populate(slabs)
		next <- slabs
	}()
}

// wait waits for what prepare has begun.
func (s *entries) wait() {
	if s.next != nil {
		s.next <- <-s.next
	}
}

func (s *entries) newSlabs(n int) []slab {
	slabs := make([]slab, n)
	if s.huge {
		hugePages(slabs)
	}
	return slabs
}

// show puts a slab among those with room.
func (s *entries) show(b *slab) {
	b.at = len(s.open)
	s.open = append(s.open, b.number)
}

// free releases the place of an entry, which nothing refers to any more.
func (s *entries) free(e *entry) {
	r := e.ref - 1
	b := s.slabs[r/slabSize]
	*e = entry{}
	b.free[b.count] = uint8(r % slabSize)
	b.count++
	switch {
	case b.count == 1:
		s.show(b)
	case b.count == slabSize && len(s.open) > 1: // one that is empty stays for the next
		last := s.open[len(s.open)-1]
		s.open[b.at], s.slabs[last].at = last, b.at
		s.open = s.open[:len(s.open)-1]
		s.slabs[b.number] = nil
		s.gone = append(s.gone, b.number)
	}
}
