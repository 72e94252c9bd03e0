package httpapi_test

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

func (f *face) search(body string) wire.SearchPage {
	f.t.Helper()
	return parse[wire.SearchPage](f.do("POST", "/v1/sigils:search", body).want(http.StatusOK))
}

func (f *face) searchBy(query string) wire.SearchPage {
	f.t.Helper()
	return parse[wire.SearchPage](f.do("GET", "/v1/sigils:search?"+query, "").want(http.StatusOK))
}

// found asserts the notes of a page's hits, in order.
func found(t *testing.T, what string, page wire.SearchPage, want ...string) {
	t.Helper()
	var got []string
	for _, h := range page.Hits {
		got = append(got, strings.Trim(string(h.Memory.Data), `"`))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: found %q, want %q", what, got, want)
	}
}

func TestSearch(t *testing.T) {
	f := newFace(t, config{})
	f.encode(`{"data":"green tea","tags":["kitchen"]}`)
	f.clock.pass(time.Second)
	f.encode(`{"data":"tea with milk","pinned":true}`)
	f.encode(`{"data":"invoice","tags":["ledger","kitchen"]}`)

	page := f.search(`{"query":"green tea"}`)
	found(t, "both words first", page, "green tea", "tea with milk")
	if best := page.Hits[0]; best.Score < 0.9 || best.Score > 1 || best.Parts.Words != 1 || best.Parts.Meaning < 0.8 || best.Matched != nil || best.Explanation != nil || best.Memory.State == nil {
		t.Errorf("best hit %+v", best)
	}
	if !page.Complete || page.Meaning != "ready" || page.Model == "" || page.Next != nil {
		t.Errorf("page %+v", page)
	}
	for name, tt := range map[string]struct {
		body, query string
		want        []string
	}{
		"tag":       {`{"query":"tea invoice","tags":["kitchen","ledger"]}`, "q=tea+invoice&tag=kitchen&tag=ledger", []string{"invoice"}},
		"any tag":   {`{"query":"tea","anyTags":["kitchen","attic"]}`, "q=tea&anyTag=kitchen&anyTag=attic", []string{"green tea"}},
		"not tag":   {`{"query":"tea","notTags":["kitchen"]}`, "q=tea&notTag=kitchen", []string{"tea with milk"}},
		"pinned":    {`{"query":"tea","pinned":true}`, "q=tea&pinned=true", []string{"tea with milk"}},
		"not":       {`{"query":"tea -milk"}`, "q=tea+-milk", []string{"green tea"}},
		"phrase":    {`{"query":"\"with milk\""}`, "q=%22with+milk%22", []string{"tea with milk"}},
		"created":   {`{"query":"tea","createdAfter":"2026-01-31T12:00:00.500Z"}`, "q=tea&createdAfter=2026-01-31T12:00:00.500Z", []string{"tea with milk"}},
		"created <": {`{"query":"tea","createdBefore":"2026-01-31T12:00:00.500Z"}`, "q=tea&createdBefore=2026-01-31T12:00:00.500Z", []string{"green tea"}},
		"fading":    {`{"query":"tea","fadingBefore":"2100-01-01T00:00:00Z"}`, "q=tea&fadingBefore=2100-01-01T00:00:00Z", []string{"green tea"}},
		"fades":     {`{"query":"tea","fadingAfter":"2026-01-31T12:00:00Z"}`, "q=tea&fadingAfter=2026-01-31T12:00:00Z", []string{"green tea"}},
		"fades >":   {`{"query":"tea","fadingAfter":"2100-01-01T00:00:00Z"}`, "q=tea&fadingAfter=2100-01-01T00:00:00Z", nil},
		"score":     {`{"query":"green tea","minScore":0.9}`, "q=green+tea&minScore=0.9", []string{"green tea"}},
		"bytes":     {`{"query":"tea","maxBytes":12}`, "q=tea&maxBytes=12", []string{"green tea"}},
		"weights":   {`{"query":"kitchen kettle","weights":{"meaning":0}}`, "q=kitchen+kettle&weights.meaning=0", []string{"invoice", "green tea"}},
		"a vector":  {`{"vector":[1,0]}`, "vector=1,0", nil},
		"nothing":   {`{"query":"qqxz"}`, "q=qqxz", nil},
	} {
		found(t, name+" by POST", f.search(tt.body), tt.want...)
		found(t, name+" by GET", f.searchBy(tt.query), tt.want...)
	}
	if got := f.search(`{"query":"tea","content":false}`).Hits[0].Memory; got.Data != nil || got.State != nil || got.Hash == "" {
		t.Errorf("without content: %+v", got)
	}
}

// TestSearchByMeaning finds what has none of the words, by a vector of the caller's own, and what is like a memory.
func TestSearchByMeaning(t *testing.T) {
	f := newFace(t, config{})
	kettle := f.encode(`{"data":"a kettle and pans for the kitchen","vector":[1,0.5,0]}`)
	f.encode(`{"data":"a teapot for the kitchen","vector":[1,0,0.5]}`)
	f.encode(`{"data":"the train leaves at noon","vector":[-1,2]}`)
	found(t, "none of the words", f.search(`{"query":"cookware"}`), "a kettle and pans for the kitchen", "a teapot for the kitchen")
	found(t, "words alone", f.search(`{"query":"cookware","weights":{"meaning":0}}`))
	page := f.search(`{"vector":[2,0.9,0.1]}`)
	found(t, "a vector", page, "a kettle and pans for the kitchen", "a teapot for the kitchen")
	if h := page.Hits[0]; page.Model != "own" || h.Parts.Words != 0 || h.Parts.Meaning < 0.99 || h.Score != h.Parts.Meaning {
		t.Errorf("by a vector: %+v", page)
	}
	found(t, "a vector and words", f.search(`{"vector":[2,0.9,0.1],"query":"teapot"}`), "a teapot for the kitchen", "a kettle and pans for the kitchen")
	found(t, "of other dimensions", f.search(`{"vector":[1,0,0,1]}`))
	found(t, "like it", f.search(`{"like":"`+kettle.ID.String()+`"}`), "a teapot for the kitchen")
	found(t, "like it, by GET", f.searchBy("like="+kettle.ID.String()), "a teapot for the kitchen")
	found(t, "a vector by GET", f.searchBy("vector=2,0.9,0.1"), "a kettle and pans for the kitchen", "a teapot for the kitchen")
	found(t, "words alone by GET", f.searchBy("q=cookware&weights.meaning=0"))
	for _, by := range []string{"POST", "GET"} {
		page := f.searchBy("q=teapot&weights.words=0.5&weights.meaning=0&weights.freshness=0.25")
		if by == "POST" {
			page = f.search(`{"query":"teapot","weights":{"words":0.5,"meaning":0,"freshness":0.25}}`)
		}
		if page.Hits[0].Score != 0.75 {
			t.Errorf("weighted by %s: %+v", by, page.Hits[0])
		}
	}
	f.do("POST", "/v1/sigils:search", `{"like":"019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55"}`).problem(http.StatusNotFound, "not_found", "like")
}

func TestSearchPages(t *testing.T) {
	f := newFace(t, config{})
	for _, text := range []string{"tea 1", "tea 2", "tea 3"} {
		f.encode(`{"data":"` + text + `"}`)
		f.clock.pass(time.Second)
	}
	first := f.search(`{"query":"tea","limit":2}`)
	found(t, "first page", first, "tea 3", "tea 2")
	if first.Next == nil {
		t.Fatal("no cursor")
	}
	found(t, "second page", f.search(`{"query":"tea","limit":2,"cursor":"`+*first.Next+`"}`), "tea 1")
	found(t, "second page by GET", f.searchBy("q=tea&limit=2&cursor="+url.QueryEscape(*first.Next)), "tea 1")
}

func TestSearchHighlights(t *testing.T) {
	f := newFace(t, config{})
	f.encode(`{"data":{"note":"日本 tea","more":["x","Tea"]},"tags":["tea-time"]}`)
	hit := f.search(`{"query":"tea","highlight":true,"explain":true}`).Hits[0]
	want := []wire.Matched{
		{Pointer: "/0", Tag: true, Ranges: [][2]int{{0, 3}}},
		{Pointer: "/note", Ranges: [][2]int{{3, 6}}},
		{Pointer: "/more/1", Ranges: [][2]int{{0, 3}}},
	}
	if !slices.EqualFunc(hit.Matched, want, func(a, b wire.Matched) bool {
		return a.Pointer == b.Pointer && a.Tag == b.Tag && slices.Equal(a.Ranges, b.Ranges)
	}) {
		t.Errorf("matched %+v", hit.Matched)
	}
	x := hit.Explanation
	if x == nil || x.Meaning == nil || x.Meaning.Query <= x.Meaning.Least || x.Weights != (wire.ScoreParts{Words: 0.65, Meaning: 0.35}) {
		t.Fatalf("explained by %+v", x)
	}
	if b := x.BM25; b == nil || b.Memories != 1 || len(b.Terms) != 1 || b.Terms[0].Term != "tea" || b.Length == 0 || b.Terms[0].Score != x.Words[0].Value {
		t.Errorf("BM25 explained by %+v", b)
	}
	words := 0.0
	for _, s := range x.Words {
		words += s.Factor * s.Value / s.Best
	}
	if score := 0.65*words + 0.35*x.Meaning.Moved; math.Abs(score-hit.Score) > 1e-9 {
		t.Errorf("the score is %v, and by its explanation %v: %+v", hit.Score, score, x)
	}
}

func TestSearchRecalls(t *testing.T) {
	f := newFace(t, config{})
	v := f.encode(`{"data":"tea"}`)
	f.clock.pass(50 * time.Second)
	f.search(`{"query":"tea","highlight":true}`)
	f.searchBy("q=tea")
	if got := f.search(`{"query":"tea","recall":true,"weights":{"strength":1}}`).Hits[0].Memory; got.AccessCount != 1 || got.Decay != 0 {
		t.Errorf("recalled: %+v", got)
	}
	f.clock.pass(50 * time.Second)
	f.do("GET", "/v1/sigils/"+v.ID.String(), "").want(http.StatusOK)
	hit := f.search(`{"query":"tea","weights":{"words":0.5,"meaning":0,"strength":1}}`).Hits[0]
	if hit.Score != 0.5+0.2 || hit.Parts.Strength != 0.2 {
		t.Errorf("weighted: %+v", hit)
	}
}

// searchless is a store that was told not to search.
type searchless struct{ store.Store }

func (searchless) Search(context.Context, store.SearchQuery) (store.Found, error) {
	return store.Found{}, store.NewSearchOff()
}

func (s searchless) List(ctx context.Context, q store.Query) ([]sigil.Memory, bool, error) {
	if q.Text != "" {
		return nil, false, store.NewSearchOff()
	}
	return s.Store.List(ctx, q)
}

func TestSearchOff(t *testing.T) {
	f := newFace(t, config{store: searchless{storetest.NewModel()}})
	f.do("POST", "/v1/sigils:search", `{"query":"tea"}`).problem(http.StatusConflict, "search_off", "")
	f.do("GET", "/v1/sigils:search?q=tea", "").problem(http.StatusConflict, "search_off", "")
	f.do("GET", "/v1/sigils?q=tea", "").problem(http.StatusConflict, "search_off", "")
	f.do("GET", "/v1/sigils", "").want(http.StatusOK)
}

// partial is a store whose index is still being built.
type partial struct{ store.Store }

func (s partial) Search(ctx context.Context, q store.SearchQuery) (store.Found, error) {
	found, err := s.Store.Search(ctx, q)
	found.Incomplete = true
	return found, err
}

func (partial) List(context.Context, store.Query) ([]sigil.Memory, bool, error) {
	return nil, false, store.NewSearchBuilding()
}

func TestSearchIsIncomplete(t *testing.T) {
	f := newFace(t, config{store: partial{storetest.NewModel()}})
	f.encode(`{"data":"tea"}`)
	if page := f.search(`{"query":"tea"}`); page.Complete || len(page.Hits) != 1 {
		t.Errorf("got %+v", page)
	}
	refused := f.do("GET", "/v1/sigils?q=tea", "")
	if refused.problem(http.StatusServiceUnavailable, "search_building", ""); refused.header.Get("Retry-After") == "" {
		t.Error("a refused list does not say when to try again")
	}
}

// Like a page of a list, a page of hits reserves memory, and returns what it does not need.
func TestSearchHoldsMemory(t *testing.T) {
	held := make(chan int64, 1)
	s := &watched{Model: storetest.NewModel()}
	e := engine.New(s, nil)
	api := httpapi.New(e, nil)
	s.during = func() { held <- api.Held() }
	f := &face{t: t, api: api, engine: e}
	f.do("POST", "/v1/sigils:search", `{"query":"tea"}`).want(http.StatusOK)
	if n := <-held; n < 7<<20 {
		t.Errorf("%d bytes held during a search", n)
	}
	if n := api.Held(); n != 0 {
		t.Errorf("%d bytes held after it", n)
	}
}

type watched struct {
	*storetest.Model
	during func()
}

func (s *watched) Search(ctx context.Context, q store.SearchQuery) (store.Found, error) {
	s.during()
	return s.Model.Search(ctx, q)
}

// TestSearchesHaveTheSameNames compares what a search by POST takes with what one by GET takes.
func TestSearchesHaveTheSameNames(t *testing.T) {
	root, all := endpoints(openAPI().raw)
	want := []string{}
	for name, schema := range resolve(root, root["components"].(object)["schemas"].(object)["Search"])["properties"].(object) {
		short := map[string]string{"query": "q", "tags": "tag", "anyTags": "anyTag", "notTags": "notTag"}[name] // one value each
		switch {
		case name == "recall": // changes something
		case name == "weights":
			for weight := range resolve(root, schema)["properties"].(object) {
				want = append(want, name+"."+weight)
			}
		case short != "":
			want = append(want, short)
		default:
			want = append(want, name)
		}
	}
	var got []string
	for _, e := range all {
		for _, p := range e.params {
			if e.id == "searchSimply" && p["in"] == "query" {
				got = append(got, p["name"].(string))
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("by GET there are %q, by POST %q", got, want)
	}
}
