package index

import (
	"hash/maphash"

	"github.com/sigil-dna/sigil"
)

// Change is the effect of a commit on an index, once the commit is durable.
type Change struct {
	// Reservation, if not nil, ends with this change: its memories arrive, and its victims have left.
	Reservation *Reservation
	// At is the place of a memory whose figures become Meta, with its policy's number. If Meta is nil, no
	// figures change.
	At     Place
	Meta   *sigil.Meta
	Policy uint16
	// Retagged replaces the tags of that memory by NewTags, which are as in [record.Labels].
	Retagged bool
	NewTags  string
	// Ends is when the first of the commit's answers ends, in Unix milliseconds, or [Never] if it has none.
	Ends int64
	// Crystals, of patterns of Tenant, replace the earlier ones.
	Tenant   string
	Crystals []sigil.Crystal
	// Entries are the entries of new memories of Tenant, and Tagged the tags of those that have any, by ascending
	// index.
	Entries []Entry
	Tagged  []Tagged
}

// Tagged has the tags of one of a change's entries.
type Tagged struct {
	Entry int    // its index
	Tags  string // as in [record.Labels]
}

// Apply makes the changes of one commit visible together, with the journal up to position, so that a caller
// that sees a change also sees its journal entry. The entries at leaving, which must be sorted by key, are
// removed before the changes.
func (x *Index) Apply(leaving []Place, changes []*Change, position uint64) {
	x.mu.Lock()
	x.leave(leaving)
	for _, ch := range changes {
		x.apply(ch)
	}
	x.position.Store(position)
	x.mu.Unlock()
}

// +checklocks:x.mu
func (x *Index) apply(ch *Change) {
	if ch.Reservation != nil {
		x.settle(ch.Reservation)
	}
	x.nextExpiry = min(x.nextExpiry, ch.Ends)
	if ch.Meta != nil {
		x.update(ch.At.tenant, ch.At.entry, ch.Meta, ch.Policy)
	}
	if ch.Retagged {
		t, e := ch.At.tenant, ch.At.entry
		t.untag([]*entry{e})
		x.entries.label(e, ch.NewTags)
		t.tag(e)
	}
	if len(ch.Crystals)+len(ch.Entries) == 0 {
		return
	}
	t := x.tenant(ch.Tenant) // not earlier: the removals may have deleted the tenant
	for _, c := range ch.Crystals {
		if _, ok := t.crystals[c.Pattern]; !ok {
			x.crystals++
		}
		t.crystals[c.Pattern] = c
	}
	tagged := ch.Tagged
	for i := range ch.Entries {
		tags := ""
		if len(tagged) > 0 && tagged[0].Entry == i {
			tags, tagged = tagged[0].Tags, tagged[1:]
		}
		x.insert(t, &ch.Entries[i], tags)
	}
}

// tenant returns the tenant with a name. It creates one if there is none.
//
// +checklocks:x.mu
func (x *Index) tenant(name string) *tenant {
	t := x.tenants[name]
	if t == nil {
		t = newTenant(name, &x.entries)
		t.contentSeed = maphash.String(x.contents.seed, name)
		x.tenants[name] = t
	}
	return t
}

// insert adds a copy of an entry, with its tags.
//
// +checklocks:x.mu
func (x *Index) insert(t *tenant, e *entry, tags string) {
	x.newest.Store(max(x.newest.Load(), stamp(e.id)))
	added := x.entries.add(e)
	x.entries.label(added, tags)
	t.insert(added)
	x.contents.insert(&x.entries, t, added)
	if added.marks&markFormer != 0 {
		x.soil(t, added)
	}
	x.memories++
	if e.crystallized {
		x.crystals++
	}
	x.reschedule(t)
}

// leave deletes entries, which must be sorted by key.
//
// +checklocks:x.mu
func (x *Index) leave(all []Place) {
	entries := make([]*entry, len(all))
	for i, p := range all {
		entries[i] = p.entry
	}
	for len(all) > 0 {
		n := stretch(all, func(p Place) *tenant { return p.tenant })
		x.remove(all[0].tenant, entries[:n])
		all, entries = all[n:], entries[n:]
	}
}

// stretch returns how many elements at the start of all have the same property. all must not be empty.
func stretch[E any, P comparable](all []E, property func(E) P) int {
	p, n := property(all[0]), 1
	for n < len(all) && property(all[n]) == p {
		n++
	}
	return n
}

// remove deletes entries of a tenant, which must be sorted by id. It reorders the slice.
//
// +checklocks:x.mu
func (x *Index) remove(t *tenant, leaving []*entry) {
	for _, e := range leaving {
		x.contents.remove(t, e)
	}
	t.remove(leaving)
	x.memories -= len(leaving)
	for _, e := range leaving {
		if e.crystallized {
			x.crystals--
		}
		if e.leaving { // an insert is about to evict it: its quota is freed only once
			e.leaving = false
			t.leaving.add(Load{1, int64(e.size)}, -1) // settle, which still has the change, frees the entry
		} else {
			x.entries.free(e)
		}
	}
	x.reschedule(t)
	x.tidy(t)
}

// update changes an existing entry.
//
// +checklocks:x.mu
func (x *Index) update(t *tenant, e *entry, m *sigil.Meta, policy uint16) {
	t.update(e, m, policy)
	x.reschedule(t)
}

// tidy deletes a tenant that has nothing.
//
// +checklocks:x.mu
func (x *Index) tidy(t *tenant) {
	if t.all.count == 0 && len(t.crystals) == 0 && t.arriving == (Load{}) {
		delete(x.tenants, t.name)
	}
}

// reschedule updates the agenda after t's deadlines have changed.
//
// +checklocks:x.mu
func (x *Index) reschedule(t *tenant) {
	next := t.nextFade()
	if next == t.first {
		return
	}
	if t.first != Never {
		x.agenda.Delete(appointment{t.first, t})
	}
	t.first = next
	if next != Never {
		x.agenda.Set(appointment{next, t})
	}
}
