package words

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxRanges is how many ranges of one memory are marked at most: the first ones.
const MaxRanges = 100

// Match is a string, a number or a tag in which words of a query stand.
type Match struct {
	// Tag reports that it is a tag. Its pointer leads into the list of tags: "/0" is the first.
	Tag bool
	// Pointer is the JSON pointer (RFC 6901) of the value in the memory's data, "" if the data is that value.
	Pointer string
	// Ranges are where words stand, in order and without overlap: from the first code point to the one after the last.
	// They count Unicode code points of the decoded string: elements of Python's str, of []rune in Go, of [...text] in JavaScript.
	Ranges [][2]int
}

// place is where a piece that the query looks for stands in a value.
type place struct {
	*piece
	at, from, to int
}

// matcher is what Match works with.
type matcher struct {
	places    []place
	ranges    [][2]int
	satisfied []bool // of the clauses in Must, then of those in Not
	any       bool   // one of the words is there
	left      int    // how many ranges may still be marked
}

// Match reports whether a memory is what the query means, and where the query's words stand: in tags first, then in
// data, in their order. A phrase that must be there is marked only as a phrase. matched is nil if ok is false.
func (q *Query) Match(data []byte, tags []string) (matched []Match, ok bool) {
	if q.analyzer.settings.Off || len(q.Words)+len(q.Must)+len(q.Not) == 0 {
		return nil, false
	}
	matched, any, clauses := q.match(data, tags)
	if !clauses || !any && len(q.Words) > 0 && len(q.Must) == 0 {
		return nil, false
	}
	return matched, true
}

// Allows reports whether a memory has what the query requires and nothing that it excludes. It need not have one of the
// words.
func (q *Query) Allows(data []byte, tags []string) bool {
	if q.analyzer.settings.Off || len(q.Must)+len(q.Not) == 0 {
		return true
	}
	_, _, clauses := q.match(data, tags)
	return clauses
}

// match returns where the query's words stand, whether the memory has one of those that rank, and whether it satisfies the clauses.
func (q *Query) match(data []byte, tags []string) (matched []Match, any, clauses bool) {
	s := q.analyzer.pool.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer s.end()
	s.begin()
	m := &s.match
	m.any, m.left = false, MaxRanges
	m.satisfied = append(m.satisfied[:0], make([]bool, len(q.Must)+len(q.Not))...)
	for i, tag := range tags {
		s.tag = append(s.tag[:0], tag...)
		if found := s.find(q, s.tag, true); len(found) > 0 {
			matched = append(matched, Match{Tag: true, Pointer: "/" + strconv.Itoa(i), Ranges: found})
		}
	}
	s.values.reset(data, q.analyzer.settings.Exclude, true)
	for {
		text, more := s.values.next()
		if !more {
			break
		}
		if found := s.find(q, text, false); len(found) > 0 {
			matched = append(matched, Match{Pointer: s.values.pointer(), Ranges: found})
		}
	}
	clauses = true
	for i, satisfied := range m.satisfied {
		clauses = clauses && satisfied == (i < len(q.Must))
	}
	return matched, m.any, clauses
}

// find looks for the query in one value, notes which clauses it satisfies, and returns the ranges to mark.
func (s *scratch) find(q *Query, text []byte, tag bool) [][2]int {
	m := &s.match
	s.look(q, text)
	if len(m.places) == 0 {
		return nil
	}
	m.ranges = m.ranges[:0]
	for i := range m.places {
		p := &m.places[i]
		ranks, marked := q.ranks(p.piece)
		m.any = m.any || ranks
		if marked && len(m.ranges) < m.left {
			m.ranges = append(m.ranges, [2]int{p.from, p.to})
		}
	}
	for i := range q.Must {
		m.clause(&q.Must[i], i, s.values.path, tag, m.left > 0)
	}
	for i := range q.Not {
		m.clause(&q.Not[i], len(q.Must)+i, s.values.path, tag, false)
	}
	found := merge(m.ranges)
	found = found[:min(len(found), m.left)]
	m.left -= len(found)
	return codePoints(text, found)
}

// look collects the places of a value that the query looks for, by position.
func (s *scratch) look(q *Query, text []byte) {
	m := &s.match
	m.places = m.places[:0]
	position := 0
	for i := 0; i < len(text); {
		from, to, next := nextChunk(text, i)
		if i = next; from == to {
			continue
		}
		c := s.chunk(text[from:to])
		first := len(m.places)
		for j := range c.pieces {
			if p := &c.pieces[j]; q.seeks(p) {
				kept := *p // the chunk may not be remembered
				m.places = append(m.places, place{&kept, position + int(p.at), from + int(p.from), from + int(p.to)})
			}
		}
		slices.SortStableFunc(m.places[first:], func(a, b place) int { return cmp.Compare(a.at, b.at) })
		position += int(c.positions)
	}
}

// seeks reports whether a piece is anything that the query looks for.
func (q *Query) seeks(p *piece) bool {
	if q.terms[p.term.text] {
		return true
	}
	for _, prefix := range q.prefixes {
		if begins(p, prefix) {
			return true
		}
	}
	return false
}

// ranks reports whether a piece is one of the query's words, and whether it is marked wherever it stands.
func (q *Query) ranks(p *piece) (ranks, marked bool) {
	marked, ranks = q.ranking[p.term.text]
	for i := range q.begun {
		if w := &q.begun[i]; begins(p, w.Prefix) {
			ranks, marked = true, marked || w.plain
		}
	}
	return ranks, marked
}

// begins reports whether a piece begins with a prefix. Stop words are not found by prefixes.
func begins(p *piece, prefix string) bool {
	return !p.term.stop && strings.HasPrefix(p.plain, prefix)
}

func (u *unit) is(p *piece) bool {
	if u.prefix == "" {
		return slices.Contains(u.terms, p.term.text)
	}
	return begins(p, u.prefix)
}

// clause notes whether the value satisfies a clause, and the ranges of it if mark is true.
func (m *matcher) clause(c *Clause, number int, path []byte, tag, mark bool) {
	if m.satisfied[number] && !mark || c.tag && !tag || c.within && (tag || !within(c.pointer, path)) {
		return
	}
	for i := range m.places {
		if c.units[0].is(m.places[i].piece) {
			if end, ok := m.follow(c.units, i); ok {
				m.satisfied[number] = true
				if !mark {
					return
				}
				m.ranges = append(m.ranges, [2]int{m.places[i].from, end})
			}
		}
	}
}

// follow reports whether the units stand one after the other from place i on, and where the last of them ends.
func (m *matcher) follow(units []unit, i int) (end int, ok bool) {
	p := &m.places[i]
	if len(units) == 1 {
		return p.to, true
	}
	next := p.at + int(p.span)
	for j := i + 1; j < len(m.places) && m.places[j].at <= next; j++ {
		if m.places[j].at == next && units[1].is(m.places[j].piece) {
			if end, ok := m.follow(units[1:], j); ok {
				return end, true
			}
		}
	}
	return 0, false
}

// merge sorts ranges and joins those that overlap.
func merge(ranges [][2]int) [][2]int {
	slices.SortFunc(ranges, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	merged := ranges[:0]
	for _, r := range ranges {
		if n := len(merged); n > 0 && r[0] <= merged[n-1][1] && r[0] < merged[n-1][1] {
			merged[n-1][1] = max(merged[n-1][1], r[1])
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// codePoints returns ranges of bytes of a text as ranges of code points.
func codePoints(text []byte, ranges [][2]int) [][2]int {
	if len(ranges) == 0 {
		return nil
	}
	points := make([][2]int, len(ranges))
	at, n := 0, 0
	for i, r := range ranges {
		for k, b := range r {
			n += utf8.RuneCount(text[at:b])
			at, points[i][k] = b, n
		}
	}
	return points
}
