package storetest

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// says sets the text of a memory.
func says(text string) option {
	return func(m *sigil.Memory) {
		m.Data = fmt.Appendf(nil, `{"text":%q}`, text)
		m.Size = len(m.Data)
	}
}

func tagged(tags ...string) option { return func(m *sigil.Memory) { m.Tags = tags } }

// find searches for a text at a time, and fails the test on an error.
func (f *fixture) find(q store.SearchQuery) []store.Hit {
	f.t.Helper()
	if q.Tenant == "" {
		q.Tenant = sigil.DefaultTenant
	}
	if q.Now.IsZero() {
		q.Now = start
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	found, err := f.Search(f.ctx(), q)
	f.ok("Search", err)
	if found.Incomplete {
		f.t.Error("a new store's search is incomplete")
	}
	return found.Hits
}

// complete waits until the search of a store that was opened again is complete.
func (f *fixture) complete() {
	f.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); runtime.Gosched() {
		found, err := f.Search(f.ctx(), store.SearchQuery{Tenant: sigil.DefaultTenant, Now: start, Limit: 1, Text: "x"})
		f.ok("Search", err)
		if !found.Incomplete {
			return
		}
	}
	f.t.Fatal("the search stays incomplete")
}

// finds checks which memories a text finds, best first.
func (f *fixture) finds(text string, want ...sigil.Memory) {
	f.t.Helper()
	f.findsIn(store.SearchQuery{Text: text}, want...)
}

func (f *fixture) findsIn(q store.SearchQuery, want ...sigil.Memory) {
	f.t.Helper()
	equal(f.t, fmt.Sprintf("what %q finds", q.Text), f.contents(q, f.find(q)), want)
}

// contents returns the memories of hits, and checks that their figures are those of the hits.
func (f *fixture) contents(q store.SearchQuery, hits []store.Hit) []sigil.Memory {
	f.t.Helper()
	var ids []sigil.ID
	var figures, contents []sigil.Meta
	for i := range hits {
		ids, figures = append(ids, hits[i].Memory.ID), append(figures, hits[i].Memory.Meta)
	}
	if q.Now.IsZero() {
		q.Now = start
	}
	all, err := f.Contents(f.ctx(), cmp.Or(q.Tenant, sigil.DefaultTenant), ids, q.Now)
	f.ok("Contents", err)
	for _, m := range all {
		contents = append(contents, m.Meta)
	}
	equal(f.t, "figures", figures, contents)
	return all
}

var searchIdeas = []idea{
	{"any word finds, and more words rank higher", func(f *fixture) {
		one := f.encode(says("tea at five"))
		two := f.encode(says("green tea, no sugar"))
		f.encode(says("coffee"))
		f.finds("green teas", two, one)
		f.finds("cocoa")
	}},
	{"a rare word ranks higher than a common one, and the newest of equals is first", func(f *fixture) {
		var common []sigil.Memory
		for range 5 {
			common = append([]sigil.Memory{f.encode(says("a note about rain"))}, common...)
		}
		rare := f.encode(says("a note about hail"))
		f.finds("rain hail", append([]sigil.Memory{rare}, common...)...)
		f.findsIn(store.SearchQuery{Text: "rain", Limit: 2}, common[:2]...)
	}},
	{"tags, numbers and nested values are found, names of members are not", func(f *fixture) {
		m := f.memory(tagged("release-notes"))
		m.Data = []byte(`{"title":"x","deep":[{"who":"Zoë"},42]}`)
		m.Size = len(m.Data)
		f.insert(m)
		for _, text := range []string{"release", "zoe", "Zoë", "42"} {
			f.finds(text, m)
		}
		f.finds("title")
		f.finds("deep")
	}},
	{"phrases, exclusions, prefixes, pointers and tags", func(f *fixture) {
		a := f.encode(says("the green tea of Assam"), tagged("drink"))
		b := f.encode(says("a tea that is green"), tagged("drink", "hot tip"))
		c := f.encode(says("greenhouse"))
		f.finds(`"green tea"`, a)
		f.finds("green -assam", b)
		f.finds("gree*", c, a, b)
		f.finds("/text:greenhouse", c)
		f.finds("/title:greenhouse")
		f.finds("tag:drink green", a, b)
		f.finds(`tag:"hot tip"`, b)
		f.finds("-tea", c)
		f.finds("-tag:drink", c)
	}},
	{"what has left is not found", func(f *fixture) {
		kept, gone := f.encode(says("tea")), f.encode(says("tea"))
		f.forget(gone.Key)
		f.finds("tea", kept)
		f.findsIn(store.SearchQuery{Text: "tea", Now: kept.FadesAt})
		f.finds("tea", kept) // reads move nothing
	}},
	{"what a quota evicts is not found", func(f *fixture) {
		f.encode(says("tea"))
		next := f.memory(says("tea"))
		_, err := f.tryInsert(store.Quota{Memories: 1}, next)
		f.ok("Insert", err)
		f.finds("tea", next)
	}},
	{"a refused insert is not found", func(f *fixture) {
		m := f.encode(says("tea"))
		_, err := f.tryInsert(store.Quota{}, m)
		fails(f.t, "the same id", err, sigil.ErrConflict, "exists")
		f.finds("tea", m)
	}},
	{"tenants do not meet, in what is found and in scores", func(f *fixture) {
		mine := f.encode(says("tea"))
		alone := f.find(store.SearchQuery{Text: "tea"})[0].Words
		for range 10 {
			f.encode(says("tea tea"), tenant("other"))
		}
		f.finds("tea", mine)
		equal(f.t, "score", f.find(store.SearchQuery{Text: "tea"})[0].Words, alone)
		f.findsIn(store.SearchQuery{Text: "tea", Tenant: "nobody"})
	}},
	{"filters", func(f *fixture) {
		a := f.encode(says("tea"), tagged("x", "y"), pinned)
		b := f.encode(says("tea"), tagged("x", "w"), crystallized)
		c := f.encode(says("tea"), tagged("y z"), created(start.Add(time.Hour)), frequency(7))
		yes, no, seven := true, false, sigil.Frequency(7).Pattern()
		for name, tt := range map[string]struct {
			filter store.Filter
			want   []sigil.Memory
		}{
			"none":                                  {store.Filter{}, []sigil.Memory{c, b, a}},
			"pinned":                                {store.Filter{Pinned: &yes}, []sigil.Memory{a}},
			"not crystallized":                      {store.Filter{Crystallized: &no}, []sigil.Memory{c, a}},
			"all tags":                              {store.Filter{Tags: []string{"x", "y"}}, []sigil.Memory{a}},
			"any tag":                               {store.Filter{AnyTags: []string{"y", "y z"}}, []sigil.Memory{c, a}},
			"no tag":                                {store.Filter{NotTags: []string{"y", "none"}}, []sigil.Memory{c, b}},
			"created after":                         {store.Filter{CreatedAfter: start.Add(time.Minute)}, []sigil.Memory{c}},
			"created before":                        {store.Filter{CreatedBefore: start.Add(time.Hour)}, []sigil.Memory{b, a}},
			"fading before":                         {store.Filter{FadingBefore: start.Add(2 * time.Hour)}, []sigil.Memory{c}},
			"fading after":                          {store.Filter{FadingAfter: c.FadesAt.Add(-time.Millisecond)}, []sigil.Memory{c}},
			"fading later than any":                 {store.Filter{FadingAfter: c.FadesAt}, nil},
			"pattern, and tags as they are spelled": {store.Filter{Pattern: &seven, Tags: []string{"Y Z"}}, nil},
		} {
			f.t.Log(name)
			f.findsIn(store.SearchQuery{Text: "tea", Filter: tt.filter}, tt.want...)
		}
	}},
	{"a filter by tags finds no memory without the words", func(f *fixture) {
		tea := f.encode(says("green tea"), tagged("x"))
		f.encode(says("coffee"), tagged("x"))
		for name, filter := range map[string]store.Filter{"all": {Tags: []string{"x"}}, "any": {AnyTags: []string{"x", "y"}}, "none": {NotTags: []string{"y"}}} {
			f.t.Log(name)
			for _, text := range []string{"tea", "tea cocoa", "te*", "gree* cocoa", "tea -cocoa"} {
				f.findsIn(store.SearchQuery{Text: text, Filter: filter}, tea)
			}
			for _, text := range []string{"cocoa", "coco*", "cocoa -tea", "cocoa milk"} {
				f.findsIn(store.SearchQuery{Text: text, Filter: filter})
			}
		}
	}},
	{"a query that is empty or too long is refused, every other is read", func(f *fixture) {
		f.encode(says("tea"))
		for _, text := range []string{"", " \n", strings.Repeat("x", 5000)} {
			_, err := f.Search(f.ctx(), store.SearchQuery{Tenant: sigil.DefaultTenant, Now: start, Limit: 1, Text: text})
			fails(f.t, fmt.Sprintf("%.10q", text), err, sigil.ErrInvalid, "invalid_query")
		}
		for _, text := range []string{`"`, `"tea`, "-", "*", "/:", "tag:", `-"`, "AND OR", "!?", "\x00\xff"} {
			f.find(store.SearchQuery{Text: text})
		}
		f.finds(`"tea`, f.contents(store.SearchQuery{}, f.find(store.SearchQuery{Text: "tea"}))...)
	}},
	{"stop words alone are searched for", func(f *fixture) {
		m := f.encode(says("to be or not to be"))
		f.encode(says("tea"))
		f.finds("to be", m)
	}},
	{"it says how the score comes about", func(f *fixture) {
		f.encode(says("green tea, and more tea"), tagged("tea"))
		f.encode(says("coffee"))
		h := f.find(store.SearchQuery{Text: "tea", Explain: true})[0]
		if h.Terms == nil || h.Terms.Memories != 2 || len(h.Terms.Parts) != 1 {
			f.t.Fatalf("arithmetic %+v", h.Terms)
		}
		p := h.Terms.Parts[0]
		norm := 0.25 + 0.75*float64(h.Terms.Length)/h.Terms.Average
		want := p.Weight * p.IDF * 2.2 * float64(p.Count) / (float64(p.Count) + 1.2*norm)
		if math.Abs(p.Score-want) > 1e-6 || math.Abs(h.Words-want) > 1e-6 || p.DF != 1 || p.Count != 3 || math.Abs(p.IDF-math.Log(2)) > 1e-6 {
			f.t.Errorf("score %v, arithmetic %+v; want %v", h.Words, h.Terms, want)
		}
	}},
	{"contents are those of what is live, in the order that was asked for", func(f *fixture) {
		a, b, gone := f.encode(says("tea")), f.encode(says("milk")), f.encode()
		f.forget(gone.Key)
		other := f.encode(tenant("other"))
		all, err := f.Contents(f.ctx(), sigil.DefaultTenant, []sigil.ID{b.ID, gone.ID, other.ID, a.ID}, start)
		f.ok("Contents", err)
		equal(f.t, "contents", all, []sigil.Memory{b, a})
		all, err = f.Contents(f.ctx(), sigil.DefaultTenant, []sigil.ID{a.ID, b.ID}, a.FadesAt)
		f.ok("Contents", err)
		equal(f.t, "later", all, []sigil.Memory{b})
		all, err = f.Contents(f.ctx(), sigil.DefaultTenant, []sigil.ID{a.ID, b.ID}, time.Time{})
		f.ok("Contents", err)
		equal(f.t, "live or not", all, []sigil.Memory{a, b})
	}},
	{"it says how common words are", func(f *fixture) {
		for _, text := range []string{"green tea", "tea", "black coffee"} {
			f.encode(says(text))
		}
		f.encode(says("coffee"), tenant("other"))
		got, err := f.Frequencies(f.ctx(), sigil.DefaultTenant, []string{"tea", "coffe", "cocoa"})
		f.ok("Frequencies", err)
		equal(f.t, "frequencies", got, store.Frequencies{Memories: 3, Average: 5. / 3, With: []int{2, 1, 0}})
		found, err := f.Search(f.ctx(), store.SearchQuery{Tenant: sigil.DefaultTenant, Now: start, Limit: 1, Text: "tea"})
		f.ok("Search", err)
		equal(f.t, "memories and average", store.Frequencies{Memories: found.Memories, Average: found.Average, With: got.With}, got)
		got, err = f.Frequencies(f.ctx(), "nobody", []string{"tea"})
		f.ok("Frequencies", err)
		equal(f.t, "of nobody", got, store.Frequencies{With: []int{0}})
	}},
	{"what an insert has answered is found at once, beside others", func(f *fixture) {
		var all sync.WaitGroup
		for c := range 8 {
			all.Go(func() {
				for i := range 20 {
					word := fmt.Sprintf("word%dx%d", c, i)
					m := f.memory(says(word + " common"))
					if _, err := f.tryInsert(store.Quota{}, m); err != nil {
						f.t.Errorf("Insert: %v", err)
						return
					}
					if got := f.find(store.SearchQuery{Text: word}); len(got) != 1 || got[0].Memory.ID != m.ID {
						f.t.Errorf("%s finds %d", word, len(got))
					}
					if i%2 == 0 {
						f.forget(m.Key)
						if got := f.find(store.SearchQuery{Text: word}); len(got) != 0 {
							f.t.Errorf("%s is found after it was forgotten", word)
						}
					}
				}
			})
		}
		all.Wait()
		equal(f.t, "found in the end", len(f.find(store.SearchQuery{Text: "common", Limit: 1000})), 80)
	}},
}
