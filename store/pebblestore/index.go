package pebblestore

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// index is what makes memories visible: a memory is there when its entry is. It is a function of
// what is on disk, but for refreshes of the last half second, and is rebuilt from there at open.
//
// Its fields and all that hangs below them, tenants and entries, are touched only between lock and
// unlock; the methods below say which they expect. No I/O happens under it.
type index struct {
	mu sync.RWMutex
	// +checklocks:mu
	tenants map[string]*tenant
	// entries are those of all tenants.
	// +checklocks:mu
	entries entries
	// agenda holds, by first deadline, the tenants that have one, so that looking for what is due
	// costs the same however many memories and tenants there are.
	// +checklocks:mu
	agenda *btree.BTreeG[appointment]
	// +checklocks:mu
	dirty dirty
	// memories counts all tenants' memories.
	// +checklocks:mu
	memories int
	// crystals counts all tenants' crystals, of patterns and memories.
	// +checklocks:mu
	crystals int
	// nextExpiry is when the next idempotency answer ends, at the earliest.
	// +checklocks:mu
	nextExpiry int64
	// newest is the greatest stamp of an id that was ever put in; written with mu held.
	newest atomic.Uint64
}

type appointment struct {
	at     int64
	tenant *tenant
}

func newIndex() *index {
	return &index{
		tenants: map[string]*tenant{},
		agenda: btree.NewBTreeGOptions(func(a, b appointment) bool {
			if a.at != b.at {
				return a.at < b.at
			}
			return a.tenant.name < b.tenant.name
		}, btree.Options{NoLocks: true}),
		nextExpiry: 0, // unknown: the first Prune looks
	}
}

// end waits for what the index has begun beside.
func (x *index) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.entries.wait()
}

// located is an entry and its tenant. Who has its key locked may use it: it stays where it is until then, as only
// who has the key locked takes it out.
type located struct {
	tenant *tenant
	entry  *entry
}

// find gives the entry of a key, and its tenant, or nil.
//
// +checklocksread:x.mu
func (x *index) find(key sigil.Key) (*tenant, *entry) {
	t := x.tenants[key.Tenant]
	if t == nil {
		return nil, nil
	}
	return t, t.find(key.ID)
}

// figures is find, with the entry's figures.
//
// +checklocksread:x.mu
func (x *index) figures(key sigil.Key, policies *layout.Policies) (*tenant, *entry, sigil.Meta) {
	t, e := x.find(key)
	if e == nil {
		return nil, nil, sigil.Meta{}
	}
	return t, e, e.meta(key.Tenant, policies)
}

// tenant gives the tenant of a name, made where there is none.
//
// +checklocks:x.mu
func (x *index) tenant(name string) *tenant {
	t := x.tenants[name]
	if t == nil {
		t = newTenant(name, &x.entries)
		x.tenants[name] = t
	}
	return t
}

// stamp gives the first half of an id: its millisecond, and its number in that.
func stamp(id sigil.ID) uint64 { return binary.BigEndian.Uint64(id[:8]) }

// newer tells that the id of each entry is greater than that of the one before it, the first one's than all that were
// ever put in. Nearly always that is so, and takes no lock.
func (x *index) newer(entries []entry) bool {
	newest := x.newest.Load()
	for i := range entries {
		this := stamp(entries[i].id)
		if this <= newest {
			return false
		}
		newest = this
	}
	return true
}

// insert adds a copy of an entry.
//
// +checklocks:x.mu
func (x *index) insert(t *tenant, e *entry) {
	x.newest.Store(max(x.newest.Load(), stamp(e.id)))
	t.insert(x.entries.add(e))
	x.memories++
	if e.crystallized {
		x.crystals++
	}
	x.reschedule(t)
}

// remove takes entries of a tenant out, which are in the order of their ids. It puts them in another.
//
// +checklocks:x.mu
func (x *index) remove(t *tenant, leaving []*entry) {
	t.remove(leaving)
	x.memories -= len(leaving)
	for _, e := range leaving {
		if e.crystallized {
			x.crystals--
		}
		if e.leaving { // an insert is about to evict it: it makes room once
			e.leaving = false
			t.leaving.add(load{1, int64(e.size)}, -1) // and settle, which still knows it, frees its place
		} else {
			x.entries.free(e)
		}
	}
	x.reschedule(t)
	x.tidy(t)
}

// refresh changes an entry, which is there, and notes that its figures are not on disk. To fade later, as after a
// recall, is to stay where it is listed: to take it from there costs ten times what all else here does, and everybody
// waits. Who writes the refresh moves it. So what is listed under a deadline may fade later than that, never before, and
// is dirty if it does.
//
// +checklocks:x.mu
func (x *index) refresh(t *tenant, e *entry, m *sigil.Meta, policy uint16) {
	if m.Pinned == e.pinned && deadline(m) >= e.listed {
		e.set(m, policy)
	} else {
		x.update(t, e, m, policy)
	}
	x.soil(t, e)
}

// clean takes an entry's figures to be written.
//
// +checklocks:x.mu
func (x *index) clean(t *tenant, e *entry) {
	x.catchUp(t, e)
	e.dirty = 0
}

// behind gives the entries of a tenant that are not listed under their deadlines.
//
// +checklocksread:x.mu
func (x *index) behind(t *tenant) (all []*entry) {
	x.dirty.scan(&x.entries, func(of *tenant, e *entry) {
		if of == t && e.behind() {
			all = append(all, e)
		}
	})
	return all
}

// catchUp lists an entry under its deadline.
//
// +checklocks:x.mu
func (x *index) catchUp(t *tenant, e *entry) {
	if e.behind() {
		t.unschedule(e)
		t.schedule(e)
		x.reschedule(t)
	}
}

// update changes an entry, which is there.
//
// +checklocks:x.mu
func (x *index) update(t *tenant, e *entry, m *sigil.Meta, policy uint16) {
	t.update(e, m, policy)
	x.reschedule(t)
}

// keys gives the keys of all memories.
func (x *index) keys() []sigil.Key {
	x.mu.RLock()
	defer x.mu.RUnlock()
	keys := make([]sigil.Key, 0, x.memories)
	for name, t := range x.tenants {
		t.all.scan(func(e *entry) bool {
			keys = append(keys, sigil.Key{Tenant: name, ID: e.id})
			return true
		})
	}
	return keys
}

// soil notes that an entry's figures are not on disk.
//
// +checklocks:x.mu
func (x *index) soil(t *tenant, e *entry) {
	if e.dirty == 0 {
		e.dirty = x.dirty.add(t, e.ref)
	}
}

// setCrystals puts the crystals of patterns of one tenant.
//
// +checklocks:x.mu
func (x *index) setCrystals(name string, crystals []sigil.Crystal) {
	t := x.tenant(name)
	for _, c := range crystals {
		x.setCrystal(t, c)
	}
}

// setCrystal puts the crystal of a pattern.
//
// +checklocks:x.mu
func (x *index) setCrystal(t *tenant, c sigil.Crystal) {
	if _, ok := t.crystals[c.Pattern]; !ok {
		x.crystals++
	}
	t.crystals[c.Pattern] = c
}

// tidy forgets a tenant that has nothing.
//
// +checklocks:x.mu
func (x *index) tidy(t *tenant) {
	if t.all.count == 0 && len(t.crystals) == 0 && t.arriving == (load{}) {
		delete(x.tenants, t.name)
	}
}

// reschedule keeps the agenda true after t's deadlines changed.
//
// +checklocks:x.mu
func (x *index) reschedule(t *tenant) {
	next := t.nextFade()
	if next == t.first {
		return
	}
	if t.first != never {
		x.agenda.Delete(appointment{t.first, t})
	}
	t.first = next
	if next != never {
		x.agenda.Set(appointment{next, t})
	}
}

// due gives at most limit keys of what is past its deadline at now.
//
// +checklocksread:x.mu
func (x *index) due(now int64, limit int) []sigil.Key {
	var keys []sigil.Key
	x.agenda.Scan(func(a appointment) bool {
		if a.at > now {
			return false
		}
		a.tenant.due(now, func(e *entry) bool {
			if len(keys) < limit {
				keys = append(keys, sigil.Key{Tenant: a.tenant.name, ID: e.id})
			}
			return len(keys) < limit
		})
		return len(keys) < limit
	})
	return keys
}

// near shows visit the live entries of the tenant, by distance from frequency f and by descending id, until
// it gives false. The index is locked.
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

// bucket gives the entries of a frequency, if it is one. The index is locked.
func (t *tenant) bucket(f int) []ref {
	if f < 0 || f >= sigil.Frequencies {
		return nil
	}
	if b := t.frequencies[uint16(f)]; b != nil {
		return b.refs
	}
	return nil
}
