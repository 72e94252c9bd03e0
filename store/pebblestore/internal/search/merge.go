package search

import "slices"

// merge makes one segment of several, without the memories that are dead. It is done in steps, and only one goroutine at
// a time may call step. Memories may be marked as dead meanwhile: from says where they are in the result.
type merge struct {
	from     []*input
	next     []uint32 // of each, the number of the next term to read, or noTerm
	having   []*input // those that have the term of the open list
	postings int      // of all of them
	numbered bool
	open     bool   // a list of the result has been begun
	dropped  uint32 // postings of that list that were left out
	out      builder
	drops    []drop
}

// input is a segment from which a merge reads.
type input struct {
	*segment
	numbers []uint32 // of its memories in the result, and noDoc for those that were dead

	nextTerm int // index of the next term to read, of which merge.next has the number
	// The current list: its next block, its last one's end, the last memory read, and the postings that were read
	// but not copied yet, with their memories' numbers in the result.
	block, end int
	before     uint32
	docs       [blockSize]uint32
	counts     [blockSize]uint16
	at, n      int
}

// noTerm is what comes after all terms.
const noTerm = ^uint32(0)

func newMerge(from []*segment) *merge {
	m := &merge{out: newBuilder()}
	live, blocks, data, terms := 0, 0, 0, 0
	for _, s := range from {
		in := &input{segment: s, numbers: make([]uint32, 0, len(s.ids))}
		m.from, m.next = append(m.from, in), append(m.next, in.term())
		m.postings += s.postings
		live += len(s.ids) - int(s.deaths.Load())
		blocks, data, terms = blocks+len(s.blocks), data+len(s.data), max(terms, len(s.terms))
	}
	m.out.reserve(live, blocks, data, terms)
	return m
}

// term returns the number of the next term to read, or noTerm.
func (in *input) term() uint32 {
	if in.nextTerm == len(in.terms) {
		return noTerm
	}
	return in.terms[in.nextTerm]
}

// step does work worth about as many postings as budget. It reports whether the merge is done.
func (m *merge) step(budget int) bool {
	for budget > 0 {
		switch {
		case !m.numbered:
			budget -= m.number(min(budget, 1<<12))
		case m.open:
			budget -= m.copy()
		case !m.begin():
			return true
		}
	}
	return false
}

// number adds the next memories, at most n, to the result, newest first. It returns how many it has read.
func (m *merge) number(n int) int {
	for i := range n {
		var next *input
		for _, in := range m.from {
			if at := len(in.numbers); at < len(in.ids) && (next == nil || newer(in.ids[at], next.ids[len(next.numbers)]) < 0) {
				next = in
			}
		}
		if next == nil {
			m.numbered = true
			m.out.number()
			return i + 1
		}
		doc, number := uint32(len(next.numbers)), noDoc
		if next.alive(doc) {
			number = uint32(len(m.out.ids))
			m.out.append(next.ids[doc], next.refs[doc], next.lengths[doc])
		}
		next.numbers = append(next.numbers, number)
	}
	return n
}

// begin begins the list of the next term, if there is one.
func (m *merge) begin() bool {
	term := slices.Min(m.next)
	if term == noTerm {
		return false
	}
	m.out.begin(term)
	m.open, m.dropped, m.having = true, 0, m.having[:0]
	for i, next := range m.next {
		if next != term {
			continue
		}
		in := m.from[i]
		in.at, in.n, in.before = 0, 0, noDoc
		in.block, in.end = int(in.starts[in.nextTerm]), int(in.starts[in.nextTerm+1])
		in.nextTerm++
		m.next[i] = in.term()
		m.fill(in)
		m.having = append(m.having, in)
	}
	return true
}

// fill reads the next block in which there is a memory of the result, if all that was read is copied.
func (m *merge) fill(in *input) {
	for in.at == in.n && in.block < in.end {
		k := &in.blocks[in.block]
		n := k.unpackDocs(in.data, in.before, &in.docs)
		counts := k.counts(n)
		in.block, in.before, in.at, in.n = in.block+1, k.last, 0, 0
		for i := range n {
			if number := in.numbers[in.docs[i]]; number != noDoc {
				in.docs[in.n], in.counts[in.n] = number, uint16(k.count(in.data, counts, i))
				in.n++
			}
		}
		m.dropped += uint32(n - in.n)
	}
}

// copy adds the next postings to the list, those of one input that come before all others', and ends the list when there are no
// more. It returns how many it has added, and one more.
func (m *merge) copy() int {
	var in *input
	limit := noDoc // the first memory of any other input
	for _, other := range m.having {
		switch {
		case other.at == other.n:
		case in == nil:
			in = other
		case other.docs[other.at] < in.docs[in.at]:
			in, limit = other, in.docs[in.at]
		default:
			limit = min(limit, other.docs[other.at])
		}
	}
	if in == nil {
		m.end()
		return 1
	}
	begin := in.at
	for in.at < in.n && in.docs[in.at] < limit {
		m.out.add(in.docs[in.at], in.counts[in.at])
		in.at++
	}
	copied := in.at - begin + 1
	m.fill(in)
	return copied
}

// end ends the list.
func (m *merge) end() {
	term := m.out.terms[len(m.out.terms)-1]
	m.out.end()
	m.open = false
	if m.dropped > 0 {
		m.drops = append(m.drops, drop{term, m.dropped})
	}
}
