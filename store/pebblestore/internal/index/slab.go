package index

// slabSize is how many entries are allocated and freed together: 25 KiB.
const slabSize = 256

const (
	// maxChunk is the maximum number of slabs that are allocated together: 9.5 MiB.
	maxChunk = 400
	// ahead is the minimum size of a chunk, in slabs, for the next one to be allocated before it is needed: so
	// many slabs fill a huge page.
	ahead = 128
)

// ref refers to an entry of entries. 0 refers to none. It has 31 bits: byContent uses the other.
type ref uint32

// entries holds the entries of an index in slabs without pointers. Lists refer to an entry by a small number,
// so the garbage collector has nothing to scan; otherwise it would visit a million entries and three times as
// many pointers.
//
// An entry stays in its place until it is freed; then the place is reused.
type entries struct {
	huge  bool    // slabs are allocated by the megabyte, in huge pages, and ahead; never changes
	slabs []*slab // nil if dropped
	spare []slab  // allocated, but not used yet
	// next receives the next spare slabs once they are allocated. It is nil while no goroutine allocates any.
	next chan []slab
	open []uint32 // the numbers of the slabs with free places; the last is used first
	gone []uint32 // the numbers of dropped slabs
	sets tagSets  // what tags the entries have
}

type slab struct {
	entries [slabSize]entry
	tags    [slabSize]tagSet // of the entries; not in them, so that these do not become longer
	free    [slabSize]uint8  // the first count elements are the free places
	count   int
	number  uint32
	at      int // index in open, if count > 0
}

// at returns the entry of a ref, which must not be 0.
func (s *entries) at(r ref) *entry {
	r--
	return &s.slabs[r/slabSize].entries[r%slabSize]
}

// named returns the entry of a ref whose entry may have been freed. The result may be another entry, or nil.
func (s *entries) named(r ref) *entry {
	if s.slabs[(r-1)/slabSize] == nil {
		return nil
	}
	return s.at(r)
}

// add copies e to a free place, and returns the copy.
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

// grow adds slabs, in proportion to the number of existing ones. They are allocated together because entries
// are read in random order, which takes a third less time in huge pages, and only allocations larger than
// these get huge pages. Memory is freed when all slabs of a chunk are dropped.
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
		b.free[i] = uint8(slabSize - 1 - i) // entries added one after the other are adjacent
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

// more returns the prepared slabs, or n new ones if none are ready.
func (s *entries) more(n int) []slab {
	select {
	case next := <-s.next:
		s.next = nil
		return next
	default: // no goroutine prepares any, or it is late
		return s.newSlabs(n)
	}
}

// prepare allocates n slabs in the background and touches their memory. Otherwise the first access to a huge
// page would stall while the index is locked: for 0.3 ms, or for 7 ms on a virtual machine that gets its
// memory only then.
func (s *entries) prepare(n int) {
	next := make(chan []slab, 1)
	s.next = next
	go func() { // wait waits for it
		slabs := s.newSlabs(n)
		populate(slabs)
		next <- slabs
	}()
}

// wait waits for the goroutine that prepare started.
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

// show adds a slab to those with free places.
func (s *entries) show(b *slab) {
	b.at = len(s.open)
	s.open = append(s.open, b.number)
}

// free releases the place of an entry that nothing refers to any more.
func (s *entries) free(e *entry) {
	r := e.ref - 1
	b := s.slabs[r/slabSize]
	*e = entry{}
	b.free[b.count] = uint8(r % slabSize)
	b.count++
	switch {
	case b.count == 1:
		s.show(b)
	case b.count == slabSize && len(s.open) > 1: // one empty slab is kept for the next entries
		last := s.open[len(s.open)-1]
		s.open[b.at], s.slabs[last].at = last, b.at
		s.open = s.open[:len(s.open)-1]
		s.slabs[b.number] = nil
		s.gone = append(s.gone, b.number)
	}
}
