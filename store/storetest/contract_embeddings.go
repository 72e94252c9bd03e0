package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// RunEmbeddings checks what a driver promises of [store.Embeddings]. open opens an empty store with MeaningEndpoint.
func RunEmbeddings(t *testing.T, open func(t *testing.T) store.Store) {
	runIdeas(t, embeddingIdeas, open)
}

// tiny is a model of vectors with two dimensions.
var tiny = store.TextModel{Name: "tiny", Dims: 2}

// embeddings returns the ability of the store.
func (f *fixture) embeddings() store.Embeddings {
	f.t.Helper()
	e, ok := f.Store.(store.Embeddings)
	if !ok {
		f.t.Fatal("the store keeps no vectors of an endpoint")
	}
	return e
}

func (f *fixture) use(m store.TextModel, anew bool) {
	f.t.Helper()
	f.ok("UseModel", f.embeddings().UseModel(f.ctx(), m, anew))
}

// keepVector keeps one vector of the tiny model, which was made of m.
func (f *fixture) keepVector(m sigil.Memory, v store.Vector) {
	f.t.Helper()
	f.ok("KeepVectors", f.embeddings().KeepVectors(f.ctx(), tiny, []store.Embedding{{Key: m.Key, Tags: m.Tags, Vector: v}}))
}

// unembedded checks which memories have no vector, and how many have one.
func (f *fixture) unembedded(embedded int, want ...sigil.Memory) {
	f.t.Helper()
	all, err := f.embeddings().Unembedded(f.ctx(), sigil.Key{}, 100)
	f.ok("Unembedded", err)
	var keys []sigil.Key
	for _, m := range want {
		keys = append(keys, m.Key)
	}
	equal(f.t, "without a vector", all, keys)
	memories, n, err := f.embeddings().Embedded(f.ctx())
	f.ok("Embedded", err)
	equal(f.t, "memories and vectors", [2]int{memories, n}, [2]int{embedded + len(want), embedded})
}

// state checks whether vectors of the tiny model are compared.
func (f *fixture) state(want store.VectorState) {
	f.t.Helper()
	for _, model := range []string{"", tiny.String()} {
		q := store.SearchQuery{Tenant: sigil.DefaultTenant, Now: start, Limit: 1, Model: model, Text: "tea", Vector: store.Vector{127, 1}}
		if model == "" {
			q.Vector = nil
		}
		found, err := f.Search(f.ctx(), q)
		f.ok("Search", err)
		equal(f.t, fmt.Sprintf("state of %q", model), found.Vectors, want)
	}
}

func closeTo(v store.Vector) store.SearchQuery {
	return store.SearchQuery{Vector: v, Model: tiny.String(), Nearest: 0.5}
}

var embeddingIdeas = []idea{
	{"vectors are kept, and found", func(f *fixture) {
		a, b := f.encode(says("tea")), f.encode(says("coffee"), tenant("other"))
		c := f.encode(says("milk"))
		found, err := f.Search(f.ctx(), store.SearchQuery{Tenant: sigil.DefaultTenant, Now: start, Limit: 1, Text: "tea"})
		f.ok("Search", err)
		equal(f.t, "before a model is in use", found.Vectors, store.VectorsBuilding)
		f.use(tiny, false)
		f.unembedded(0, b, a, c)
		f.state(store.VectorsBuilding)
		f.keepVector(a, store.Vector{127, 0})
		f.findsIn(closeTo(store.Vector{127, 10}), a)
		f.state(store.VectorsBuilding)
		f.unembedded(1, b, c)
		f.keepVector(c, nil) // it has none, and is not asked for again
		f.unembedded(2, b)
		f.state(store.VectorsReady) // of the tenant
		f.keepVector(b, store.Vector{0, 127})
		f.unembedded(3)
		f.findsIn(closeTo(store.Vector{127, 10}), a)
		q := closeTo(store.Vector{1, 127})
		q.Tenant = "other"
		f.findsIn(q, b)
		f.keepVector(a, store.Vector{-127, 0}) // instead of the other
		f.unembedded(3)
		f.findsIn(closeTo(store.Vector{127, 10}))
		f.findsIn(closeTo(store.Vector{-127, 10}), a)
		equal(f.t, "vectors", f.vectorsOf(tiny.String(), a, c), []store.Vector{{-127, 0}, nil})
		q = closeTo(store.Vector{127, 10})
		q.Text = "tea"
		f.findsIn(q, a)
		equal(f.t, "the vector of what a word finds", f.find(q)[0].Vector, store.Vector{-127, 0})
	}},
	{"those without a vector come in pages", func(f *fixture) {
		f.use(tiny, false)
		var all []sigil.Memory
		for i := range 10 {
			all = append(all, f.encode(tenant(fmt.Sprint("t", i/4))))
		}
		f.keepVector(all[5], store.Vector{127, 0})
		var got []sigil.Key
		for after := (sigil.Key{}); ; after = got[len(got)-1] {
			page, err := f.embeddings().Unembedded(f.ctx(), after, 3)
			f.ok("Unembedded", err)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		var want []sigil.Key
		for i, m := range all {
			if i != 5 {
				want = append(want, m.Key)
			}
		}
		equal(f.t, "pages", got, want)
	}},
	{"vectors leave with their memories, and none comes after they left", func(f *fixture) {
		f.use(tiny, false)
		a, b := f.encode(says("tea")), f.encode(says("tea"))
		f.keepVector(a, store.Vector{127, 0})
		f.keepVector(b, store.Vector{127, 0})
		f.forget(a.Key)
		f.unembedded(1)
		f.keepVector(a, store.Vector{127, 0})
		f.unembedded(1)
		f.findsIn(closeTo(store.Vector{127, 0}), b)
		equal(f.t, "of what has left", f.vectorsOf(tiny.String(), a), []store.Vector{nil})
	}},
	{"another model begins anew", func(f *fixture) {
		f.use(tiny, false)
		a := f.encode(says("tea"))
		f.keepVector(a, store.Vector{127, 0})
		f.use(tiny, false) // the same: nothing changes
		f.unembedded(1)
		other := store.TextModel{Name: "tiny", Dims: 3}
		f.use(other, false)
		f.unembedded(0, a)
		q := closeTo(store.Vector{127, 0})
		q.Tenant, q.Now, q.Limit = sigil.DefaultTenant, start, 1
		found, err := f.Search(f.ctx(), q)
		f.ok("Search", err)
		equal(f.t, "by the former model", found, store.Found{Memories: found.Memories, Average: found.Average})
		fails(f.t, "vectors of the former model", f.embeddings().KeepVectors(f.ctx(), tiny, []store.Embedding{{Key: a.Key, Vector: store.Vector{127, 0}}}), sigil.ErrConflict, "model_changed")
		f.use(tiny, false)
		f.unembedded(0, a)
		f.keepVector(a, store.Vector{127, 0})
		f.use(tiny, true) // the same, but anew
		f.unembedded(0, a)
		f.state(store.VectorsBuilding)
		f.findsIn(closeTo(store.Vector{127, 0}))
	}},
	{"own vectors are kept beside those of an endpoint", func(f *fixture) {
		f.use(tiny, false)
		a, b := f.keep(store.Vector{127, 0}), f.encode()
		f.keepVector(b, store.Vector{127, 0})
		q := closeTo(store.Vector{127, 10})
		f.findsIn(q, b)
		q.Model = store.OwnModel
		f.findsIn(q, a)
		f.use(tiny, true)
		f.findsIn(q, a)
	}},
	{"vectors are kept while memories come and go", func(f *fixture) {
		f.use(tiny, false)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for i := range 20 {
					m := f.encode(says("tea"))
					var both sync.WaitGroup
					both.Go(func() {
						if err := f.embeddings().KeepVectors(f.ctx(), tiny, []store.Embedding{{Key: m.Key, Vector: store.Vector{127, 0}}}); err != nil {
							f.t.Errorf("KeepVectors: %v", err)
						}
					})
					if i%2 == 0 {
						f.forget(m.Key)
					}
					both.Wait()
				}
			})
		}
		all.Wait()
		f.unembedded(40)
	}},
	{"a memory that gets more tags has no vector until one of its new text is made", func(f *fixture) {
		f.use(tiny, false)
		a, b := f.encode(says("tea")), f.encode(says("milk"))
		f.keepVector(a, store.Vector{127, 0})
		f.keepVector(b, store.Vector{0, 127})
		at := start.Add(time.Second)
		amended, err := f.Amend(f.ctx(), store.Amendment{Key: a.Key, At: at}, tagging(at, "new"))
		f.ok("Amend", err)
		a = amended.Memory
		f.findsIn(closeTo(store.Vector{127, 10}))
		f.unembedded(1, a)
		f.keepVector(a, store.Vector{127, 10})
		f.findsIn(closeTo(store.Vector{127, 10}), a)
		f.unembedded(2)
	}},
	{"a vector that was made before a memory got other tags is not kept", func(f *fixture) {
		f.use(tiny, false)
		for _, before := range [][]string{nil, {"old"}} {
			a, b := f.encode(says("tea"), tagged(before...)), f.encode(says("milk"), tagged("a", "b"))
			at := start.Add(time.Second)
			amended, err := f.Amend(f.ctx(), store.Amendment{Key: a.Key, At: at}, tagging(at, "old", "new"))
			f.ok("Amend", err)
			for _, v := range []store.Vector{{127, 0}, nil} {
				made := []store.Embedding{{Key: a.Key, Tags: a.Tags, Vector: v}, {Key: b.Key, Tags: b.Tags, Vector: store.Vector{0, 127}}}
				f.ok("KeepVectors", f.embeddings().KeepVectors(f.ctx(), tiny, made))
				f.unembedded(1, amended.Memory)
				f.findsIn(closeTo(store.Vector{127, 10}))
			}
			f.keepVector(amended.Memory, store.Vector{127, 0})
			f.findsIn(closeTo(store.Vector{127, 10}), amended.Memory)
			f.forget(a.Key, b.Key)
		}
	}},
	{"a vector that is kept while a memory gets other tags is never that of the former text", func(f *fixture) {
		f.use(tiny, false)
		for i := range 20 {
			m := f.encode(says("tea"))
			at := start.Add(time.Second)
			var both sync.WaitGroup
			both.Go(func() {
				made := []store.Embedding{{Key: m.Key, Vector: store.Vector{127, 0}}}
				if err := f.embeddings().KeepVectors(f.ctx(), tiny, made); err != nil {
					f.t.Errorf("KeepVectors: %v", err)
				}
			})
			amended, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, tagging(at, "new"))
			f.ok("Amend", err)
			both.Wait()
			f.unembedded(i, amended.Memory)
			f.keepVector(amended.Memory, store.Vector{127, 0})
		}
	}},
}
