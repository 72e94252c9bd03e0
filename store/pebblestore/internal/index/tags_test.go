package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// tagged adds n memories to an index. Each has the tags that tagsOf returns for its number.
func tagged(t testing.TB, x *Index, n int, tagsOf func(i int) []string) (places []Place) {
	t.Helper()
	now := time.UnixMilli(1_764_000_000_000)
	if _, err := x.policies.Number(sigil.DefaultClassic()); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		now = now.Add(time.Millisecond)
		m := sigil.Meta{
			Key: sigil.Key{Tenant: "public", ID: sigil.NewID(now)}, Size: 1, CreatedAt: now, LastAccessed: now, Pinned: true, Policy: sigil.DefaultClassic(),
		}
		ch := &Change{Tenant: "public", Entries: []Entry{NewEntry(&m, 0, uint32(i))}, Ends: Never}
		if tags := tagsOf(i); len(tags) > 0 {
			ch.Tagged = []Tagged{{0, string(record.AppendTags(nil, tags))}}
		}
		x.Apply(nil, []*Change{ch}, 0)
		place, _ := x.Find(m.Key)
		places = append(places, place)
	}
	return places
}

// TestAListByARareTagLooksAtNothingElse has more memories than List looks at in one call. It finds those with a rare
// tag in one call, and knows that there are no more.
func TestAListByARareTagLooksAtNothingElse(t *testing.T) {
	x := New(&layout.Policies{}, true)
	const n = 3 * listStep
	places := tagged(t, x, n, func(i int) []string {
		if i%(n/3) == 7 {
			return []string{"common", "rare"}
		}
		return []string{"common"}
	})
	q := store.Query{Tenant: "public", Tags: []string{"common", "rare"}}
	metas, _, more := x.List(&q, sigil.ID{}, 10)
	if len(metas) != 3 || more || metas[0].ID != places[2*n/3+7].entry.id {
		t.Errorf("%d memories, more %v; want the three, newest first", len(metas), more)
	}
	q.Tags = []string{"common", "none"}
	if metas, _, more := x.List(&q, sigil.ID{}, 10); len(metas) != 0 || more {
		t.Errorf("%d memories have a tag that there is none of, more %v", len(metas), more)
	}
}

// TestTagsLeaveWithTheirMemories adds and removes memories with random tags. The lists by tag always have what is there,
// and nothing is left of tags when all memories have left.
func TestTagsLeaveWithTheirMemories(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0)) // a test's draws
	x := New(&layout.Policies{}, true)
	draw := func(int) (tags []string) {
		for range rng.IntN(4) {
			tags = append(tags, fmt.Sprint("tag", rng.IntN(30)))
		}
		return tags
	}
	var there []Place
	for range 20 {
		there = append(there, tagged(t, x, 300, draw)...)
		rng.Shuffle(len(there), func(i, k int) { there[i], there[k] = there[k], there[i] })
		leaving := slices.Clone(there[:200])
		slices.SortFunc(leaving, Place.Compare)
		there = there[200:]
		x.Apply(leaving, nil, 0)

		x.mu.Lock()
		want := map[string][]sigil.ID{}
		for _, p := range there {
			for _, tag := range x.entries.tagsOf(p.entry) {
				want[tag] = append(want[tag], p.entry.id)
			}
		}
		lists := x.tenants["public"].tagged
		if len(lists) != len(want) {
			t.Errorf("%d lists, want %d", len(lists), len(want))
		}
		for tag, list := range lists {
			var got []sigil.ID
			list.scan(func(e *entry) bool { got = append(got, e.id); return true })
			slices.SortFunc(want[tag], func(a, b sigil.ID) int { return slices.Compare(a[:], b[:]) })
			if !slices.Equal(got, want[tag]) {
				t.Errorf("%s has %d memories, want %d in order", tag, len(got), len(want[tag]))
			}
		}
		x.mu.Unlock()
	}
	slices.SortFunc(there, Place.Compare)
	x.Apply(there, nil, 0)
	x.mu.Lock()
	defer x.mu.Unlock()
	if sets := &x.entries.sets; len(sets.numbers) != 0 || len(sets.free) != len(sets.sets) {
		t.Errorf("%d lists of tags are still in use, %d of %d are free", len(sets.numbers), len(sets.free), len(sets.sets))
	}
}

// BenchmarkListByTag measures a page of 100 of 1,000,000 memories: by a tag that 100 of them have, by one that half of
// them have, by both, and in an order that looks at each.
func BenchmarkListByTag(b *testing.B) {
	x := New(&layout.Policies{}, true)
	tagged(b, x, 1_000_000, func(i int) []string {
		switch {
		case i%10_000 == 0:
			return []string{"rare", "half"}
		case i%2 == 0:
			return []string{"half"}
		}
		return nil
	})
	for name, q := range map[string]store.Query{
		"rare": {Tags: []string{"rare"}}, "half": {Tags: []string{"half"}}, "both": {Tags: []string{"half", "rare"}},
		"all": {}, "recalls": {Sort: sigil.SortRecalls}, "recalls of rare": {Sort: sigil.SortRecalls, Tags: []string{"rare"}},
	} {
		q.Tenant = "public"
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if q.Sort.ByFigures() {
					if metas, err := x.First(b.Context(), &q, 101); err != nil || len(metas) < 100 {
						b.Fatal(len(metas), err)
					}
				} else if metas, _, _ := x.List(&q, sigil.ID{}, 101); len(metas) < 100 {
					b.Fatal(len(metas))
				}
			}
		})
	}
}
