package search

import "slices"

// drop is n postings of a term that were left out, with their memories, which were dead.
type drop struct{ term, n uint32 }

// seal makes a segment of the memories that are alive. numbers holds their numbers in it, and noDoc for others. While
// it runs, memories may be marked as dead, but nothing may be added.
func (m *memtable) seal() (s *segment, numbers []uint32, drops []drop) {
	out := newBuilder()
	numbers = m.number(&out)
	out.data = make([]byte, 0, 2*len(m.postings)+5*len(m.lists))
	out.blocks = make([]block, 0, len(m.lists)+len(m.postings)/blockSize)

	order := make([]uint64, len(m.lists))
	for i, l := range m.lists {
		order[i] = uint64(l.term)<<32 | uint64(l.last)
	}
	slices.Sort(order)
	out.terms, out.starts, out.impacts = make([]uint32, 0, len(order)), make([]uint32, 0, len(order)+1), make([]uint16, 0, len(order))
	var sorted []uint64 // of one list: number and count
	for _, l := range order {
		sorted = sorted[:0]
		n := uint32(0)
		for at := uint32(l); at != 0; at = m.postings[at-1].previous {
			n++
			if p := m.postings[at-1]; numbers[p.doc] != noDoc {
				sorted = append(sorted, uint64(numbers[p.doc])<<16|uint64(p.count))
			}
		}
		slices.Sort(sorted) // mostly they are: newest first
		out.begin(uint32(l >> 32))
		for _, p := range sorted {
			out.add(uint32(p>>16), uint16(p))
		}
		out.end()
		if dropped := n - uint32(len(sorted)); dropped > 0 {
			drops = append(drops, drop{uint32(l >> 32), dropped})
		}
	}
	return out.finish(), numbers, drops
}

// number adds the memories that are alive to the segment, newest first.
func (m *memtable) number(out *builder) []uint32 {
	order := make([]uint32, 0, len(m.ids))
	for doc := len(m.ids) - 1; doc >= 0; doc-- {
		order = append(order, uint32(doc))
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return newer(m.ids[a], m.ids[b]) })
	numbers := make([]uint32, len(m.ids))
	for _, doc := range order {
		if numbers[doc] = noDoc; m.alive(doc) {
			numbers[doc] = uint32(len(out.ids))
			out.append(m.ids[doc], m.refs[doc], m.lengths[doc])
		}
	}
	out.number()
	return numbers
}
