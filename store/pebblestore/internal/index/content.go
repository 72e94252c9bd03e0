package index

import (
	"hash/maphash"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// byContent finds the memories of a tenant that may have a given content: those with the same frequency and hash label,
// about 42 bits of the hash. The caller compares the whole hash.
//
// It is a hash table with open addressing. Each slot has a label of 32 bits, which also decides where the slot is, and
// what has it: one entry, or the list of all entries with the same tenant, frequency and hash label. A slot is 8 bytes,
// and 60 to 75 of 100 slots are used, so that a memory takes 11 to 14 bytes. The table is cut into shards: one that grows
// is copied while the index is locked.
//
// The index's lock guards it, except for may, which needs no lock.
type byContent struct {
	seed   maphash.Seed // of the hashes of tenants' names
	shards [1 << shardBits]contentShard
	lists  []*contentList // by number
	free   []uint32       // the numbers of unused elements of lists
}

const shardBits = 8

type contentShard struct {
	slots atomic.Pointer[[]uint64] // nil if there are none; each is read and written atomically
	used  int
}

// contentList has the entries of one slot, by id. Those that are past their deadline may be missing: they never come back.
type contentList struct {
	tenant *tenant
	sorted
}

// isList marks the lower half of a slot as the number of a list. Otherwise it is a ref.
const isList = 1 << 31

// minSlots is the least number of slots of a shard.
const minSlots = 8

// Content is what memories are looked up by: a content, the time at which they must be live, and the memories that are known
// to have another content in spite of the same label.
type Content struct {
	Frequency uint16
	Hash      uint32 // see [record.Labels]
	Now       int64
	Except    []sigil.ID
}

// ContentOf returns the content of a memory that is about to be stored, at a time.
func ContentOf(m *sigil.Memory, now time.Time) Content {
	return Content{Frequency: uint16(m.Frequency), Hash: record.HashLabel(m.Hash), Now: now.UnixMilli()}
}

// MayHave reports whether a tenant may have a memory with a content. If not, it had none when MayHave was called. It needs no
// lock, so that an encode does not wait for it.
func (x *Index) MayHave(tenant string, c Content) bool {
	return x.contents.may(contentLabel(maphash.String(x.contents.seed, tenant), c.Frequency, c.Hash))
}

// Oldest returns the memory of a tenant with the lowest id that may have a content and is live.
func (x *Index) Oldest(name string, c *Content) (id sigil.ID, ok bool) {
	x.mu.Lock() // as in Find
	defer x.mu.Unlock()
	t := x.tenants[name]
	if t == nil {
		return id, false
	}
	if e := x.contents.oldest(&x.entries, t, c); e != nil {
		return e.id, true
	}
	return id, false
}

// contentLabel mixes its arguments.
func contentLabel(tenant uint64, frequency uint16, hash uint32) uint32 {
	n := tenant ^ uint64(frequency)<<32 ^ uint64(hash)
	n = (n ^ n>>31) * 0x9e3779b97f4a7c15
	n = (n ^ n>>29) * 0xbf58476d1ce4e5b9
	return uint32(n >> 32)
}

func (t *tenant) contentLabel(e *entry) uint32 {
	return contentLabel(t.contentSeed, e.frequency, e.hash)
}

func (c *byContent) shard(label uint32) *contentShard { return &c.shards[label>>(32-shardBits)] }

// place returns the index of the slot at which a search for a label begins, of n.
func place(label uint32, n int) int {
	return int(uint64(label<<shardBits) * uint64(n) >> 32)
}

// find returns the index of the first slot for which is returns true, of those that a label may be in, or that of the empty
// slot at their end.
func (h *contentShard) find(label uint32, is func(what uint32) bool) (at int, what uint32, found bool) {
	slots := h.all()
	if len(slots) == 0 {
		return 0, 0, false
	}
	for at = place(label, len(slots)); ; at = next(at, len(slots)) {
		switch s := slots[at]; {
		case s == 0:
			return at, 0, false
		case uint32(s>>32) == label && is(uint32(s)):
			return at, uint32(s), true
		}
	}
}

func (h *contentShard) all() []uint64 {
	if p := h.slots.Load(); p != nil {
		return *p
	}
	return nil
}

func next(at, n int) int {
	if at++; at == n {
		return 0
	}
	return at
}

func (h *contentShard) set(at int, label, what uint32) {
	atomic.StoreUint64(&h.all()[at], uint64(label)<<32|uint64(what))
}

// may reports whether a label is in the table. While the table is being changed, it may miss one that stays.
func (c *byContent) may(label uint32) bool {
	slots := c.shard(label).all()
	at := 0
	if len(slots) > 0 {
		at = place(label, len(slots))
	}
	for range slots {
		s := atomic.LoadUint64(&slots[at])
		if s == 0 {
			return false
		}
		if uint32(s>>32) == label {
			return true
		}
		at = next(at, len(slots))
	}
	return false
}

// insert adds an entry, which is in the tenant's list of all entries.
func (c *byContent) insert(of *entries, t *tenant, e *entry) {
	label := t.contentLabel(e)
	h := c.shard(label)
	at, what, found := h.find(label, func(what uint32) bool { return c.alike(of, t, e, what) })
	switch {
	case !found:
		if n := len(h.all()); 4*(h.used+1) > 3*n {
			h.resize(max(minSlots, 5*n/4))
			at, _, _ = h.find(label, func(uint32) bool { return false })
		}
		h.set(at, label, uint32(e.ref))
		h.used++
	case what&isList != 0:
		c.lists[what&^isList].insert(e)
	default:
		list := &contentList{t, sorted{of: of, key: byID}}
		list.insert(of.at(ref(what)))
		list.insert(e)
		h.set(at, label, c.number(list)|isList)
	}
}

// number returns an unused number, and gives it to list.
func (c *byContent) number(list *contentList) uint32 {
	if last := len(c.free) - 1; last >= 0 {
		n := c.free[last]
		c.free = c.free[:last]
		c.lists[n] = list
		return n
	}
	c.lists = append(c.lists, list)
	return uint32(len(c.lists) - 1)
}

// alike reports whether what a slot has is of the tenant, and has the frequency and hash label of e.
func (c *byContent) alike(of *entries, t *tenant, e *entry, what uint32) bool {
	if what&isList != 0 {
		list := c.lists[what&^isList]
		return list.tenant == t && list.first().alike(e)
	}
	other := of.at(ref(what))
	return other.alike(e) && t.find(other.id) == other
}

func (e *entry) alike(other *entry) bool {
	return e.frequency == other.frequency && e.hash == other.hash
}

// remove removes an entry, if it is there.
func (c *byContent) remove(t *tenant, e *entry) {
	label := t.contentLabel(e)
	h := c.shard(label)
	at, what, found := h.find(label, func(what uint32) bool {
		if what&isList == 0 {
			return ref(what) == e.ref
		}
		list := c.lists[what&^isList]
		return list.tenant == t && list.first().alike(e)
	})
	switch {
	case !found:
	case what&isList == 0:
		h.remove(at)
	default:
		c.lists[what&^isList].remove(e)
		c.shorten(h, at, label, what)
	}
}

// shorten replaces a list of one entry by that entry, and removes an empty one.
func (c *byContent) shorten(h *contentShard, at int, label, what uint32) {
	n := what &^ isList
	list := c.lists[n]
	switch list.count {
	case 0:
		h.remove(at)
	case 1:
		h.set(at, label, uint32(list.first().ref))
	default:
		return
	}
	c.lists[n] = nil
	c.free = append(c.free, n)
}

// oldest returns the entry of a tenant with the lowest id that has the frequency and hash label of content, is live, and is
// none of content.Except.
func (c *byContent) oldest(of *entries, t *tenant, content *Content) *entry {
	like := &entry{frequency: content.Frequency, hash: content.Hash}
	label := t.contentLabel(like)
	h := c.shard(label)
	at, what, found := h.find(label, func(what uint32) bool { return c.alike(of, t, like, what) })
	if !found {
		return nil
	}
	if what&isList == 0 {
		if e := of.at(ref(what)); !e.due(content.Now) && !slices.Contains(content.Except, e.id) {
			return e
		}
		return nil
	}
	list := c.lists[what&^isList]
	for list.count > 0 && list.first().due(content.Now) {
		list.remove(list.first()) // so that the next search need not pass it, which may be one of many
	}
	var oldest *entry
	list.scan(func(e *entry) bool {
		if !e.due(content.Now) && !slices.Contains(content.Except, e.id) {
			oldest = e
		}
		return oldest == nil
	})
	c.shorten(h, at, label, what)
	return oldest
}

// remove empties a slot, and closes the gap: a search ends at the first empty slot.
func (h *contentShard) remove(at int) {
	slots := h.all()
	gap := at
	for at = next(at, len(slots)); ; at = next(at, len(slots)) {
		s := slots[at]
		if s == 0 {
			break
		}
		begin := place(uint32(s>>32), len(slots))
		if between := gap <= at && gap < begin && begin <= at || at < gap && (gap < begin || begin <= at); between {
			continue // a search for it does not pass the gap
		}
		atomic.StoreUint64(&slots[gap], s)
		gap = at
	}
	atomic.StoreUint64(&slots[gap], 0)
	if h.used--; len(slots) > minSlots && 4*h.used < len(slots) {
		h.resize(max(minSlots, 3*h.used/2))
	}
}

// resize moves all slots to n new ones.
func (h *contentShard) resize(n int) {
	slots := make([]uint64, n)
	for _, s := range h.all() {
		if s == 0 {
			continue
		}
		at := place(uint32(s>>32), n)
		for slots[at] != 0 {
			at = next(at, n)
		}
		slots[at] = s // nobody else has the slice yet
	}
	h.slots.Store(&slots)
}
