package storetest

import (
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var noticeIdeas = []idea{
	{"those of all tenants whose deadlines are in the span", func(f *fixture) {
		a, b := f.encode(tenant("a"), fades(time.Hour)), f.encode(tenant("b"), fades(2*time.Hour))
		c := f.encode(tenant("b"), fades(3*time.Hour))
		f.encode(tenant("c"), pinned)
		f.unnoticed(0, time.Hour-time.Millisecond)
		f.unnoticed(0, time.Hour, a)
		f.unnoticed(0, 3*time.Hour, a, b, c)
		f.unnoticed(time.Hour, 3*time.Hour, b, c)
		f.unnoticed(3*time.Hour, 4*time.Hour)
		keys, err := f.Unnoticed(f.ctx(), start, start.Add(3*time.Hour), 2)
		f.ok("Unnoticed", err)
		equal(f.t, "at most limit", len(keys), 2)
	}},
	{"a memory is noticed once, with a journal entry", func(f *fixture) {
		a, b := f.encode(tenant("a"), fades(time.Hour)), f.encode(tenant("b"), fades(time.Hour))
		unknown := sigil.Key{Tenant: "a", ID: f.memory().ID}
		events := f.notice(a.Key, unknown, b.Key, a.Key)
		equal(f.t, "events", len(events), 2)
		for i, m := range []sigil.Memory{a, b} {
			m.Noticed = true
			want := sigil.Event{Position: uint64(3 + i), Time: start, Kind: sigil.Fading, Reason: sigil.ReasonTTL, Memory: m.Meta}
			equal(f.t, "answer", unhashed(events)[i], want)
			equal(f.t, "journal", unhashed(f.events(m.Tenant)), []sigil.Event{f.encoded(m, uint64(1+i)), want})
			got, err := f.Get(f.ctx(), m.Key, start)
			f.ok("Get", err)
			equal(f.t, "memory", got, m)
		}
		f.unnoticed(0, 2*time.Hour)
		equal(f.t, "events of a second notice", f.notice(a.Key, b.Key), nil)
		equal(f.t, "due", f.due(start.Add(time.Hour), 10), sorted([]sigil.Key{a.Key, b.Key}))
	}},
	{"decide may decline, and is not called for a memory without a deadline", func(f *fixture) {
		m, p := f.encode(fades(time.Hour)), f.encode(pinned)
		var seen []sigil.Meta
		events, err := f.Notice(f.ctx(), []sigil.Key{m.Key, p.Key}, func(m sigil.Meta) (sigil.Event, bool) {
			seen = append(seen, m)
			return sigil.Event{}, false
		})
		f.ok("Notice", err)
		equal(f.t, "events", events, nil)
		equal(f.t, "seen", seen, []sigil.Meta{m.Meta})
		f.unnoticed(0, time.Hour, m)
	}},
	{"another deadline needs another notice, wherever it is", func(f *fixture) {
		m := f.encode()
		f.notice(m.Key)
		got, err := f.recall(m.Key, start.Add(time.Minute))
		f.ok("recall", err)
		equal(f.t, "noticed after a recall", got.Noticed, false)
		f.unnoticed(95*time.Second, time.Hour, got)
		f.notice(m.Key)
		got, err = f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) { // an earlier one
			m.FadesAt = start.Add(10 * time.Second)
			return &sigil.Event{Time: start, Kind: sigil.Unpinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
		})
		f.ok("Update", err)
		equal(f.t, "noticed after an update", got.Noticed, false)
		f.unnoticed(0, time.Hour, got)
		equal(f.t, "notices", len(f.notice(m.Key)), 1)
		got, err = f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Pinned, m.FadesAt = true, time.Time{}
			return &sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
		})
		f.ok("Update", err)
		equal(f.t, "noticed after a pin", got.Noticed, false)
		f.unnoticed(0, 1000*time.Hour)
		f.due(start.Add(1000*time.Hour), 10)
	}},
	{"the same deadline needs none", func(f *fixture) {
		m := f.encode(fades(time.Minute), func(m *sigil.Memory) { m.TTL = time.Minute - time.Millisecond; m.Reschedule() })
		f.notice(m.Key)
		for range 3 {
			got, err := f.recall(m.Key, start.Add(10*time.Second))
			f.ok("recall", err)
			equal(f.t, "deadline", got.FadesAt, m.FadesAt)
			equal(f.t, "noticed", got.Noticed, true)
		}
		f.unnoticed(0, time.Hour)
		amended, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: start}, func(m *sigil.Memory) (*sigil.Event, error) {
			m.Tags = []string{"a"}
			return &sigil.Event{Time: start, Kind: sigil.Tagged, Reason: sigil.ReasonRequest, Memory: m.Meta}, nil
		})
		f.ok("Amend", err)
		equal(f.t, "noticed after an amendment", amended.Memory.Noticed, true)
		f.unnoticed(0, time.Hour)
	}},
	{"it changes no order, count or eviction", func(f *fixture) {
		var ms []sigil.Memory
		for i := range 20 {
			ms = append(ms, f.encode(fades(time.Duration(1+i*7%20)*time.Minute)))
		}
		for i := 0; i < len(ms); i += 3 {
			f.notice(ms[i].Key)
			ms[i].Noticed = true
		}
		slices.SortFunc(ms, func(a, b sigil.Memory) int { return byDeadline(a.Meta, b.Meta) })
		q := store.FadingQuery{Tenant: sigil.DefaultTenant, Now: start, Until: start.Add(time.Hour), Limit: 7}
		var page []sigil.ID
		for more := true; more; {
			part, m, err := f.Fading(f.ctx(), q)
			f.ok("Fading", err)
			page, more = append(page, idsOf(part)...), m
			last := part[len(part)-1]
			q.After, q.AfterAt = last.ID, last.FadesAt
		}
		equal(f.t, "by deadline", page, idsOf(ms))
		equal(f.t, "next", f.stats(sigil.DefaultTenant, start).NextFade, ms[0].FadesAt)
		inserted, err := f.tryInsert(store.Quota{Memories: 15}, f.memory(fades(time.Hour)))
		f.ok("Insert", err)
		var evicted []sigil.ID
		for _, e := range inserted.Evicted {
			evicted = append(evicted, e.Memory.ID)
		}
		equal(f.t, "evicted", evicted, idsOf(ms[:6]))
		equal(f.t, "due", len(f.due(start.Add(10*time.Minute), 100)), 4)
	}},
	{"a noticed memory leaves, and one with its id is another", func(f *fixture) {
		m := f.encode(fades(time.Hour))
		f.notice(m.Key)
		equal(f.t, "removed", len(f.forget(m.Key)), 1)
		f.unnoticed(0, time.Hour)
		f.insert(m)
		f.unnoticed(0, time.Hour, m)
	}},
	{"one that is inserted as noticed is noticed", func(f *fixture) {
		m := f.memory(fades(time.Hour), func(m *sigil.Memory) { m.Noticed = true })
		f.insert(m)
		got, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "memory", got, m)
		f.unnoticed(0, time.Hour)
		equal(f.t, "events", f.notice(m.Key), nil)
	}},
	{"of concurrent notices each memory has one", func(f *fixture) {
		var keys []sigil.Key
		var ms []sigil.Memory
		for range 200 {
			ms = append(ms, f.memory(fades(time.Hour)))
			keys = append(keys, ms[len(ms)-1].Key)
		}
		f.insert(ms...)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { f.notice(keys...) })
		}
		all.Wait()
		seen := map[sigil.ID]int{}
		for _, e := range f.events(sigil.DefaultTenant) {
			if e.Kind == sigil.Fading {
				seen[e.Memory.ID]++
			}
		}
		for _, m := range ms {
			if seen[m.ID] != 1 {
				f.t.Fatalf("%d notices of %s", seen[m.ID], m.ID)
			}
		}
		f.unnoticed(0, time.Hour)
	}},
}

// encoded returns the journal entry of an encode.
func (f *fixture) encoded(m sigil.Memory, position uint64) sigil.Event {
	e := item(m).Events[0]
	e.Memory.Noticed, e.Position = false, position
	return e
}

// notice notices those of keys that can be.
func (f *fixture) notice(keys ...sigil.Key) []sigil.Event {
	f.t.Helper()
	events, err := f.Notice(f.ctx(), keys, func(m sigil.Meta) (sigil.Event, bool) {
		m.Noticed = true
		return sigil.Event{Time: start, Kind: sigil.Fading, Reason: sigil.ReasonTTL, Memory: m}, true
	})
	if err != nil {
		f.t.Errorf("Notice: %v", err)
	}
	return events
}

// unnoticed checks which memories are not noticed and have a deadline in a span after start.
func (f *fixture) unnoticed(after, until time.Duration, want ...sigil.Memory) {
	f.t.Helper()
	keys, err := f.Unnoticed(f.ctx(), start.Add(after), start.Add(until), 1000)
	f.ok("Unnoticed", err)
	var wanted []sigil.Key
	for _, m := range want {
		wanted = append(wanted, m.Key)
	}
	if len(keys) == 0 {
		keys = nil
	}
	equal(f.t, "unnoticed", sorted(keys), sorted(wanted))
}
