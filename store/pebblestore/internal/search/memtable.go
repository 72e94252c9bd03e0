package search

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/sigil-dna/sigil"
)

// window is how many memories a search scores together, and the maximum number of a memtable.
const window = 2048

// maxPostings is how many postings a memtable may have before a memory is added. The memory may have more.
const maxPostings = 1 << 17

// memtable holds the newest memories, in the order in which they came. Everything in it is only appended to, except
// lists, whose elements change, and dead. So a copy of the struct that was made with the index's lock held can be read
// without it, but for those.
type memtable struct {
	docs
	postings []posting
	lists    []list
}

// posting is the fact that a memory has a term.
type posting struct {
	previous uint32 // the previous posting of the same term: its index + 1, or 0
	doc      uint16
	count    uint16
}

// list refers to the postings of a term.
type list struct {
	term uint32
	last uint32 // its newest posting: the index + 1
	docs uint32 // the memtable's memories up to that posting's
}

// lookups is what is known of a memory's terms while it is added. It is filled in passes: what is looked up is scattered in
// memory, and the processor fetches several at once if little is done with each.
type lookups struct {
	hashes  []uint32
	firsts  []uint32 // the hashes of the terms at the beginning of the chains
	numbers []uint32 // of terms; at first those at the beginning of the chains
}

// docs are the memories of a memtable or segment. They are numbered from 0.
type docs struct {
	ids     []sigil.ID
	refs    []uint32
	lengths []uint16
	length  uint64   // of all
	dead    []uint64 // a bit each. It is read and written atomically
}

func newMemtable() *memtable {
	return &memtable{docs: docs{dead: make([]uint64, window/64)}}
}

// add adds a memory.
func (m *memtable) add(v *vocabulary, d *Doc, l *lookups) {
	doc := len(m.ids)
	m.append(d.ID, d.Ref, uint16(min(max(d.Length, 0), math.MaxUint16)))
	v.internAll(d.Terms, l)
	if n := len(d.Terms); cap(m.postings)-len(m.postings) < n {
		m.postings = slices.Grow(m.postings, max(n, len(m.postings))) // append would copy them more often
	}
	for i, number := range l.numbers {
		if number != 0 {
			m.post(v.at(number), number, doc, min(d.Terms[i].Count, math.MaxUint16))
		}
	}
}

// post adds a posting.
func (m *memtable) post(t *term, number uint32, doc, count int) {
	if t.list == 0 {
		m.lists = append(m.lists, list{term: number})
		t.list = uint32(len(m.lists))
	}
	l := &m.lists[t.list-1]
	if l.docs == uint32(doc+1) { // the memory has the term twice
		p := &m.postings[l.last-1]
		p.count = uint16(min(int(p.count)+count, math.MaxUint16))
		return
	}
	t.df++
	m.postings = append(m.postings, posting{l.last, uint16(doc), uint16(count)})
	l.last, l.docs = uint32(len(m.postings)), uint32(doc+1)
}

func (m *memtable) full() bool { return len(m.ids) == window || len(m.postings) >= maxPostings }

func (d *docs) append(id sigil.ID, ref uint32, length uint16) {
	d.ids = append(d.ids, id)
	d.refs = append(d.refs, ref)
	d.lengths = append(d.lengths, length)
	d.length += uint64(length)
}

// kill marks a memory as dead. It reports whether the memory was alive.
func (d *docs) kill(doc uint32) bool {
	bit := uint64(1) << (doc % 64)
	return atomic.OrUint64(&d.dead[doc/64], bit)&bit == 0
}

func (d *docs) alive(doc uint32) bool {
	return atomic.LoadUint64(&d.dead[doc/64])>>(doc%64)&1 == 0
}

// carry marks memories as dead in a segment in which they have other numbers: those that were removed since the
// segment was made.
func (d *docs) carry(numbers []uint32, to *segment) {
	for i := range d.dead {
		for rest := atomic.LoadUint64(&d.dead[i]); rest != 0; rest &= rest - 1 {
			if number := numbers[i*64+bits.TrailingZeros64(rest)]; number != noDoc {
				to.kill(number)
				to.deaths.Add(1)
			}
		}
	}
}

func (d *docs) bytes() int {
	return 16*cap(d.ids) + 4*cap(d.refs) + 2*cap(d.lengths) + 8*cap(d.dead)
}

// find returns the number of a memory that is alive.
func (m *memtable) find(id sigil.ID) (doc uint32, ok bool) {
	for doc := len(m.ids) - 1; doc >= 0; doc-- { // mostly, what is asked for is new, or not here at all
		if m.ids[doc] == id && m.alive(uint32(doc)) {
			return uint32(doc), true
		}
	}
	return 0, false
}

// newer compares ids, newest first.
func newer(a, b sigil.ID) int { return bytes.Compare(b[:], a[:]) }
