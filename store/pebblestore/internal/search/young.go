package search

// memtable looks for hits in the memtable.
func (s *search) memtable() {
	m := &s.young
	s.scores.clear()
	var matching bitmap // all required clauses
	for i, choices := range s.required {
		s.collectYoung(m, choices)
		if s.scores.addAll(&s.best); i == 0 {
			matching = s.best.has
		} else {
			matching.and(&s.best.has)
		}
	}
	for _, choices := range s.optional {
		s.collectYoung(m, choices)
		s.scores.addAll(&s.best)
	}
	if len(s.required) == 0 {
		matching = s.scores.has
	}
	if s.all() {
		matching.fill()
		clear(s.scores.sums[:])
	}
	for _, set := range s.forbidden {
		var banned bitmap
		banned.fill()
		for _, choices := range set {
			s.collectYoung(m, choices)
			banned.and(&s.best.has)
		}
		matching.andNot(&banned)
	}
	for doc := len(m.ids) - 1; doc >= 0; doc-- {
		id := m.ids[doc]
		if !matching.has(uint32(doc)) || s.scores.sums[doc] < s.top.need(id) || !m.alive(uint32(doc)) {
			continue
		}
		if s.accept == nil || s.accept(id, m.refs[doc]) {
			s.top.add(found{s.scores.sums[doc], id, m.refs[doc]})
		}
	}
}

// collectYoung puts the scores of a clause into best.
func (s *search) collectYoung(m *memtable, choices []choice) {
	s.best.clear()
	for i := range choices {
		for _, term := range choices[i].terms {
			for at := term.last; at != 0; at = m.postings[at-1].previous {
				p := &m.postings[at-1]
				s.best.max(uint32(p.doc), s.score(choices[i].factor, uint32(p.count), m.lengths[p.doc]))
			}
		}
	}
}
