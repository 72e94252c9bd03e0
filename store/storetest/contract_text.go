package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// byText returns the query for a tenant's memories that match a text.
func byText(text string) store.Query {
	return store.Query{Tenant: sigil.DefaultTenant, Now: start, Text: text}
}

var textIdeas = []idea{
	{"a list by text has what matches, in the order of the list", func(f *fixture) {
		a := f.encode(says("green tea, tea and more tea"), tagged("drink"))
		b := f.encode(says("a tea that is green"), tagged("drink", "hot tip"))
		c := f.encode(says("greenhouse"))
		d := f.encode(says("to be or not to be"))
		f.encode(says("green tea"), tenant("other"))
		for text, want := range map[string][]sigil.ID{
			"tea":                    {b.ID, a.ID},
			"tea greenhouse nothing": {c.ID, b.ID, a.ID},
			`"green tea"`:            {a.ID},
			"green -more":            {b.ID},
			"gree*":                  {c.ID, b.ID, a.ID},
			"/text:greenhouse":       {c.ID},
			"/title:greenhouse":      nil,
			"tag:drink":              {b.ID, a.ID},
			`tag:"hot tip" green`:    {b.ID},
			"-tea":                   {d.ID, c.ID},
			`-"green tea"`:           {d.ID, c.ID, b.ID},
			"to be":                  {d.ID},
			"cocoa":                  nil,
			"!?":                     nil,
		} {
			equal(f.t, text, idsOf(f.list(byText(text))), want)
		}
		equal(f.t, "whole memories", f.list(byText(`"green tea"`)), []sigil.Memory{a})
		q := byText("tea")
		q.Tenant = "nobody"
		equal(f.t, "of nobody", idsOf(f.list(q)), nil)
	}},
	{"meaning finds nothing in a list", func(f *fixture) {
		f.encode(says("a hot beverage"))
		equal(f.t, "near words", idsOf(f.list(byText("warm drink"))), nil)
	}},
	{"text narrows together with tags and figures", func(f *fixture) {
		a := f.encode(says("tea"), tagged("x"), pinned)
		b := f.encode(says("tea"), tagged("x", "y"), fades(time.Hour))
		f.encode(says("coffee"), tagged("x", "y"))
		f.encode(says("tea"), tagged("y"))
		yes := true
		q := byText("tea")
		q.Tags = []string{"x"}
		equal(f.t, "one tag", idsOf(f.list(q)), []sigil.ID{b.ID, a.ID})
		q.Text = `"tea"`
		equal(f.t, "required", idsOf(f.list(q)), []sigil.ID{b.ID, a.ID})
		q.Tags = []string{"y", "x"}
		equal(f.t, "two tags", idsOf(f.list(q)), []sigil.ID{b.ID})
		q.Tags, q.Pinned = []string{"x"}, &yes
		equal(f.t, "pinned", idsOf(f.list(q)), []sigil.ID{a.ID})
		q.Pinned, q.FadingBefore = nil, b.FadesAt.Add(1)
		equal(f.t, "fading", idsOf(f.list(q)), []sigil.ID{b.ID})
		q.FadingBefore, q.Now = time.Time{}, b.FadesAt
		equal(f.t, "later", idsOf(f.list(q)), []sigil.ID{a.ID})
	}},
	{"pages by text have all that match, in each order", func(f *fixture) {
		all := map[string][]sigil.Memory{}
		for i := range 30 {
			text := "coffee"
			switch {
			case i%10 == 3:
				text = "green tea"
			case i%2 == 1:
				text = "tea that is green"
			}
			m := f.encode(says(text), func(m *sigil.Memory) {
				m.AccessCount = uint64(i * 7 % 5)
				m.LastAccessed = m.CreatedAt.Add(time.Duration(i*13%17) * time.Second)
				m.Reschedule()
			})
			if text != "coffee" {
				all["tea"] = append(all["tea"], m)
			}
			if text == "green tea" {
				all[`"green tea"`] = append(all[`"green tea"`], m)
			} else {
				all[`-"green tea"`] = append(all[`-"green tea"`], m)
			}
		}
		for text, memories := range all {
			for _, by := range []sigil.Sort{"", sigil.SortFades, sigil.SortRecalled, sigil.SortRecalls} {
				for _, q := range []store.Query{{Limit: 1}, {Limit: 7}, {Limit: 100}, {Limit: 10, Bytes: 60}, {Limit: 3, NoData: true, Bytes: 20}} {
					q.Tenant, q.Now, q.Text, q.Sort = sigil.DefaultTenant, start, text, by
					want := slices.Clone(memories)
					slices.SortFunc(want, func(a, b sigil.Memory) int { return q.Compare(&a.Meta, &b.Meta) })
					equal(f.t, fmt.Sprintf("%s by %q, limit %d, %d bytes", text, by, q.Limit, q.Bytes), f.pages(q), idsOf(want))
				}
			}
		}
	}},
	{"a list by text has no data if none is wanted", func(f *fixture) {
		f.encode(says("green tea"))
		for _, text := range []string{"tea", `"green tea"`} {
			q := byText(text)
			q.NoData = true
			if got := f.list(q); len(got) != 1 || got[0].Data != nil {
				f.t.Errorf("%s: %+v", text, got)
			}
		}
	}},
	{"a list by text has every change that was answered", func(f *fixture) {
		a, b := f.encode(says("tea")), f.encode(says("tea"))
		equal(f.t, "encoded", idsOf(f.list(byText("tea"))), []sigil.ID{b.ID, a.ID})
		recalled, err := f.recall(a.Key, start.Add(time.Minute))
		f.ok("recall", err)
		q := byText("tea")
		q.Sort = sigil.SortRecalled
		equal(f.t, "recalled", f.list(q), []sigil.Memory{recalled, b})
		f.forget(a.Key)
		equal(f.t, "forgotten", idsOf(f.list(q)), []sigil.ID{b.ID})
	}},
	{"a memory is listed by the tags that it has got", func(f *fixture) {
		m := f.encode(says("tea"), tagged("old"))
		_, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: start}, tagging(start, "new"))
		f.ok("Amend", err)
		equal(f.t, "the old tag", idsOf(f.list(byText("tag:old"))), nil)
		equal(f.t, "the new tag", idsOf(f.list(byText("tag:new"))), []sigil.ID{m.ID})
	}},
	{"a list refuses a text that search refuses", func(f *fixture) {
		for _, text := range []string{" \n", strings.Repeat("x", 5000)} {
			q := byText(text)
			q.Limit = 1
			_, _, err := f.List(f.ctx(), q)
			fails(f.t, fmt.Sprintf("%.10q", text), err, sigil.ErrInvalid, "invalid_query")
		}
	}},
}
