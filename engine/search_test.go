package engine_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

func (r *rig) search(q engine.SearchQuery) engine.SearchPage {
	r.t.Helper()
	page, err := r.Search(r.ctx(), sigil.DefaultTenant, q)
	r.ok("search", err)
	return page
}

func textsOf(page engine.SearchPage) (texts []string) {
	for _, h := range page.Hits {
		texts = append(texts, strings.Trim(string(h.Memory.Data), `"`))
	}
	return texts
}

func (r *rig) expect(what string, page engine.SearchPage, want ...string) {
	r.t.Helper()
	if got := textsOf(page); !slices.Equal(got, want) {
		r.t.Errorf("%s: found %q, want %q", what, got, want)
	}
}

// byWords are the weights of a search by words alone.
var byWords = &engine.Weights{Words: 1}

func TestSearchScores(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.encode(`"green tea"`, nil)
	r.encode(`"tea with milk"`, nil)
	r.encode(`"coffee"`, nil)
	page := r.search(engine.SearchQuery{Text: "green tea", Weights: byWords, Explain: true, Highlight: true})
	r.expect("both words first", page, "green tea", "tea with milk")
	best, second := page.Hits[0], page.Hits[1]
	same(t, "best score", best.Score, 1)
	if second.Score <= 0 || second.Score >= 1 || second.Score != second.Parts.Words {
		t.Errorf("second score %v of %+v", second.Score, second.Parts)
	}
	if len(best.Why.BM25.Parts) != 2 || len(best.Matched) != 1 || !slices.Equal(best.Matched[0].Ranges, [][2]int{{0, 5}, {6, 9}}) {
		t.Errorf("explained as %+v, matched %+v", best.Why.BM25, best.Matched)
	}
	r.expect("over a least score", r.search(engine.SearchQuery{Text: "green tea", Weights: byWords, MinScore: 0.99}), "green tea")
	r.expect("nothing", r.search(engine.SearchQuery{Text: "cocoa", Weights: byWords}))
}

// TestSearchWeights finds equal texts: the freshest is first, and weights add what it and recalls are worth.
func TestSearchWeights(t *testing.T) {
	r := newRig(t, engine.Options{})
	old := r.encode(`"tea 1"`, nil)
	r.clock.set(10 * time.Second)
	r.encode(`"tea 2"`, nil)
	r.expect("the freshest of equals", r.search(engine.SearchQuery{Text: "tea"}), "tea 2", "tea 1")
	r.clock.set(20 * time.Second)
	for range 4 {
		r.recall(old.Key)
	}
	page := r.search(engine.SearchQuery{Text: "tea", Weights: &engine.Weights{Words: 0.5, Freshness: 0.25, Strength: 1}})
	r.expect("recalled", page, "tea 1", "tea 2")
	h := page.Hits[0]
	same(t, "strength after 4 recalls", h.Parts.Strength, 0.5)
	same(t, "freshness after a recall", h.Parts.Freshness, 1)
	if want := 0.5*h.Parts.Words + 0.25 + 0.5; math.Abs(h.Score-want) > 1e-12 {
		t.Errorf("score %v, want %v", h.Score, want)
	}
}

func TestSearchPages(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Page: 8}})
	var want []string
	for i := range 10 {
		r.clock.set(time.Duration(i) * millisecond)
		text := fmt.Sprintf("tea %d", i)
		r.encode(`"`+text+`"`, nil)
		want = append([]string{text}, want...)
	}
	for limit := 1; limit <= 8; limit++ {
		var got []string
		q := engine.SearchQuery{Text: "tea", Limit: limit}
		for pages := 0; ; pages++ {
			page := r.search(q)
			got = append(got, textsOf(page)...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			if pages > 10 {
				t.Fatal("pages without end")
			}
		}
		if !slices.Equal(got, want[:8]) {
			t.Errorf("pages of %d: %q", limit, got)
		}
	}
	// A hit that goes between two pages moves no other over the edge.
	first := r.search(engine.SearchQuery{Text: "tea", Limit: 3})
	r.ok("forget", r.Forget(r.ctx(), first.Hits[0].Memory.Key))
	r.expect("second page", r.search(engine.SearchQuery{Text: "tea", Limit: 3, Cursor: first.Next}), want[3:6]...)
	page := r.search(engine.SearchQuery{Text: "tea", MaxBytes: 16})
	r.expect("what fits", page, want[1:3]...)
	_, err := r.Search(r.ctx(), sigil.DefaultTenant, engine.SearchQuery{Text: "tea", Cursor: "AQ"})
	r.fails("a foreign cursor", err, sigil.ErrInvalid, "invalid_cursor", "cursor")
}

// TestSearchPagesHaveAllEquals finds memories with the same score, of which the oldest is the freshest: no page leaves one out.
func TestSearchPagesHaveAllEquals(t *testing.T) {
	r := newRig(t, engine.Options{})
	var want []string
	var all []sigil.Memory
	for i := range 12 {
		all = append(all, r.encode(`"tea"`, func(d *sigil.Draft) { d.Tags = []string{fmt.Sprint(i)} }))
	}
	for i := range all {
		r.clock.set(time.Duration(i+1) * 2 * time.Second)
		r.recall(all[len(all)-1-i].Key)
		want = append([]string{all[len(all)-1-i].ID.String()}, want...)
	}
	for text, weights := range map[string]*engine.Weights{"tea": byWords, "-coffee": {Meaning: 1}} {
		for limit := 1; limit <= 5; limit++ {
			var got []string
			q := engine.SearchQuery{Text: text, Limit: limit, Weights: weights}
			for {
				page := r.search(q)
				for _, h := range page.Hits {
					got = append(got, h.Memory.ID.String())
				}
				if q.Cursor = page.Next; q.Cursor == "" || len(got) > len(want) {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, pages of %d: found %q, want %q", text, limit, got, want)
			}
		}
	}
}

func TestSearchPeeksOrRecalls(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`"tea"`, nil)
	r.encode(`"coffee"`, nil)
	r.clock.set(50 * time.Second)
	r.search(engine.SearchQuery{Text: "tea"})
	peeked, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "recalls after a search", peeked.AccessCount, 0)
	same(t, "recalls in the answer", r.search(engine.SearchQuery{Text: "tea", Weights: byWords, Recall: true}).Hits[0].Memory.AccessCount, 1)
	r.clock.set(100 * time.Second)
	r.lives(m.Key, true)
	r.expect("what has faded", r.search(engine.SearchQuery{Text: "tea coffee", Weights: byWords}), "tea")
}

func TestSearchRefuses(t *testing.T) {
	r := newRig(t, engine.Options{})
	group := sigil.NumPatterns
	for code, tt := range map[string]struct {
		q     engine.SearchQuery
		field string
	}{
		"invalid_query":     {engine.SearchQuery{Text: " "}, "query"},
		"invalid_limit":     {engine.SearchQuery{Text: "x", Limit: -1}, "limit"},
		"invalid_cursor":    {engine.SearchQuery{Text: "x", Cursor: "!"}, "cursor"},
		"invalid_pattern":   {engine.SearchQuery{Text: "x", Filter: store.Filter{Pattern: &group}}, "pattern"},
		"invalid_min":       {engine.SearchQuery{Text: "x", MinScore: math.NaN()}, "minScore"},
		"invalid_max_bytes": {engine.SearchQuery{Text: "x", MaxBytes: -1}, "maxBytes"},
		"invalid_weights":   {engine.SearchQuery{Text: "x", Weights: &engine.Weights{Words: 2}}, "weights"},
		"invalid_tags":      {engine.SearchQuery{Text: "x", Filter: store.Filter{Tags: make([]string, 33)}}, "tags"},
	} {
		_, err := r.Search(r.ctx(), sigil.DefaultTenant, tt.q)
		r.fails(code, err, sigil.ErrInvalid, code, tt.field)
	}
	_, err := engine.New(searchless{r.store}, nil).Search(r.ctx(), sigil.DefaultTenant, engine.SearchQuery{Text: "x"})
	r.fails("a store without search", err, sigil.ErrConflict, "search_off", "")
}

// searchless is a store that does not search.
type searchless struct{ store.Store }

func (searchless) Searching() store.SearchSettings { return store.SearchSettings{Off: true} }

func (searchless) Search(context.Context, store.SearchQuery) (store.Found, error) {
	return store.Found{}, store.NewSearchOff()
}
