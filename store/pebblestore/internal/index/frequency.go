package index

import (
	"bytes"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// bucket holds the memories of one frequency, by ascending id. In a large tenant it has about a thousandth of the
// memories, and a new one nearly always goes to the end, so a slice is smaller and faster than a tree.
type bucket struct {
	refs []ref
	most key // no key is greater, so that an append need not look at entries
	sum  store.Sum
}

func (b *bucket) insert(of *entries, e *entry) {
	at := len(b.refs)
	if k := byID(e); k.compare(b.most) > 0 {
		b.most = k
	} else {
		at, _ = slices.BinarySearchFunc(b.refs, e, of.compareID)
	}
	b.refs = slices.Insert(b.refs, at, e.ref)
	b.sum.Add(e.potential)
}

// remove deletes entries, which must be in the bucket and sorted by id. It moves each remaining ref at most once.
func (b *bucket) remove(of *entries, leaving []*entry) {
	at := b.find(of, leaving[0], 0)
	kept := b.refs[:at]
	for _, e := range leaving[1:] {
		next := at + 1
		if b.refs[next] != e.ref { // entries that leave together are mostly neighbors; search for the others
			next = b.find(of, e, next)
		}
		kept = append(kept, b.refs[at+1:next]...)
		at = next
	}
	b.refs = append(kept, b.refs[at+1:]...) // most stays as it is: it is only an upper bound
	for _, e := range leaving {
		b.sum.Remove(e.potential)
	}
}

// find returns the index of an entry that is in the bucket, at from or later.
func (b *bucket) find(of *entries, e *entry, from int) int {
	// Refs usually ascend with ids. Then this search finds the ref without reading entries.
	at, found := slices.BinarySearch(b.refs[from:], e.ref)
	if !found {
		at, _ = slices.BinarySearchFunc(b.refs[from:], e, of.compareID)
	}
	return from + at
}

// compareID compares the id of a ref's entry with that of e.
func (s *entries) compareID(r ref, e *entry) int { return compareIDs(s.at(r), e) }

func compareIDs(a, b *entry) int { return bytes.Compare(a.id[:], b.id[:]) }

// near calls visit with the live entries of the tenant whose frequency differs from f by at most span, the nearest first
// and among equals the newest first, until visit returns false.
func (t *tenant) near(f sigil.Frequency, span int, now int64, visit func(*entry) bool) {
	for distance := 0; distance <= span; distance++ {
		above := t.bucket(int(f) + distance)
		var below []ref
		if distance > 0 {
			below = t.bucket(int(f) - distance)
		}
		for len(above)+len(below) > 0 {
			next := &above
			if len(above) == 0 || len(below) > 0 && compareIDs(t.of.at(last(above)), t.of.at(last(below))) < 0 {
				next = &below
			}
			e := t.of.at(last(*next))
			*next = (*next)[:len(*next)-1]
			if !e.due(now) && !visit(e) {
				return
			}
		}
	}
}

func last(refs []ref) ref { return refs[len(refs)-1] }

// bucket returns the entries of a frequency, or nil if there are none or f is not a frequency.
func (t *tenant) bucket(f int) []ref {
	if f < 0 || f >= sigil.NumFrequencies {
		return nil
	}
	if b := t.frequencies[uint16(f)]; b != nil {
		return b.refs
	}
	return nil
}

// byFrequency sorts entries by frequency. The sort is stable.
func byFrequency(all []*entry) []*entry {
	if len(all) == 1 {
		return all
	}
	var next [sigil.NumFrequencies + 1]int32 // counts of f at f+1; after adding up, next[f] is where the next entry of f goes
	for _, e := range all {
		next[e.frequency+1]++
	}
	for f := range sigil.NumFrequencies {
		next[f+1] += next[f]
	}
	ordered := make([]*entry, len(all))
	for _, e := range all {
		ordered[next[e.frequency]] = e
		next[e.frequency]++
	}
	return ordered
}

// patterns returns the patterns that have live members, by group.
func (t *tenant) patterns(now int64) []sigil.Pattern {
	type count struct {
		members     int
		sum         store.Sum
		frequencies int // the sum of their indexes
	}
	var groups [sigil.NumPatterns]count
	for f, b := range t.frequencies {
		g := &groups[sigil.Frequency(f).Pattern()]
		n := len(b.refs)
		g.members += n
		g.sum = g.sum.Plus(b.sum)
		g.frequencies += n * int(f)
	}
	// A memory that has faded but is not released yet is not a member.
	t.due(now, func(e *entry) bool {
		g := &groups[sigil.Frequency(e.frequency).Pattern()]
		g.members--
		g.sum.Remove(e.potential)
		g.frequencies -= int(e.frequency)
		return true
	})
	var patterns []sigil.Pattern
	for group, g := range groups {
		if g.members > 0 {
			patterns = append(patterns, sigil.Pattern{
				Group: group, Members: g.members, Potential: g.sum.Mean(g.members),
				Frequency: float64(g.frequencies) / float64(g.members) / sigil.NumFrequencies * sigil.Phi,
			})
		}
	}
	return patterns
}
