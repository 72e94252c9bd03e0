package search

import (
	"cmp"
	"slices"
	"sync"

	"github.com/sigil-dna/sigil"
)

// Search returns the best hits of a query, at most limit: by score, and of those with the same score the newest first.
//
// accept, if not nil, is asked whether a memory may be a hit. It is asked only about memories that would be among the best
// so far, with no lock held. A memory that is removed while the search runs may be returned.
func (x *Index) Search(q *Query, limit int, accept func(id sigil.ID, ref uint32) bool) []Hit {
	if limit <= 0 {
		return nil
	}
	p := x.plan(q, false)
	if p.nothing {
		return nil
	}
	s := searches.Get().(*search)
	s.plan, s.accept = p, accept
	s.top = top{hits: make([]found, 0, min(limit, 1024)), limit: limit, least: leastScore(q)}
	s.memtable()
	for _, segment := range p.segments {
		s.segment(segment)
	}
	hits := s.top.sorted()
	s.plan, s.accept, s.top = nil, nil, top{}
	clear(s.cursors)
	searches.Put(s)
	return hits
}

var searches = sync.Pool{New: func() any { return new(search) }}

// search is a search that runs, and the memory that it works in, which is used again.
//
// Segments are searched in windows of memories, by MaxScore with the bounds of blocks. In a window, the clauses with the
// greatest bounds list the candidates; the others, together, could not make a hit of a memory. They are looked up for each
// candidate, as long as it can become a hit.
type search struct {
	*plan
	accept func(sigil.ID, uint32) bool
	top    top

	cursors []cursor
	groups  []group
	bans    [][]group // of the forbidden sets of clauses
	sums    []int64

	scores, best scores
	run          [blockSize]int64 // of one block
	candidates   []candidate
}

// candidate is a memory, and the sum of its scores so far.
type candidate struct {
	doc   uint32
	score int64
}

// group is a clause in a segment: the lists of those of its terms that the segment has.
type group struct {
	cursors  []cursor
	most     int64 // an upper bound of its scores
	bound    int64 // the same, of those in the window
	size     int   // blocks of its lists
	required bool
}

// segment looks for hits in a segment.
func (s *search) segment(segment *segment) {
	if !s.open(segment) {
		return
	}
	if len(s.groups) == 1 && len(s.groups[0].cursors) == 1 {
		s.single(segment, &s.groups[0].cursors[0])
		return
	}
	for from := uint32(0); from < uint32(len(segment.ids)); {
		from = s.window(segment, from)
	}
}

// open opens the lists of a segment. It reports whether there may be a match.
func (s *search) open(segment *segment) bool {
	s.cursors = slices.Grow(s.cursors[:0], s.choices) // they must not move
	s.groups, s.bans = s.groups[:0], s.bans[:0]
	for _, choices := range s.required {
		g := s.group(segment, choices)
		if len(g.cursors) == 0 {
			return false
		}
		g.required = true
		s.groups = append(s.groups, g)
	}
	for _, choices := range s.optional {
		if g := s.group(segment, choices); len(g.cursors) > 0 {
			s.groups = append(s.groups, g)
		}
	}
	for _, set := range s.forbidden {
		ban := make([]group, len(set))
		for i, choices := range set {
			ban[i] = s.group(segment, choices)
		}
		s.bans = append(s.bans, ban)
	}
	return len(s.groups) > 0 || s.all()
}

// group opens the lists of a clause.
func (s *search) group(segment *segment, choices []choice) group {
	begin := len(s.cursors)
	g := group{}
	for i := range choices {
		list, data, most := segment.lists(&choices[i])
		if len(list) == 0 {
			continue
		}
		s.cursors = s.cursors[:len(s.cursors)+1]
		c := &s.cursors[len(s.cursors)-1]
		c.choice, c.segment, c.formula, c.list, c.data, c.most = &choices[i], segment, &s.formula, list, data, most
		c.current, c.read, c.at, c.n = 0, -1, 0, 0
		g.most = max(g.most, c.bound(most))
		g.size += len(list)
	}
	g.cursors = s.cursors[begin:]
	return g
}

// single looks for hits in a segment when there is only one list: block by block, without sums.
func (s *search) single(segment *segment, c *cursor) {
	for all := uint32(len(segment.ids)); c.current < len(c.list); {
		need := s.top.need(segment.ids[c.before()+1])
		docs := c.run(0, all, need, &s.run)
		if len(docs) == 0 {
			return
		}
		s.candidates = s.candidates[:0]
		for i, doc := range docs {
			if s.run[i] >= need {
				s.candidates = append(s.candidates, candidate{doc, s.run[i]})
			}
		}
		s.finish(segment)
	}
}

// window looks for hits in the next window, from a memory on, in which there may be any. It returns the first memory after it.
func (s *search) window(segment *segment, from uint32) uint32 {
	all := uint32(len(segment.ids))
	if s.all() {
		end := min(from+window, all)
		s.candidates = s.candidates[:0]
		for doc := from; doc < end; doc++ {
			s.candidates = append(s.candidates, candidate{doc, 0})
		}
		if s.finish(segment); s.top.need(segment.ids[end-1]) > 0 {
			return all
		}
		return end
	}
	begin := s.begin(segment, from)
	if begin >= all {
		return all
	}
	end := min(begin+window, all)
	need := s.top.need(segment.ids[begin])
	total := int64(0)
	for i := range s.groups {
		g := &s.groups[i]
		if g.bound = g.boundIn(begin, end); g.bound < 0 {
			if g.required {
				return end
			}
			g.bound = 0
		}
		total += g.bound
	}
	if total < need {
		return end
	}

	listed := s.listed(need)
	s.scores.clear()
	for i := range s.groups[:listed] {
		g := &s.groups[i]
		s.collect(g, begin, end, need-(total-g.bound))
	}
	rest := s.groups[listed:]
	s.sums = s.sums[:0]
	sum := int64(0)
	for i := len(rest) - 1; i >= 0; i-- {
		s.sums = append(s.sums, sum)
		sum += rest[i].bound
	}
	s.candidates = s.scores.above(s.candidates[:0], begin, need-sum)
	for i := range rest {
		s.lookup(&rest[i], begin, end, need-s.sums[len(rest)-1-i])
	}
	s.finish(segment)
	return end
}

// begin returns the first memory, from one on, that may be a hit. It may return one that is not, but none later.
func (s *search) begin(segment *segment, from uint32) uint32 {
	need := s.top.need(segment.ids[from])
	if s.groups[0].required {
		begin, sum := from, int64(0)
		for i := range s.groups {
			if g := &s.groups[i]; g.required {
				begin = max(begin, g.next(begin))
			}
			sum += s.groups[i].most
		}
		if sum < need {
			return noDoc
		}
		return begin
	}
	// The last groups, as the last window has ordered them, are left out if all of them together cannot make a hit.
	rest := int64(0)
	listed := len(s.groups)
	for listed > 0 && rest+s.groups[listed-1].most < need {
		listed--
		rest += s.groups[listed].most
	}
	begin := noDoc
	for i := range s.groups[:listed] {
		begin = min(begin, s.groups[i].next(from))
	}
	return begin
}

// listed orders the groups for a window, and returns how many of them list candidates. The others are looked up, in their order.
func (s *search) listed(need int64) int {
	if s.required != nil {
		slices.SortFunc(s.groups, func(a, b group) int {
			switch {
			case a.required && b.required:
				return cmp.Compare(a.size, b.size)
			case a.required != b.required && a.required:
				return -1
			case a.required != b.required:
				return 1
			}
			return cmp.Compare(b.bound, a.bound)
		})
		return 1
	}
	slices.SortFunc(s.groups, func(a, b group) int { return cmp.Compare(b.bound, a.bound) })
	rest := int64(0)
	listed := len(s.groups)
	for listed > 0 && rest+s.groups[listed-1].bound < need {
		listed--
		rest += s.groups[listed].bound
	}
	return listed
}

// collect adds the scores of a clause in a window to scores. It may leave out scores below least.
func (s *search) collect(g *group, begin, end uint32, least int64) {
	if len(g.cursors) > 1 {
		s.collectBest(g, begin, end, least)
		s.scores.addAll(&s.best)
		return
	}
	c := &g.cursors[0]
	for docs := c.run(begin, end, least, &s.run); len(docs) > 0; docs = c.run(begin, end, least, &s.run) {
		for i, doc := range docs {
			s.scores.add(doc-begin, s.run[i])
		}
	}
}

// collectBest puts the scores of a clause in a window into best. It may leave out scores below least.
func (s *search) collectBest(g *group, begin, end uint32, least int64) {
	s.best.clear()
	for i := range g.cursors {
		c := &g.cursors[i]
		for docs := c.run(begin, end, least, &s.run); len(docs) > 0; docs = c.run(begin, end, least, &s.run) {
			for i, doc := range docs {
				s.best.max(doc-begin, s.run[i])
			}
		}
	}
}

// lookup adds the scores of a clause to those of the candidates. It drops candidates whose sum is then below least, and those that a
// required clause does not match.
func (s *search) lookup(g *group, begin, end uint32, least int64) {
	many := len(s.candidates) > window/lookupShare
	if many {
		most := int64(0)
		for _, c := range s.candidates {
			most = max(most, c.score)
		}
		s.collectBest(g, begin, end, least-most)
	}
	kept := s.candidates[:0]
	for _, c := range s.candidates {
		if c.score+g.bound < least {
			continue
		}
		var score int64
		var has bool
		if !many {
			score, has = g.lookup(c.doc, least-c.score)
		} else if has = s.best.has.has(c.doc - begin); has {
			score = s.best.sums[c.doc-begin]
		}
		if c.score += score; c.score >= least && (has || !g.required) {
			kept = append(kept, c)
		}
	}
	s.candidates = kept
}

// lookupShare is the share of a window, one in so many, beyond which the scores of candidates are collected, not looked up:
// a lookup takes about four times as long as a posting that is read in order.
const lookupShare = 4

// finish makes hits of the candidates.
func (s *search) finish(segment *segment) {
candidates:
	for _, c := range s.candidates {
		id := segment.ids[c.doc]
		if c.score < s.top.need(id) || !segment.alive(c.doc) {
			continue
		}
		for _, ban := range s.bans {
			if has(ban, c.doc) {
				continue candidates
			}
		}
		if s.accept == nil || s.accept(id, segment.refs[c.doc]) {
			s.top.add(found{c.score, id, segment.refs[c.doc]})
		}
	}
}
