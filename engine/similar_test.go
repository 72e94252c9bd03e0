package engine_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

func similarTo(least float64) func(d *sigil.Draft) {
	return func(d *sigil.Draft) { d.Similar = least }
}

// nearTo asserts which memories an answer names, and that they are told completely.
func (r *rig) nearTo(what string, m sigil.Memory, want ...sigil.ID) {
	r.t.Helper()
	if m.Similar == nil || m.Similar.Near == nil || m.Similar.Incomplete {
		r.t.Fatalf("%s: %+v", what, m.Similar)
	}
	got := []sigil.ID{}
	for i, n := range m.Similar.Near {
		got = append(got, n.ID)
		if n.Score < m.Similar.Least || n.Score > 1 || i > 0 && n.Score > m.Similar.Near[i-1].Score {
			r.t.Errorf("%s: %+v", what, m.Similar.Near)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(append([]sigil.ID{}, want...)) {
		r.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestAnEncodeNamesWhatIsNear(t *testing.T) {
	r := newRig(t, engine.Options{})
	const first, second = "a kettle and pans for the kitchen", "a teapot for the kitchen"
	r.nearTo("the first", r.encode(`"`+first+`"`, similarTo(0.5)))
	kettle := r.encode(`"`+first+`"`, nil)
	r.encode(`"the train leaves at noon"`, nil)
	_, err := r.Encode(r.ctx(), "other", draft(`"`+second+`"`, nil))
	r.ok("encode", err)

	teapot := r.encode(`"`+second+`"`, similarTo(0.5))
	if n := len(teapot.Similar.Near); n != 2 || teapot.Similar.Near[0].ID != kettle.ID { // of equal ones the newer first
		t.Fatalf("near are %+v", teapot.Similar)
	}
	table := meaning.BuiltIn()
	cosine := float64(meaning.Cosine(table.Embed(first), table.Embed(second)))
	same(t, "score", teapot.Similar.Near[0].Score, math.Round(cosine*1e4)/1e4)
	r.nearTo("nothing so near", r.encode(`"`+second+`"`, similarTo(1)), teapot.ID)
	peeked, err := r.Peek(r.ctx(), teapot.Key)
	r.ok("peek", err)
	if peeked.Similar != nil || r.encode(`1`, nil).Similar != nil {
		t.Error("similar ones without being asked")
	}
	r.nearTo("nothing to compare", r.encode(`true`, similarTo(0.5)))
}

func TestOnlyTheNearestAreNamed(t *testing.T) {
	r := newRig(t, engine.Options{})
	for i := range 15 {
		r.encode(fmt.Sprintf(`{"note":"kettle","n":[%s]}`, fmt.Sprint(i)), nil)
	}
	got := r.encode(`"kettle"`, similarTo(0.1))
	same(t, "named", len(got.Similar.Near), sigil.MaxSimilar)
}

func TestSimilarByVectorsOfCallers(t *testing.T) {
	r := newRig(t, engine.Options{})
	own := func(least float64, v ...float32) func(d *sigil.Draft) {
		return func(d *sigil.Draft) { d.Similar, d.Vector = least, v }
	}
	a := r.encode(`1`, own(0.5, 1, 0))
	r.encode(`2`, own(0.5, 0, 1))
	r.encode(`3`, own(0.5, 1, 0, 0))
	b := r.encode(`4`, own(0.7, 1, 1))
	if n := b.Similar.Near; len(n) != 2 || n[0].Score != 0.7071 {
		t.Errorf("near are %+v", n)
	}
	r.nearTo("of the same direction", r.encode(`5`, own(1, 7, 0)), a.ID)
}

func TestWhatIsReinforcedIsNotSimilarToItself(t *testing.T) {
	r := newRig(t, engine.Options{})
	old := r.encode(`"a kettle"`, nil)
	other := r.encode(`["a kettle"]`, nil)
	keyed := func(d *sigil.Draft) { d.OnDuplicate, d.Similar, d.IdempotencyKey = sigil.Reinforce, 0.9, "k" }
	first := r.encode(`"a kettle"`, keyed)
	same(t, "reinforced", first.ID, old.ID)
	r.nearTo("the others", first, other.ID)
	if again := r.encode(`"a kettle"`, keyed); !reflect.DeepEqual(again, first) {
		t.Errorf("got %+v, want %+v", again, first)
	}
}

func TestARepeatedEncodeNamesTheSame(t *testing.T) {
	r := newRig(t, engine.Options{})
	old := r.encode(`"a kettle"`, nil)
	keyed := func(d *sigil.Draft) { d.Similar, d.IdempotencyKey = 0.9, "k" }
	first := r.encode(`["a kettle"]`, keyed)
	r.nearTo("the first time", first, old.ID)
	r.ok("forget", r.Forget(r.ctx(), old.Key))
	r.clock.set(time.Minute)
	r.encode(`{"a":"a kettle"}`, nil)
	if again := r.encode(`["a kettle"]`, keyed); !reflect.DeepEqual(again, first) {
		t.Errorf("got %+v, want %+v", again, first)
	}
	_, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`["a kettle"]`, func(d *sigil.Draft) { keyed(d); d.Similar = 0.8 }))
	same(t, "with another cosine", sigil.CodeOf(err), "idempotency_mismatch")
}

func TestSimilarInABatch(t *testing.T) {
	r := newRig(t, engine.Options{})
	old := r.encode(`"a kettle"`, nil)
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{
		draft(`["a kettle"]`, similarTo(0.9)), draft(`2`, nil), draft(`3`, similarTo(1.5)), draft(`"a kettle"`, similarTo(0.9)),
	})
	r.ok("batch", err)
	r.nearTo("the first", results[0].Memory, old.ID)
	if results[1].Memory.Similar != nil {
		t.Errorf("not asked, named %+v", results[1].Memory.Similar)
	}
	r.fails("the third", results[2].Err, sigil.ErrInvalid, "invalid_similar", "similar")
	r.nearTo("the fourth, which does not see the first", results[3].Memory, old.ID)
}

// searching is a store that searches by other settings.
type searching struct {
	*storetest.Model
	settings store.SearchSettings
}

func (s searching) Searching() store.SearchSettings { return s.settings }

func TestSimilarWithoutVectors(t *testing.T) {
	r := newRig(t, engine.Options{})
	for _, bad := range []float64{-0.1, 1.01, math.NaN(), math.Inf(1)} {
		_, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`1`, similarTo(bad)))
		r.fails(fmt.Sprint(bad), err, sigil.ErrInvalid, "invalid_similar", "similar")
	}
	for code, settings := range map[string]store.SearchSettings{"search_off": {Off: true}, "meaning_off": {Meaning: store.MeaningOff}} {
		e := engine.New(searching{storetest.NewModel(), settings}, nil)
		_, err := e.Encode(r.ctx(), "a", draft(`1`, similarTo(0.5)))
		r.fails(code, err, sigil.ErrConflict, code, "")
		_, err = e.Encode(r.ctx(), "a", draft(`1`, nil))
		r.ok("encode", err)
	}
}

func TestSimilarByAnEndpoint(t *testing.T) {
	s := &ofEndpoint{Model: storetest.NewModel()}
	e := engine.New(s, nil)
	encode := func() *sigil.Similar {
		t.Helper()
		m, err := e.Encode(t.Context(), "a", draft(`{"note":"green tea"}`, similarTo(0.5)))
		if err != nil {
			t.Fatal(err)
		}
		return m.Similar
	}
	if got := encode(); !got.Incomplete { // before there is one
		t.Errorf("got %+v", got)
	}
	by := &embedder{query: func(text string) (engine.Vector, error) {
		if text != "green tea" {
			t.Errorf("asked for the vector of %q", text)
		}
		return engine.Vector{127, 0}, nil
	}}
	e.UseEmbedder(by)
	encode()
	if s.asked.Model != "endpoint/2/m" || len(s.asked.Vector) != 2 || s.asked.Text != "" {
		t.Errorf("asked for %+v", s.asked)
	}
	by.query = func(string) (engine.Vector, error) { return nil, &sigil.Error{Kind: sigil.ErrUnavailable, Code: "x"} }
	if got := encode(); !got.Incomplete || len(got.Near) != 0 {
		t.Errorf("without the endpoint: %+v", got)
	}
	broken := errors.New("broken")
	by.query = func(string) (engine.Vector, error) { return nil, broken }
	if _, err := e.Encode(t.Context(), "a", draft(`"tea"`, similarTo(0.5))); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
