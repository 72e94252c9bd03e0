package storetest

import (
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// evictions returns the evicted ids, in order, with the reasons. It checks that the result agrees with the
// journal.
func (f *fixture) evictions(inserted store.Inserted) (ids []sigil.ID, reasons []string) {
	f.t.Helper()
	var journaled []sigil.Event
	for _, e := range f.events(sigil.DefaultTenant) {
		if e.Kind == sigil.Evicted {
			journaled = append(journaled, e)
		}
	}
	equal(f.t, "journaled evictions", journaled, inserted.Evicted)
	for _, e := range inserted.Evicted {
		ids, reasons = append(ids, e.Memory.ID), append(reasons, e.Reason)
	}
	return ids, reasons
}

// forever returns a policy under which no memory fades.
func forever() sigil.Policy {
	p, err := sigil.NewBounded(sigil.DefaultClassic(), 0, 0.5)
	if err != nil {
		panic(err)
	}
	return p
}

var quotaIdeas = []idea{
	{"no bound where it is 0", func(f *fixture) {
		for range 10 {
			inserted, err := f.tryInsert(store.Quota{}, f.memory(sized(1000)))
			f.ok("Insert", err)
			equal(f.t, "evicted", inserted.Evicted, nil)
		}
	}},
	{"as much as the bound fits", func(f *fixture) {
		inserted, err := f.tryInsert(store.Quota{Memories: 2, Bytes: 20}, f.memory(sized(10)), f.memory(sized(10)))
		f.ok("Insert", err)
		equal(f.t, "evicted", inserted.Evicted, nil)
	}},
	{"too many memories: the one nearest to its deadline leaves", func(f *fixture) {
		a, b, c := f.encode(fades(3*time.Minute)), f.encode(fades(time.Minute)), f.encode(fades(2*time.Minute))
		d := f.memory()
		inserted, err := f.tryInsert(store.Quota{Memories: 3}, d)
		f.ok("Insert", err)
		want := evicted(d.CreatedAt)(b.Meta, sigil.ReasonMemories)
		want.Position = 4
		equal(f.t, "evicted", unhashed(inserted.Evicted), []sigil.Event{want})
		f.evictions(inserted)
		equal(f.t, "ids", f.ids(start), []sigil.ID{d.ID, c.ID, a.ID})
		equal(f.t, "events", len(f.events(a.Tenant)), 5)
	}},
	{"too many bytes: as many leave as it takes, in the order of their deadlines", func(f *fixture) {
		a, b, c := f.encode(sized(10), fades(3*time.Minute)), f.encode(sized(10), fades(time.Minute)), f.encode(sized(10), fades(2*time.Minute))
		d := f.memory(sized(15))
		inserted, err := f.tryInsert(store.Quota{Bytes: 30}, d)
		f.ok("Insert", err)
		ids, reasons := f.evictions(inserted)
		equal(f.t, "evicted", ids, []sigil.ID{b.ID, c.ID})
		equal(f.t, "reasons", reasons, []string{sigil.ReasonBytes, sigil.ReasonBytes})
		equal(f.t, "ids", f.ids(start), []sigil.ID{d.ID, a.ID})
		equal(f.t, "bytes", f.stats(a.Tenant, start).Bytes, 25)
	}},
	{"a lowered bound is reached at the next insert", func(f *fixture) {
		for range 5 {
			f.encode()
		}
		last := f.memory()
		inserted, err := f.tryInsert(store.Quota{Memories: 2}, last)
		f.ok("Insert", err)
		equal(f.t, "evicted", len(inserted.Evicted), 4)
		equal(f.t, "memories", f.stats(last.Tenant, start).Memories, 2)
	}},
	{"what was recalled last leaves last", func(f *fixture) {
		a, b := f.encode(), f.encode()
		_, err := f.recall(a.Key, start.Add(time.Minute))
		f.ok("Update", err)
		inserted, err := f.tryInsert(store.Quota{Memories: 2}, f.memory())
		f.ok("Insert", err)
		ids, _ := f.evictions(inserted)
		equal(f.t, "evicted", ids, []sigil.ID{b.ID})
	}},
	{"pinned and crystallized stay, whatever their deadline", func(f *fixture) {
		p, c := f.encode(pinned, fades(time.Second)), f.encode(crystallized, fades(time.Second))
		m := f.encode(fades(time.Hour))
		inserted, err := f.tryInsert(store.Quota{Memories: 3}, f.memory())
		f.ok("Insert", err)
		ids, _ := f.evictions(inserted)
		equal(f.t, "evicted", ids, []sigil.ID{m.ID})
		for _, m := range []sigil.Memory{p, c} {
			_, err := f.Get(f.ctx(), m.Key, start)
			f.ok("Get", err)
		}
	}},
	{"what has no deadline, by a floor, leaves last, the older one first", func(f *fixture) {
		floor := func(m *sigil.Memory) { m.Policy = forever(); m.Reschedule() }
		a, b, c := f.encode(floor), f.encode(fades(time.Hour)), f.encode(floor)
		_, err := f.Update(f.ctx(), c.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Recall(sigil.DefaultClassic(), start)
			return nil, nil
		})
		f.ok("Update", err)
		_, err = f.Update(f.ctx(), c.Key, func(m *sigil.Meta) (*sigil.Event, error) { // listed under the deadline that it had
			m.Recall(forever(), start)
			return nil, nil
		})
		f.ok("Update", err)
		d := f.encode(floor, func(m *sigil.Memory) { m.TTL = time.Minute; m.Reschedule() })
		inserted, err := f.tryInsert(store.Quota{Memories: 2}, f.memory(fades(time.Second)))
		f.ok("Insert", err)
		ids, _ := f.evictions(inserted)
		equal(f.t, "evicted", ids, []sigil.ID{d.ID, b.ID, a.ID})
		equal(f.t, "left", f.stats(c.Tenant, start).Memories, 2)
		_, err = f.Get(f.ctx(), c.Key, start)
		f.ok("Get", err)
		_, err = f.tryInsert(store.Quota{Memories: 2}, f.memory(pinned), f.memory(pinned))
		f.ok("Insert", err)
		_, err = f.Get(f.ctx(), c.Key, start)
		fails(f.t, "Get", err, sigil.ErrNotFound, "not_found")
	}},
	{"what is past its deadline leaves first, though it was pinned or crystallized", func(f *fixture) {
		p, c := f.encode(pinned, fades(2*time.Second)), f.encode(crystallized, fades(time.Second))
		m := f.encode(fades(time.Hour))
		inserted, err := f.tryInsert(store.Quota{Memories: 2}, f.memory(created(start.Add(time.Minute))))
		f.ok("Insert", err)
		ids, _ := f.evictions(inserted)
		equal(f.t, "evicted", ids, []sigil.ID{c.ID, p.ID})
		_, err = f.Get(f.ctx(), m.Key, start.Add(time.Minute))
		f.ok("Get", err)
	}},
	{"refused where all are pinned or crystallized, and nothing changes", func(f *fixture) {
		f.encode(pinned)
		f.encode(crystallized)
		_, err := f.tryInsert(store.Quota{Memories: 2}, f.memory())
		fails(f.t, "Insert", err, sigil.ErrFull, "quota_full")
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, 2)
		equal(f.t, "events", len(f.events(sigil.DefaultTenant)), 2)
	}},
	{"refused where evicting all would not be enough, and nothing is evicted", func(f *fixture) {
		f.encode(sized(10))
		f.encode(sized(20), pinned)
		_, err := f.tryInsert(store.Quota{Bytes: 30}, f.memory(sized(11)))
		fails(f.t, "Insert", err, sigil.ErrFull, "quota_full")
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, 2)
		equal(f.t, "events", len(f.events(sigil.DefaultTenant)), 2)
	}},
	{"one larger than the whole bound is refused", func(f *fixture) {
		f.encode(sized(10))
		_, err := f.tryInsert(store.Quota{Bytes: 100}, f.memory(sized(101)))
		fails(f.t, "Insert", err, sigil.ErrFull, "quota_full")
		_, err = f.tryInsert(store.Quota{Memories: 1}, f.memory(), f.memory())
		fails(f.t, "Insert of two", err, sigil.ErrFull, "quota_full")
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, 1)
	}},
	{"other tenants' memories neither count nor leave", func(f *fixture) {
		for range 5 {
			f.encode(tenant("other"), fades(time.Second))
		}
		f.encode()
		inserted, err := f.tryInsert(store.Quota{Memories: 2}, f.memory())
		f.ok("Insert", err)
		equal(f.t, "evicted", inserted.Evicted, nil)
		_, err = f.tryInsert(store.Quota{Memories: 2}, f.memory())
		f.ok("Insert", err)
		equal(f.t, "other's memories", f.stats("other", start).Memories, 5)
	}},
	{"what is forgotten makes room", func(f *fixture) {
		m := f.encode(pinned)
		f.forget(m.Key)
		inserted, err := f.tryInsert(store.Quota{Memories: 1}, f.memory())
		f.ok("Insert", err)
		equal(f.t, "evicted", inserted.Evicted, nil)
	}},
	{"what is unpinned may leave", func(f *fixture) {
		m := f.encode(pinned)
		_, err := f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Pinned = false
			m.Touch(m.Policy, start)
			return &sigil.Event{Time: start, Kind: sigil.Unpinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
		})
		f.ok("Update", err)
		inserted, err := f.tryInsert(store.Quota{Memories: 1}, f.memory())
		f.ok("Insert", err)
		ids, _ := f.evictions(inserted)
		equal(f.t, "evicted", ids, []sigil.ID{m.ID})
	}},
	{"the bound holds whoever comes at once", func(f *fixture) {
		const callers, each, bound = 8, 20, 10
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for range each {
					if _, err := f.tryInsert(store.Quota{Memories: bound}, f.memory()); err != nil {
						f.t.Errorf("Insert: %v", err)
					}
					if n := f.stats(sigil.DefaultTenant, start).Memories; n > bound {
						f.t.Errorf("%d memories", n)
					}
				}
			})
		}
		wg.Wait()
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, bound)
		count := map[sigil.EventKind]int{}
		for _, e := range f.events(sigil.DefaultTenant) {
			count[e.Kind]++
		}
		equal(f.t, "encoded", count[sigil.Encoded], callers*each)
		equal(f.t, "evicted", count[sigil.Evicted], callers*each-bound)
	}},
}
