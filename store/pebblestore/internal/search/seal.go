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

	order := m.byTerm()
	out.terms, out.starts, out.impacts = make([]uint32, 0, len(order)), make([]uint32, 0, len(order)+1), make([]uint16, 0, len(order))
	var sorted []uint64 // of one list: number and count
	for _, l := range order {
		sorted = sorted[:0]
		n := uint32(0)
		for at := l.last; at != 0; at = m.postings[at-1].previous {
			n++
			if p := m.postings[at-1]; numbers[p.doc] != noDoc {
				sorted = append(sorted, uint64(numbers[p.doc])<<16|uint64(p.count))
			}
		}
		slices.Sort(sorted) // mostly they are already, newest first
		out.begin(l.term)
		for _, p := range sorted {
			out.add(uint32(p>>16), uint16(p))
		}
		out.end()
		if dropped := n - uint32(len(sorted)); dropped > 0 {
			drops = append(drops, drop{l.term, dropped})
		}
	}
	return out.finish(), numbers, drops
}

// byTerm returns the lists by the numbers of their terms. It sorts them by digits: there are some 20,000, and comparing
// them would be a fifth of the work.
func (m *memtable) byTerm() []list {
	from, to := slices.Clone(m.lists), make([]list, len(m.lists))
	most := uint32(0)
	for _, l := range from {
		most = max(most, l.term)
	}
	const digit = 11 // bits
	for shift := 0; most>>shift > 0; shift += digit {
		var places [1<<digit + 1]int
		for _, l := range from {
			places[l.term>>shift%(1<<digit)+1]++
		}
		for i := range places[1:] {
			places[i+1] += places[i]
		}
		for _, l := range from {
			place := &places[l.term>>shift%(1<<digit)]
			to[*place] = l
			*place++
		}
		from, to = to, from
	}
	return from
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
