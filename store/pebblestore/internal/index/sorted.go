package index

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/sigil-dna/sigil"
)

// sorted holds entries by ascending key, in a list of runs, each of which is a sorted slice. It takes 4 bytes
// per entry, while a map takes 20 and more, and nearly all entries are appended at the end. A lookup is two
// binary searches. An entry's key must not change while it is in the list, and no two keys are equal.
type sorted struct {
	of    *entries
	key   func(*entry) key
	runs  []run // none is empty
	count int
}

// run is a stretch of entries. Its first key is stored in the list of runs, so that a run is found without
// reading entries.
type run struct {
	first key
	refs  []ref
}

// runSize is the maximum number of entries in a run. An insert in the middle moves half of them: 512 bytes.
const runSize = 256

// key is the sort key of an entry: a time, or 0, and the id.
type key struct {
	at     int64
	hi, lo uint64
}

func byID(e *entry) key { return idKey(0, e.id) }

func byDeadline(e *entry) key { return idKey(e.fades, e.id) }

func byListed(e *entry) key { return idKey(e.listed, e.id) }

func compareDeadlines(a, b *entry) int { return byDeadline(a).compare(byDeadline(b)) }

func idKey(at int64, id sigil.ID) key {
	return key{at, binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])}
}

func (k key) compare(l key) int {
	switch {
	case k.at != l.at:
		return cmp.Compare(k.at, l.at)
	case k.hi != l.hi:
		return cmp.Compare(k.hi, l.hi)
	}
	return cmp.Compare(k.lo, l.lo)
}

func (s *sorted) keyAt(r ref) key { return s.key(s.of.at(r)) }

// runOf returns the run that contains, or would contain, an entry with key k.
func (s *sorted) runOf(k key) (at int, ok bool) {
	if len(s.runs) == 0 {
		return 0, false
	}
	if at = len(s.runs) - 1; s.runs[at].first.compare(k) > 0 {
		at = max(0, sort.Search(at, func(i int) bool { return s.runs[i].first.compare(k) > 0 })-1)
	}
	return at, true
}

// place returns the position of the entry with key k, or the position at which it would be inserted.
func (s *sorted) place(k key) (at, i int, found bool) {
	at, ok := s.runOf(k)
	if !ok {
		return 0, 0, false
	}
	refs := s.runs[at].refs
	if last := len(refs) - 1; s.keyAt(refs[last]).compare(k) < 0 {
		return at, last + 1, false
	}
	i, found = slices.BinarySearchFunc(refs, k, func(r ref, k key) int { return s.keyAt(r).compare(k) })
	return at, i, found
}

// find returns the entry with key k, or nil.
func (s *sorted) find(k key) *entry {
	at, i, found := s.place(k)
	if !found {
		return nil
	}
	return s.of.at(s.runs[at].refs[i])
}

// finger finds entries with ascending keys faster: the next one is usually the one after the last. It is
// valid as long as the list does not change.
type finger struct {
	in    *sorted
	at, i int // the likely position of the next one
}

// find returns the entry with key k, or nil.
func (f *finger) find(k key) *entry {
	if f.at < len(f.in.runs) && f.i < len(f.in.runs[f.at].refs) {
		if e := f.in.of.at(f.in.runs[f.at].refs[f.i]); f.in.key(e) == k {
			f.i++
			return e
		}
	}
	at, i, found := f.in.place(k)
	if !found {
		return nil
	}
	f.at, f.i = at, i+1
	return f.in.of.at(f.in.runs[at].refs[i])
}

// insert adds an entry, which must not be in the list.
func (s *sorted) insert(e *entry) {
	s.count++
	k := s.key(e)
	at, i, _ := s.place(k)
	if at == len(s.runs) {
		s.runs = append(s.runs, run{k, []ref{e.ref}})
		return
	}
	c := &s.runs[at]
	if len(c.refs) == runSize {
		if at == len(s.runs)-1 && i == runSize { // at the end: runs stay full
			s.runs = append(s.runs, run{k, append(make([]ref, 0, runSize), e.ref)})
			return
		}
		const half = runSize / 2
		upper := slices.Clone(c.refs[half:])
		s.runs = slices.Insert(s.runs, at+1, run{s.keyAt(upper[0]), upper})
		c = &s.runs[at]
		c.refs = c.refs[:half]
		if i > half {
			c, i = &s.runs[at+1], i-half
		}
	}
	c.refs = slices.Insert(c.refs, i, e.ref)
	if i == 0 {
		c.first = k
	}
}

// remove deletes the entries of leaving that are in the list. leaving must be in ascending order. Many
// adjacent ones cost little more than one.
func (s *sorted) remove(leaving ...*entry) {
	for len(leaving) > 0 && len(s.runs) > 0 {
		from, _ := s.runOf(s.key(leaving[0]))
		to, n := from, 0
		for ; to < len(s.runs); to++ {
			r := &s.runs[to]
			n += r.remove(leaving[n:])
			if len(r.refs) > 0 {
				r.first = s.keyAt(r.refs[0])
				break
			}
		}
		s.drop(from, to)
		s.join(from)
		s.count -= n
		leaving = leaving[max(n, 1):]
	}
}

// remove deletes the first entries of leaving, as far as they are in the run, and returns how many it
// deleted.
func (r *run) remove(leaving []*entry) (n int) {
	if len(leaving) == 0 {
		return 0
	}
	i := slices.Index(r.refs, leaving[0].ref) // comparing keys would read entries, which are scattered in memory
	if i < 0 {
		return 0
	}
	kept := r.refs[:i]
	for ; i < len(r.refs) && n < len(leaving); i++ {
		if r.refs[i] == leaving[n].ref {
			n++
		} else {
			kept = append(kept, r.refs[i])
		}
	}
	r.refs = append(kept, r.refs[i:]...)
	return n
}

// join merges two neighboring runs, one of them at the index at, if they are mostly empty.
func (s *sorted) join(at int) {
	for _, left := range [...]int{at - 1, at} {
		if left < 0 || left+1 >= len(s.runs) {
			continue
		}
		a, b := &s.runs[left], &s.runs[left+1]
		if len(a.refs)+len(b.refs) <= runSize/2 {
			a.refs = append(a.refs, b.refs...)
			s.drop(left+1, left+2)
			return
		}
	}
}

// drop removes the runs from one index up to, but not including, another.
func (s *sorted) drop(from, to int) {
	if from == 0 { // as after a sweep: nothing is moved
		clear(s.runs[:to])
		s.runs = s.runs[to:]
		return
	}
	s.runs = slices.Delete(s.runs, from, to)
}

// first returns the entry with the lowest key, or nil.
func (s *sorted) first() *entry {
	if s.count == 0 {
		return nil
	}
	return s.of.at(s.runs[0].refs[0])
}

// scan calls visit with all entries until it returns false.
func (s *sorted) scan(visit func(*entry) bool) { s.ascend(0, 0, visit) }

// from calls visit with the entries from key k on until it returns false.
func (s *sorted) from(k key, visit func(*entry) bool) {
	at, i, _ := s.place(k)
	s.ascend(at, i, visit)
}

func (s *sorted) ascend(at, i int, visit func(*entry) bool) {
	for ; at < len(s.runs); at, i = at+1, 0 {
		for _, r := range s.runs[at].refs[i:] {
			if !visit(s.of.at(r)) {
				return
			}
		}
	}
}

// merge calls visit with the entries of lists, which have the same kind of key, in ascending order until it returns false.
func merge(lists []*sorted, visit func(*entry) bool) {
	places := make([]struct{ at, i int }, len(lists))
	for {
		var next *entry
		from := 0
		for l, s := range lists {
			if p := places[l]; p.at < len(s.runs) {
				if e := s.of.at(s.runs[p.at].refs[p.i]); next == nil || s.key(e).compare(s.key(next)) < 0 {
					next, from = e, l
				}
			}
		}
		if next == nil || !visit(next) {
			return
		}
		if p := &places[from]; p.i+1 < len(lists[from].runs[p.at].refs) {
			p.i++
		} else {
			p.at, p.i = p.at+1, 0
		}
	}
}

// before calls visit with the entries below key k, in descending order, until it returns false.
func (s *sorted) before(k key, visit func(*entry) bool) {
	at, i, _ := s.place(k)
	for ; at >= 0 && at < len(s.runs); at-- {
		for _, r := range slices.Backward(s.runs[at].refs[:i]) {
			if !visit(s.of.at(r)) {
				return
			}
		}
		if at > 0 {
			i = len(s.runs[at-1].refs)
		}
	}
}
