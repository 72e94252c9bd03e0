package storetest

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// RunUndo checks what a driver promises of [store.Undo]. open returns an empty store that keeps removed memories; RunUndo
// closes it.
func RunUndo(t *testing.T, open func(t *testing.T) store.Store) {
	runIdeas(t, undoIdeas, open)
	runIdeas(t, purgeIdeas, open)
	runIdeas(t, correctIdeas, open)
	runIdeas(t, attachIdeas, open)
}

// RunUndoReopen checks that removed memories are still there when a store is closed and opened again. open returns the
// store in dir, which keeps removed memories if keep is set, and creates it if there is none.
func RunUndoReopen(t *testing.T, open func(t *testing.T, dir string, keep bool) store.Store) {
	for _, keep := range []bool{true, false} {
		name := map[bool]string{true: "kept", false: "no longer kept"}[keep]
		t.Run("what was removed can be restored and purged, "+name, func(t *testing.T) {
			dir := t.TempDir()
			f := &fixture{Store: open(t, dir, true), t: t}
			a, b, c := f.encode(says("green tea"), tagged("a")), f.encode(sized(100)), f.encode()
			stays := f.encode(says("black tea"))
			f.forgetAt(1, c)
			f.forgetAt(2, a, b)
			f.ok("Close", f.Close())
			f.Store = open(t, dir, keep)
			f.complete()
			f.finds("tea", stays)
			equal(t, "removed", removedIDs(f.removed(store.RemovedQuery{})), []sigil.ID{b.ID, a.ID, c.ID})
			purged, err := f.Purge(f.ctx(), start, store.Quota{Memories: 2}, 10)
			f.ok("Purge", err)
			equal(t, "purged", purged, 1)
			back := f.restores(3, a)
			f.finds("tea", stays, back[0])
			f.ok("Close", f.Close())
			f.Store = open(t, dir, keep)
			f.complete()
			f.finds("tea", stays, back[0])
			got, err := f.Get(f.ctx(), a.Key, start)
			f.ok("Get", err)
			equal(t, "restored", got, back[0])
			equal(t, "removed", removedIDs(f.removed(store.RemovedQuery{})), []sigil.ID{b.ID})
			purged, err = f.Purge(f.ctx(), start, store.Quota{Bytes: 99}, 10)
			f.ok("Purge", err)
			equal(t, "purged", purged, 1)
			f.ok("Close", f.Close())
		})
	}
}

// removed returns all that q finds, which must be one page.
func (f *fixture) removed(q store.RemovedQuery) []store.Removed {
	f.t.Helper()
	if q.Tenant == "" {
		q.Tenant = sigil.DefaultTenant
	}
	q.Limit = 1000
	page, more, err := f.Removed(f.ctx(), q)
	if err != nil || more {
		f.t.Fatalf("Removed: more %v, %v", more, err)
	}
	return page
}

func removedIDs(all []store.Removed) (ids []sigil.ID) {
	for _, r := range all {
		ids = append(ids, r.Memory.ID)
	}
	return ids
}

// forgetAt forgets memories so many seconds after start, in one call.
func (f *fixture) forgetAt(seconds int, ms ...sigil.Memory) []sigil.Event {
	f.t.Helper()
	events, err := f.Remove(f.ctx(), keysOf(ms), forgotten(start.Add(time.Duration(seconds)*time.Second)))
	f.ok("Remove", err)
	equal(f.t, "removed", len(events), len(ms))
	return events
}

func keysOf(ms []sigil.Memory) (keys []sigil.Key) {
	for i := range ms {
		keys = append(keys, ms[i].Key)
	}
	return keys
}

// back returns the restore function to pass to Restore at a time. Like an engine, it has idleness start anew.
func back(at time.Time) func(*sigil.Meta, store.Removal) (sigil.Event, bool) {
	return func(m *sigil.Meta, _ store.Removal) (sigil.Event, bool) {
		m.Touch(m.Policy, at)
		return sigil.Event{Time: at, Kind: sigil.Restored, Reason: sigil.ReasonRequest, Memory: *m}, true
	}
}

// restores restores memories of one tenant so many seconds after start, in one call.
func (f *fixture) restores(seconds int, ms ...sigil.Memory) []sigil.Memory {
	f.t.Helper()
	all, err := f.Restore(f.ctx(), ms[0].Tenant, idsOf(ms), store.Quota{}, back(start.Add(time.Duration(seconds)*time.Second)))
	f.ok("Restore", err)
	equal(f.t, "restored", len(all), len(ms))
	return all
}

var undoIdeas = []idea{
	{"what was changed comes back as it was after the change", func(f *fixture) {
		m := f.encode(tagged("a"))
		m = f.change(m.Key, start, sigil.ChangedTags|sigil.ChangedTTL|sigil.ChangedLife, func(m *sigil.Memory) {
			m.Tags, m.TTL, m.Stretch = []string{"b"}, time.Hour, 2
		})
		f.forgetAt(1, m)
		back := f.restores(2, m)[0]
		equal(f.t, "ttl and stretch", back.TTL == m.TTL && back.Stretch == m.Stretch, true)
		equal(f.t, "tags", back.Tags, m.Tags)
		equal(f.t, "listed by its tag", len(f.list(store.Query{Tenant: m.Tenant, Now: start, Tags: []string{"b"}})), 1)
	}},
	{"what is removed is listed as it was, the one removed last first", func(f *fixture) {
		a, b, c := f.encode(tagged("x", "y")), f.encode(potential(0.95), crystallized), f.encode(pinned)
		recalled, err := f.recall(a.Key, start.Add(time.Second))
		f.ok("Update", err)
		first := f.forgetAt(1, a)
		events, err := f.Remove(f.ctx(), []sigil.Key{c.Key, b.Key}, func(m sigil.Meta) (sigil.Event, bool) {
			return sigil.Event{Time: start.Add(2 * time.Second), Kind: sigil.Faded, Reason: sigil.ReasonTTL, Memory: m}, true
		})
		f.ok("Remove", err)
		want := []store.Removed{
			{Removal: store.RemovalOf(&events[0]), Memory: c},
			{Removal: store.RemovalOf(&events[1]), Memory: b},
			{Removal: store.RemovalOf(&first[0]), Memory: recalled},
		}
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), want)
		equal(f.t, "of another tenant", f.removed(store.RemovedQuery{Tenant: "other"}), nil)
		for i := range want {
			want[i].Memory.Data = nil
		}
		equal(f.t, "without data", f.removed(store.RemovedQuery{NoData: true}), want)
	}},
	{"nothing else sees it", func(f *fixture) {
		m, stays := f.encode(says("tea"), tagged("x")), f.encode(says("tea"), tenant("other"))
		f.forgetAt(1, m)
		equal(f.t, "ids", f.ids(start), nil)
		f.finds("tea")
		equal(f.t, "stats", f.stats(m.Tenant, start), store.Stats{Position: 3})
		tenants, err := f.Tenants(f.ctx())
		f.ok("Tenants", err)
		equal(f.t, "tenants", tenants, []string{stays.Tenant})
		f.duplicates("duplicates", nil, unique(f.memory(same(m))))
		inserted, err := f.tryInsert(store.Quota{Memories: 2}, f.memory())
		f.ok("Insert", err)
		equal(f.t, "evicted", inserted.Evicted, nil)
	}},
	{"restored, it is as it was, and everything finds it", func(f *fixture) {
		m := f.encode(says("green tea"), tagged("x"), potential(0.95), crystallized)
		before := f.stats(m.Tenant, start)
		f.forgetAt(1, m)
		at := start.Add(time.Minute)
		all, err := f.Restore(f.ctx(), m.Tenant, []sigil.ID{m.ID}, store.Quota{}, func(seen *sigil.Meta, r store.Removal) (sigil.Event, bool) {
			equal(f.t, "seen", *seen, m.Meta)
			equal(f.t, "removal", r, store.Removal{At: start.Add(time.Second), Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Position: 2})
			return back(at)(seen, r)
		})
		f.ok("Restore", err)
		want := m
		want.Touch(m.Policy, at)
		equal(f.t, "restored", all, []sigil.Memory{want})
		got, err := f.Get(f.ctx(), m.Key, at)
		f.ok("Get", err)
		equal(f.t, "Get", got, want)
		equal(f.t, "by tag", f.list(store.Query{Tenant: m.Tenant, Now: at, Tags: []string{"x"}}), []sigil.Memory{want})
		f.finds("green", want)
		f.finds("tag:x", want)
		near, err := f.Nearest(f.ctx(), nil, store.NearestQuery{Tenant: m.Tenant, Now: at, Limit: 10, Frequency: m.Frequency})
		f.ok("Nearest", err)
		equal(f.t, "Nearest", near, []sigil.Meta{want.Meta})
		after := f.stats(m.Tenant, start)
		equal(f.t, "position", after.Position, before.Position+2)
		after.Position, after.AverageDecay, before.AverageDecay = before.Position, 0, 0
		equal(f.t, "stats", after, before)
		event := sigil.Event{Position: 3, Time: at, Kind: sigil.Restored, Reason: sigil.ReasonRequest, Memory: want.Meta}
		equal(f.t, "journal", unhashed(f.events(m.Tenant))[2:], []sigil.Event{event})
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
		f.duplicates("duplicates", map[int]sigil.ID{0: m.ID}, unique(f.memory(same(m))))
	}},
	{"figures that restore sets are kept, others are not", func(f *fixture) {
		m := f.encode(func(m *sigil.Memory) { m.TTL = time.Minute; m.Reschedule() })
		f.forgetAt(1, m)
		want := m
		want.TTL, want.Policy = 0, sigil.DefaultPolicy()
		want.Touch(want.Policy, start.Add(time.Hour))
		_, err := f.Restore(f.ctx(), m.Tenant, []sigil.ID{m.ID}, store.Quota{}, func(m *sigil.Meta, _ store.Removal) (sigil.Event, bool) {
			*m = want.Meta
			event := sigil.Event{Time: start.Add(time.Hour), Kind: sigil.Restored, Reason: sigil.ReasonRequest, Memory: *m}
			m.Potential, m.Size, m.AccessCount, m.Crystallized = 1, 1, 77, true
			return event, true
		})
		f.ok("Restore", err)
		got, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "restored", got, want)
		equal(f.t, "due", f.due(want.FadesAt, 10), []sigil.Key{m.Key})
	}},
	{"its stretch comes back, and decides its deadline, and so does that its policy is its own", func(f *fixture) {
		m := f.encode(func(m *sigil.Memory) { m.Stretch, m.OwnPolicy = 7.25, true; m.Reschedule() })
		f.forgetAt(1, m)
		equal(f.t, "removed", f.removed(store.RemovedQuery{})[0].Memory, m)
		at := start.Add(time.Minute)
		want := m
		want.Touch(m.Policy, at)
		_, err := f.Restore(f.ctx(), m.Tenant, []sigil.ID{m.ID}, store.Quota{}, back(at))
		f.ok("Restore", err)
		got, err := f.Get(f.ctx(), m.Key, at)
		f.ok("Get", err)
		equal(f.t, "restored", got, want)
		equal(f.t, "restored", f.list(store.Query{Tenant: m.Tenant, Now: at}), []sigil.Memory{want})
		equal(f.t, "due", f.due(want.FadesAt, 10), []sigil.Key{m.Key})
	}},
	{"it lives on like any other, and can be removed and restored again", func(f *fixture) {
		m := f.encode(says("tea"))
		for i := range 3 {
			f.forgetAt(10*i+1, m)
			f.finds("tea")
			events, err := f.Events(f.ctx(), m.Tenant, uint64(3*i), 10)
			f.ok("Events", err)
			equal(f.t, "removed", f.removed(store.RemovedQuery{})[0].Position, events[len(events)-1].Position)
			f.restores(10*i+2, m)
			at := start.Add(time.Duration(10*i+3) * time.Second)
			_, err = f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, tagging(at, "round", string(rune('a'+i))))
			f.ok("Amend", err)
			got, err := f.Get(f.ctx(), m.Key, at)
			f.ok("Get", err)
			equal(f.t, "tags", got.Tags, []string{"round", string(rune('a' + i))})
			equal(f.t, "recalls", got.AccessCount, uint64(i+1))
			f.finds("tag:round", got)
			equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
		}
	}},
	{"tags that it got later come back, too", func(f *fixture) {
		m := f.encode(tagged("a"))
		amended, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: start}, tagging(start, "a", "b"))
		f.ok("Amend", err)
		f.forgetAt(1, m)
		equal(f.t, "removed", f.removed(store.RemovedQuery{})[0].Memory, amended.Memory)
		equal(f.t, "restored", f.restores(2, m)[0].Tags, []string{"a", "b"})
		equal(f.t, "by tag", idsOf(f.list(store.Query{Tenant: m.Tenant, Now: start, Tags: []string{"b"}})), []sigil.ID{m.ID})
	}},
	{"its own vector comes back", func(f *fixture) {
		v := store.Vector{127, 0, 0}
		m := f.keep(v, says("tea"))
		f.forgetAt(1, m)
		q := store.SearchQuery{Vector: v, Model: store.OwnModel}
		f.findsIn(q)
		back := f.restores(2, m)
		equal(f.t, "vector", f.vectorsOf(store.OwnModel, m), []store.Vector{v})
		f.findsIn(q, back...)
		f.findsIn(like("tea"), back...)
	}},
	{"evicted ones can be restored", func(f *fixture) {
		m := f.encode()
		inserted, err := f.tryInsert(store.Quota{Memories: 1}, f.memory())
		f.ok("Insert", err)
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), []store.Removed{{Removal: store.RemovalOf(&inserted.Evicted[0]), Memory: m}})
		f.restores(1, m)
		equal(f.t, "memories", f.stats(m.Tenant, start).Memories, 2)
	}},
	{"erased ones cannot", func(f *fixture) {
		a, b := f.encode(), f.encode(tagged("a"))
		_, err := f.Remove(f.ctx(), []sigil.Key{a.Key, b.Key}, func(m sigil.Meta) (sigil.Event, bool) {
			e := sigil.Event{Time: start, Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}
			if m.ID == b.ID {
				e.Kind = sigil.Forgotten
			}
			return e, true
		})
		f.ok("Remove", err)
		equal(f.t, "removed", removedIDs(f.removed(store.RemovedQuery{})), []sigil.ID{b.ID})
		all, err := f.Restore(f.ctx(), a.Tenant, []sigil.ID{a.ID, b.ID}, store.Quota{}, back(start))
		f.ok("Restore", err)
		equal(f.t, "restored", idsOf(all), []sigil.ID{b.ID})
	}},
	{"what is live, unknown, another tenant's or given twice is passed over", func(f *fixture) {
		m, live, foreign := f.encode(), f.encode(), f.encode(tenant("other"))
		f.forgetAt(1, m)
		f.forgetAt(1, foreign)
		ids := []sigil.ID{live.ID, f.memory().ID, foreign.ID, m.ID, m.ID}
		all, err := f.Restore(f.ctx(), m.Tenant, ids, store.Quota{}, back(start.Add(2*time.Second)))
		f.ok("Restore", err)
		equal(f.t, "restored", idsOf(all), []sigil.ID{m.ID})
		all, err = f.Restore(f.ctx(), m.Tenant, ids, store.Quota{}, back(start.Add(2*time.Second)))
		f.ok("Restore", err)
		equal(f.t, "restored again", all, nil)
		all, err = f.Restore(f.ctx(), m.Tenant, nil, store.Quota{}, back(start))
		f.ok("Restore", err)
		equal(f.t, "of none", all, nil)
		equal(f.t, "journal entries", len(f.events(m.Tenant)), 4)
	}},
	{"restore may decline", func(f *fixture) {
		a, b := f.encode(), f.encode()
		f.forgetAt(1, a, b)
		all, err := f.Restore(f.ctx(), a.Tenant, []sigil.ID{a.ID, b.ID}, store.Quota{}, func(m *sigil.Meta, r store.Removal) (sigil.Event, bool) {
			e, _ := back(start)(m, r)
			return e, m.ID == b.ID
		})
		f.ok("Restore", err)
		equal(f.t, "restored", idsOf(all), []sigil.ID{b.ID})
		equal(f.t, "removed", f.removed(store.RemovedQuery{})[0].Memory, a)
	}},
	{"over the quota nothing is restored, and nothing evicted", func(f *fixture) {
		a, b := f.encode(sized(10)), f.encode(sized(10))
		f.forgetAt(1, a, b)
		f.encode(sized(10))
		ids := []sigil.ID{a.ID, b.ID}
		for _, q := range []store.Quota{{Memories: 2}, {Bytes: 29}, {Memories: 1}} {
			_, err := f.Restore(f.ctx(), a.Tenant, ids, q, back(start))
			fails(f.t, "Restore", err, sigil.ErrFull, "quota_full")
		}
		equal(f.t, "journal entries", len(f.events(a.Tenant)), 5)
		equal(f.t, "removed", len(f.removed(store.RemovedQuery{})), 2)
		all, err := f.Restore(f.ctx(), a.Tenant, ids, store.Quota{Memories: 3, Bytes: 30}, back(start))
		f.ok("Restore", err)
		equal(f.t, "restored", idsOf(all), ids)
		inserted, err := f.tryInsert(store.Quota{Memories: 3}, f.memory(sized(10)))
		f.ok("Insert", err)
		equal(f.t, "evicted", len(inserted.Evicted), 1)
	}},
	{"a page ends at its limits and continues", func(f *fixture) {
		var want []sigil.ID
		for i := range 10 {
			m := f.encode(sized(10))
			f.forgetAt(i/3, m)
			want = append([]sigil.ID{m.ID}, want...)
		}
		for _, q := range []store.RemovedQuery{{Limit: 4}, {Limit: 1}, {Limit: 100, Bytes: 25}, {Limit: 10}} {
			q.Tenant = sigil.DefaultTenant
			var got []sigil.ID
			for more := true; more; {
				page, again, err := f.Removed(f.ctx(), q)
				f.ok("Removed", err)
				if more = again; len(page) == 0 || len(page) > q.Limit {
					f.t.Fatalf("a page of %d", len(page))
				}
				got = append(got, removedIDs(page)...)
				q.Before, q.BeforeAt = page[len(page)-1].Memory.ID, page[len(page)-1].At
			}
			equal(f.t, "removed", got, want)
		}
		equal(f.t, "since", removedIDs(f.removed(store.RemovedQuery{Since: start.Add(2 * time.Second)})), want[:4])
	}},
}
