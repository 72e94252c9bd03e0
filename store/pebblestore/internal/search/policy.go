package search

const (
	// fanout is how many segments of a level are merged into one. A level's segments have up to fanout times as many
	// postings as those of the level below, so a memory is merged as often as there are levels.
	fanout = 8
	// maxFanout bounds the segments of one merge.
	maxFanout = 4 * fanout
	// firstLevel is the maximum number of postings of a segment on the lowest level.
	firstLevel = 1 << 18
	// mergePace is the work, in postings, that is done on merges for each posting added. A posting is merged once on
	// each level, of which there are four for a million memories, and rewritten when a quarter of its segment is dead.
	mergePace = 10
	// deadShare is the share of a segment, one in so many, that may be dead before it is rewritten.
	deadShare = 4
	// maxData bounds the data of a segment, whose offsets have 32 bits.
	maxData = 1 << 31
)

// level returns the level of a segment, by the postings that are alive.
func level(s *segment) int {
	n := 0
	for p := s.postings / len(s.ids) * (len(s.ids) - int(s.deaths.Load())); p > firstLevel; p /= fanout {
		n++
	}
	return n
}

// due returns segments that should be merged, or nil. No merge reads them yet.
//
// +checklocks:x.work
func (x *Index) due() []*segment {
	var levels [32][]*segment
	var worst []*segment
	for _, s := range x.sealed() {
		if s.merging {
			continue
		}
		l := level(s)
		levels[l] = append(levels[l], s)
		if int(s.deaths.Load())*deadShare > len(s.ids) && worst == nil {
			worst = []*segment{s}
		}
	}
	for _, same := range levels {
		if same = affordable(same); len(same) >= fanout {
			return same
		}
	}
	return worst
}

// affordable returns the first of some segments, as many as a merge may have.
func affordable(segments []*segment) []*segment {
	data := 0
	for i, s := range segments {
		if data += len(s.data); i == maxFanout || data > maxData {
			return segments[:i]
		}
	}
	return segments
}

// sealed returns the segments.
func (x *Index) sealed() []*segment {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.segments
}

// merge does work on merges, worth about as many postings as budget. It reports whether there is more.
//
// +checklocks:x.work
func (x *Index) merge(budget int) (more bool) {
	for budget > 0 {
		for x.changed.Swap(false) {
			if from := x.due(); from != nil {
				x.begin(from)
				x.changed.Store(true) // there may be more
			}
		}
		if len(x.merges) == 0 {
			return false
		}
		// The smallest first: a large one would let small segments pile up.
		least := 0
		for i, m := range x.merges {
			if m.postings < x.merges[least].postings {
				least = i
			}
		}
		step := min(budget, mergeStep)
		budget -= step
		if x.merges[least].step(step) {
			x.install(least)
		}
	}
	return true
}

// mergeStep is the work that is done between two looks at what is due.
const mergeStep = 1 << 14

// +checklocks:x.work
func (x *Index) begin(from []*segment) {
	for _, s := range from {
		s.merging = true
	}
	x.merges = append(x.merges, newMerge(from))
}

// install puts the result of a merge in the place of what it was made of.
//
// +checklocks:x.work
func (x *Index) install(number int) {
	m := x.merges[number]
	x.merges = append(x.merges[:number:number], x.merges[number+1:]...)
	merged := m.out.finish()
	old := make([]*segment, len(m.from))

	x.mu.Lock()
	for i, in := range m.from {
		old[i] = in.segment
		in.carry(in.numbers, merged)
	}
	x.replace(old, merged)
	x.mu.Unlock()

	x.release(m.drops)
	x.changed.Store(true)
}

// pay does merging that is due, unless another call does: at least what is due for the caller's own postings, and not much more.
func (x *Index) pay(postings int) {
	if x.owed.Load() == 0 || !x.merging.CompareAndSwap(false, true) {
		return
	}
	defer x.merging.Store(false)
	x.work.Lock()
	defer x.work.Unlock()
	work := min(x.owed.Load(), int64(max(postings*mergePace, mergeShare)))
	x.owed.Add(-work)
	if !x.merge(int(work)) {
		x.owed.Store(0)
	}
}

// mergeShare is the work that one call does for others: what is due for some 60 memories.
const mergeShare = 1 << 15

// Merge does work on merges that are due, worth about as many postings as budget, for a time when nothing is added. It
// reports whether there is more to do.
func (x *Index) Merge(budget int) (more bool) {
	x.settle()
	x.renew()
	x.work.Lock()
	defer x.work.Unlock()
	x.changed.Store(true) // memories may have been removed
	return x.merge(budget)
}

func (x *Index) renew() {
	x.adding.Lock()
	defer x.adding.Unlock()
	x.reset()
}
