package storetest

import (
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var fadingIdeas = []idea{
	{"soonest first, and only what has a deadline in the span", func(f *fixture) {
		now := start.Add(10 * time.Second)
		f.encode(fades(10 * time.Second)) // it is due
		c := f.encode(fades(30 * time.Second))
		a := f.encode(fades(11 * time.Second))
		b := f.encode(fades(20 * time.Second))
		b2 := f.encode(fades(20 * time.Second)) // the younger of the two
		f.encode(fades(30*time.Second + time.Millisecond))
		f.encode(pinned)
		f.encode(tenant("other"), fades(20*time.Second))
		withTTL := f.memory(crystallized)
		withTTL.FadesAt = start.Add(25 * time.Second)
		f.insert(withTTL)
		want := []sigil.Memory{a, b, b2, withTTL, c}
		for i := range want {
			want[i].Data = nil
		}
		for limit := 1; limit <= 6; limit++ {
			var got []sigil.Memory
			q := store.FadingQuery{Tenant: a.Tenant, Now: now, Until: start.Add(30 * time.Second), Limit: limit}
			for more := true; more; {
				var page []sigil.Memory
				var err error
				page, more, err = f.Fading(f.ctx(), q)
				f.ok("Fading", err)
				if len(page) > limit || more && len(page) < limit || len(got) > len(want) {
					f.t.Fatalf("a page of %d with limit %d after %d", len(page), limit, len(got))
				}
				got = append(got, page...)
				q.After, q.AfterAt = got[len(got)-1].ID, got[len(got)-1].FadesAt
			}
			equal(f.t, "memories", got, want)
		}
	}},
	{"a recall moves it", func(f *fixture) {
		m := f.encode()
		_, err := f.recall(m.Key, start.Add(50*time.Second))
		f.ok("recall", err)
		q := store.FadingQuery{Tenant: m.Tenant, Now: start, Until: start.Add(144 * time.Second), Limit: 10}
		page, _, err := f.Fading(f.ctx(), q)
		f.ok("Fading", err)
		equal(f.t, "before its new deadline", len(page), 0)
		q.Until = start.Add(145 * time.Second)
		page, _, err = f.Fading(f.ctx(), q)
		f.ok("Fading", err)
		equal(f.t, "at it", idsOf(page), []sigil.ID{m.ID})
	}},
	{"policies are all that memories have", func(f *fixture) {
		m := f.memory()
		m.Policy = halfLife(f.t)
		m.Reschedule()
		f.insert(m)
		f.encode()
		all, err := f.Policies(f.ctx())
		f.ok("Policies", err)
		for _, p := range []sigil.Policy{sigil.DefaultClassic(), m.Policy} {
			if !slices.Contains(all, p) {
				f.t.Errorf("%s is not among %s", p, all)
			}
		}
	}},
}

func halfLife(t TB) sigil.Policy {
	p, err := sigil.NewHalfLife(time.Hour, sigil.DefaultThreshold)
	if err != nil {
		t.Errorf("half-life: %v", err)
	}
	return p
}

var listIdeas = []idea{
	{"newest first, whatever was inserted first", func(f *fixture) {
		a, b, c := f.memory(), f.memory(), f.memory()
		f.insert(b)
		f.insert(c, a)
		equal(f.t, "memories", f.list(store.Query{Tenant: a.Tenant, Now: start}), []sigil.Memory{c, b, a})
	}},
	{"pages miss nothing and repeat nothing", func(f *fixture) {
		var want []sigil.ID
		for range 7 {
			want = append(want, f.encode().ID)
		}
		slices.Reverse(want)
		for limit := 1; limit <= 8; limit++ {
			var got []sigil.ID
			q := store.Query{Tenant: sigil.DefaultTenant, Now: start, Limit: limit}
			for more := true; more; {
				var page []sigil.Memory
				var err error
				page, more, err = f.List(f.ctx(), q)
				f.ok("List", err)
				if len(page) > limit || len(page) == 0 || len(got) > len(want) {
					f.t.Fatalf("a page of %d with limit %d after %d", len(page), limit, len(got))
				}
				got = append(got, idsOf(page)...)
				q.Before = got[len(got)-1]
			}
			equal(f.t, "ids", got, want)
		}
	}},
	{"a page ends at its bytes, and holds one memory at least", func(f *fixture) {
		var want []sigil.Memory
		for _, size := range []int{10, 40, 30, 30, 200, 10} {
			want = append(want, f.encode(sized(size)))
		}
		slices.Reverse(want)
		for bytes, sizes := range map[int64][]int{1: {1, 1, 1, 1, 1, 1}, 60: {1, 1, 2, 2}, 70: {1, 1, 2, 2}, 100: {1, 1, 3, 1}, 1000: {6}, 0: {6}} {
			q := store.Query{Tenant: sigil.DefaultTenant, Now: start, Limit: 100, Bytes: bytes}
			for from, i := 0, 0; i < len(sizes); i++ {
				page, more, err := f.List(f.ctx(), q)
				f.ok("List", err)
				equal(f.t, "memories", page, want[from:min(from+sizes[i], len(want))])
				from += sizes[i]
				equal(f.t, "more", more, i < len(sizes)-1)
				q.Before = page[len(page)-1].ID
			}
		}
	}},
	{"without data nothing counts, and all else is there", func(f *fixture) {
		a, b := f.encode(sized(100), pinned), f.encode(sized(100), crystallized)
		a.Data, b.Data = nil, nil
		equal(f.t, "memories", f.list(store.Query{Tenant: a.Tenant, Now: start, Bytes: 1, NoData: true}), []sigil.Memory{b, a})
	}},
	{"goes on after a memory that is gone", func(f *fixture) {
		a, b, c := f.encode(), f.encode(), f.encode()
		f.forget(b.Key)
		equal(f.t, "before the forgotten", idsOf(f.list(store.Query{Tenant: a.Tenant, Now: start, Before: b.ID})), []sigil.ID{a.ID})
		equal(f.t, "before one that never was", idsOf(f.list(store.Query{Tenant: a.Tenant, Now: start, Before: f.memory().ID})), []sigil.ID{c.ID, a.ID})
	}},
	{"more looks past what does not fit", func(f *fixture) {
		f.encode()
		a := f.encode(pinned)
		f.encode(fades(0))
		b := f.encode(pinned)
		pin := true
		q := store.Query{Tenant: a.Tenant, Now: start, Limit: 1, Pinned: &pin}
		page, more, err := f.List(f.ctx(), q)
		f.ok("List", err)
		equal(f.t, "first page", idsOf(page), []sigil.ID{b.ID})
		equal(f.t, "more", more, true)
		q.Before = b.ID
		page, more, err = f.List(f.ctx(), q)
		f.ok("List", err)
		equal(f.t, "second page", idsOf(page), []sigil.ID{a.ID})
		equal(f.t, "more after the last that fits", more, false)
	}},
	{"filters narrow, alone and together", func(f *fixture) {
		plain := f.encode(frequency(398), fades(time.Minute))
		p := f.encode(frequency(398), pinned)
		c := f.encode(frequency(399), crystallized)
		both := f.encode(frequency(7), pinned, crystallized, fades(2*time.Minute))
		yes, no, group, other := true, false, sigil.Frequency(398).Pattern(), 161
		equal(f.t, "group of 399", sigil.Frequency(399).Pattern(), group)
		for name, tt := range map[string]struct {
			q    store.Query
			want []sigil.ID
		}{
			"none":               {store.Query{}, []sigil.ID{both.ID, c.ID, p.ID, plain.ID}},
			"crystallized":       {store.Query{Crystallized: &yes}, []sigil.ID{both.ID, c.ID}},
			"not crystallized":   {store.Query{Crystallized: &no}, []sigil.ID{p.ID, plain.ID}},
			"pinned":             {store.Query{Pinned: &yes}, []sigil.ID{both.ID, p.ID}},
			"not pinned":         {store.Query{Pinned: &no}, []sigil.ID{c.ID, plain.ID}},
			"pattern":            {store.Query{Pattern: &group}, []sigil.ID{c.ID, p.ID, plain.ID}},
			"empty pattern":      {store.Query{Pattern: &other}, nil},
			"fades before":       {store.Query{FadingBefore: start.Add(2 * time.Minute)}, []sigil.ID{plain.ID}},
			"fades before, more": {store.Query{FadingBefore: start.Add(2*time.Minute + 1)}, []sigil.ID{both.ID, plain.ID}},
			"fades after":        {store.Query{FadingAfter: start.Add(time.Minute)}, []sigil.ID{both.ID}},
			"fades after, more":  {store.Query{FadingAfter: start.Add(time.Minute - 1)}, []sigil.ID{both.ID, plain.ID}},
			"fades between":      {store.Query{FadingAfter: start.Add(time.Minute - 1), FadingBefore: start.Add(2 * time.Minute)}, []sigil.ID{plain.ID}},
			"pinned in pattern":  {store.Query{Pinned: &yes, Pattern: &group}, []sigil.ID{p.ID}},
			"all": {store.Query{
				Pinned: &yes, Crystallized: &yes, Pattern: new(int), FadingBefore: start.Add(time.Hour),
			}, nil},
			"paged": {store.Query{Pattern: &group, Before: c.ID}, []sigil.ID{p.ID, plain.ID}},
		} {
			tt.q.Tenant, tt.q.Now = sigil.DefaultTenant, start
			equal(f.t, name, idsOf(f.list(tt.q)), tt.want)
		}
	}},
}

var nearIdeas = []idea{
	{"nearest first, newest first among equals", func(f *fixture) {
		far, low, same, high, low2 := f.encode(frequency(503)), f.encode(frequency(499)), f.encode(frequency(500)), f.encode(frequency(501)), f.encode(frequency(499))
		f.encode(frequency(504))
		f.encode(frequency(496))
		equal(f.t, "span 3", f.near(500, 3, 10), []sigil.Meta{same.Meta, low2.Meta, high.Meta, low.Meta, far.Meta})
		equal(f.t, "span 0", f.near(500, 0, 10), []sigil.Meta{same.Meta})
		equal(f.t, "nothing satisfies -1", f.near(500, -1, 10), nil)
		for limit := 1; limit <= 5; limit++ {
			equal(f.t, "limited", f.near(500, 3, limit), []sigil.Meta{same.Meta, low2.Meta, high.Meta, low.Meta, far.Meta}[:limit])
		}
	}},
	{"frequencies do not wrap round", func(f *fixture) {
		first, last := f.encode(frequency(0)), f.encode(frequency(sigil.NumFrequencies-1))
		equal(f.t, "near 0", f.near(0, 998, 10), []sigil.Meta{first.Meta})
		equal(f.t, "near 999", f.near(999, 998, 10), []sigil.Meta{last.Meta})
		equal(f.t, "all", f.near(0, 999, 10), []sigil.Meta{first.Meta, last.Meta})
		equal(f.t, "more than all", f.near(0, 5000, 10), []sigil.Meta{first.Meta, last.Meta})
	}},
	{"a limit stops in the middle of a frequency", func(f *fixture) {
		var want []sigil.Meta
		for range 5 {
			want = append(want, f.encode(frequency(7)).Meta)
		}
		slices.Reverse(want)
		equal(f.t, "near", f.near(8, 2, 3), want[:3])
	}},
	{"shows what was changed", func(f *fixture) {
		m := f.encode(frequency(7))
		recalled, err := f.recall(m.Key, start.Add(time.Minute))
		f.ok("Update", err)
		equal(f.t, "near", f.near(7, 0, 10), []sigil.Meta{recalled.Meta})
	}},
}

func (f *fixture) near(at sigil.Frequency, span, limit int) []sigil.Meta {
	f.t.Helper()
	q := store.NearestQuery{Tenant: sigil.DefaultTenant, Now: start, Limit: limit, Frequency: at, Span: span}
	near, err := f.Nearest(f.ctx(), nil, q)
	f.ok("Nearest", err)
	q.IDsOnly = true
	brief, err := f.Nearest(f.ctx(), nil, q)
	f.ok("Nearest, ids only", err)
	equal(f.t, "near in brief", places(brief), places(near))
	return near
}

// places returns the parts of metas that IDsOnly promises.
func places(metas []sigil.Meta) (brief []sigil.Meta) {
	for i := range metas {
		brief = append(brief, sigil.Meta{Key: metas[i].Key, Frequency: metas[i].Frequency})
	}
	return brief
}

var statsIdeas = []idea{
	{"an empty tenant has none", func(f *fixture) {
		equal(f.t, "stats", f.stats("nobody", start), store.Stats{})
	}},
	{"counts what is live", func(f *fixture) {
		f.encode(sized(10), frequency(1), fades(time.Hour))
		f.encode(sized(20), frequency(1), pinned)
		f.encode(sized(30), frequency(500), crystallized)
		f.encode(sized(40), frequency(500), pinned, crystallized, fades(2*time.Hour))
		f.encode(sized(50), frequency(900), fades(0))
		f.encode(sized(60), tenant("other"))
		got := f.stats(sigil.DefaultTenant, start)
		equal(f.t, "stats", got, store.Stats{
			Memories: 4, Bytes: 100, Pinned: 2, Crystallized: 2, Patterns: 2, NextFade: start.Add(time.Hour), Position: 6,
			Policies: []store.PolicyCount{{Policy: sigil.DefaultClassic(), Memories: 1}},
		})
	}},
	{"average decay is the mean of the decays", func(f *fixture) {
		a := f.encode()
		b := f.encode(pinned) // counted, though it does not fade
		now := start.Add(30 * time.Second)
		want := (a.Decay(now) + b.Decay(now)) / 2
		if got := f.stats(a.Tenant, now).AverageDecay; !(got-want < 1e-12 && want-got < 1e-12) {
			f.t.Errorf("average decay: got %v, want %v", got, want)
		}
	}},
	{"follow every change", func(f *fixture) {
		m := f.encode(sized(10))
		f.encode(sized(20), fades(time.Hour))
		f.forget(m.Key)
		got := f.stats(m.Tenant, start)
		got.AverageDecay = 0
		equal(f.t, "stats", got, store.Stats{
			Memories: 1, Bytes: 20, Patterns: 1, NextFade: start.Add(time.Hour), Position: 3,
			Policies: []store.PolicyCount{{Policy: sigil.DefaultClassic(), Memories: 1}},
		})
	}},
	{"count what fades by its policy", func(f *fixture) {
		longer := f.memory()
		longer.Policy = halfLife(f.t)
		longer.Reschedule()
		f.insert(longer)
		f.encode()
		f.encode()
		f.encode(pinned)
		f.encode(crystallized)
		own := f.memory()
		own.OwnPolicy = true
		f.insert(own)
		own = f.memory(pinned)
		own.OwnPolicy = true
		f.insert(own)
		equal(f.t, "policies", f.stats(longer.Tenant, start).Policies, []store.PolicyCount{
			{Policy: sigil.DefaultClassic(), Memories: 3, Own: 1}, {Policy: longer.Policy, Memories: 1},
		})
	}},
}
