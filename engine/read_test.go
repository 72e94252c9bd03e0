package engine_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

func TestRelatedIsSymmetricAndExcludesItself(t *testing.T) {
	r := newRig(t, engine.Options{})
	var all []sigil.Memory
	for i := range 40 {
		r.clock.set(time.Duration(i) * millisecond)
		all = append(all, r.encode(fmt.Sprintf(`{"foo":%d}`, i), nil))
	}
	related := map[sigil.ID]map[sigil.ID]float64{}
	for _, m := range all {
		neighbors, err := r.Related(r.ctx(), m.Key, engine.RelatedQuery{})
		r.ok("related", err)
		related[m.ID] = map[sigil.ID]float64{}
		for i, n := range neighbors {
			related[m.ID][n.Memory.ID] = n.Resonance
			if i > 0 && neighbors[i-1].Resonance < n.Resonance {
				t.Errorf("neighbor %d is stronger than the one before", i)
			}
		}
	}
	for _, a := range all {
		for _, b := range all {
			want := sigil.Resonance(a.Frequency.Value(), b.Frequency.Value())
			got, there := related[a.ID][b.ID]
			if there != (a.ID != b.ID && want >= sigil.ResonanceThreshold) || there && got != want {
				t.Errorf("%v to %v: resonance %v, related %v (%v)", a.Frequency, b.Frequency, want, there, got)
			}
			if back := related[b.ID][a.ID]; got != back {
				t.Errorf("%v one way, %v the other", got, back)
			}
		}
	}
}

func TestRelatedLimits(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Page: 5}})
	var ids []sigil.ID
	for i := range 7 { // equal frequencies: newest first
		r.clock.set(time.Duration(i) * millisecond)
		ids = append(ids, r.encode(`{"foo":1}`, nil).ID)
	}
	slices.Reverse(ids)
	newest := sigil.Key{Tenant: sigil.DefaultTenant, ID: ids[0]}
	for limit := 1; limit <= 5; limit++ {
		neighbors, err := r.Related(r.ctx(), newest, engine.RelatedQuery{Limit: limit, Content: true, IDsOnly: limit > 2})
		r.ok("related", err)
		same(t, "neighbors", len(neighbors), limit)
		for i, n := range neighbors {
			same(t, "id", n.Memory.ID, ids[i+1])
			same(t, "data", string(n.Memory.Data), `{"foo":1}`)
		}
	}
	one, nearly, over, below := 1.0, 0.999999, 1.5, -0.1
	for minimum, want := range map[*float64]int{&one: 5, &nearly: 5} {
		neighbors, err := r.Related(r.ctx(), newest, engine.RelatedQuery{Min: minimum})
		r.ok("related", err)
		same(t, "neighbors", len(neighbors), want)
	}
	for _, minimum := range []*float64{&over, &below} {
		_, err := r.Related(r.ctx(), newest, engine.RelatedQuery{Min: minimum})
		r.fails("min", err, sigil.ErrInvalid, "invalid_min", "min")
	}
	for _, size := range []int{0, 2, 9} {
		buf := make([]engine.Neighbor, size)
		for i := range buf {
			buf[i].Memory.Data = []byte("of an answer before")
		}
		neighbors, err := r.Related(r.ctx(), newest, engine.RelatedQuery{Limit: 3, Buf: buf, IDsOnly: size == 9})
		r.ok("related", err)
		same(t, "neighbors", len(neighbors), 3)
		for i, n := range neighbors {
			same(t, "id", n.Memory.ID, ids[i+1])
			same(t, "data", string(n.Memory.Data), "")
			same(t, "resonance", n.Resonance, 1)
		}
		same(t, "put into the buffer", size > 0 && &neighbors[0] == &buf[0], size >= 3)
	}
	_, err := r.Related(r.ctx(), newest, engine.RelatedQuery{Limit: 6})
	r.fails("limit", err, sigil.ErrInvalid, "invalid_limit", "limit")
}

func TestListPages(t *testing.T) {
	r := newRig(t, engine.Options{})
	var want []sigil.ID
	for i := range 10 {
		r.clock.set(time.Duration(i) * millisecond)
		want = append(want, r.encode(fmt.Sprint(i), nil).ID)
	}
	slices.Reverse(want)
	for limit := 1; limit <= 11; limit++ {
		var got []sigil.ID
		q := engine.ListQuery{Limit: limit}
		for {
			page, err := r.List(r.ctx(), sigil.DefaultTenant, q)
			r.ok("list", err)
			for _, m := range page.Memories {
				got = append(got, m.ID)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: got %d ids, want %d in order", limit, len(got), len(want))
		}
	}
}

// TestListByTagsInOrders pages through what has a tag, in each order. A cursor goes with its order alone.
func TestListByTagsInOrders(t *testing.T) {
	r := newRig(t, engine.Options{})
	var all []sigil.Memory
	for i := range 4 {
		r.clock.set(time.Duration(i) * time.Second)
		all = append(all, r.encode(fmt.Sprint(i), func(d *sigil.Draft) {
			d.Tags = []string{"a", fmt.Sprint(i % 2)}
			d.Pinned = i == 3
		}))
	}
	r.encode(`"untagged"`, nil)
	r.clock.set(10 * time.Second)
	r.recall(all[0].Key)
	r.clock.set(11 * time.Second)
	r.recall(all[2].Key)
	for by, want := range map[sigil.Sort][]int{
		"": {3, 2, 1, 0}, sigil.SortCreated: {3, 2, 1, 0}, sigil.SortFades: {1, 0, 2, 3}, sigil.SortRecalled: {2, 0, 3, 1}, sigil.SortRecalls: {2, 0, 3, 1},
	} {
		for limit := 1; limit <= 5; limit++ {
			var got []int
			q := engine.ListQuery{Limit: limit, Tags: []string{"a"}, Sort: by}
			for {
				page, err := r.List(r.ctx(), sigil.DefaultTenant, q)
				r.ok("list", err)
				for _, m := range page.Memories {
					got = append(got, slices.IndexFunc(all, func(a sigil.Memory) bool { return a.ID == m.ID }))
				}
				if q.Cursor = page.Next; q.Cursor == "" {
					break
				}
				other := q
				if other.Sort = sigil.SortFades; by == sigil.SortFades {
					other.Sort = ""
				}
				_, err = r.List(r.ctx(), sigil.DefaultTenant, other)
				r.fails("a cursor of another order", err, sigil.ErrInvalid, "invalid_cursor", "cursor")
			}
			same(t, fmt.Sprintf("by %q, limit %d", by, limit), fmt.Sprint(got), fmt.Sprint(want))
		}
	}
	page, err := r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{Tags: []string{"a", "1"}})
	r.ok("list", err)
	same(t, "with both tags", len(page.Memories), 2)
}

func TestListRefuses(t *testing.T) {
	r := newRig(t, engine.Options{})
	group := sigil.NumPatterns
	for what, tt := range map[string]struct {
		q           engine.ListQuery
		code, field string
	}{
		"limit":    {engine.ListQuery{Limit: 1001}, "invalid_limit", "limit"},
		"negative": {engine.ListQuery{Limit: -1}, "invalid_limit", "limit"},
		"pattern":  {engine.ListQuery{Pattern: &group}, "invalid_pattern", "pattern"},
		"sort":     {engine.ListQuery{Sort: "age"}, "invalid_sort", "sort"},
		"tag":      {engine.ListQuery{Tags: []string{"a", ""}}, "invalid_tag", "tag"},
		"tags":     {engine.ListQuery{Tags: make([]string, 33)}, "invalid_tag", "tag"},
		"cursor":   {engine.ListQuery{Cursor: "!"}, "invalid_cursor", "cursor"},
		"short":    {engine.ListQuery{Cursor: "AQ"}, "invalid_cursor", "cursor"},
		"version":  {engine.ListQuery{Cursor: "AgAAAAAAAAAAAAAAAAAAAAA"}, "invalid_cursor", "cursor"},
	} {
		_, err := r.List(r.ctx(), sigil.DefaultTenant, tt.q)
		r.fails(what, err, sigil.ErrInvalid, tt.code, tt.field)
	}
}

// Pages of crystals run over the border from patterns to memories, wherever a page ends.
func TestCrystalsPageOverTheBorder(t *testing.T) {
	for _, tt := range []struct{ patterns, memories int }{{0, 0}, {0, 3}, {1, 0}, {3, 3}, {2, 5}} {
		t.Run(fmt.Sprintf("%d patterns, %d memories", tt.patterns, tt.memories), func(t *testing.T) {
			r := newRig(t, engine.Options{})
			var ofPatterns, ofMemories []string
			for group := range tt.patterns {
				var keys []sigil.Key
				for _, data := range ofPattern(group*80, sigil.MinPatternMembers) { // 0 among them
					keys = append(keys, r.encode(data, func(d *sigil.Draft) { d.State = &strong }).Key)
				}
				r.crystallize()
				for _, key := range keys { // the pattern's crystal stays
					r.ok("forget", r.Forget(r.ctx(), key))
				}
				ofPatterns = append(ofPatterns, fmt.Sprint("pattern-", group*80))
			}
			for i := range tt.memories {
				r.clock.set(time.Duration(i+1) * millisecond)
				m := r.encode(fmt.Sprint(i), func(d *sigil.Draft) { d.State = &strong })
				ofMemories = append([]string{"memory-" + m.ID.String()}, ofMemories...)
			}
			all := slices.Concat(ofPatterns, ofMemories)
			for limit := 1; limit <= len(all)+1; limit++ {
				for kind, want := range map[sigil.CrystalKind][]string{"": all, sigil.CrystalOfPattern: ofPatterns, sigil.CrystalOfMemory: ofMemories} {
					if got := r.crystalIDs(kind, limit); !slices.Equal(got, want) {
						t.Errorf("kind %q, limit %d: got %v, want %v", kind, limit, got, want)
					}
				}
			}
		})
	}
}

// crystalIDs goes through all pages; none but the first may be empty.
func (r *rig) crystalIDs(kind sigil.CrystalKind, limit int) (ids []string) {
	r.t.Helper()
	q := engine.CrystalQuery{Kind: kind, Limit: limit, Lattice: true}
	for {
		page, err := r.Crystals(r.ctx(), sigil.DefaultTenant, q)
		r.ok("crystals", err)
		if len(page.Crystals) > limit || len(page.Crystals) == 0 && q.Cursor != "" {
			r.t.Errorf("a page of %d with limit %d", len(page.Crystals), limit)
		}
		for _, c := range page.Crystals {
			ids = append(ids, c.ID())
			if (c.Lattice != nil) != (c.Kind == sigil.CrystalOfMemory) {
				r.t.Errorf("%s: lattice %v", c.ID(), c.Lattice)
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return ids
		}
	}
}

func TestCrystalsRefuses(t *testing.T) {
	r := newRig(t, engine.Options{})
	_, err := r.Crystals(r.ctx(), sigil.DefaultTenant, engine.CrystalQuery{Kind: "quartz"})
	r.fails("kind", err, sigil.ErrInvalid, "invalid_kind", "kind")
	_, err = r.Crystals(r.ctx(), sigil.DefaultTenant, engine.CrystalQuery{Cursor: "x"})
	r.fails("cursor", err, sigil.ErrInvalid, "invalid_cursor", "cursor")
}

func TestStatsAndIdentity(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.encode(`1`, nil)
	r.encode(`22`, func(d *sigil.Draft) { d.State = &strong })
	r.clock.set(30 * time.Second)
	stats, err := r.Stats(r.ctx(), sigil.DefaultTenant)
	r.ok("stats", err)
	decay := sigil.DefaultClassic().Decay(30 * time.Second)
	want := engine.Stats{
		Tenant: "public", Memories: 2, Bytes: 3, Crystallized: 1, Patterns: stats.Patterns, Crystals: 1, AverageDecay: decay,
		NextFade: start.Add(lifetime), Policy: sigil.DefaultClassic(), Uptime: 30 * time.Second, Position: 3,
		Policies: []store.PolicyCount{{Policy: sigil.DefaultClassic(), Memories: 1}},
	}
	if !reflect.DeepEqual(stats, want) {
		t.Errorf("stats: got %+v, want %+v", stats, want)
	}
	id, err := r.Identity(r.ctx(), sigil.DefaultTenant)
	r.ok("identity", err)
	again, err := r.another().Identity(r.ctx(), sigil.DefaultTenant)
	r.ok("identity", err)
	same(t, "hash", again.Hash, id.Hash)
	// It is the sigil of that content, computed as any other's.
	content := fmt.Sprintf(`{"tenant":"public","store":"%s","service":"sigil"}`, id.Store)
	same(t, "hash", r.encode(content, nil).Hash, id.Hash)
}

// TestLonger starts an engine with a shorter policy over memories that were kept under a longer one.
func TestLonger(t *testing.T) {
	r := newRig(t, engine.Options{})
	long, err := sigil.NewHalfLife(time.Hour, 0.95)
	r.ok("policy", err)
	r.Configure(engine.Settings{Policy: long})
	r.encode(`1`, nil)
	m := r.encode(`2`, nil)
	r.encode(`3`, func(d *sigil.Draft) { d.Pinned = true })
	check := func(want int, policy sigil.Policy) {
		t.Helper()
		n, most, err := r.LongerLived(r.ctx())
		r.ok("longer", err)
		if n != want || most != policy {
			t.Errorf("%d memories, at most %v; want %d, %v", n, most, want, policy)
		}
	}
	check(0, nil)
	r.Configure(engine.Settings{Policy: sigil.DefaultClassic()})
	check(2, long)
	_, err = r.Recall(r.ctx(), m.Key)
	r.ok("recall", err)
	check(1, long)
	r.encode(`4`, func(d *sigil.Draft) { d.Policy = long })
	check(1, long)
	_, err = r.SetPolicy(r.ctx(), sigil.DefaultTenant, sigil.DefaultClassic())
	r.ok("policy of the tenant", err)
	check(0, nil)
}

// TestLatestEvents holds the newest entries against all there are, in a journal that two tenants share unevenly and
// that has lost its start.
func TestLatestEvents(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Retention: engine.Retention{Entries: 190}}})
	none, err := r.LatestEvents(r.ctx(), sigil.DefaultTenant, 5)
	r.ok("latest", err)
	same(t, "entries of an empty journal", len(none), 0)
	for i := range 200 {
		tenant := "busy"
		if i%37 == 0 || i > 80 && i < 95 {
			tenant = "quiet"
		}
		_, err := r.Encode(r.ctx(), tenant, sigil.Draft{Data: fmt.Append(nil, i)})
		r.ok("encode", err)
	}
	trimmed, err := r.Trim(r.ctx())
	r.ok("trim", err)
	for _, tenant := range []string{"busy", "quiet", "nobody"} {
		all, err := r.Events(r.ctx(), tenant, trimmed, 1000)
		r.ok("events", err)
		for _, limit := range []int{1, 2, 5, 14, 15, 19, 100, 1000} {
			got, err := r.LatestEvents(r.ctx(), tenant, limit)
			r.ok("latest", err)
			want := all[max(0, len(all)-limit):]
			if !slices.EqualFunc(got, want, func(a, b sigil.Event) bool { return a.Position == b.Position }) {
				t.Errorf("%s: the newest %d are %d entries, want %d", tenant, limit, len(got), len(want))
			}
		}
	}
	_, err = r.LatestEvents(r.ctx(), sigil.DefaultTenant, 1_000_000)
	r.fails("latest", err, sigil.ErrInvalid, "invalid_limit", "limit")
}

func TestEventsPage(t *testing.T) {
	r := newRig(t, engine.Options{})
	for i := range 5 {
		r.encode(fmt.Sprint(i), nil)
	}
	var got []uint64
	for after := uint64(0); ; {
		events, err := r.Events(r.ctx(), sigil.DefaultTenant, after, 2)
		r.ok("events", err)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			got = append(got, e.Position)
		}
		after = got[len(got)-1]
	}
	if want := []uint64{1, 2, 3, 4, 5}; !slices.Equal(got, want) {
		t.Errorf("positions %v, want %v", got, want)
	}
	_, err := r.Events(r.ctx(), sigil.DefaultTenant, 0, 1001)
	r.fails("limit", err, sigil.ErrInvalid, "invalid_limit", "limit")
}
