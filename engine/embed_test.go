package engine_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// embedder makes vectors by a function.
type embedder struct {
	query func(text string) (engine.Vector, error)

	mu sync.Mutex
	// +checklocks:mu
	added []sigil.Key
	// +checklocks:mu
	held bool
	// +checklocks:mu
	forgot bool
}

func (e *embedder) Query(_ context.Context, text string) (engine.Vector, error) { return e.query(text) }

func (*embedder) Model() (engine.TextModel, bool) {
	return engine.TextModel{Name: "m", Dims: 2}, true
}
func (*embedder) Look() {}

func (e *embedder) Add(keys ...sigil.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.added = append(e.added, keys...)
}

func (e *embedder) Hold(held bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = held
}

func (e *embedder) Held() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.held
}

func (e *embedder) Forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forgot = true
}

// ofEndpoint is a store that was opened for vectors of an endpoint, and notes what it is asked for.
type ofEndpoint struct {
	*storetest.Model
	asked store.SearchQuery
}

func (*ofEndpoint) Searching() store.SearchSettings {
	return store.SearchSettings{Meaning: store.MeaningEndpoint}
}

func (s *ofEndpoint) Search(ctx context.Context, q store.SearchQuery) (store.Found, error) {
	s.asked = q
	if q.Text == "" {
		return store.Found{}, nil
	}
	q.Vector, q.Model = nil, ""
	return s.Model.Search(ctx, q)
}

// TestQueriesHaveVectorsOfTheEndpoint shows which vector a search looks for, and that words answer without the endpoint.
func TestQueriesHaveVectorsOfTheEndpoint(t *testing.T) {
	s := &ofEndpoint{Model: storetest.NewModel()}
	e := engine.New(s, nil)
	by := &embedder{query: func(text string) (engine.Vector, error) {
		if text != "green tea" {
			t.Errorf("asked for the vector of %q", text)
		}
		return engine.Vector{127, 0}, nil
	}}
	e.UseEmbedder(by)
	m, err := e.Encode(t.Context(), "a", sigil.Draft{Data: []byte(`"green tea"`)})
	if err != nil || !slices.Equal(by.added, []sigil.Key{m.Key}) {
		t.Errorf("the embedder learned of %v, %v", by.added, err)
	}
	page, err := e.Search(t.Context(), "a", engine.SearchQuery{Text: `green tea -milk tag:x`})
	if err != nil || !slices.Equal(s.asked.Vector, engine.Vector{127, 0}) || s.asked.Model != "endpoint/2/m" || page.Model != "endpoint/2/m" {
		t.Errorf("asked for %+v: %+v, %v", s.asked, page, err)
	}
	by.query = func(string) (engine.Vector, error) {
		return nil, &sigil.Error{Kind: sigil.ErrUnavailable, Code: "embedder_unavailable"}
	}
	page, err = e.Search(t.Context(), "a", engine.SearchQuery{Text: "green tea"})
	if err != nil || len(page.Hits) != 1 || page.Vectors != store.VectorsBuilding || page.Model != "" || s.asked.Vector != nil {
		t.Errorf("without the endpoint: %+v, %v", page, err)
	}
	broken := errors.New("broken")
	by.query = func(string) (engine.Vector, error) { return nil, broken }
	if _, err = e.Search(t.Context(), "a", engine.SearchQuery{Text: "green tea"}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	e.HoldEmbedding(true)
	if c, err := e.Coverage(t.Context()); err != nil || !c.Stopped || c.Model != "endpoint/2/m" || c.Memories != 1 || !c.Complete() {
		t.Errorf("coverage %+v, %v", c, err)
	}
	if err := e.Reembed(t.Context()); err != nil || by.held || !by.forgot {
		t.Errorf("after Reembed it is held: %v, has forgotten: %v, %v", by.held, by.forgot, err)
	}
}

// TestTexts shows of what a vector is made.
func TestTexts(t *testing.T) {
	r := newRig(t, engine.Options{})
	e := r.Engine
	a, err := e.Encode(t.Context(), "a", sigil.Draft{Data: []byte(`{"who":"me","said":["green tea",{"at":5}]}`), Tags: []string{"kitchen"}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.Encode(t.Context(), "b", sigil.Draft{Data: []byte(`true`)})
	if err != nil {
		t.Fatal(err)
	}
	gone := sigil.Key{Tenant: "a", ID: b.ID}
	texts, err := e.Texts(t.Context(), []sigil.Key{b.Key, gone, a.Key})
	want := []engine.Text{{}, {}, {Text: "kitchen\nme\ngreen tea\n5", Tags: []string{"kitchen"}}}
	if err != nil || !reflect.DeepEqual(texts, want) {
		t.Errorf("got %q, %v, want %q", texts, err, want)
	}
	r.clock.set(a.FadesAt.Sub(start))
	texts, err = e.Texts(t.Context(), []sigil.Key{a.Key})
	if want := []engine.Text{{Tags: []string{"kitchen"}}}; err != nil || !reflect.DeepEqual(texts, want) {
		t.Errorf("past its deadline: got %q, %v, want %q", texts, err, want)
	}
}
