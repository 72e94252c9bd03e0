package pebblestore_test

import (
	"slices"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/storetest"
)

// openEndpoint opens a store whose vectors an endpoint makes.
func openEndpoint(t *testing.T, dir string) *pebblestore.Store {
	t.Helper()
	s, err := pebblestore.Open(dir, &pebblestore.Options{Search: store.SearchSettings{Meaning: store.MeaningEndpoint}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEmbeddings(t *testing.T) {
	storetest.RunEmbeddings(t, func(t *testing.T) store.Store { return openEndpoint(t, t.TempDir()) })
}

// TestEmbeddingsAreDurable opens a store again and again: vectors of the same model are there, what has none is known, and
// another model has none.
func TestEmbeddingsAreDurable(t *testing.T) {
	dir := t.TempDir()
	m := store.TextModel{Name: "m", Dims: 2}
	in := func(model store.TextModel, do func(s *pebblestore.Store, missing []sigil.Key)) {
		t.Helper()
		s := openEndpoint(t, dir)
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		if err := s.UseModel(t.Context(), model, false); err != nil {
			t.Fatal(err)
		}
		missing, err := s.Unembedded(t.Context(), sigil.Key{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		do(s, missing)
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
	encode := func(s *pebblestore.Store) sigil.Key {
		t.Helper()
		m, err := engine.New(s, nil).Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`"tea"`)})
		if err != nil {
			t.Fatal(err)
		}
		return m.Key
	}
	var first, second sigil.Key
	in(m, func(s *pebblestore.Store, _ []sigil.Key) {
		first = encode(s)
		if err := s.KeepVectors(t.Context(), m, []store.Embedding{{Key: first, Vector: store.Vector{127, 0}}}); err != nil {
			t.Error(err)
		}
		second = encode(s)
	})
	in(m, func(s *pebblestore.Store, missing []sigil.Key) {
		if !slices.Equal(missing, []sigil.Key{second}) {
			t.Errorf("missing %v, want %v", missing, second)
		}
		found, err := s.Search(t.Context(), store.SearchQuery{Tenant: sigil.DefaultTenant, Now: engine.New(s, nil).Now(), Limit: 9, Vector: store.Vector{127, 1}, Model: m.String()})
		if err != nil || len(found.Hits) != 1 || found.Hits[0].Memory.ID != first.ID || found.Vectors != store.VectorsBuilding {
			t.Errorf("found %+v, %v", found, err)
		}
	})
	builtIn, err := pebblestore.Open(dir, nil) // with built-in vectors meanwhile
	if err != nil {
		t.Fatal(err)
	}
	third := encode(builtIn)
	if err := builtIn.Close(); err != nil {
		t.Fatal(err)
	}
	in(m, func(s *pebblestore.Store, missing []sigil.Key) {
		if !slices.Equal(missing, []sigil.Key{second, third}) {
			t.Errorf("missing %v, want %v and %v", missing, second, third)
		}
	})
	all := []sigil.Key{first, second, third}
	excluding, err := pebblestore.Open(dir, &pebblestore.Options{Search: store.SearchSettings{Meaning: store.MeaningEndpoint, Exclude: []string{"/raw"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := excluding.UseModel(t.Context(), m, false); err != nil { // its texts are others
		t.Error(err)
	}
	if missing, err := excluding.Unembedded(t.Context(), sigil.Key{}, 100); err != nil || !slices.Equal(missing, all) {
		t.Errorf("missing %v, %v, want %v", missing, err, all)
	}
	if err := excluding.Close(); err != nil {
		t.Fatal(err)
	}
	for _, model := range []store.TextModel{{Name: "other", Dims: 2}, m} {
		in(model, func(_ *pebblestore.Store, missing []sigil.Key) {
			if !slices.Equal(missing, all) {
				t.Errorf("of %v %v are missing, want %v", model, missing, all)
			}
		})
	}
}
