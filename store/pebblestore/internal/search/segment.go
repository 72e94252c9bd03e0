package search

import (
	"slices"
	"sort"
	"sync/atomic"

	"github.com/sigil-dna/sigil"
)

// noDoc is no memory's number: the one before 0.
const noDoc = ^uint32(0)

// segment holds memories and their postings. Nothing in it changes, except which memories are dead. Memories
// are numbered by their ids, the newest first, so that of two with the same score the first one wins.
type segment struct {
	docs
	deaths atomic.Int32

	terms   []uint32 // the numbers of its terms, ascending
	starts  []uint32 // the first block of each term, and the end of the last one's
	impacts []uint16 // the greatest of each term
	blocks  []block
	data    []byte // of all blocks

	postings int
	average  float64 // the average length by which impacts were computed
	merging  bool    // a merge reads it. Only those who hold the lock of merges look at it
}

// list returns the blocks of a term, which are empty if no memory has it, and their greatest impact.
func (s *segment) list(term uint32) ([]block, uint16) {
	at, ok := slices.BinarySearch(s.terms, term)
	if !ok {
		return nil, 0
	}
	return s.blocks[s.starts[at]:s.starts[at+1]], s.impacts[at]
}

// find returns the number of a memory that is alive.
func (s *segment) find(id sigil.ID) (doc uint32, ok bool) {
	if last := len(s.ids) - 1; newer(s.ids[0], id) > 0 || newer(s.ids[last], id) < 0 {
		return 0, false
	}
	at := sort.Search(len(s.ids), func(i int) bool { return newer(s.ids[i], id) >= 0 })
	for ; at < len(s.ids) && s.ids[at] == id; at++ { // an id that was removed and added again may be there twice
		if s.alive(uint32(at)) {
			return uint32(at), true
		}
	}
	return 0, false
}

func (s *segment) bytes() int {
	return s.docs.bytes() + 4*cap(s.terms) + 4*cap(s.starts) + 2*cap(s.impacts) + 12*cap(s.blocks) + cap(s.data)
}

// builder makes a segment: first its memories are added, then its lists, by ascending numbers of terms.
type builder struct {
	*segment
	perWord float64 // of the segment's average length
	before  uint32  // the last memory of the last full block of the list
	n       int     // postings of the block that is being filled
	ofDocs  [blockSize]uint32
	counts  [blockSize]uint16
	// The count and the relative length of the posting with the greatest impact in the block.
	most, over float64
}

func newBuilder() builder { return builder{segment: &segment{}} }

// reserve allocates as much as the segment is expected to need.
func (b *builder) reserve(docs, blocks, data, terms int) {
	b.ids, b.refs, b.lengths = make([]sigil.ID, 0, docs), make([]uint32, 0, docs), make([]uint16, 0, docs)
	b.terms, b.starts, b.impacts = make([]uint32, 0, terms), make([]uint32, 0, terms+1), make([]uint16, 0, terms)
	b.blocks, b.data = make([]block, 0, blocks), make([]byte, 0, data)
}

// number ends the adding of memories.
func (b *builder) number() {
	b.dead = make([]uint64, (len(b.ids)+63)/64)
	b.average = newFormula(len(b.ids), b.length).average
	b.perWord = perWord(b.average)
}

// begin begins the list of a term.
func (b *builder) begin(term uint32) {
	b.terms = append(b.terms, term)
	b.starts = append(b.starts, uint32(len(b.blocks)))
	b.impacts = append(b.impacts, 0)
	b.before, b.n, b.most, b.over = noDoc, 0, 0, 1
}

// add adds a posting to the list, by ascending memories.
func (b *builder) add(doc uint32, count uint16) {
	if b.n == blockSize {
		b.flush()
	}
	b.ofDocs[b.n], b.counts[b.n] = doc, count
	b.n++
	if c, l := float64(count), empty+float64(b.lengths[doc])*b.perWord; c*b.over > b.most*l { // as fractions
		b.most, b.over = c, l
	}
}

// end ends the list. It reports whether there is one: a list without postings is dropped.
func (b *builder) end() bool {
	if b.n > 0 {
		b.flush()
	}
	last := len(b.terms) - 1
	if int(b.starts[last]) < len(b.blocks) {
		return true
	}
	b.terms, b.starts, b.impacts = b.terms[:last], b.starts[:last], b.impacts[:last]
	return false
}

func (b *builder) flush() {
	k := block{impact: impact(b.most / b.over)}
	b.data = k.pack(b.data, b.before, b.ofDocs[:b.n], b.counts[:b.n])
	b.blocks = append(b.blocks, k)
	last := len(b.impacts) - 1
	b.impacts[last] = max(b.impacts[last], k.impact)
	b.postings += b.n
	b.before, b.n, b.most, b.over = k.last, 0, 0, 1
}

// finish returns the segment. Its slices have no capacity to spare.
func (b *builder) finish() *segment {
	s := b.segment
	s.starts = append(s.starts, uint32(len(s.blocks)))
	s.data = append(s.data, make([]byte, padding)...)
	s.ids, s.refs, s.lengths = clip(s.ids), clip(s.refs), clip(s.lengths)
	s.terms, s.starts, s.impacts = clip(s.terms), clip(s.starts), clip(s.impacts)
	s.blocks, s.data = clip(s.blocks), clip(s.data)
	return s
}

// clip copies a slice, if more than a sixteenth of its memory is not used.
func clip[E any](s []E) []E {
	if cap(s)-len(s) <= cap(s)/16 {
		return s
	}
	return append(make([]E, 0, len(s)), s...)
}
