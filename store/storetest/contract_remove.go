package storetest

import (
	"bytes"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var removeIdeas = []idea{
	{"what is removed is gone from every read", func(f *fixture) {
		m := f.encode(potential(0.95), crystallized)
		stays := f.encode()
		events := f.forget(m.Key)
		equal(f.t, "events", len(events), 1)
		_, err := f.Get(f.ctx(), m.Key, start)
		fails(f.t, "Get", err, sigil.ErrNotFound, "not_found")
		_, err = f.recall(m.Key, start)
		fails(f.t, "Update", err, sigil.ErrNotFound, "not_found")
		equal(f.t, "List", f.ids(start), []sigil.ID{stays.ID})
		near, err := f.Nearest(f.ctx(), nil, store.NearestQuery{Tenant: m.Tenant, Now: start, Limit: 10, Frequency: m.Frequency, Span: sigil.NumFrequencies})
		f.ok("Nearest", err)
		equal(f.t, "Nearest", near, []sigil.Meta{stays.Meta})
		stats := f.stats(m.Tenant, start)
		equal(f.t, "Stats", []int{stats.Memories, int(stats.Bytes), stats.Crystallized}, []int{1, stays.Size, 0})
	}},
	{"events come back with their positions", func(f *fixture) {
		m := f.encode()
		event, _ := forgotten(start)(m.Meta)
		event.Position = 2
		equal(f.t, "answer", unhashed(f.forget(m.Key)), []sigil.Event{event})
		equal(f.t, "journal", unhashed(f.events(m.Tenant))[1:], []sigil.Event{event})
	}},
	{"decide sees the memory as it is now, and may keep it", func(f *fixture) {
		m := f.encode()
		recalled, err := f.recall(m.Key, m.CreatedAt.Add(time.Minute))
		f.ok("Update", err)
		events, err := f.Remove(f.ctx(), []sigil.Key{m.Key}, func(seen sigil.Meta) (sigil.Event, bool) {
			equal(f.t, "seen", seen, recalled.Meta)
			return sigil.Event{Time: start, Kind: sigil.Faded, Reason: sigil.ReasonDecay, Memory: seen}, false
		})
		f.ok("Remove", err)
		equal(f.t, "events", events, nil)
		equal(f.t, "ids", f.ids(start), []sigil.ID{m.ID})
		equal(f.t, "journal entries", len(f.events(m.Tenant)), 1)
	}},
	{"only those that decide chose, of any tenant", func(f *fixture) {
		a, b, c := f.encode(tenant("a"), pinned), f.encode(tenant("b")), f.encode(tenant("c"))
		events, err := f.Remove(f.ctx(), []sigil.Key{c.Key, b.Key, a.Key}, func(m sigil.Meta) (sigil.Event, bool) {
			return sigil.Event{Time: start, Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: m}, !m.Pinned
		})
		f.ok("Remove", err)
		equal(f.t, "events", len(events), 2)
		for tenant, want := range map[string]int{"a": 1, "b": 0, "c": 0} {
			equal(f.t, tenant, f.stats(tenant, start).Memories, want)
			equal(f.t, tenant+": journal entries", len(f.events(tenant)), 2-want)
		}
	}},
	{"what is not there is passed over", func(f *fixture) {
		m := f.encode()
		unknown := sigil.Key{Tenant: m.Tenant, ID: f.memory().ID}
		foreign := sigil.Key{Tenant: "other", ID: m.ID}
		equal(f.t, "events", f.forget(unknown, foreign), nil)
		equal(f.t, "events of no keys", f.forget(), nil)
		equal(f.t, "ids", f.ids(start), []sigil.ID{m.ID})
	}},
	{"a key given twice is removed once", func(f *fixture) {
		m := f.encode()
		equal(f.t, "events", len(f.forget(m.Key, m.Key)), 1)
		equal(f.t, "journal entries", len(f.events(m.Tenant)), 2)
	}},
	{"many at once", func(f *fixture) {
		var ms []sigil.Memory
		var keys []sigil.Key
		for range 2000 {
			ms = append(ms, f.memory())
			keys = append(keys, ms[len(ms)-1].Key)
		}
		f.insert(ms...)
		equal(f.t, "events", len(f.forget(keys...)), len(keys))
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, 0)
	}},
	{"a store that was not opened to keep what is removed keeps nothing", func(f *fixture) {
		m := f.encode()
		f.forget(m.Key)
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
		all, err := f.Restore(f.ctx(), m.Tenant, []sigil.ID{m.ID}, store.Quota{}, back(start))
		f.ok("Restore", err)
		equal(f.t, "restored", all, nil)
		f.purges(start.Add(time.Hour), store.Quota{}, 10, 0)
	}},
	{"an id that was removed may come again", func(f *fixture) {
		m := f.encode()
		f.forget(m.Key)
		f.insert(m)
		got, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "memory", got, m)
	}},
}

var dueIdeas = []idea{
	{"from the deadline on, of all tenants, swept or not", func(f *fixture) {
		a := f.encode(tenant("a"), fades(2*time.Second))
		b := f.encode(tenant("b"), fades(time.Second))
		f.encode(tenant("c"), fades(3*time.Second))
		f.encode(tenant("c"), pinned)
		equal(f.t, "before any", f.due(start.Add(time.Second-time.Millisecond), 10), nil)
		equal(f.t, "at the first deadline", f.due(start.Add(time.Second), 10), []sigil.Key{b.Key})
		equal(f.t, "at the second", f.due(start.Add(2*time.Second), 10), []sigil.Key{a.Key, b.Key})
		equal(f.t, "asked again", f.due(start.Add(2*time.Second), 10), []sigil.Key{a.Key, b.Key})
	}},
	{"at most limit, and the rest after these are gone", func(f *fixture) {
		var want, got []sigil.Key
		for range 10 {
			want = append(want, f.encode(fades(time.Second)).Key)
		}
		for {
			keys := f.due(start.Add(time.Second), 4)
			if len(keys) == 0 {
				break
			}
			if len(keys) > 4 || len(f.forget(keys...)) != len(keys) {
				f.t.Fatalf("Due with limit 4: %d keys, or some that are not there", len(keys))
			}
			got = append(got, keys...)
		}
		equal(f.t, "keys", sorted(got), want)
	}},
	{"not what is kept by a pin or a recall", func(f *fixture) {
		p, r := f.encode(), f.encode()
		_, err := f.Update(f.ctx(), p.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Pinned = true
			m.Reschedule()
			return &sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
		})
		f.ok("Update", err)
		_, err = f.recall(r.Key, start.Add(time.Minute))
		f.ok("Update", err)
		equal(f.t, "due", f.due(start.Add(100*time.Second), 10), nil)
		equal(f.t, "due later", f.due(start.Add(time.Hour), 10), []sigil.Key{r.Key})
	}},
}

func (f *fixture) due(now time.Time, limit int) []sigil.Key {
	f.t.Helper()
	keys, err := f.Due(f.ctx(), now, limit)
	f.ok("Due", err)
	return sorted(keys)
}

// sorted sorts keys by id, which is by age.
func sorted(keys []sigil.Key) []sigil.Key {
	slices.SortFunc(keys, func(a, b sigil.Key) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return keys
}

var tenantIdeas = []idea{
	{"those with a memory or a crystal, by name", func(f *fixture) {
		tenants := func() []string {
			all, err := f.Tenants(f.ctx())
			f.ok("Tenants", err)
			return all
		}
		equal(f.t, "of an empty store", tenants(), nil)
		var ms []sigil.Memory
		for _, name := range []string{"b", "Z", "a", "a-", "a.b", "9", "b"} {
			ms = append(ms, f.encode(tenant(name)))
		}
		equal(f.t, "tenants", tenants(), []string{"9", "Z", "a", "a-", "a.b", "b"})
		f.forget(ms[0].Key, ms[1].Key, ms[2].Key)
		equal(f.t, "after some were forgotten", tenants(), []string{"9", "a-", "a.b", "b"})
		f.crystallize("a-", start)
		f.forget(ms[3].Key, ms[4].Key)
		equal(f.t, "a crystal stays", tenants(), []string{"9", "a-", "b"})
	}},
	{"one sees nothing of another", func(f *fixture) {
		mine := f.encode(tenant("a"), frequency(7), potential(0.95))
		for _, other := range []string{"a-", "a0", "b", "A", ""} {
			got := f.list(store.Query{Tenant: other, Now: start})
			equal(f.t, "List", got, nil)
			near, err := f.Nearest(f.ctx(), nil, store.NearestQuery{Tenant: other, Now: start, Limit: 10, Frequency: 7, Span: sigil.NumFrequencies})
			f.ok("Nearest", err)
			equal(f.t, "Nearest", near, nil)
			patterns, err := f.Patterns(f.ctx(), other, start)
			f.ok("Patterns", err)
			equal(f.t, "Patterns", patterns, nil)
			equal(f.t, "Events", f.events(other), nil)
			equal(f.t, "Stats", f.stats(other, start), store.Stats{Position: 1})
			equal(f.t, "Remove", f.forget(sigil.Key{Tenant: other, ID: mine.ID}), nil)
		}
	}},
}
