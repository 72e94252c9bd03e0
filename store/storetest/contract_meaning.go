package storetest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
)

// like returns a query for what means the same as a text, without its words.
func like(text string) store.SearchQuery {
	return store.SearchQuery{Vector: store.Vector(meaning.BuiltIn().Embed(text)), Model: meaning.Model}
}

// both returns a query by words and meaning.
func both(text string) store.SearchQuery {
	q := like(text)
	q.Text = text
	return q
}

// keep inserts a memory with a vector of its own.
func (f *fixture) keep(v store.Vector, options ...option) sigil.Memory {
	f.t.Helper()
	m := f.memory(options...)
	one := item(m)
	one.Vector = v
	_, err := f.Insert(f.ctx(), m.Tenant, []store.Item{one}, store.Quota{}, nil)
	f.ok("Insert", err)
	return m
}

// vectorsOf returns the vectors of some memories of a model.
func (f *fixture) vectorsOf(model string, ms ...sigil.Memory) []store.Vector {
	f.t.Helper()
	var ids []sigil.ID
	for _, m := range ms {
		ids = append(ids, m.ID)
	}
	all, err := f.Vectors(f.ctx(), ms[0].Tenant, model, ids)
	f.ok("Vectors", err)
	return all
}

var meaningIdeas = []idea{
	{"a vector finds what means the same, nearest first", func(f *fixture) {
		far := f.encode(says("the train leaves at noon"))
		near := f.encode(says("my physician called"))
		f.encode(says("qqxzjvvk"))
		q := like("doctor")
		q.Nearest = -1
		f.findsIn(q, near, far)
		q.Nearest = 0.4
		f.findsIn(q, near)
		h := f.find(q)[0]
		equal(f.t, "words", h.Words, 0)
		equal(f.t, "vector", h.Vector, store.Vector(meaning.BuiltIn().Embed("my physician called")))
	}},
	{"those with the words come first, and have vectors, too", func(f *fixture) {
		word := f.encode(says("doctor of letters"))
		near := f.encode(says("my physician called"))
		none := f.encode(says("doctor"), tagged("qqxzjvvk"))
		q := both("doctor")
		q.Nearest = 0.3
		f.findsIn(q, none, word, near)
		for _, h := range f.find(q) {
			if h.Vector == nil || (h.Words > 0) != (h.Memory.ID != near.ID) {
				f.t.Errorf("%s: words %v, vector %v", h.Memory.ID, h.Words, h.Vector)
			}
		}
	}},
	{"the limit is of those found by words, and again of those found by the vector", func(f *fixture) {
		short := f.encode(says("invoice"))
		best := f.encode(says("invoice invoice doctor"))
		near := f.encode(says("physician doctor invoice and other texts"))
		nearest := f.encode(says("physician"))
		q := like("doctor")
		q.Text, q.Limit = "invoice", 1
		f.findsIn(q, short, nearest)
		q.Text = "doctor" // the second has the word, but is not among the best by words
		q.Vector = like("physician texts other").Vector
		f.findsIn(q, best, near)
		for _, h := range f.find(q) {
			equal(f.t, "has the word", h.Words > 0, true)
		}
	}},
	{"what a text requires and excludes holds for what its vector finds", func(f *fixture) {
		a := f.encode(says("my physician called"), tagged("health"))
		b := f.encode(says("my physician wrote"))
		q := like("doctor")
		q.Nearest = 0.2
		for text, want := range map[string][]sigil.Memory{
			"doctor":           {a, b},
			"doctor -called":   {b},
			"-called":          {b},
			`"my physician"`:   {b, a},
			`"doctor called"`:  nil,
			"tag:health":       {a},
			"/text:wrote":      {b},
			"doc*":             {a, b},
			"doctor /no:wrote": nil,
		} {
			q.Text = text
			got := f.contents(q, f.find(q))
			if len(got) == 2 && len(want) == 2 && got[0].ID != want[0].ID { // near enough to be in either order
				got[0], got[1] = got[1], got[0]
			}
			equal(f.t, fmt.Sprintf("%q", text), got, want)
		}
	}},
	{"filters hold for what a vector finds", func(f *fixture) {
		a := f.encode(says("physician"), tagged("x", "y"), pinned)
		b := f.encode(says("physician"), tagged("x"), created(start.Add(time.Hour)))
		yes := true
		for name, tt := range map[string]struct {
			filter store.Filter
			want   []sigil.Memory
		}{
			"pinned":        {store.Filter{Pinned: &yes}, []sigil.Memory{a}},
			"created after": {store.Filter{CreatedAfter: start.Add(time.Minute)}, []sigil.Memory{b}},
			"tags":          {store.Filter{Tags: []string{"x", "y"}}, []sigil.Memory{a}},
			"any tag":       {store.Filter{AnyTags: []string{"y", "z"}}, []sigil.Memory{a}},
			"no tag":        {store.Filter{NotTags: []string{"y"}}, []sigil.Memory{b}},
		} {
			f.t.Log(name)
			q := like("doctor")
			q.Filter = tt.filter
			f.findsIn(q, tt.want...)
		}
	}},
	{"tenants do not meet", func(f *fixture) {
		mine := f.encode(says("physician"))
		f.encode(says("doctor"), tenant("other"))
		f.findsIn(like("doctor"), mine)
		q := like("doctor")
		q.Tenant = "nobody"
		f.findsIn(q)
	}},
	{"what has left is not found", func(f *fixture) {
		kept, gone := f.encode(says("physician")), f.encode(says("physician"))
		f.forget(gone.Key)
		f.findsIn(like("doctor"), kept)
		q := like("doctor")
		q.Now = kept.FadesAt
		f.findsIn(q)
	}},
	{"own vectors are kept beside the built-in ones, and compared with those of as many dimensions", func(f *fixture) {
		a := f.keep(store.Vector{127, 0, 0}, says("tea"))
		b := f.keep(store.Vector{90, 127, 0}, says("physician"))
		c := f.keep(store.Vector{127, 0}, says("milk"))
		d := f.encode(says("doctor"))
		q := store.SearchQuery{Vector: store.Vector{127, 10, 0}, Model: store.OwnModel, Nearest: 0.1}
		f.findsIn(q, a, b)
		q.Vector = store.Vector{-127, 127}
		f.findsIn(q)
		q.Nearest = -1
		f.findsIn(q, c)
		q.Vector = store.Vector{1, 2, 3, 127}
		f.findsIn(q)
		built := like("doctor")
		built.Nearest = 0.4
		f.findsIn(built, d, b)
		equal(f.t, "own vectors", f.vectorsOf(store.OwnModel, a, d, c), []store.Vector{{127, 0, 0}, nil, {127, 0}})
		equal(f.t, "built-in", f.vectorsOf(meaning.Model, b)[0], store.Vector(meaning.BuiltIn().Embed("physician")))
		equal(f.t, "of another model", f.vectorsOf("x", b), []store.Vector{nil})
		f.forget(a.Key)
		f.findsIn(store.SearchQuery{Vector: store.Vector{127, 10, 0}, Model: store.OwnModel}, b)
		equal(f.t, "of what has left", f.vectorsOf(store.OwnModel, a), []store.Vector{nil})
	}},
	{"it says whether it compares vectors", func(f *fixture) {
		f.encode(says("physician"))
		for model, want := range map[string]store.VectorState{"": store.VectorsReady, meaning.Model: store.VectorsReady, store.OwnModel: store.VectorsReady, "x": store.VectorsOff} {
			q := store.SearchQuery{Tenant: sigil.DefaultTenant, Now: start, Limit: 1, Text: "physician", Model: model}
			if model != "" {
				q.Vector = like("doctor").Vector
			}
			found, err := f.Search(f.ctx(), q)
			f.ok("Search", err)
			equal(f.t, "state with model "+model, found.Vectors, want)
			equal(f.t, "hits with model "+model, len(found.Hits), 1)
		}
	}},
	{"a query needs a text or a vector", func(f *fixture) {
		f.encode(says("physician"))
		_, err := f.Search(f.ctx(), store.SearchQuery{Tenant: sigil.DefaultTenant, Now: start, Limit: 1, Model: meaning.Model})
		fails(f.t, "neither", err, sigil.ErrInvalid, "invalid_query")
		q := like("doctor")
		q.Text = " "
		equal(f.t, "found with a blank text", len(f.find(q)), 1)
	}},
	{"what an insert has answered is found by its vector at once, beside others", func(f *fixture) {
		var all sync.WaitGroup
		for c := range 8 {
			all.Go(func() {
				for i := range 20 {
					v := append(make(store.Vector, c*20+i, 161), 127)
					v = v[:161]
					m := f.memory(says("physician"))
					one := item(m)
					one.Vector = v
					if _, err := f.Insert(f.ctx(), m.Tenant, []store.Item{one}, store.Quota{}, nil); err != nil {
						f.t.Errorf("Insert: %v", err)
						return
					}
					q := store.SearchQuery{Vector: v, Model: store.OwnModel, Nearest: 0.999}
					if got := f.find(q); len(got) != 1 || got[0].Memory.ID != m.ID {
						f.t.Errorf("its own vector finds %d", len(got))
					}
					if i%2 == 0 {
						f.forget(m.Key)
						if got := f.find(q); len(got) != 0 {
							f.t.Error("it is found after it was forgotten")
						}
					}
				}
			})
		}
		all.Wait()
		q := like("doctor")
		q.Limit = 1000
		equal(f.t, "found in the end", len(f.find(q)), 80)
	}},
	{"a memory that gets more tags has the vector of its new text, and keeps its own", func(f *fixture) {
		own := store.Vector{127, 0, 0}
		m := f.keep(own, says("my physician called"), tagged("a"))
		f.encode(says("qqxzjvvk"))
		for i, tags := range [][]string{{"a", "airplane"}, {"a", "airplane", "guitar"}} {
			at := start.Add(time.Duration(i+1) * time.Second)
			amended, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, tagging(at, tags...))
			f.ok("Amend", err)
			m = amended.Memory
			want := store.Vector(meaning.BuiltIn().Embed(strings.Join(append([]string{"my physician called"}, tags...), " ")))
			equal(f.t, "vectors of its text", f.vectorsOf(meaning.Model, m), []store.Vector{want})
			q := both("doctor")
			q.Nearest = -1
			hits := f.find(q)
			equal(f.t, "found", len(hits), 1)
			equal(f.t, "vector", hits[0].Vector, want)
			q = store.SearchQuery{Vector: own, Model: store.OwnModel, Nearest: 0.999}
			f.findsIn(q, m)
			equal(f.t, "its own vector", f.vectorsOf(store.OwnModel, m), []store.Vector{own})
		}
		f.forget(m.Key)
		q := like("doctor")
		q.Nearest = 0.2
		f.findsIn(q)
	}},
}
