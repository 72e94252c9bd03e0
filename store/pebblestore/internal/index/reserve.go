package index

import (
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Reservation is quota that an insert has reserved: no other insert gets it. It includes the memories that
// are evicted for it. It ends with Release, or with the change that it is part of.
type Reservation struct {
	tenant   *tenant
	arriving Load
	victims  []victim
}

type victim struct {
	entry  *entry
	fades  int64 // when it was chosen; a later recall spares it
	reason string
	// corrected means that it is not evicted: an arriving memory supersedes it.
	corrected bool
}

// ErrLeaving means that another reservation has a memory leave. It has its key locked, or is about to lock it.
const ErrLeaving = leaving("index: the memory is leaving")

type leaving string

func (l leaving) Error() string { return string(l) }

// Keys returns the keys of the memories to evict.
func (r *Reservation) Keys() []sigil.Key {
	var keys []sigil.Key
	for _, v := range r.victims {
		keys = append(keys, sigil.Key{Tenant: r.tenant.name, ID: v.entry.id})
	}
	return keys
}

// Leaving returns the places of the memories to evict.
func (r *Reservation) Leaving() []Place {
	all := make([]Place, len(r.victims))
	for i, v := range r.victims {
		all[i] = Place{r.tenant, v.entry}
	}
	return all
}

// Reserve reserves quota for arriving, and chooses the memories to evict for it: those that fade first. The
// caller locks their keys and then calls Stands, which reports whether the choice still holds.
//
// If old is not the zero id, the memory with that id leaves as well, since an arriving one supersedes it; it is the last of those that
// leave. The error is [sigil.ErrNotFound] if there is none, and ErrLeaving if another reservation has it leave.
func (x *Index) Reserve(name string, arriving Load, quota store.Quota, now int64, old sigil.ID) (*Reservation, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.tenant(name)
	r, err := x.reserve(t, arriving, quota, now, old)
	if err != nil {
		x.tidy(t)
	}
	return r, err
}

// ReserveFree reserves quota for arriving, if that much is free: it evicts nothing.
func (x *Index) ReserveFree(name string, arriving Load, quota store.Quota) (_ *Reservation, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.tenant(name)
	r := &Reservation{tenant: t, arriving: arriving}
	t.arriving.add(arriving, 1)
	if t.overMemories(quota) || t.overBytes(quota) {
		x.settle(r)
		x.tidy(t)
		return nil, false
	}
	return r, true
}

func (t *tenant) overMemories(quota store.Quota) bool {
	return quota.Memories > 0 && t.all.count+t.arriving.Memories-t.leaving.Memories > quota.Memories
}

func (t *tenant) overBytes(quota store.Quota) bool {
	return quota.Bytes > 0 && t.bytes+t.arriving.Bytes-t.leaving.Bytes > quota.Bytes
}

// Stands reports whether the memories to evict still exist, may still be evicted, and have the same deadlines
// as when they were chosen. The caller has locked their keys.
func (x *Index) Stands(r *Reservation, now int64) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, v := range r.victims {
		if r.tenant.find(v.entry.id) != v.entry {
			return false
		}
		if !v.corrected && (v.entry.fades != v.fades || !v.entry.mayLeave(now)) {
			return false
		}
	}
	return true
}

// Evict calls evict with the place and figures of each memory to evict, and the reason, until it fails. For the memory that is
// superseded, the reason is empty. The caller has locked their keys.
func (x *Index) Evict(r *Reservation, evict func(at Place, m sigil.Meta, reason string) error) error {
	for _, v := range r.victims {
		at := Place{r.tenant, v.entry}
		if err := evict(at, x.MetaAt(at), v.reason); err != nil {
			return err
		}
	}
	return nil
}

// Release ends a reservation whose insert was not made.
func (x *Index) Release(r *Reservation) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.settle(r)
	x.tidy(r.tenant)
}

// reserve chooses which memories of t are evicted.
//
// +checklocks:x.mu
func (x *Index) reserve(t *tenant, arriving Load, quota store.Quota, now int64, old sigil.ID) (*Reservation, error) {
	r := &Reservation{tenant: t, arriving: arriving}
	if old != (sigil.ID{}) {
		e := t.find(old)
		switch {
		case e == nil:
			return nil, sigil.NewNotFound()
		case e.leaving:
			return nil, ErrLeaving
		}
		e.leaving = true
		t.leaving.add(Load{1, int64(e.size)}, 1)
		r.victims = append(r.victims, victim{entry: e, corrected: true})
	}
	t.arriving.add(arriving, 1)
	tooMany := func() bool { return t.overMemories(quota) }
	tooBig := func() bool { return t.overBytes(quota) }
	impossible := quota.Memories > 0 && arriving.Memories > quota.Memories || quota.Bytes > 0 && arriving.Bytes > quota.Bytes
	if !impossible && (tooMany() || tooBig()) {
		behind := t.mayLeave(now, func(e *entry) bool {
			if e.leaving {
				return true
			}
			reason := sigil.ReasonMemories
			if !tooMany() {
				reason = sigil.ReasonBytes
			}
			e.leaving = true
			t.leaving.add(Load{1, int64(e.size)}, 1)
			r.victims = append(r.victims, victim{entry: e, fades: e.fades, reason: reason})
			return tooMany() || tooBig()
		})
		for _, e := range behind { // so that the next reservation does not meet them
			x.catchUp(t, e)
		}
	}
	if impossible || tooMany() || tooBig() {
		x.settle(r)
		return nil, &sigil.Error{
			Kind: sigil.ErrFull, Code: "quota_full",
			Detail: "the tenant is at its limit, and evicting everything evictable would not free enough",
		}
	}
	if len(r.victims) > 1 && r.victims[0].corrected {
		r.victims = append(r.victims[1:], r.victims[0])
	}
	return r, nil
}

// mayLeave calls visit, by deadline, with the entries that may be evicted at now, until visit returns false.
// It returns the entries it met that are listed under an earlier deadline than their own.
func (t *tenant) mayLeave(now int64, visit func(*entry) bool) (behind []*entry) {
	var aside []*entry // by deadline: to be merged with the entries of fading
	later := func(e *entry) {
		i, _ := slices.BinarySearchFunc(aside, e, compareDeadlines)
		aside = slices.Insert(aside, i, e)
	}
	// A pinned or crystallized memory may be evicted if its ttl is over.
	fading, ending := []*sorted{&t.fading}, []*sorted{&t.ending}
	if t.noticed != nil {
		fading, ending = append(fading, &t.noticed.fading), append(ending, &t.noticed.ending)
	}
	for _, list := range ending {
		list.scan(func(e *entry) bool {
			if e.due(now) {
				later(e)
			}
			return e.listed <= now
		})
	}
	more := true
	merge(fading, func(e *entry) bool {
		for more && len(aside) > 0 && byDeadline(aside[0]).compare(byListed(e)) < 0 {
			more, aside = visit(aside[0]), aside[1:]
		}
		switch {
		case !more:
		case e.behind():
			behind = append(behind, e)
			later(e)
		default:
			more = visit(e)
		}
		return more
	})
	for ; more && len(aside) > 0; aside = aside[1:] {
		more = visit(aside[0])
	}
	return behind
}

func (e *entry) mayLeave(now int64) bool { return e.evictable() || e.due(now) }

// settle ends a reservation, whether its insert was made or not.
//
// +checklocks:x.mu
func (x *Index) settle(r *Reservation) {
	r.tenant.arriving.add(r.arriving, -1)
	for _, v := range r.victims {
		if v.entry.leaving {
			v.entry.leaving = false
			r.tenant.leaving.add(Load{1, int64(v.entry.size)}, -1)
		} else { // it has left: see remove
			x.entries.free(v.entry)
		}
	}
}
