package search

import "slices"

// lists returns the list of a choice, with the data of its blocks and its greatest impact.
func (s *segment) lists(c *choice) (list []block, data []byte, most uint16) {
	if len(c.terms) > 1 {
		return s.union(c.terms)
	}
	list, most = s.list(c.terms[0].number)
	return list, s.data, most
}

// union returns one list of several terms, with the data of its blocks and its greatest impact. A memory that has several
// has the greatest of their counts. It is for the many rare terms that begin with a prefix: a cursor for each would take longer.
func (s *segment) union(terms []member) (list []block, data []byte, most uint16) {
	var all []uint64 // memory and count
	var members [blockSize]uint32
	for _, term := range terms {
		list, _ := s.list(term.number)
		before := noDoc
		for i := range list {
			k := &list[i]
			n := k.unpackDocs(s.data, before, &members)
			counts := k.counts(n)
			for i, doc := range members[:n] {
				all = append(all, uint64(doc)<<16|uint64(k.count(s.data, counts, i)))
			}
			before = k.last
		}
	}
	slices.Sort(all)
	b := builder{segment: &segment{docs: s.docs, average: s.average}, perWord: perWord(s.average)}
	b.begin(0)
	for i, p := range all {
		if i == len(all)-1 || all[i+1]>>16 != p>>16 {
			b.add(uint32(p>>16), uint16(p))
		}
	}
	if !b.end() {
		return nil, nil, 0
	}
	return b.blocks, append(b.data, make([]byte, padding)...), b.impacts[0]
}
