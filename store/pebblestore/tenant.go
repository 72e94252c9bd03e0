package pebblestore

import (
	"bytes"
	"math"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// never is the deadline of what does not fade.
const never = math.MaxInt64

// entry is what memory holds of one memory: all its figures, no content. The index lock guards it. What readers ask
// of many entries comes first: 32 bytes of 96 lie in one line of the processor's cache, and entries lie apart.
type entry struct {
	id           sigil.ID
	fades        int64 // Unix milliseconds, as all times here, or never
	frequency    uint16
	policy       uint16
	pinned       bool
	crystallized bool
	leaving      bool // an insert is about to evict it

	created      int64
	lastAccessed int64
	listed       int64 // the deadline that it is listed under, fades or one before: see index.refresh
	ttl          int64
	potential    float64
	accessCount  uint64
	size         uint32
	ref          ref    // of itself, once it has a place
	dirty        uint32 // the number of a refresh that is not on disk yet, or 0
}

func milli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func (e *entry) due(now int64) bool { return e.fades <= now }

// behind tells whether it is listed under a deadline that has moved on.
func (e *entry) behind() bool { return e.listed != e.fades }

func (e *entry) evictable() bool { return !e.pinned && !e.crystallized }

// meta gives the entry as the rest of the world sees it.
func (e *entry) meta(tenant string, p *layout.Policies) sigil.Meta {
	m := sigil.Meta{
		Key: sigil.Key{Tenant: tenant, ID: e.id}, Frequency: sigil.Frequency(e.frequency), Potential: e.potential,
		AccessCount: e.accessCount, Size: int(e.size), CreatedAt: milli(e.created), LastAccessed: milli(e.lastAccessed),
		TTL: time.Duration(e.ttl) * time.Millisecond, Pinned: e.pinned, Crystallized: e.crystallized, Policy: p.Policy(e.policy),
	}
	if e.fades != never {
		m.FadesAt = milli(e.fades)
	}
	return m
}

func newEntry(m *sigil.Meta, policy uint16) entry {
	e := entry{
		id: m.ID, created: m.CreatedAt.UnixMilli(), ttl: m.TTL.Milliseconds(), potential: m.Potential,
		size: uint32(m.Size), frequency: uint16(m.Frequency), crystallized: m.Crystallized,
	}
	e.set(m, policy)
	return e
}

// kept makes an entry of figures that were kept.
func kept(id sigil.ID, f *record.Figures) entry {
	e := entry{
		id: id, created: f.CreatedAt, lastAccessed: f.LastAccessed, fades: never, ttl: f.TTL, potential: f.Potential, accessCount: f.AccessCount,
		size: uint32(f.Size), frequency: f.Frequency, policy: f.Policy, pinned: f.Pinned, crystallized: f.Crystallized,
	}
	if f.Fades {
		e.fades = f.FadesAt
	}
	return e
}

// set takes over what an update may change.
func (e *entry) set(m *sigil.Meta, policy uint16) {
	e.lastAccessed, e.accessCount, e.pinned, e.policy = m.LastAccessed.UnixMilli(), m.AccessCount, m.Pinned, policy
	e.fades = deadline(m)
}

func deadline(m *sigil.Meta) int64 {
	if m.FadesAt.IsZero() {
		return never
	}
	return m.FadesAt.UnixMilli()
}

// tenant indexes one tenant's memories. The index lock guards it.
type tenant struct {
	name string
	of   *entries // of the index
	all  sorted   // by id, which is by age
	// fading and ending hold, by the deadline that it is listed under, what has one: fading what may be evicted,
	// ending the pinned and crystallized memories with a ttl.
	fading, ending sorted
	frequencies    map[uint16]*bucket
	crystals       map[int]sigil.Crystal // of patterns, by group

	bytes        int64
	pinned       int
	crystallized int

	// arriving and leaving count what inserts under a quota have been promised room for, and what
	// they are about to evict.
	arriving, leaving load
	// first is the earliest deadline under which the index's agenda knows this tenant.
	first int64
}

type load struct {
	memories int
	bytes    int64
}

// bucket holds the memories of one frequency, by ascending id. There are at most a thousandth of all
// in it on average, and a new one nearly always goes to the end: a slice is smaller and faster than a
// tree.
type bucket struct {
	refs []ref
	most key // none has a greater one: to append, no entry is looked at
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

// remove takes entries out, which are there and in the order of their ids. It moves the others once, however many leave.
func (b *bucket) remove(of *entries, leaving []*entry) {
	at := b.find(of, leaving[0], 0)
	kept := b.refs[:at]
	for _, e := range leaving[1:] {
		next := at + 1
		if b.refs[next] != e.ref { // else it follows on the last, as it does where all of a time leave
			next = b.find(of, e, next)
		}
		kept = append(kept, b.refs[at+1:next]...)
		at = next
	}
	b.refs = append(kept, b.refs[at+1:]...) // most may be that of one that has left: it is a bound
	for _, e := range leaving {
		b.sum.Remove(e.potential)
	}
}

// find gives where an entry is, which is there, from a place on.
func (b *bucket) find(of *entries, e *entry, from int) int {
	// Places are mostly given in the order of ids: then refs are in order themselves, and no entry is looked at.
	at, found := slices.BinarySearch(b.refs[from:], e.ref)
	if !found {
		at, _ = slices.BinarySearchFunc(b.refs[from:], e, of.compareID)
	}
	return from + at
}

// compareID orders by id.
func (s *entries) compareID(r ref, e *entry) int { return compareIDs(s.at(r), e) }

func compareIDs(a, b *entry) int { return bytes.Compare(a.id[:], b.id[:]) }

func newTenant(name string, of *entries) *tenant {
	return &tenant{
		name: name, of: of,
		all: sorted{of: of, key: byID}, fading: sorted{of: of, key: byListed}, ending: sorted{of: of, key: byListed},
		frequencies: map[uint16]*bucket{}, crystals: map[int]sigil.Crystal{}, first: never,
	}
}

// find gives the entry of an id, or nil.
func (t *tenant) find(id sigil.ID) *entry { return t.all.find(idKey(0, id)) }

func (t *tenant) insert(e *entry) {
	t.all.insert(e)
	b := t.frequencies[e.frequency]
	if b == nil {
		b = &bucket{}
		t.frequencies[e.frequency] = b
	}
	b.insert(t.of, e)
	t.bytes += int64(e.size)
	if e.crystallized {
		t.crystallized++
	}
	t.schedule(e)
}

// remove takes entries out, which are in the order of their ids. It puts them in another.
func (t *tenant) remove(leaving []*entry) {
	t.all.remove(leaving...)
	eachStretch(byFrequency(leaving), func(e *entry) uint16 { return e.frequency }, func(frequency uint16, of []*entry) {
		b := t.frequencies[frequency]
		if b.remove(t.of, of); len(b.refs) == 0 {
			delete(t.frequencies, frequency)
		}
	})
	for _, e := range leaving {
		t.bytes -= int64(e.size)
		if e.crystallized {
			t.crystallized--
		}
		if e.pinned {
			t.pinned--
		}
	}
	slices.SortFunc(leaving, func(a, b *entry) int { return byListed(a).compare(byListed(b)) })
	eachStretch(leaving, t.list, func(list *sorted, listed []*entry) {
		if list != nil {
			list.remove(listed...)
		}
	})
}

// byFrequency orders entries by their frequencies; those of one stay in order.
func byFrequency(all []*entry) []*entry {
	if len(all) == 1 {
		return all
	}
	var next [sigil.Frequencies + 1]int32 // where the next one of a frequency comes, one further on
	for _, e := range all {
		next[e.frequency+1]++
	}
	for f := range sigil.Frequencies {
		next[f+1] += next[f]
	}
	ordered := make([]*entry, len(all))
	for _, e := range all {
		ordered[next[e.frequency]] = e
		next[e.frequency]++
	}
	return ordered
}

// update changes an entry and lists it under its deadline.
func (t *tenant) update(e *entry, m *sigil.Meta, policy uint16) {
	t.unschedule(e)
	e.set(m, policy)
	t.schedule(e)
}

func (t *tenant) schedule(e *entry) {
	if e.pinned {
		t.pinned++
	}
	e.listed = e.fades
	if list := t.list(e); list != nil {
		list.insert(e)
	}
}

func (t *tenant) unschedule(e *entry) {
	if e.pinned {
		t.pinned--
	}
	if list := t.list(e); list != nil {
		list.remove(e)
	}
}

// list gives the list that has an entry by its deadline, or nil.
func (t *tenant) list(e *entry) *sorted {
	switch {
	case e.listed == never:
		return nil
	case e.evictable():
		return &t.fading
	}
	return &t.ending
}

// nextFade gives the earliest deadline that something is listed under, or never.
func (t *tenant) nextFade() int64 {
	next := int64(never)
	for _, list := range [...]*sorted{&t.fading, &t.ending} {
		if e := list.first(); e != nil {
			next = min(next, e.listed)
		}
	}
	return next
}

// soonest gives at most limit entries by deadline: those after from, up to until. behind are those of the tenant that
// are not listed under theirs.
func (t *tenant) soonest(from *entry, until int64, limit int, behind []*entry) []*entry {
	after := byDeadline(from)
	var found []*entry
	for _, list := range [...]*sorted{&t.fading, &t.ending} {
		n := 0
		list.from(after, func(e *entry) bool {
			if n == limit || e.listed > until {
				return false
			}
			if !e.behind() && byDeadline(e) != after {
				found = append(found, e)
				n++
			}
			return true
		})
	}
	for _, e := range behind {
		if e.fades <= until && byDeadline(e).compare(after) > 0 {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, compareDeadlines)
	return found[:min(limit, len(found))]
}

// due shows visit what is past its deadline at now, until visit says to stop.
func (t *tenant) due(now int64, visit func(*entry) bool) {
	for _, list := range [...]*sorted{&t.fading, &t.ending} {
		stopped := false
		list.scan(func(e *entry) bool {
			if e.listed > now {
				return false
			}
			stopped = e.due(now) && !visit(e)
			return !stopped
		})
		if stopped {
			return
		}
	}
}

// patterns counts the live members of each pattern, by group.
func (t *tenant) patterns(now int64) []sigil.Pattern {
	type count struct {
		members     int
		sum         store.Sum
		frequencies int // the sum of their indexes
	}
	var groups [sigil.Patterns]count
	for f, b := range t.frequencies {
		g := &groups[sigil.Frequency(f).Pattern()]
		n := len(b.refs)
		g.members += n
		g.sum = g.sum.Plus(b.sum)
		g.frequencies += n * int(f)
	}
	// What has faded and was not released yet is no member.
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
				Frequency: float64(g.frequencies) / float64(g.members) / sigil.Frequencies * sigil.Phi,
			})
		}
	}
	return patterns
}
