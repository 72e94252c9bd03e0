package search

import "sort"

// cursor reads the list of one term in a segment, by ascending memories. It reads no block that it can skip.
type cursor struct {
	*choice
	*segment
	formula *formula
	list    []block
	data    []byte // of these blocks
	most    uint16 // the greatest impact of the list

	current int  // the first block that is not behind
	read    int  // the block in docs, or -1
	counts  uint // where its counts begin
	at, n   int  // the first memory of docs that is not behind, and how many there are
	members [blockSize]uint32
}

func (c *cursor) bound(impact uint16) int64 {
	return c.formula.bound(c.factor, impact, c.average)
}

// before returns the last memory of the block before the current one, or noDoc.
func (c *cursor) before() uint32 {
	if c.current == 0 {
		return noDoc
	}
	return c.list[c.current-1].last
}

// advance makes the block current that may contain doc, or the first one after it. It reports whether there is one.
func (c *cursor) advance(doc uint32) bool {
	if c.current == len(c.list) || c.list[c.current].last >= doc {
		return c.current < len(c.list)
	}
	low, step := c.current+1, 1 // doubling steps: mostly it is near
	for low+step < len(c.list) && c.list[low+step].last < doc {
		low += step + 1
		step *= 2
	}
	high := min(low+step, len(c.list))
	c.current = low + sort.Search(high-low, func(i int) bool { return c.list[low+i].last >= doc })
	return c.current < len(c.list)
}

// open reads the current block, unless it is read already, and goes to its first memory that is not before doc.
func (c *cursor) open(doc uint32) {
	k := &c.list[c.current]
	if c.read != c.current {
		c.n = k.unpackDocs(c.data, c.before(), &c.members)
		c.counts = k.counts(c.n)
		c.read, c.at = c.current, 0
	}
	if c.at < c.n && c.members[c.at] >= doc {
		return
	}
	low, high := c.at, c.n
	for low < high { // the first that is not before doc
		if mid := int(uint(low+high) >> 1); c.members[mid] < doc {
			low = mid + 1
		} else {
			high = mid
		}
	}
	c.at = low
}

// next returns a memory, not before doc, before which the list has none from doc on. If it has none, it returns noDoc.
func (c *cursor) next(doc uint32) uint32 {
	if !c.advance(doc) {
		return noDoc
	}
	first := c.before() + 1
	if c.read != c.current && c.list[c.current].last-first <= window {
		return max(doc, first) // near enough: the block may be skipped yet
	}
	c.open(doc)
	return c.members[c.at]
}

// boundIn returns an upper bound of the term's scores for memories from begin to before end. The list has none there
// if any is false.
func (c *cursor) boundIn(begin, end uint32) (most int64, any bool) {
	if !c.advance(begin) {
		return 0, false
	}
	impact := uint16(0)
	for i := c.current; i < len(c.list); i++ {
		if i > c.current && c.list[i-1].last+1 >= end || i == c.current && c.before()+1 >= end {
			break
		}
		impact, any = max(impact, c.list[i].impact), true
	}
	if !any {
		return 0, false
	}
	return c.bound(impact), true
}

// score returns the score of the memory at which the cursor is in its block.
func (c *cursor) score() int64 {
	return c.formula.score(c.factor, c.list[c.read].count(c.data, c.counts, c.at), c.lengths[c.members[c.at]])
}

// lookup returns the score of one memory, and whether the list has it. Memories must be asked for in ascending order. If
// the score is below least, it may say that the list does not have it.
func (c *cursor) lookup(doc uint32, least int64) (score int64, has bool) {
	if !c.advance(doc) || c.before()+1 > doc || c.bound(c.list[c.current].impact) < least {
		return 0, false
	}
	c.open(doc)
	if c.members[c.at] != doc {
		return 0, false
	}
	return c.score(), true
}

// run returns the next memories of one block that are from begin to before end, and puts their scores into scores. Blocks whose
// scores are all below least are left out. Without any more, it returns none.
func (c *cursor) run(begin, end uint32, least int64, scores *[blockSize]int64) []uint32 {
	for c.advance(begin) && c.before()+1 < end {
		k := &c.list[c.current]
		if c.bound(k.impact) < least {
			if k.last+1 >= end {
				return nil
			}
			c.current++
			continue
		}
		c.open(begin)
		from, at, n := c.at, c.at, c.n
		data, width, formula, factor, lengths := c.data, uint(k.countBits), *c.formula, c.factor, c.lengths
		for bit := c.counts + uint(at)*width; at < n && c.members[at] < end; at++ {
			count := uint32(1)
			if width > 0 {
				count += unpack(data, bit, width)
				bit += width
			}
			scores[at-from] = formula.score(factor, count, lengths[c.members[at]])
		}
		if c.at = at; at == n {
			c.current++
		}
		return c.members[from:at]
	}
	return nil
}
