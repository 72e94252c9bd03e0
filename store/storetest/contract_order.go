package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// byTags returns the query for a tenant's memories that have all tags.
func byTags(tenant string, all ...string) store.Query {
	return store.Query{Tenant: tenant, Now: start, Tags: all}
}

var tagIdeas = []idea{
	{"a list by tags has what carries all of them", func(f *fixture) {
		a := f.encode(tagged("a"))
		f.encode()
		ab := f.encode(tagged("b", "a", "b"))
		b := f.encode(tagged("b"))
		f.encode(tenant("other"), tagged("a", "b"))
		for name, tt := range map[string]struct {
			tags []string
			want []sigil.ID
		}{
			"one":            {[]string{"a"}, []sigil.ID{ab.ID, a.ID}},
			"two":            {[]string{"a", "b"}, []sigil.ID{ab.ID}},
			"two, turned":    {[]string{"b", "a"}, []sigil.ID{ab.ID}},
			"one twice":      {[]string{"b", "b"}, []sigil.ID{b.ID, ab.ID}},
			"an unknown one": {[]string{"c"}, nil},
			"one of both":    {[]string{"a", "c"}, nil},
		} {
			equal(f.t, name, idsOf(f.list(byTags(a.Tenant, tt.tags...))), tt.want)
		}
		equal(f.t, "whole memories", f.list(byTags(a.Tenant, "a", "b")), []sigil.Memory{ab})
	}},
	{"a tag is found as it is written, and not by a part of it", func(f *fixture) {
		odd := []string{
			"a", "A", "a ", `"`, `a"`, `\`, `","`, `a","b`, "\u00e9", "e\u0301", "\u4e2d\U0001f30d", "a\x00", "a\x00b", "<b>", "{a,b}", "NULL", "%", "public", `public"a`, "\u2028",
		}
		want := map[string]sigil.ID{}
		for _, tag := range odd {
			want[tag] = f.encode(tagged(tag)).ID
		}
		pair := f.encode(tagged("x", `,"`))
		for _, tag := range odd {
			equal(f.t, fmt.Sprintf("%q", tag), idsOf(f.list(byTags(sigil.DefaultTenant, tag))), []sigil.ID{want[tag]})
		}
		equal(f.t, "a pair", idsOf(f.list(byTags(sigil.DefaultTenant, `,"`, "x"))), []sigil.ID{pair.ID})
		for _, tag := range []string{"b", "", "nil", `x","`, `x",","`, "a\x00c"} {
			equal(f.t, fmt.Sprintf("%q", tag), idsOf(f.list(byTags(sigil.DefaultTenant, tag))), nil)
		}
	}},
	{"pages by tag miss nothing and repeat nothing, whatever else there is", func(f *fixture) {
		var want []sigil.ID
		for i := range 60 {
			rare, common := i%20 == 3, i%2 == 1
			switch m := f.memory(sized(10)); {
			case rare:
				m.Tags = []string{"rare", "common"}
				f.insert(m)
				want = append(want, m.ID)
			case common:
				m.Tags = []string{"common"}
				f.insert(m)
			default:
				f.insert(m)
			}
		}
		slices.Reverse(want)
		for _, q := range []store.Query{{Limit: 1}, {Limit: 2}, {Limit: 10}, {Limit: 10, Bytes: 20}, {Limit: 3, NoData: true}} {
			q.Tenant, q.Now, q.Tags = sigil.DefaultTenant, start, []string{"common", "rare"}
			equal(f.t, "ids", f.pages(q), want)
		}
	}},
	{"tags narrow together with the other filters", func(f *fixture) {
		plain := f.encode(tagged("a"), frequency(1), fades(time.Minute))
		p := f.encode(tagged("a"), frequency(398), pinned)
		f.encode(pinned)
		f.encode(tagged("a"), fades(0)) // it is due
		yes, group := true, sigil.Frequency(398).Pattern()
		q := byTags(plain.Tenant, "a")
		equal(f.t, "live", idsOf(f.list(q)), []sigil.ID{p.ID, plain.ID})
		q.Pinned = &yes
		equal(f.t, "pinned", idsOf(f.list(q)), []sigil.ID{p.ID})
		q.Pinned, q.Pattern = nil, &group
		equal(f.t, "in a pattern", idsOf(f.list(q)), []sigil.ID{p.ID})
		q.Pattern, q.FadingBefore = nil, start.Add(time.Hour)
		equal(f.t, "fading", idsOf(f.list(q)), []sigil.ID{plain.ID})
	}},
	{"what was removed, recalled or pinned is listed by tag as it is", func(f *fixture) {
		a, b, c := f.encode(tagged("a")), f.encode(tagged("a", "b")), f.encode(tagged("b"))
		f.forget(b.Key)
		recalled, err := f.recall(a.Key, start.Add(time.Minute))
		f.ok("recall", err)
		equal(f.t, "a", f.list(byTags(a.Tenant, "a")), []sigil.Memory{recalled})
		f.forget(a.Key, c.Key)
		equal(f.t, "a", idsOf(f.list(byTags(a.Tenant, "a"))), nil)
		again := f.encode(tagged("a"))
		equal(f.t, "a", idsOf(f.list(byTags(a.Tenant, "a"))), []sigil.ID{again.ID})
	}},
}

// pages returns the ids of all pages of q.
func (f *fixture) pages(q store.Query) (all []sigil.ID) {
	f.t.Helper()
	for more := true; more; {
		var page []sigil.Memory
		var err error
		page, more, err = f.List(f.ctx(), q)
		f.ok("List", err)
		if len(page) > q.Limit || more && len(page) == 0 || len(all) > 1000 {
			f.t.Fatalf("a page of %d with limit %d after %d", len(page), q.Limit, len(all))
		}
		if len(page) > 0 {
			last := &page[len(page)-1]
			q.Before, q.BeforeKey = last.ID, store.SortKey(q.Sort, &last.Meta)
		}
		all = append(all, idsOf(page)...)
	}
	return all
}

var sortIdeas = []idea{
	{"each order is as it is promised, on pages of any size", func(f *fixture) {
		count := func(recalls uint64, idle time.Duration) option {
			return func(m *sigil.Memory) {
				m.AccessCount = recalls
				m.LastAccessed = m.CreatedAt.Add(idle)
				m.Reschedule()
			}
		}
		a := f.encode(count(2, 20*time.Second), tagged("x"))
		b := f.encode(count(2, time.Second))
		p := f.encode(count(0, 3*time.Second), pinned, tagged("x"))
		c := f.encode(count(7, 0))
		d := f.encode(fades(time.Hour), tagged("x"))
		e := f.encode(fades(time.Hour))
		q := f.encode(crystallized)
		f.encode(tenant("other"))
		f.encode(fades(0)) // it is due
		for _, tt := range []struct {
			by   sigil.Sort
			want []sigil.ID
		}{
			{"", []sigil.ID{q.ID, e.ID, d.ID, c.ID, p.ID, b.ID, a.ID}},
			{sigil.SortCreated, []sigil.ID{q.ID, e.ID, d.ID, c.ID, p.ID, b.ID, a.ID}},
			{sigil.SortFades, []sigil.ID{c.ID, b.ID, a.ID, d.ID, e.ID, p.ID, q.ID}},
			{sigil.SortRecalled, []sigil.ID{a.ID, p.ID, b.ID, q.ID, e.ID, d.ID, c.ID}},
			{sigil.SortRecalls, []sigil.ID{c.ID, b.ID, a.ID, q.ID, e.ID, d.ID, p.ID}},
		} {
			for limit := 1; limit <= len(tt.want)+1; limit++ {
				query := store.Query{Tenant: sigil.DefaultTenant, Now: start, Sort: tt.by, Limit: limit}
				equal(f.t, fmt.Sprintf("by %q, limit %d", tt.by, limit), f.pages(query), tt.want)
				query.Tags = []string{"x"}
				want := slices.DeleteFunc(slices.Clone(tt.want), func(id sigil.ID) bool { return id != a.ID && id != p.ID && id != d.ID })
				equal(f.t, fmt.Sprintf("tagged, by %q, limit %d", tt.by, limit), f.pages(query), want)
			}
		}
	}},
	{"a page in any order ends at its bytes", func(f *fixture) {
		var want []sigil.ID
		for i := range 6 {
			want = append(want, f.encode(sized(10+10*i), fades(time.Duration(10-i)*time.Minute)).ID)
		}
		slices.Reverse(want)
		for _, limit := range []int64{1, 60, 100, 1000} {
			q := store.Query{Tenant: sigil.DefaultTenant, Now: start, Sort: sigil.SortFades, Limit: 4, Bytes: limit}
			equal(f.t, "ids", f.pages(q), want)
			page, _, err := f.List(f.ctx(), q)
			f.ok("List", err)
			sum := 0
			for i := range page {
				sum += page[i].Size
			}
			if len(page) > 1 && int64(sum) > limit {
				f.t.Errorf("a page of %d bytes, at most %d are allowed", sum, limit)
			}
		}
	}},
	{"a recall that has returned is in its place", func(f *fixture) {
		a, b := f.encode(), f.encode()
		recalled, err := f.recall(a.Key, start.Add(10*time.Second))
		f.ok("recall", err)
		for _, by := range []sigil.Sort{sigil.SortRecalled, sigil.SortRecalls} {
			equal(f.t, string(by), f.list(store.Query{Tenant: a.Tenant, Now: start, Sort: by}), []sigil.Memory{recalled, b})
		}
		equal(f.t, "fades", f.list(store.Query{Tenant: a.Tenant, Now: start, Sort: sigil.SortFades}), []sigil.Memory{b, recalled})
	}},
}
