package storetest

import (
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// clocks checks the clocks of all tenants, and what ClockOf returns.
func (f *fixture) clocks(want ...store.TenantClock) {
	f.t.Helper()
	all, err := f.TenantClocks(f.ctx())
	f.ok("TenantClocks", err)
	equal(f.t, "clocks", all, want)
	for _, c := range want {
		got, ok := f.ClockOf(c.Tenant)
		equal(f.t, "clock of "+c.Tenant, got, c)
		equal(f.t, "has a clock", ok, true)
	}
}

func (f *fixture) setClock(c store.TenantClock) {
	f.t.Helper()
	f.ok("ChangeClock", f.ChangeClock(f.ctx(), c.Tenant, func(kept *store.TenantClock) {
		equal(f.t, "tenant", kept.Tenant, c.Tenant)
		*kept = c
	}))
}

// stood has a memory be by a clock that had stood still for so long when it was encoded.
func stood(d time.Duration) option {
	return func(m *sigil.Memory) { m.Meta = m.Shift(-d) }
}

func (f *fixture) soonToFade(after, until time.Time) (keys []sigil.Key) {
	f.t.Helper()
	keys, err := f.Unnoticed(f.ctx(), after, until, 100)
	f.ok("Unnoticed", err)
	return keys
}

var clockIdeas = []idea{
	{"a clock is kept, and replaced", func(f *fixture) {
		f.clocks()
		_, ok := f.ClockOf("a")
		equal(f.t, "has a clock", ok, false)
		first := store.TenantClock{Tenant: "a", Stops: start.Add(time.Hour + time.Millisecond)}
		second := store.TenantClock{Tenant: "a", Stops: start.Add(2 * time.Hour), Stood: 40 * 365 * 24 * time.Hour}
		other := store.TenantClock{Tenant: "b", Stood: time.Second}
		f.setClock(first)
		f.setClock(other)
		f.clocks(first, other)
		f.setClock(second)
		f.clocks(second, other)
		f.setClock(second)
		equal(f.t, "events", len(f.events("a")), 0)
	}},
	{"changes at the same time are made one after the other", func(f *fixture) {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := f.ChangeClock(f.ctx(), "a", func(c *store.TenantClock) { c.Stood += time.Second }); err != nil {
					f.t.Errorf("ChangeClock: %v", err)
				}
			})
		}
		all.Wait()
		f.clocks(store.TenantClock{Tenant: "a", Stood: 10 * time.Second})
	}},
	{"a memory keeps for how long its clock had stood still", func(f *fixture) {
		m := f.encode(stood(time.Hour))
		equal(f.t, "stood", m.Stood, -time.Hour)
		now := m.FadesAt.Add(-time.Second)
		got, err := f.Get(f.ctx(), m.Key, now)
		f.ok("Get", err)
		equal(f.t, "memory", got, m)
		equal(f.t, "event", f.events(m.Tenant)[0].Memory, m.Meta)
		equal(f.t, "decay", f.stats(m.Tenant, now).AverageDecay, m.Decay(now))

		// A recall, an amendment and a restore may change it.
		for i, change := range []func(m *sigil.Meta){
			func(m *sigil.Meta) { m.Stood = -2 * time.Hour; m.AccessCount++; m.Reschedule() },
			func(m *sigil.Meta) { m.Stood = 0; m.Reschedule() },
			func(m *sigil.Meta) { m.Stood = -time.Minute; m.Reschedule() },
		} {
			change(&m.Meta)
			switch i {
			case 0:
				_, err = f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) { change(m); return nil, nil })
			case 1:
				_, err = f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: now}, func(m *sigil.Memory) (*sigil.Event, error) {
					change(&m.Meta)
					return &sigil.Event{Time: start, Kind: sigil.Changed, Changed: sigil.ChangedTTL, Reason: sigil.ReasonRequest, Memory: m.Meta}, nil
				})
			case 2:
				_, err = f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
					change(m)
					return &sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
				})
			}
			f.ok("change", err)
			got, err = f.Get(f.ctx(), m.Key, m.FadesAt.Add(-time.Second))
			f.ok("Get", err)
			equal(f.t, "memory", got, m)
		}
	}},
	{"what is due is due by the clock of its tenant", func(f *fixture) {
		running := f.encode(tenant("running"), fades(time.Minute))
		standing := f.encode(tenant("standing"), fades(time.Minute))
		stoodStill := f.encode(tenant("stood"), fades(time.Minute))
		f.setClock(store.TenantClock{Tenant: "standing", Stops: start.Add(30 * time.Second)})
		f.setClock(store.TenantClock{Tenant: "stood", Stood: time.Hour})
		equal(f.t, "due", f.due(start.Add(time.Minute), 100), []sigil.Key{running.Key})
		equal(f.t, "due an hour later", sorted(f.due(start.Add(time.Hour+time.Minute), 100)), sorted([]sigil.Key{running.Key, stoodStill.Key}))
		f.setClock(store.TenantClock{Tenant: "standing", Stops: start.Add(time.Minute + time.Millisecond)})
		equal(f.t, "due before it stopped", len(f.due(start.Add(time.Minute), 100)), 2)
		f.forget(running.Key, stoodStill.Key)
		equal(f.t, "due as it stops", f.due(start.Add(time.Minute), 100), []sigil.Key{standing.Key})
	}},
	{"many overdue memories of tenants whose clocks stand still do not hide others", func(f *fixture) {
		for range 50 {
			f.encode(tenant("a standing one"), fades(time.Second))
		}
		f.setClock(store.TenantClock{Tenant: "a standing one", Stops: start})
		m := f.encode(tenant("running"), fades(time.Minute))
		keys, err := f.Due(f.ctx(), start.Add(time.Hour), 1)
		f.ok("Due", err)
		equal(f.t, "due", keys, []sigil.Key{m.Key})
		keys, err = f.Unnoticed(f.ctx(), start, start.Add(time.Hour), 60)
		f.ok("Unnoticed", err)
		equal(f.t, "unnoticed while it does not stand", len(keys), 51)
		keys, err = f.Unnoticed(f.ctx(), start.Add(time.Millisecond), start.Add(time.Hour), 60)
		f.ok("Unnoticed", err)
		equal(f.t, "unnoticed", keys, []sigil.Key{m.Key})
	}},
	{"what is near its deadline is near by the clock of its tenant", func(f *fixture) {
		running := f.encode(tenant("running"), fades(time.Minute))
		stoodStill := f.encode(tenant("stood"), fades(time.Minute))
		f.setClock(store.TenantClock{Tenant: "stood", Stood: time.Hour})
		equal(f.t, "near", f.soonToFade(start, start.Add(time.Minute)), []sigil.Key{running.Key})
		equal(f.t, "near an hour later", f.soonToFade(start.Add(time.Hour), start.Add(time.Hour+time.Minute)), []sigil.Key{stoodStill.Key})
		equal(f.t, "past", len(f.soonToFade(start.Add(2*time.Hour), start.Add(3*time.Hour))), 0)
		equal(f.t, "both", len(f.soonToFade(start, start.Add(2*time.Hour))), 2)
		events, err := f.Notice(f.ctx(), []sigil.Key{stoodStill.Key}, func(m sigil.Meta) (sigil.Event, bool) {
			return sigil.Event{Time: start, Kind: sigil.Fading, Reason: sigil.ReasonDecay, Memory: m, ClockStood: time.Hour}, true
		})
		f.ok("Notice", err)
		equal(f.t, "stood", events[0].ClockStood, time.Hour)
		equal(f.t, "event", f.events("stood")[1].ClockStood, time.Hour)
		equal(f.t, "noticed", f.soonToFade(start.Add(time.Hour), start.Add(time.Hour+time.Minute)), nil)
	}},
	{"an insert meets what is live by its lag", func(f *fixture) {
		old := f.encode(func(m *sigil.Memory) { m.TTL = time.Minute; m.Pinned = true; m.Reschedule() })
		m := f.memory()
		m.Hash, m.Frequency = old.Hash, old.Frequency
		one := item(m)
		one.At, one.Lag, one.OnDuplicate = start.Add(time.Hour), time.Hour, sigil.Reject
		inserted, err := f.Insert(f.ctx(), m.Tenant, []store.Item{one}, store.Quota{}, nil)
		f.ok("Insert", err)
		equal(f.t, "duplicate", inserted.Duplicates[0], old.ID)
		one.Lag, one.OnDuplicate = 0, ""
		inserted, err = f.Insert(f.ctx(), m.Tenant, []store.Item{one}, store.Quota{}, nil)
		f.ok("Insert", err)
		equal(f.t, "duplicates", len(inserted.Duplicates), 0)

		other := f.memory()
		two := item(other)
		two.At, two.Lag = start.Add(time.Hour), time.Hour
		_, err = f.Insert(f.ctx(), other.Tenant, []store.Item{two}, store.Quota{Memories: 2}, evicted(start))
		f.ok("Insert", err)
		_, err = f.Get(f.ctx(), old.Key, start) // it is pinned, and by its clock not due
		f.ok("Get", err)
	}},
	{"memories with a ttl are listed apart", func(f *fixture) {
		f.encode()
		m := f.encode(func(m *sigil.Memory) { m.TTL = time.Hour; m.Reschedule() })
		yes, no := true, false
		equal(f.t, "with", idsOf(f.list(store.Query{Tenant: m.Tenant, Now: start, TTL: &yes})), []sigil.ID{m.ID})
		equal(f.t, "without", len(f.list(store.Query{Tenant: m.Tenant, Now: start, TTL: &no})), 1)
	}},
}
