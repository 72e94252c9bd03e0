package index

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/keylock"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Index holds the memories of a store: a memory is there when its entry is. Make it with [New].
type Index struct {
	policies *layout.Policies // those that entries have the numbers of

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
	// position is the newest journal position that readers may see; written with mu held.
	position atomic.Uint64
}

type appointment struct {
	at     int64
	tenant *tenant
}

// New returns an empty index, whose entries have the numbers of policies. With hugePages, entries are allocated by the
// megabyte, ahead of their use, in huge pages of the system.
func New(policies *layout.Policies, hugePages bool) *Index {
	return &Index{
		policies: policies, entries: entries{huge: hugePages},
		tenants: map[string]*tenant{},
		agenda: btree.NewBTreeGOptions(func(a, b appointment) bool {
			if a.at != b.at {
				return a.at < b.at
			}
			return a.tenant.name < b.tenant.name
		}, btree.Options{NoLocks: true}),
		nextExpiry: 0, // unknown: the first prune looks
	}
}

// Wait waits for the goroutine that allocates entries ahead, if there is one. The caller makes no change meanwhile.
func (x *Index) Wait() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.entries.wait()
}

// Place is where a memory is in an index; the zero value is nowhere. A caller that has the memory's key locked may use
// it: an entry stays where it is until a caller that has the key locked removes it.
type Place struct {
	tenant *tenant
	entry  *entry
}

// There reports whether p is the place of a memory.
func (p Place) There() bool { return p.entry != nil }

// Key returns the key of the memory at p.
func (p Place) Key() sigil.Key { return sigil.Key{Tenant: p.tenant.name, ID: p.entry.id} }

// Compare orders places by their keys, as the database does.
func (p Place) Compare(q Place) int {
	if p.tenant == q.tenant {
		return compareIDs(p.entry, q.entry)
	}
	return keylock.Compare(p.Key(), q.Key())
}

// Change is what a commit does to an index once it is durable.
type Change struct {
	// Reservation, if not nil, ends: what it was for comes with this change, and what it chose has left.
	Reservation *Reservation
	// At is the place of a memory whose figures become Meta, with the number of its policy; nil changes none.
	At     Place
	Meta   *sigil.Meta
	Policy uint16
	// Ends is when the first of the answers that the commit keeps ends, in Unix milliseconds; [Never] if it keeps none.
	Ends int64
	// Crystals, of patterns of Tenant, take the place of those before.
	Tenant   string
	Crystals []sigil.Crystal
	// Entries are those of new memories of Tenant.
	Entries []Entry
}

// Apply makes the changes of one commit visible together, and the journal up to position: a caller that sees a change
// sees its journal entry. What leaves, sorted by key, comes before the changes.
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
	if len(ch.Crystals)+len(ch.Entries) == 0 {
		return
	}
	t := x.tenant(ch.Tenant) // looked up now: what left before may have taken the tenant along
	for _, c := range ch.Crystals {
		if _, ok := t.crystals[c.Pattern]; !ok {
			x.crystals++
		}
		t.crystals[c.Pattern] = c
	}
	for i := range ch.Entries {
		x.insert(t, &ch.Entries[i])
	}
}

// Position returns the newest journal position that readers may see.
func (x *Index) Position() uint64 { return x.position.Load() }

// Find returns the place and the figures of a memory whose key the caller has locked.
func (x *Index) Find(key sigil.Key) (at Place, m sigil.Meta) {
	// For writing, as Refresh does soon: among many that read first and write then, a lock for reading is waited for
	// asleep, one for writing mostly awake, and there is little to do under it.
	x.mu.Lock()
	defer x.mu.Unlock()
	t, e := x.find(key)
	if e == nil {
		return at, m
	}
	return Place{t, e}, e.meta(key.Tenant, x.policies)
}

// MetaAt returns the figures of the memory at a place, whose key the caller has locked. It takes no lock: nobody else
// changes the figures.
func (x *Index) MetaAt(at Place) sigil.Meta { return at.entry.meta(at.tenant.name, x.policies) }

// holdStep is how many entries are looked up in one hold of the lock, which recalls wait for.
const holdStep = 32

// Visit calls visit with the places and figures of the memories of keys that are there, each once, until it fails. The
// caller has the keys locked.
func (x *Index) Visit(keys []sigil.Key, visit func(Place, sigil.Meta) error) error {
	var there [holdStep]Place
	var metas [holdStep]sigil.Meta
	seen := make(map[*entry]bool, len(keys))
	for len(keys) > 0 {
		step := keys[:min(holdStep, len(keys))]
		keys = keys[len(step):]
		n := x.look(step, seen, &there, &metas)
		for i := range n {
			if err := visit(there[i], metas[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// look puts the places and figures of the memories of keys that are there and not seen yet into there and metas, and
// returns how many.
func (x *Index) look(keys []sigil.Key, seen map[*entry]bool, there *[holdStep]Place, metas *[holdStep]sigil.Meta) (n int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var t *tenant
	var next finger
	for _, key := range keys {
		if t == nil || t.name != key.Tenant {
			if t = x.tenants[key.Tenant]; t == nil {
				continue
			}
			next = finger{in: &t.all}
		}
		if e := next.find(idKey(0, key.ID)); e != nil && !seen[e] {
			seen[e] = true
			there[n], metas[n] = Place{t, e}, e.meta(key.Tenant, x.policies)
			n++
		}
	}
	return n
}

// Taken reports whether the id of one of the entries, new ones of a tenant, is another memory's.
func (x *Index) Taken(tenant string, entries []Entry) bool {
	if x.newer(entries) {
		return false
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	var seen map[sigil.ID]bool
	if len(entries) > 1 {
		seen = make(map[sigil.ID]bool, len(entries))
	}
	for i := range entries {
		e := &entries[i]
		if _, old := x.find(sigil.Key{Tenant: tenant, ID: e.id}); old != nil || seen[e.id] {
			return true
		}
		if seen != nil {
			seen[e.id] = true
		}
	}
	return false
}

// stamp returns the first half of an id: its millisecond, and its number in that.
func stamp(id sigil.ID) uint64 { return binary.BigEndian.Uint64(id[:8]) }

// newer reports whether the id of each entry is greater than that of the one before it, the first one's than all that
// were ever put in. Nearly always that is so, and takes no lock.
func (x *Index) newer(entries []Entry) bool {
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

// Together returns how many of the first of some, which are there, lie together in the order of some: there is nothing
// else between them.
func (x *Index) Together(some []Place) (n int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	t := some[0].tenant
	t.all.from(byID(some[0].entry), func(e *entry) bool {
		if n == len(some) || some[n] != (Place{t, e}) {
			return false
		}
		n++
		return true
	})
	return n
}

// StartPrune reports whether an answer may have ended at now. If so, what is to come is unknown until
// EndPrune: changes that are applied from here on note theirs, and a scan that begins now sees all that were before.
func (x *Index) StartPrune(now int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.nextExpiry > now {
		return false
	}
	x.nextExpiry = Never
	return true
}

// EndPrune notes when the next answer ends that the scan has seen.
func (x *Index) EndPrune(next int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.nextExpiry = min(x.nextExpiry, next)
}

// find returns the entry of a key, and its tenant, or nil.
//
// +checklocksread:x.mu
func (x *Index) find(key sigil.Key) (*tenant, *entry) {
	t := x.tenants[key.Tenant]
	if t == nil {
		return nil, nil
	}
	return t, t.find(key.ID)
}

// tenant returns the tenant of a name, and makes it if there is none.
//
// +checklocks:x.mu
func (x *Index) tenant(name string) *tenant {
	t := x.tenants[name]
	if t == nil {
		t = newTenant(name, &x.entries)
		x.tenants[name] = t
	}
	return t
}

// insert adds a copy of an entry.
//
// +checklocks:x.mu
func (x *Index) insert(t *tenant, e *entry) {
	x.newest.Store(max(x.newest.Load(), stamp(e.id)))
	t.insert(x.entries.add(e))
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

// stretch returns how many of the first of all, which are not none, have one property in common.
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
	t.remove(leaving)
	x.memories -= len(leaving)
	for _, e := range leaving {
		if e.crystallized {
			x.crystals--
		}
		if e.leaving { // an insert is about to evict it: it makes room once
			e.leaving = false
			t.leaving.add(Load{1, int64(e.size)}, -1) // and settle, which still knows it, frees its place
		} else {
			x.entries.free(e)
		}
	}
	x.reschedule(t)
	x.tidy(t)
}

// update changes an entry, which is there.
//
// +checklocks:x.mu
func (x *Index) update(t *tenant, e *entry, m *sigil.Meta, policy uint16) {
	t.update(e, m, policy)
	x.reschedule(t)
}

// tidy forgets a tenant that has nothing.
//
// +checklocks:x.mu
func (x *Index) tidy(t *tenant) {
	if t.all.count == 0 && len(t.crystals) == 0 && t.arriving == (Load{}) {
		delete(x.tenants, t.name)
	}
}

// reschedule keeps the agenda true after t's deadlines changed.
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
