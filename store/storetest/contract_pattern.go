package storetest

import (
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

func (f *fixture) patterns(at time.Time) []sigil.Pattern {
	f.t.Helper()
	patterns, err := f.Patterns(f.ctx(), sigil.DefaultTenant, at)
	f.ok("Patterns", err)
	return patterns
}

var patternIdeas = []idea{
	{"by group, with means over the members", func(f *fixture) {
		f.encode(frequency(999), potential(0.25))
		f.encode(frequency(398), potential(0.1))
		f.encode(frequency(399), potential(0.2)) // the same hundredth
		f.encode(frequency(402), potential(0.7)) // the next one
		f.encode(frequency(398), tenant("other"))
		var sum store.Sum
		sum.Add(0.1)
		sum.Add(0.2)
		equal(f.t, "patterns", f.patterns(start), []sigil.Pattern{
			{Group: 64, Members: 2, Potential: sum.Mean(2), Frequency: 398.5 / 1000 * sigil.Phi},
			{Group: 65, Members: 1, Potential: 0.7, Frequency: sigil.Frequency(402).Value()},
			{Group: 161, Members: 1, Potential: 0.25, Frequency: sigil.Frequency(999).Value()},
		})
	}},
	{"the mean of members of 0.9 is 0.9, whatever came and went", func(f *fixture) {
		// A float64 sum is wrong from the third member on, and a pattern would crystallize by rounding.
		var keys []sigil.Key
		for i := range 300 {
			keys = append(keys, f.encode(frequency(5), potential(0.9)).Key)
			if i%3 == 2 {
				odd := f.encode(frequency(5), potential(1.0/float64(i)))
				f.forget(odd.Key, keys[len(keys)-2])
			}
		}
		patterns := f.patterns(start)
		equal(f.t, "patterns", patterns, []sigil.Pattern{{
			Group: sigil.Frequency(5).Pattern(), Members: 200, Potential: 0.9, Frequency: sigil.Frequency(5).Value(),
		}})
		equal(f.t, "crystallizes", patterns[0].Crystallizes(), false)
	}},
	{"only live members count", func(f *fixture) {
		f.encode(frequency(5), potential(0.1), fades(time.Second))
		f.encode(frequency(5), potential(0.3), fades(time.Minute))
		group := sigil.Frequency(5).Pattern()
		equal(f.t, "both", f.patterns(start)[0].Members, 2)
		equal(f.t, "one is due", f.patterns(start.Add(time.Second)), []sigil.Pattern{
			{Group: group, Members: 1, Potential: 0.3, Frequency: sigil.Frequency(5).Value()},
		})
		equal(f.t, "both are", f.patterns(start.Add(time.Minute)), nil)
	}},
}

// crystallizer crystallizes each pattern without a crystal and updates the others, like an engine. It records
// what it was called with.
type crystallizer struct {
	tenant string
	now    time.Time
	shown  []sigil.Pattern
	old    []sigil.Crystal
}

func (c *crystallizer) change(p sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event) {
	c.shown = append(c.shown, p)
	if old != nil {
		c.old = append(c.old, *old)
		crystal := *old
		crystal.Members, crystal.UpdatedAt = p.Members, c.now
		return &crystal, nil
	}
	crystal := sigil.Crystal{
		Tenant: c.tenant, Kind: sigil.CrystalOfPattern, Pattern: p.Group, Members: p.Members, CreatedAt: c.now, UpdatedAt: c.now,
		Stability: p.Potential, Frequency: p.Frequency,
	}
	return &crystal, &sigil.Event{
		Time: c.now, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential,
		Memory: sigil.Meta{Key: sigil.Key{Tenant: c.tenant}}, Crystal: &crystal,
	}
}

func (f *fixture) crystallize(tenant string, now time.Time) *crystallizer {
	f.t.Helper()
	c := &crystallizer{tenant: tenant, now: now}
	f.ok("Crystallize", f.Crystallize(f.ctx(), tenant, now, c.change))
	return c
}

func (f *fixture) crystals(tenant string) []sigil.Crystal {
	f.t.Helper()
	crystals, err := f.Crystals(f.ctx(), tenant)
	f.ok("Crystals", err)
	return crystals
}

// crystallizedEvents returns the crystallized events of patterns.
func (f *fixture) crystallizedEvents(tenant string) (events []sigil.Event) {
	f.t.Helper()
	for _, e := range f.events(tenant) {
		if e.Kind == sigil.Crystallized {
			events = append(events, e)
		}
	}
	return events
}

var crystallizeIdeas = []idea{
	{"stores the crystal and journals the event", func(f *fixture) {
		f.encode(frequency(398), potential(0.95))
		f.encode(frequency(7), potential(0.91))
		c := f.crystallize(sigil.DefaultTenant, start)
		equal(f.t, "patterns shown", len(c.shown), 2)
		want := make([]sigil.Crystal, 2)
		for i, p := range f.patterns(start) {
			want[i] = sigil.Crystal{
				Tenant: sigil.DefaultTenant, Kind: sigil.CrystalOfPattern, Pattern: p.Group, Members: 1,
				CreatedAt: start, UpdatedAt: start, Stability: p.Potential, Frequency: p.Frequency,
			}
		}
		equal(f.t, "crystals by group", f.crystals(sigil.DefaultTenant), want)
		equal(f.t, "pattern crystals", f.stats(sigil.DefaultTenant, start).PatternCrystals, 2)
		events := unhashed(f.crystallizedEvents(sigil.DefaultTenant))
		equal(f.t, "events", len(events), 2)
		for _, e := range events {
			equal(f.t, "event", e, sigil.Event{
				Position: e.Position, Time: start, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential,
				Memory: sigil.Meta{Key: sigil.Key{Tenant: sigil.DefaultTenant}}, Crystal: e.Crystal,
			})
			if *e.Crystal != want[0] && *e.Crystal != want[1] {
				f.t.Errorf("event of another crystal: %+v", *e.Crystal)
			}
		}
	}},
	{"shows the crystal there is, and stores what became of it", func(f *fixture) {
		f.encode(frequency(7))
		f.crystallize(sigil.DefaultTenant, start)
		first := f.crystals(sigil.DefaultTenant)
		f.encode(frequency(7))
		later := start.Add(10 * time.Second)
		c := f.crystallize(sigil.DefaultTenant, later)
		equal(f.t, "old", c.old, first)
		want := first[0]
		want.Members, want.UpdatedAt = 2, later
		equal(f.t, "crystals", f.crystals(sigil.DefaultTenant), []sigil.Crystal{want})
		equal(f.t, "events", len(f.crystallizedEvents(sigil.DefaultTenant)), 1)
	}},
	{"nothing given is nothing changed", func(f *fixture) {
		f.encode(frequency(7))
		none := func(sigil.Pattern, *sigil.Crystal) (*sigil.Crystal, *sigil.Event) { return nil, nil }
		f.ok("Crystallize", f.Crystallize(f.ctx(), sigil.DefaultTenant, start, none))
		equal(f.t, "crystals", f.crystals(sigil.DefaultTenant), nil)
		f.crystallize(sigil.DefaultTenant, start)
		want := f.crystals(sigil.DefaultTenant)
		f.ok("Crystallize", f.Crystallize(f.ctx(), sigil.DefaultTenant, start, none))
		equal(f.t, "crystals", f.crystals(sigil.DefaultTenant), want)
		equal(f.t, "journal entries", len(f.events(sigil.DefaultTenant)), 2)
	}},
	{"a crystal stays when its members are gone, and is shown with none", func(f *fixture) {
		m := f.encode(frequency(7), fades(time.Minute))
		due := f.encode(frequency(500), fades(time.Second))
		f.crystallize(m.Tenant, start)
		f.forget(m.Key)
		c := f.crystallize(m.Tenant, start.Add(time.Second))
		equal(f.t, "patterns shown", len(c.shown), 2)
		for _, p := range c.shown {
			if p.Members != 0 || p.Group != m.Frequency.Pattern() && p.Group != due.Frequency.Pattern() {
				f.t.Errorf("shown %+v, want a known group without members", p)
			}
		}
		crystals := f.crystals(m.Tenant)
		equal(f.t, "crystals", len(crystals), 2)
		equal(f.t, "members", []int{crystals[0].Members, crystals[1].Members}, []int{0, 0})
		equal(f.t, "pattern crystals", f.stats(m.Tenant, start.Add(time.Second)).PatternCrystals, 2)
	}},
	{"sees only what is live at its now", func(f *fixture) {
		f.encode(frequency(7), potential(0.95), fades(time.Second))
		f.encode(frequency(7), potential(0.25))
		c := f.crystallize(sigil.DefaultTenant, start.Add(time.Second))
		equal(f.t, "patterns", c.shown, []sigil.Pattern{{Group: 1, Members: 1, Potential: 0.25, Frequency: sigil.Frequency(7).Value()}})
	}},
	{"one tenant's are not another's", func(f *fixture) {
		f.encode(tenant("a"), frequency(7))
		f.encode(tenant("b"), frequency(500))
		c := f.crystallize("a", start)
		equal(f.t, "patterns shown", len(c.shown), 1)
		equal(f.t, "crystals of a", len(f.crystals("a")), 1)
		equal(f.t, "crystals of b", f.crystals("b"), nil)
		equal(f.t, "events of b", f.crystallizedEvents("b"), nil)
	}},
	{"at once, still one crystal and one event", func(f *fixture) {
		f.encode(frequency(7))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				c := &crystallizer{tenant: sigil.DefaultTenant, now: start}
				if err := f.Crystallize(f.ctx(), c.tenant, start, c.change); err != nil {
					f.t.Errorf("Crystallize: %v", err)
				}
			})
		}
		wg.Wait()
		equal(f.t, "crystals", len(f.crystals(sigil.DefaultTenant)), 1)
		equal(f.t, "events", len(f.crystallizedEvents(sigil.DefaultTenant)), 1)
	}},
	{"answers are independent copies", func(f *fixture) {
		f.encode(frequency(7))
		f.crystallize(sigil.DefaultTenant, start)
		events := f.crystallizedEvents(sigil.DefaultTenant)
		want := *events[0].Crystal
		events[0].Crystal.Members = 99
		crystals := f.crystals(sigil.DefaultTenant)
		crystals[0].Members = 99
		equal(f.t, "crystal of the event", *f.crystallizedEvents(sigil.DefaultTenant)[0].Crystal, want)
		equal(f.t, "crystals", f.crystals(sigil.DefaultTenant), []sigil.Crystal{want})
	}},
}
