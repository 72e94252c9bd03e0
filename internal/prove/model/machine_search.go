package model

import (
	"math"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// queries search for what memories have: see contents and the tags of drafts.
var queries = []string{
	"3", "2 4", "é", "e", "é -1", `"é 3"`, "/n:3", "/a:1 /b:2", "-2", "xxxxxxxxx*", "xxxxxxxxxx* 5", "-xx* 1", "tag:a", "tag:b -tag:a",
	"a b c", "1E1", "1.50 10", "2 tag:c", "nothing", "nothing 3", `"3 é"`, "no*", "!?",
}

// tagFilters are lists of tags to filter by.
var tagFilters = [][]string{nil, nil, {"a"}, {"b", "a"}, {"c"}, {"d"}}

// search searches a tenant page by page: it finds what the model finds, and the score of each hit is the sum of its parts.
func (m *machine) search() {
	yes, no := true, false
	tenant, q := m.tenant(), engine.SearchQuery{
		Text:      rapid.SampledFrom(queries).Draw(m.t, "query"),
		Limit:     rapid.IntRange(1, 7).Draw(m.t, "limit"),
		Highlight: m.once(2, "highlight"),
		Filter: store.Filter{
			Pinned:       rapid.SampledFrom([]*bool{nil, nil, &yes, &no}).Draw(m.t, "pinned"),
			Crystallized: rapid.SampledFrom([]*bool{nil, nil, &yes, &no}).Draw(m.t, "crystallized"),
			Tags:         rapid.SampledFrom(tagFilters).Draw(m.t, "tags"),
			AnyTags:      rapid.SampledFrom(tagFilters).Draw(m.t, "any tags"),
			NotTags:      rapid.SampledFrom(tagFilters).Draw(m.t, "not tags"),
		},
	}
	if m.once(4, "fading soon") {
		q.Filter.FadingBefore = m.now.Add(20 * time.Second)
	}
	if m.once(4, "weights") {
		q.Weights = &engine.Weights{Words: 1, Freshness: 0.5, Strength: 0.25}
	}
	found, err := m.model.Search(m.ctx(), store.SearchQuery{Tenant: tenant, Now: m.now, Limit: all, Text: q.Text, Filter: q.Filter, Highlight: q.Highlight})
	m.ok("the model's search", err)
	want := map[sigil.Key]*store.Hit{}
	for i := range found.Hits {
		want[found.Hits[i].Memory.Key] = &found.Hits[i]
	}
	for last := math.Inf(1); ; {
		page, err := m.engine.Search(m.ctx(), tenant, q)
		m.ok("search", err)
		if page.Incomplete || len(page.Hits) > q.Limit || page.Next != "" && len(page.Hits) == 0 {
			m.t.Fatalf("search: a page of %d, at most %d, with cursor %q, incomplete %v", len(page.Hits), q.Limit, page.Next, page.Incomplete)
		}
		for i := range page.Hits {
			h := &page.Hits[i]
			w := want[h.Memory.Key]
			if w == nil {
				m.t.Fatalf("search for %q: found %v, which the model does not find, or which was found before", q.Text, h.Memory.Key)
			}
			delete(want, h.Memory.Key)
			storetest.Equal(m.t, "memory that was found", h.Memory, w.Memory)
			storetest.Equal(m.t, "where the words stand", h.Matched, w.Matched)
			m.scored(h, q.Weights, last)
			last = h.Score
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for key := range want {
		m.t.Errorf("search for %q: did not find %v", q.Text, key)
	}
}

// scored checks the score of a hit that comes after one with the score last.
func (m *machine) scored(h *engine.SearchHit, w *engine.Weights, last float64) {
	weights := engine.Weights{Words: 1}
	if w != nil {
		weights = *w
	}
	n, p := float64(h.Memory.AccessCount), h.Parts
	sum := weights.Words*p.Words + weights.Freshness*p.Freshness + weights.Strength*p.Strength
	if !storetest.AlmostEqual(h.Score, sum) || !storetest.AlmostEqual(p.Freshness, 1-decay(&h.Memory.Meta, m.now)) || !storetest.AlmostEqual(p.Strength, n/(n+4)) || p.Words < 0 || p.Words > 1 {
		m.t.Errorf("search: score %v of parts %+v, for a memory with %v recalls at decay %v", h.Score, p, n, decay(&h.Memory.Meta, m.now))
	}
	if h.Score > last {
		m.t.Errorf("search: score %v comes after %v", h.Score, last)
	}
}

// searchable waits until a store that was opened searches everything that it has.
func (m *machine) searchable() {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 60_000 {
		found, err := m.store.Search(m.ctx(), store.SearchQuery{Tenant: tenants[0], Now: m.now, Limit: 1, Text: "x"})
		m.ok("search", err)
		if !found.Incomplete {
			return
		}
		<-tick.C
	}
	m.t.Fatalf("the search stays incomplete")
}
