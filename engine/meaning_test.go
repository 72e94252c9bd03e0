package engine_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestSearchRanksByMeaning does the arithmetic of docs/search.md by hand: two memories have one of the query's two words
// each, one means the same, and one has nothing to do with it.
func TestSearchRanksByMeaning(t *testing.T) {
	r := newRig(t, engine.Options{})
	texts := []string{"doctor called yesterday", "my physician works here", "the hospital bill", "gravel road"}
	for _, text := range texts {
		r.encode(`"`+text+`"`, nil)
	}
	page := r.search(engine.SearchQuery{Text: "doctor hospital"})
	if page.Vectors != store.VectorsReady || page.Model != meaning.Model || len(page.Hits) != 3 {
		t.Fatalf("found %q, %v %q", textsOf(page), page.Vectors, page.Model)
	}

	table := meaning.BuiltIn()
	idf := func(with int) float64 { return words.IDF(len(texts), with) }
	word := func(term, text string) meaning.Word { return meaning.Word{Term: term, Text: text, IDF: idf(1)} }
	contents := map[string][]meaning.Word{
		texts[0]: {word("doctor", "doctor"), word("call", "called"), word("yesterday", "yesterday")},
		texts[1]: {word("physician", "physician"), word("work", "works"), word("here", "here")},
		texts[2]: {word("hospit", "hospital"), word("bill", "bill")},
	}
	analyzer, err := words.New(words.Settings{})
	r.ok("analyzer", err)
	total := 0
	for _, text := range texts {
		total += analyzer.Document([]byte(`"`+text+`"`), nil, nil).Length
		if all, ok := contents[text]; ok {
			got := analyzer.Sequence([]byte(`"`+text+`"`), nil, nil)
			if len(got) != len(all) {
				t.Fatalf("the words of %q are %v", text, got)
			}
			for i := range all {
				if got[i] != (words.Token{Term: all[i].Term, Text: all[i].Text}) {
					t.Fatalf("the words of %q are %v", text, got)
				}
			}
		}
	}
	ranker := table.NewRanker([]meaning.Word{word("doctor", "doctor"), word("hospit", "hospital")}, float64(total)/float64(len(texts)))
	best := 0.0
	scores := map[string]float64{}
	for text, all := range contents {
		scores[text], _ = ranker.Score(all)
		best = max(best, scores[text])
	}
	var all []meaning.Vector
	for _, text := range textsOf(page) { // the best three are all
		all = append(all, table.Embed(text))
	}
	moved := meaning.Toward(table.Embed("doctor hospital"), all, meaning.FeedbackShare)
	shares := map[string]float64{} // of BM25
	for _, h := range r.search(engine.SearchQuery{Text: "doctor hospital", Weights: byWords}).Hits {
		shares[strings.Trim(string(h.Memory.Data), `"`)] = h.Parts.Words
	}
	for i := range page.Hits {
		h := &page.Hits[i]
		text := textsOf(page)[i]
		near(t, text+": words", h.Parts.Words, (0.2*shares[text]+0.8*scores[text]/best)/1.4)
		near(t, text+": meaning", h.Parts.Meaning, float64(meaning.Cosine(moved, table.Embed(text))))
		near(t, text+": score", h.Score, 0.65*h.Parts.Words+0.35*h.Parts.Meaning)
	}
}

// TestSearchByWordsIsAsBefore: with no weight for meaning, only words find, and the score is that of BM25.
func TestSearchByWordsIsAsBefore(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.encode(`"doctor called"`, nil)
	r.encode(`"my physician works here"`, nil)
	r.encode(`"doctor and hospital"`, nil)
	page := r.search(engine.SearchQuery{Text: "doctor hospital", Weights: byWords})
	r.expect("by words", page, "doctor and hospital", "doctor called")
	same(t, "best", page.Hits[0].Parts, engine.Parts{Words: 1, Freshness: 1})
	same(t, "model", page.Model, "")
	if words := page.Hits[1].Parts.Words; words <= 0 || words >= 1 || page.Hits[1].Score != words {
		t.Errorf("second hit %+v", page.Hits[1])
	}
}

// TestSearchByOwnVectors: the score is the cosine, or the sum of both parts.
func TestSearchByOwnVectors(t *testing.T) {
	r := newRig(t, engine.Options{})
	with := func(v ...float32) func(*sigil.Draft) { return func(d *sigil.Draft) { d.Vector = v } }
	r.encode(`"tea"`, with(1, 0))
	r.encode(`"coffee"`, with(1, 1))
	r.encode(`"milk"`, with(1, 0, 0))
	r.encode(`"doctor"`, nil)
	page := r.search(engine.SearchQuery{Vector: []float32{2, 0}})
	r.expect("by a vector", page, "tea", "coffee")
	near(t, "the same direction", page.Hits[0].Score, 1)
	near(t, "half of a right angle", page.Hits[1].Score, math.Sqrt(0.5))
	same(t, "model", page.Model, store.OwnModel)
	page = r.search(engine.SearchQuery{Vector: []float32{2, 0}, Text: "coffee doctor", Weights: &engine.Weights{Words: 0.5, Meaning: 0.5}})
	same(t, "found by words and a vector", len(page.Hits), 3)
	r.expect("what a text requires", r.search(engine.SearchQuery{Vector: []float32{2, 0}, Text: `"coffee"`}), "coffee")
	r.expect("what a text excludes", r.search(engine.SearchQuery{Vector: []float32{2, 0}, Text: `-coffee`, Weights: &engine.Weights{Meaning: 1}, MinScore: 0.1}), "tea")

	for name, v := range map[string][]float32{
		"empty": {}, "zero": {0, 0}, "not a number": {1, float32(math.NaN())}, "too long": make([]float32, 4097),
	} {
		_, err := r.Search(r.ctx(), sigil.DefaultTenant, engine.SearchQuery{Vector: v})
		r.fails("search: "+name, err, sigil.ErrInvalid, "invalid_vector", "vector")
		_, err = r.Encode(r.ctx(), sigil.DefaultTenant, draft("1", with(v...)))
		r.fails("encode: "+name, err, sigil.ErrInvalid, "invalid_vector", "vector")
	}
}

// TestSearchLike finds what is like a memory, but not the memory itself.
func TestSearchLike(t *testing.T) {
	r := newRig(t, engine.Options{})
	tea := r.encode(`"green tea in the kitchen: -5 \"degrees\" tag:x /y:z"`, nil)
	r.encode(`"coffee in the kitchen"`, nil)
	r.encode(`"quarterly invoice"`, nil)
	r.expect("like tea", r.search(engine.SearchQuery{Like: tea.ID}), "coffee in the kitchen")
	r.expect("by words alone", r.search(engine.SearchQuery{Like: tea.ID, Weights: byWords}), "coffee in the kitchen")
	own := r.encode(`"zzxy"`, func(d *sigil.Draft) { d.Vector = []float32{1, 2} })
	r.encode(`"yyxz"`, func(d *sigil.Draft) { d.Vector = []float32{1, 1} })
	r.expect("by its own vector", r.search(engine.SearchQuery{Like: own.ID}), "yyxz")
	empty := r.encode(`""`, nil)
	r.expect("like nothing", r.search(engine.SearchQuery{Like: empty.ID}))
	r.clock.set(95 * time.Second)
	_, err := r.Search(r.ctx(), sigil.DefaultTenant, engine.SearchQuery{Like: tea.ID})
	r.fails("like what has faded", err, sigil.ErrNotFound, "not_found", "like")
	_, err = r.Search(r.ctx(), sigil.DefaultTenant, engine.SearchQuery{Like: tea.ID, Text: "x"})
	r.fails("like and a text", err, sigil.ErrInvalid, "invalid_like", "like")
}

// TestSearchPagesByMeaning: pages have each hit once, in one order.
func TestSearchPagesByMeaning(t *testing.T) {
	r := newRig(t, engine.Options{})
	for i := range 30 {
		r.encode(`"`+strings.Repeat("doctor ", i%3+1)+strings.Repeat("nurse ", i%5)+`"`, nil)
	}
	all := r.search(engine.SearchQuery{Text: "physician doctor", Limit: 30})
	same(t, "found", len(all.Hits), 30)
	q := engine.SearchQuery{Text: "physician doctor", Limit: 7}
	for at := 0; at < 30; {
		page := r.search(q)
		for _, h := range page.Hits {
			same(t, "hit", h.Memory.ID, all.Hits[at].Memory.ID)
			at++
		}
		if q.Cursor = page.Next; q.Cursor == "" && at < 30 {
			t.Fatalf("the pages end at %d", at)
		}
	}
}

// withoutMeaning is a store that makes no vectors and compares none.
type withoutMeaning struct{ store.Store }

func (withoutMeaning) Searching() store.SearchSettings {
	return store.SearchSettings{Meaning: store.MeaningOff}
}

func TestSearchWithoutMeaning(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.encode(`"doctor"`, nil)
	e := engine.New(withoutMeaning{r.store}, &engine.Options{Clock: r.clock.now})
	page, err := e.Search(r.ctx(), sigil.DefaultTenant, engine.SearchQuery{Text: "doctor"})
	r.ok("search", err)
	same(t, "score", page.Hits[0].Score, 1)
	same(t, "default weights", e.DefaultWeights(), *byWords)
	_, err = e.Search(r.ctx(), sigil.DefaultTenant, engine.SearchQuery{Vector: []float32{1}})
	r.fails("by a vector", err, sigil.ErrConflict, "meaning_off", "")
}
