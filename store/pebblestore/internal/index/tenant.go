package index

import (
	"slices"

	"github.com/sigil-dna/sigil"
)

// tenant indexes one tenant's memories. The index's lock guards it.
type tenant struct {
	name string
	of   *entries // of the index
	// contentSeed is the hash of the name, of which byContent makes labels.
	contentSeed uint64
	all         sorted // by id, and so by age
	// deadlines and noticed hold the entries with a deadline, and those that may be evicted without one, which are last. Those in noticed have been noticed; it is nil before there are any.
	deadlines
	noticed     *deadlines
	frequencies map[uint16]*bucket
	tagged      map[string]*sorted    // by tag, and then by id; none is empty
	crystals    map[int]sigil.Crystal // of patterns, by group

	bytes        int64
	pinned       int
	crystallized int

	// arriving counts what inserts under a quota have reserved, and leaving what they are about to evict.
	arriving, leaving Load
	// first and firstUnnoticed are the deadlines under which the index's agendas list this tenant.
	first, firstUnnoticed int64
}

// deadlines hold entries by the deadline under which they are listed: fading has those that may be evicted, ending has the
// pinned and crystallized memories with a ttl.
type deadlines struct{ fading, ending sorted }

func newDeadlines(of *entries) deadlines {
	return deadlines{sorted{of: of, key: byListed}, sorted{of: of, key: byListed}}
}

// earliest returns the earliest deadline under which an entry is listed, or Never.
func (d *deadlines) earliest() int64 {
	first := int64(Never)
	for _, list := range [...]*sorted{&d.fading, &d.ending} {
		if e := list.first(); e != nil {
			first = min(first, e.listed)
		}
	}
	return first
}

// Load is a number of memories and the bytes of their data.
type Load struct {
	Memories int
	Bytes    int64
}

func (l *Load) add(other Load, sign int) {
	l.Memories += sign * other.Memories
	l.Bytes += int64(sign) * other.Bytes
}

func newTenant(name string, of *entries) *tenant {
	return &tenant{
		name: name, of: of,
		all: sorted{of: of, key: byID}, deadlines: newDeadlines(of),
		frequencies: map[uint16]*bucket{}, crystals: map[int]sigil.Crystal{}, first: Never, firstUnnoticed: Never,
	}
}

// find returns the entry of an id, or nil.
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
	t.tag(e)
}

// remove deletes entries, which must be sorted by id. It reorders the slice.
func (t *tenant) remove(leaving []*entry) {
	t.all.remove(leaving...)
	t.untag(leaving)
	for rest := byFrequency(leaving); len(rest) > 0; {
		n := stretch(rest, func(e *entry) uint16 { return e.frequency })
		frequency := rest[0].frequency
		b := t.frequencies[frequency]
		if b.remove(t.of, rest[:n]); len(b.refs) == 0 {
			delete(t.frequencies, frequency)
		}
		rest = rest[n:]
	}
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
	for len(leaving) > 0 {
		n := stretch(leaving, t.list)
		if list := t.list(leaving[0]); list != nil {
			list.remove(leaving[:n]...)
		}
		leaving = leaving[n:]
	}
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

// list returns the list that contains an entry by its deadline, or nil.
func (t *tenant) list(e *entry) *sorted {
	if e.listed == Never && !e.evictable() {
		return nil
	}
	d := &t.deadlines
	if e.noticed {
		if t.noticed == nil {
			some := newDeadlines(t.of)
			t.noticed = &some
		}
		d = t.noticed
	}
	if e.evictable() {
		return &d.fading
	}
	return &d.ending
}

// lists returns all lists of entries by deadline.
func (t *tenant) lists() []*sorted {
	if t.noticed == nil {
		return []*sorted{&t.fading, &t.ending}
	}
	return []*sorted{&t.fading, &t.ending, &t.noticed.fading, &t.noticed.ending}
}

// nextFade returns the earliest deadline under which an entry is listed, or Never.
func (t *tenant) nextFade() int64 {
	next := t.earliest()
	if t.noticed != nil {
		next = min(next, t.noticed.earliest())
	}
	return next
}

// soonest returns at most limit entries by deadline: those after from, up to until. behind are the tenant's
// entries that are still listed under an old deadline.
func (t *tenant) soonest(from *entry, until int64, limit int, behind []*entry) []*entry {
	after := byDeadline(from)
	var found []*entry
	for _, list := range t.lists() {
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

// due calls visit with the entries that are past their deadlines at now, until visit returns false.
func (t *tenant) due(now int64, visit func(*entry) bool) {
	for _, list := range t.lists() {
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
