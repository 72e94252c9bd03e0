package model

import (
	"math"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// queries search for what memories have: see contents and the tags of drafts.
var queries = []string{
	"3", "2 4", "é", "e", "é -1", `"é 3"`, "/n:3", "/a:1 /b:2", "-2", "xxxxxxxxx*", "xxxxxxxxxx* 5", "-xx* 1", "tag:a", "tag:b -tag:a",
	"a b c", "1E1", "1.50 10", "2 tag:c", "nothing", "nothing 3", `"3 é"`, "no*", "!?",
	"three", "four letters", "two -3", "10 -tag:b",
}

// nearest is over what cosine a memory is found by its vector alone.
const nearest = 0.35

// weights are those of a search, nil for its defaults. If meaning has none, memories are found by words only.
var weights = []*engine.Weights{
	nil, nil,
	{Words: 1},
	{Words: 1, Freshness: 0.5, Strength: 0.25},
	{Words: 0.5, Meaning: 1, Freshness: 0.5, Strength: 0.25},
	{Meaning: 1},
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
		Weights:   rapid.SampledFrom(weights).Draw(m.t, "weights"),
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
	if m.once(4, "fading later") {
		q.Filter.FadingAfter = m.now.Add(15 * time.Second)
	}
	want, used := m.wanted(tenant, &q)
	for last := math.Inf(1); ; {
		page, err := m.engine.Search(m.ctx(), tenant, q)
		m.ok("search", err)
		if page.Incomplete || page.Vectors == store.VectorsBuilding {
			m.t.Fatalf("search: incomplete %v, vectors %v", page.Incomplete, page.Vectors)
		}
		if len(page.Hits) > q.Limit || page.Next != "" && len(page.Hits) == 0 {
			m.t.Fatalf("search: a page of %d, at most %d, with cursor %q", len(page.Hits), q.Limit, page.Next)
		}
		for i := range page.Hits {
			h := &page.Hits[i]
			w, ok := want[h.Memory.Key]
			if !ok {
				m.t.Fatalf("search for %q: found %v, which the model does not find, or which was found before", q.Text, h.Memory.Key)
			}
			delete(want, h.Memory.Key)
			storetest.Equal(m.t, "memory that was found", h.Memory, w.memory)
			storetest.Equal(m.t, "where the words stand", h.Matched, w.matched)
			m.scored(h, used, last)
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

// wanted is a memory that a search must find.
type wanted struct {
	memory  sigil.Memory
	matched []store.Match
}

// wanted returns what a search must find, and the weights of the parts of a score.
func (m *machine) wanted(tenant string, q *engine.SearchQuery) (map[sigil.Key]wanted, engine.Weights) {
	settings := m.model.Searching()
	analyzer, err := settings.Analyzer()
	m.ok("the analyzer", err)
	text, err := analyzer.Parse(q.Text)
	m.ok("the query", err)
	find := store.SearchQuery{Tenant: tenant, Now: m.now, Limit: all, Text: q.Text, Filter: q.Filter}
	if q.Weights == nil || q.Weights.Meaning > 0 {
		find.Vector = store.Vector(meaning.BuiltIn().Embed(text.Plain()))
		find.Model, find.Nearest = meaning.Model, nearest
	}
	var used engine.Weights
	switch {
	case q.Weights != nil:
		used = *q.Weights
	case len(find.Vector) == 0:
		used = engine.Weights{Words: 1}
	default:
		used = engine.Weights{Words: 0.65, Meaning: 0.35}
	}
	found, err := m.model.Search(m.ctx(), find)
	m.ok("the model's search", err)
	ids := make([]sigil.ID, len(found.Hits))
	for i := range found.Hits {
		ids[i] = found.Hits[i].Memory.ID
	}
	memories, err := m.model.Contents(m.ctx(), tenant, ids, m.now)
	m.ok("the model's contents", err)
	want := map[sigil.Key]wanted{}
	for _, memory := range memories {
		want[memory.Key] = wanted{memory, m.matched(q, text, &memory)}
	}
	if len(want) != len(found.Hits) {
		m.t.Fatalf("the model finds %d memories, and %d have contents", len(found.Hits), len(want))
	}
	return want, used
}

// matched returns where words of a query stand in a memory that it finds, if it asks for that.
func (*machine) matched(q *engine.SearchQuery, text *words.Query, memory *sigil.Memory) (matched []store.Match) {
	if q.Highlight {
		matched, _ = text.Match(memory.Data, memory.Tags)
	}
	return matched
}

// scored checks the score of a hit that comes after one with the score last.
func (m *machine) scored(h *engine.SearchHit, w engine.Weights, last float64) {
	n, p := float64(h.Memory.AccessCount), h.Parts
	sum := w.Words*p.Words + w.Meaning*p.Meaning + w.Freshness*p.Freshness + w.Strength*p.Strength
	if !storetest.AlmostEqual(h.Score, sum) || !storetest.AlmostEqual(p.Freshness, 1-decay(&h.Memory.Meta, m.now)) || !storetest.AlmostEqual(p.Strength, n/(n+4)) ||
		p.Words < 0 || p.Words > 1 || p.Meaning < 0 || p.Meaning > 1 {
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
		if !found.Incomplete && found.Vectors != store.VectorsBuilding {
			return
		}
		<-tick.C
	}
	m.t.Fatalf("the search stays incomplete")
}
