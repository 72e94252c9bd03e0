package model

import (
	"cmp"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

func (m *machine) peek() {
	key := m.key()
	got, err := m.engine.Peek(m.ctx(), key)
	want, wantErr := m.model.Get(m.ctx(), key, m.now)
	m.fails("peek", err, m.superseded(key, sigil.ErrGone, wantErr))
	storetest.Equal(m.t, "peek", got, want)
	if err == nil && reached(&got.Meta, m.now) {
		m.t.Errorf("peek: returned %v, which is past its deadline", key)
	}
}

// list pages through a tenant's memories with filters.
func (m *machine) list() {
	yes, no := true, false
	tenant, q := m.tenant(), engine.ListQuery{
		Limit:        rapid.IntRange(1, 7).Draw(m.t, "limit"),
		Pinned:       rapid.SampledFrom([]*bool{nil, &yes, &no}).Draw(m.t, "pinned"),
		Crystallized: rapid.SampledFrom([]*bool{nil, &yes, &no}).Draw(m.t, "crystallized"),
		Tags:         rapid.SampledFrom([][]string{nil, nil, {"a"}, {"b", "a"}, {"c"}, {"d"}}).Draw(m.t, "tags"),
		Sort:         rapid.SampledFrom([]sigil.Sort{"", sigil.SortCreated, sigil.SortFades, sigil.SortRecalled, sigil.SortRecalls}).Draw(m.t, "sort"),
	}
	if m.once(3, "text") {
		q.Text = rapid.SampledFrom(queries).Draw(m.t, "text")
	}
	if m.once(4, "fading soon") {
		q.FadingBefore = m.now.Add(20 * time.Second)
	}
	if m.once(4, "fading later") {
		q.FadingAfter = m.now.Add(15 * time.Second)
	}
	matches := m.matcher(q.Text)
	var want []sigil.Memory
	for _, memory := range m.live(m.model, tenant) {
		if matches(&memory) && (q.Pinned == nil || memory.Pinned == *q.Pinned) && (q.Crystallized == nil || memory.Potential > 0.9 == *q.Crystallized) &&
			(q.FadingAfter.IsZero() || !memory.FadesAt.IsZero() && memory.FadesAt.After(q.FadingAfter)) &&
			(q.FadingBefore.IsZero() || !memory.FadesAt.IsZero() && memory.FadesAt.Before(q.FadingBefore)) &&
			!slices.ContainsFunc(q.Tags, func(tag string) bool { return !slices.Contains(memory.Tags, tag) }) {
			want = append(want, memory)
		}
	}
	sortMemories(q.Sort, want)
	for {
		page, err := m.engine.List(m.ctx(), tenant, q)
		m.ok("list", err)
		n := min(q.Limit, len(want))
		storetest.Equal(m.t, "page of the list", page.Memories, want[:n])
		want = want[n:]
		if (page.Next == "") != (len(want) == 0) {
			m.t.Fatalf("list: %d memories remain, but the cursor is %q", len(want), page.Next)
		}
		if page.Next == "" {
			return
		}
		q.Cursor = page.Next
	}
}

// matcher returns a function that reports whether a memory matches a text; all match an empty one.
func (m *machine) matcher(text string) func(*sigil.Memory) bool {
	if text == "" {
		return func(*sigil.Memory) bool { return true }
	}
	settings := m.model.Searching()
	analyzer, err := settings.Analyzer()
	m.ok("the analyzer", err)
	query, err := analyzer.Parse(text)
	m.ok("the query", err)
	return func(memory *sigil.Memory) bool {
		_, ok := query.Match(memory.Data, memory.Tags)
		return ok
	}
}

// sortMemories sorts memories, which are sorted from the newest to the oldest.
func sortMemories(by sigil.Sort, all []sigil.Memory) {
	switch by {
	case sigil.SortFades:
		end := func(m sigil.Memory) int64 {
			if m.FadesAt.IsZero() {
				return math.MaxInt64
			}
			return m.FadesAt.UnixMilli()
		}
		slices.Reverse(all)
		slices.SortStableFunc(all, func(a, b sigil.Memory) int { return cmp.Compare(end(a), end(b)) })
	case sigil.SortRecalled:
		slices.SortStableFunc(all, func(a, b sigil.Memory) int { return b.LastAccessed.Compare(a.LastAccessed) })
	case sigil.SortRecalls:
		slices.SortStableFunc(all, func(a, b sigil.Memory) int { return cmp.Compare(b.AccessCount, a.AccessCount) })
	}
}

func (m *machine) related() {
	key, q := m.key(), engine.RelatedQuery{Limit: rapid.IntRange(1, 10).Draw(m.t, "limit"), Content: m.once(2, "content")}
	least := rapid.SampledFrom([]float64{0.85, 0, 0.5, 0.99, 1}).Draw(m.t, "min")
	if least != 0.85 {
		q.Min = &least
	}
	got, err := m.engine.Related(m.ctx(), key, q)
	center, wantErr := m.model.Get(m.ctx(), key, m.now)
	m.fails("related", err, m.superseded(key, sigil.ErrGone, wantErr))
	if wantErr != nil {
		return
	}
	// They are newest first, and a stable sort keeps that order among equals.
	var want []engine.Neighbor
	for _, memory := range m.live(m.model, key.Tenant) {
		r := math.Exp(-math.Abs(center.Frequency.Value()-memory.Frequency.Value()) / sigil.Phi)
		if memory.ID != key.ID && r >= least {
			want = append(want, engine.Neighbor{Memory: memory, Resonance: r})
		}
	}
	distance := func(n engine.Neighbor) int { // exact, while resonances are not
		return max(int(n.Memory.Frequency)-int(center.Frequency), int(center.Frequency)-int(n.Memory.Frequency))
	}
	slices.SortStableFunc(want, func(a, b engine.Neighbor) int { return cmp.Compare(distance(a), distance(b)) })
	want = want[:min(q.Limit, len(want))]
	for i := range want {
		if !q.Content {
			want[i].Memory = sigil.Memory{Meta: want[i].Memory.Meta}
		}
		if i < len(got) && storetest.AlmostEqual(got[i].Resonance, want[i].Resonance) {
			want[i].Resonance = got[i].Resonance
		}
	}
	storetest.Equal(m.t, "related", got, want)
}

// crystals pages through a tenant's crystals: those of patterns by group, then those of memories, newest
// first.
func (m *machine) crystals() {
	tenant, q := m.tenant(), engine.CrystalQuery{Limit: rapid.IntRange(1, 4).Draw(m.t, "limit")}
	q.Kind = rapid.SampledFrom([]sigil.CrystalKind{"", "memory", "pattern"}).Draw(m.t, "kind")
	var want []engine.Crystal
	if q.Kind != "memory" {
		crystals, err := m.model.Crystals(m.ctx(), tenant)
		m.ok("the model's crystals", err)
		for i := range crystals {
			want = append(want, engine.Crystal{Crystal: crystals[i]})
		}
	}
	if q.Kind != "pattern" {
		for _, memory := range m.live(m.model, tenant) {
			if memory.Potential > 0.9 {
				want = append(want, engine.Crystal{Crystal: crystalOf(&memory.Meta)})
			}
		}
	}
	var got []engine.Crystal
	for {
		page, err := m.engine.Crystals(m.ctx(), tenant, q)
		m.ok("crystals", err)
		if len(page.Crystals) > q.Limit || page.Next != "" && len(page.Crystals) == 0 {
			m.t.Fatalf("crystals: a page of %d, at most %d, with cursor %q", len(page.Crystals), q.Limit, page.Next)
		}
		got = append(got, page.Crystals...)
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	storetest.Equal(m.t, "crystals", got, want)
}

// stats compares the counters with a count of everything that exists.
func (m *machine) stats() {
	tenant := m.tenant()
	got, err := m.engine.Stats(m.ctx(), tenant)
	m.ok("stats", err)
	want := engine.Stats{Tenant: tenant, Policy: m.policyOf(tenant), Uptime: got.Uptime, Position: m.ledger.position}
	if got, want := got.Policy.Lifetime(), lawOf(m.policyOf(tenant)).lifetime; (got - want).Abs() > time.Millisecond {
		m.t.Errorf("stats: a lifetime of %v, want %v", got, want)
	}
	patterns, policies, decays := map[int]bool{}, map[sigil.Policy]store.PolicyCount{}, 0.0
	for _, memory := range m.live(m.model, tenant) {
		want.Memories++
		want.Bytes += int64(len(memory.Data))
		if memory.Pinned {
			want.Pinned++
		}
		if memory.Potential > 0.9 {
			want.Crystallized++
		}
		if !memory.Pinned && memory.Potential <= 0.9 {
			n := policies[memory.Policy]
			n.Memories++
			if memory.OwnPolicy {
				n.Own++
			}
			policies[memory.Policy] = n
		}
		patterns[int(math.Floor(memory.Frequency.Value()*100))] = true
		decays += decay(&memory.Meta, m.now)
		if at := fadesAt(&memory.Meta); !at.IsZero() && (want.NextFade.IsZero() || at.Before(want.NextFade)) {
			want.NextFade = at
		}
	}
	crystals, err := m.model.Crystals(m.ctx(), tenant)
	m.ok("the model's crystals", err)
	want.Patterns, want.Crystals = len(patterns), want.Crystallized+len(crystals)
	for policy, n := range policies {
		want.Policies = append(want.Policies, store.PolicyCount{Policy: policy, Memories: n.Memories, Own: n.Own})
	}
	slices.SortFunc(want.Policies, func(a, b store.PolicyCount) int {
		return cmp.Or(b.Memories-a.Memories, cmp.Compare(a.Policy.String(), b.Policy.String()))
	})
	if want.Memories > 0 {
		want.AverageDecay = decays / float64(want.Memories)
	}
	if storetest.AlmostEqual(got.AverageDecay, want.AverageDecay) {
		want.AverageDecay = got.AverageDecay
	}
	storetest.Equal(m.t, "stats", got, want)
}
