package index

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sigil-dna/sigil"
)

// TestSortedIsASortedSlice makes the same random changes to a sorted and to a slice: insertions in order, in
// the middle and anywhere, and deletions from the front and anywhere.
func TestSortedIsASortedSlice(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0)) // a test's draws
		of := &entries{}
		s := sorted{of: of, key: byListed}
		var want []*entry
		compare := func(e *entry, k key) int { return byListed(e).compare(k) }
		for step := range 6000 {
			e := entry{id: sigil.ID{15: byte(step), 14: byte(step >> 8)}}
			growing := step%3000 < 2000
			switch way := rng.IntN(10); {
			case growing && way < 6 || len(want) == 0: // at the end
				e.listed = int64(step) * 10
			case growing && way < 8: // many of one deadline
				e.listed = 5000
			case growing:
				e.listed = rng.Int64N(60_000)
			default:
				var leaving []*entry
				switch {
				case way < 5:
					leaving = want[:1]
				case way < 8:
					i := rng.IntN(len(want))
					leaving = want[i : i+1]
				default:
					leaving = some(rng, want)
				}
				leaving = slices.Clone(leaving)
				s.remove(leaving...)
				want = slices.DeleteFunc(want, func(e *entry) bool {
					_, leaves := slices.BinarySearchFunc(leaving, byListed(e), compare)
					return leaves
				})
				for _, e := range leaving {
					of.free(e)
				}
				continue
			}
			added := of.add(&e)
			s.insert(added)
			i, _ := slices.BinarySearchFunc(want, byListed(added), compare)
			want = slices.Insert(want, i, added)
			if step%37 == 0 {
				same(t, &s, want, rng)
			}
		}
		same(t, &s, want, rng)
		for _, e := range want {
			s.remove(e)
			of.free(e)
		}
		same(t, &s, nil, rng)
	}
}

// some returns a few random entries, an adjacent stretch, or most of one, in order.
func some(rng *rand.Rand, all []*entry) (few []*entry) {
	from := rng.IntN(len(all))
	stretch := all[from : from+rng.IntN(min(len(all)-from, 3*runSize)+1)]
	often := []int{1, 2, 100}[rng.IntN(3)]
	for _, e := range stretch {
		if rng.IntN(often) == 0 || often == 2 && rng.IntN(8) > 0 {
			few = append(few, e)
		}
	}
	return few
}

func same(t *testing.T, s *sorted, want []*entry, rng *rand.Rand) {
	t.Helper()
	all := func(walk func(func(*entry) bool)) (got []*entry) {
		walk(func(e *entry) bool { got = append(got, e); return true })
		return got
	}
	if got := all(s.scan); !slices.Equal(got, want) || s.count != len(want) {
		t.Fatalf("%d entries, said to be %d; want %d", len(got), s.count, len(want))
	}
	i, k := 0, key{at: rng.Int64N(60_000)}
	if len(want) > 0 {
		i = rng.IntN(len(want))
		k = byListed(want[i])
		if s.first() != want[0] || s.find(k) != want[i] || s.find(key{k.at, k.hi + 1, k.lo}) != nil {
			t.Fatal("an entry is not found, or one that is not there is")
		}
	} else if s.first() != nil || s.find(k) != nil {
		t.Fatal("something is in nothing")
	}
	after, before := want[i:], slices.Clone(want[:i])
	slices.Reverse(before)
	if got := all(func(visit func(*entry) bool) { s.from(k, visit) }); !slices.Equal(got, after) {
		t.Fatalf("%d entries from the one at %d, want %d", len(got), i, len(after))
	}
	if got := all(func(visit func(*entry) bool) { s.before(k, visit) }); !slices.Equal(got, before) {
		t.Fatalf("%d entries before the one at %d, want %d", len(got), i, len(before))
	}
	for at, r := range s.runs {
		if len(r.refs) == 0 || len(r.refs) > runSize || r.first != s.keyAt(r.refs[0]) {
			t.Fatalf("run %d of %d has %d entries, and a first one that is not told", at, len(s.runs), len(r.refs))
		}
	}
	if s.count > 0 && len(s.runs) > 4*s.count/runSize+2 {
		t.Fatalf("%d runs for %d entries", len(s.runs), s.count)
	}
}
