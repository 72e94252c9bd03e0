package index

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/keylock"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Index holds the memories of a store: a memory exists while its entry is in the index. [New] makes an Index.
type Index struct {
	policies *layout.Policies // the policies that entries refer to by number

	mu sync.RWMutex
	// +checklocks:mu
	tenants map[string]*tenant
	// entries holds the entries of all tenants.
	// +checklocks:mu
	entries entries
	// contents finds entries by their contents.
	contents byContent // +checklocksignore: its writers hold mu
	// agenda holds the tenants that have a deadline, by their first one, so that the search for due memories
	// takes the same time however many memories and tenants there are.
	// +checklocks:mu
	agenda *btree.BTreeG[appointment]
	// unnoticed holds the tenants that have an entry that is not noticed and has a deadline, by the first one.
	// +checklocks:mu
	unnoticed *btree.BTreeG[appointment]
	// +checklocks:mu
	dirty dirty
	// memories counts all tenants' memories.
	// +checklocks:mu
	memories int
	// crystals counts all tenants' crystals, of patterns and memories.
	// +checklocks:mu
	crystals int
	// nextExpiry is the earliest time at which an idempotency answer may end.
	// +checklocks:mu
	nextExpiry int64
	// newest is the greatest stamp of all ids that were ever added. It is written with mu held.
	newest atomic.Uint64
	// position is the newest journal position that readers may see. It is written with mu held.
	position atomic.Uint64
}

type appointment struct {
	at     int64
	tenant *tenant
}

// New returns an empty index, whose entries refer to policies by number. With hugePages, entries are
// allocated by the megabyte, ahead of their use, in huge pages of the system.
func New(policies *layout.Policies, hugePages bool) *Index {
	return &Index{
		policies: policies, entries: entries{huge: hugePages},
		tenants: map[string]*tenant{}, contents: byContent{seed: maphash.MakeSeed()},
		agenda: newAgenda(), unnoticed: newAgenda(),
		nextExpiry: 0, // unknown: the first prune looks
	}
}

func newAgenda() *btree.BTreeG[appointment] {
	return btree.NewBTreeGOptions(func(a, b appointment) bool {
		if a.at != b.at {
			return a.at < b.at
		}
		return a.tenant.name < b.tenant.name
	}, btree.Options{NoLocks: true})
}

// Wait waits for the goroutine that allocates entries ahead, if there is one. The caller must not change the
// index while it waits.
func (x *Index) Wait() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.entries.wait()
}

// Place is the place of a memory in an index. The zero value is no place. Only a caller that has locked the
// memory's key may use it: an entry keeps its place until a caller with that lock removes it.
type Place struct {
	tenant *tenant
	entry  *entry
}

// There reports whether p is the place of a memory.
func (p Place) There() bool { return p.entry != nil }

// Key returns the key of the memory at p.
func (p Place) Key() sigil.Key { return sigil.Key{Tenant: p.tenant.name, ID: p.entry.id} }

// Compare compares places by their keys, in the order of the database.
func (p Place) Compare(q Place) int {
	if p.tenant == q.tenant {
		return compareIDs(p.entry, q.entry)
	}
	return keylock.Compare(p.Key(), q.Key())
}

// Position returns the newest journal position that readers may see.
func (x *Index) Position() uint64 { return x.position.Load() }

// Find returns a memory whose key the caller has locked, and its place.
func (x *Index) Find(key sigil.Key) (at Place, f Found) {
	// This takes the lock for writing, as Refresh does soon after. With many callers that first read and then
	// write, waiting for a read lock puts a goroutine to sleep, while waiting for a write lock mostly does
	// not; and there is little to do under the lock.
	x.mu.Lock()
	defer x.mu.Unlock()
	t, e := x.find(key)
	if e == nil {
		return at, f
	}
	return Place{t, e}, x.found(key.Tenant, e)
}

// MetaAt returns the figures of the memory at a place, whose key the caller has locked. It does not take the
// index's lock, because only a caller with the key's lock changes the figures.
func (x *Index) MetaAt(at Place) sigil.Meta { return at.entry.meta(at.tenant.name, x.policies) }

// holdStep is how many entries are looked up during one hold of the lock, for which recalls wait.
const holdStep = 32

// Visit calls visit once with the place and figures of each memory of keys that exists, until visit fails.
// The caller has locked the keys.
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

// look stores into there and metas the places and figures of the memories of keys that exist and were not
// seen yet. It returns their number.
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

// Taken reports whether the id of one of the entries, which are new ones of a tenant, belongs to another
// memory.
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

// stamp returns the first half of an id: its millisecond, and its number within that.
func stamp(id sigil.ID) uint64 { return binary.BigEndian.Uint64(id[:8]) }

// newer reports whether the ids of entries ascend, and the first is greater than all ids that were ever
// added. Nearly always that is so, and needs no lock.
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

// Together returns how many of the first places of some are adjacent in the index, in the order of some. All
// must exist.
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

// StartPrune reports whether an answer may have ended at now. If so, the next end is unknown until EndPrune:
// changes applied in the meantime record theirs, and a scan that begins now sees all earlier ones.
func (x *Index) StartPrune(now int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.nextExpiry > now {
		return false
	}
	x.nextExpiry = Never
	return true
}

// EndPrune records when the next answer ends, according to the scan.
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
