package pebblestore

import (
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// room is what an insert under a quota was promised: space that no other insert is promised too, and
// the memories that leave for it, locked.
type room struct {
	tenant   *tenant
	arriving load
	victims  []victim
	keys     []sigil.Key // of the victims
	unlock   func()
}

type victim struct {
	entry  *entry
	fades  int64 // when it was chosen: a recall since then spares it
	reason string
}

// leaving gives the entries of the victims.
func (r *room) leaving() []located {
	all := make([]located, len(r.victims))
	for i, v := range r.victims {
		all[i] = located{r.tenant, v.entry}
	}
	return all
}

// makeRoom promises room for arriving under quota. The caller either publishes and calls settle with
// the index locked, or calls giveBack; and unlocks in the end.
func (s *Store) makeRoom(name string, arriving load, quota store.Quota, now int64) (*room, error) {
	for {
		r, err := s.promise(name, arriving, quota, now)
		if err != nil {
			return nil, err
		}
		for _, v := range r.victims {
			r.keys = append(r.keys, sigil.Key{Tenant: name, ID: v.entry.id})
		}
		r.unlock = s.keys.Lock(r.keys...)
		// Between choosing and locking, one of them may have been recalled, pinned or removed. Then
		// it is not the one to go: choose again.
		if s.stillThere(r, now) {
			return r, nil
		}
		r.unlock()
		s.giveBack(r)
	}
}

func (s *Store) promise(name string, arriving load, quota store.Quota, now int64) (*room, error) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	t := s.index.tenant(name)
	r, err := s.index.promise(t, arriving, quota, now)
	if err != nil {
		s.index.tidy(t)
	}
	return r, err
}

func (s *Store) stillThere(r *room, now int64) bool {
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	for _, v := range r.victims {
		if r.tenant.find(v.entry.id) != v.entry || v.entry.fades != v.fades || !v.entry.mayLeave(now) {
			return false
		}
	}
	return true
}

// promise chooses who leaves t.
//
// +checklocks:x.mu
func (x *index) promise(t *tenant, arriving load, quota store.Quota, now int64) (*room, error) {
	r := &room{tenant: t, arriving: arriving}
	t.arriving.add(arriving, 1)
	tooMany := func() bool {
		return quota.Memories > 0 && t.all.count+t.arriving.memories-t.leaving.memories > quota.Memories
	}
	tooBig := func() bool {
		return quota.Bytes > 0 && t.bytes+t.arriving.bytes-t.leaving.bytes > quota.Bytes
	}
	impossible := quota.Memories > 0 && arriving.memories > quota.Memories || quota.Bytes > 0 && arriving.bytes > quota.Bytes
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
			t.leaving.add(load{1, int64(e.size)}, 1)
			r.victims = append(r.victims, victim{e, e.fades, reason})
			return tooMany() || tooBig()
		})
		for _, e := range behind { // so that the next does not meet them
			x.catchUp(t, e)
		}
	}
	if impossible || tooMany() || tooBig() {
		x.settle(r)
		return nil, &sigil.Error{
			Kind: sigil.ErrFull, Code: "quota_full",
			Detail: "the tenant's limit leaves no room, and nothing that may be evicted would make enough",
		}
	}
	return r, nil
}

// mayLeave shows visit, by deadline, what may be evicted at now, until visit says to stop. It gives what it met that
// is listed under an earlier deadline than it has.
func (t *tenant) mayLeave(now int64, visit func(*entry) bool) (behind []*entry) {
	var aside []*entry // by deadline: those that come between others of fading
	later := func(e *entry) {
		i, _ := slices.BinarySearchFunc(aside, e, compareDeadlines)
		aside = slices.Insert(aside, i, e)
	}
	// What is pinned or crystallized may leave where its ttl is over.
	t.ending.scan(func(e *entry) bool {
		if e.due(now) {
			later(e)
		}
		return e.listed <= now
	})
	more := true
	t.fading.scan(func(e *entry) bool {
		for more && len(aside) > 0 && byDeadline(aside[0]).compare(byListed(e)) < 0 {
			more, aside = visit(aside[0]), aside[1:]
		}
		switch {
		case !more:
		case e.behind():
			behind = append(behind, e)
			if e.fades != never {
				later(e)
			}
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

// giveBack undoes a promise that is not kept.
func (s *Store) giveBack(r *room) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.index.settle(r)
	s.index.tidy(r.tenant)
}

// settle ends a promise, kept or not.
//
// +checklocks:x.mu
func (x *index) settle(r *room) {
	r.tenant.arriving.add(r.arriving, -1)
	for _, v := range r.victims {
		if v.entry.leaving {
			v.entry.leaving = false
			r.tenant.leaving.add(load{1, int64(v.entry.size)}, -1)
		} else { // it has left: see remove
			x.entries.free(v.entry)
		}
	}
}

func (l *load) add(other load, sign int) {
	l.memories += sign * other.memories
	l.bytes += int64(sign) * other.bytes
}

// encodeEvictions adds to ch what journals that the victims leave, before anything else of ch is journaled: they make
// room first.
func (s *Store) encodeEvictions(ch *change, r *room, evict func(sigil.Meta, string) sigil.Event) (evicted []*sigil.Event, err error) {
	own := ch.events
	ch.events = nil
	for _, v := range r.victims {
		s.index.mu.RLock()
		m := v.entry.meta(ch.tenant, s.policies)
		s.index.mu.RUnlock()
		event := evict(m, v.reason)
		if err := s.addEvent(ch, &event); err != nil {
			return nil, err
		}
		evicted = append(evicted, &event)
	}
	ch.events = append(ch.events, own...)
	return evicted, nil
}
