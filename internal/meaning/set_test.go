package meaning

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// exact is what a search has to find if it compares every vector by all its bytes.
func exact(all map[uint32]Vector, q Vector, accept func(uint32) bool, limit int) []Hit {
	query := NewQuery(q)
	var hits []Hit
	for handle, v := range all {
		if accept == nil || accept(handle) {
			hits = append(hits, Hit{handle, float32(dot(q, v)) * query.norm * float32(inverseNorm(v))})
		}
	}
	slices.SortFunc(hits, compare)
	return hits[:min(limit, len(hits))]
}

// TestSetAgainstAMap adds, replaces and removes at random and compares every search with a map. There are never more
// vectors than a search compares by all bytes, so both must be equal.
func TestSetAgainstAMap(t *testing.T) {
	for _, dims := range []int{3, 100, 128, 200} {
		t.Run(fmt.Sprint(dims), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(dims), 7))
			set, all := NewSet(dims), map[uint32]Vector{}
			for step := range 8000 {
				handle := uint32(random.IntN(5000)) * 1_000_003 // spread over all 32 bits
				switch {
				case random.IntN(3) == 0 || step > 5000 && random.IntN(2) == 0:
					set.Remove(handle)
					delete(all, handle)
				case random.IntN(50) == 0:
					set.Add(handle, nil) // no vector any more
					delete(all, handle)
				default:
					v := Compact(randomFloats(random, dims))
					set.Add(handle, v)
					all[handle] = v
				}
				if step%500 != 0 {
					continue
				}
				if set.Len() != len(all) {
					t.Fatalf("step %d: %d vectors, want %d", step, set.Len(), len(all))
				}
				q := Compact(randomFloats(random, dims))
				odd := func(handle uint32) bool { return handle%2 == 1 }
				for _, accept := range []func(uint32) bool{nil, odd} {
					want := exact(all, q, accept, 10)
					if got := set.Search(NewQuery(q), accept, 10); !slices.Equal(got, want) {
						t.Fatalf("step %d: found\n%v, want\n%v", step, got, want)
					}
				}
				for _, hit := range exact(all, q, nil, 3) {
					if score, ok := set.Score(NewQuery(q), hit.Handle); !ok || score != hit.Cosine {
						t.Fatalf("step %d: score of %d: %v %t, want %v", step, hit.Handle, score, ok, hit.Cosine)
					}
				}
			}
			for handle := range all {
				set.Remove(handle)
			}
			if set.Len() != 0 || set.lastBlock() != -1 {
				t.Errorf("when all are removed, %d vectors and %d blocks are left", set.Len(), set.lastBlock()+1)
			}
		})
	}
}

func TestSetOfNothing(t *testing.T) {
	set := NewSet(3)
	q := NewQuery(Vector{1, 2, 3})
	if hits := set.Search(q, nil, 10); len(hits) != 0 {
		t.Errorf("found %v in an empty set", hits)
	}
	set.Add(1, Vector{1, 2})
	set.Add(2, Vector{0, 0, 0})
	if set.Len() != 0 {
		t.Error("a vector of another length, or zero, was kept")
	}
	if _, ok := set.Score(q, 1); ok {
		t.Error("a score of what is not there")
	}
	set.Add(3, Vector{1, 2, 3})
	if hits := set.Search(NewQuery(Vector{1, 2}), nil, 10); hits != nil {
		t.Errorf("a query of another length found %v", hits)
	}
	if hits := set.Search(q, nil, 0); hits != nil {
		t.Errorf("limit 0: found %v", hits)
	}
	set.Remove(4)
	if set.Len() != 1 {
		t.Error("removing what is not there removed something")
	}
}

// TestSetFindsWhatStays searches while others add and remove: what is there all the time is found every time, once.
func TestSetFindsWhatStays(t *testing.T) {
	const dims, stay, rounds = 100, 300, 40
	random := rand.New(rand.NewPCG(3, 4))
	set := NewSet(dims)
	q := Compact(randomFloats(random, dims))
	opposite := make(Vector, dims)
	for i, x := range q {
		opposite[i] = -x
	}
	// Those that stay are the query itself. They lie among others, which are removed.
	next := uint32(stay)
	for i := range uint32(stay) {
		for range 30 {
			set.Add(next, opposite)
			next++
		}
		set.Add(i, q)
	}
	done := make(chan struct{})
	var writer sync.WaitGroup
	writer.Add(1)
	go func() {
		defer writer.Done()
		oldest := uint32(stay)
		for {
			select {
			case <-done:
				return
			default:
			}
			for range 40 {
				set.Remove(oldest)
				oldest++
			}
			for range 40 {
				set.Add(next, opposite)
				next++
			}
		}
	}()
	for range rounds {
		hits := set.Search(NewQuery(q), nil, stay)
		found := map[uint32]bool{}
		for _, h := range hits {
			if h.Handle < stay {
				found[h.Handle] = true
			}
		}
		if len(found) != stay {
			t.Errorf("found %d of %d that were there all the time", len(found), stay)
			break
		}
	}
	close(done)
	writer.Wait()
}

// TestSetSignsFirst has so many vectors that most are left out by their sign bits. The nearest are near enough to be
// found all the same.
func TestSetSignsFirst(t *testing.T) {
	const dims, n = 100, 5 * rescored
	random := rand.New(rand.NewPCG(5, 6))
	set, all := NewSet(dims), map[uint32]Vector{}
	q := randomFloats(random, dims)
	for handle := range uint32(n) {
		v := randomFloats(random, dims)
		if handle%(n/20) == 7 { // some are near
			for i := range v {
				v[i] = q[i] + v[i]*float32(random.Float64())
			}
		}
		all[handle] = Compact(v)
		set.Add(handle, all[handle])
	}
	for _, handle := range slices.Sorted(maps.Keys(all)) {
		if handle%3 == 0 {
			set.Remove(handle)
			delete(all, handle)
		}
	}
	want := exact(all, Compact(q), nil, 10)
	if got := set.Search(NewQuery(Compact(q)), nil, 10); !slices.Equal(got, want) {
		t.Errorf("found\n%v, want\n%v", got, want)
	}
	// A filter that accepts next to nothing still finds all that it accepts.
	few := func(handle uint32) bool { return handle%10007 == 1 }
	want = exact(all, Compact(q), few, 10)
	if got := set.Search(NewQuery(Compact(q)), few, 10); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("with a filter: found\n%v, want\n%v", got, want)
	}
}

func TestTowardMovesAQuery(t *testing.T) {
	set := NewSet(3)
	set.Add(1, Vector{0, 127, 0})
	set.Add(2, Vector{0, 3, 0})
	q := NewQuery(Vector{127, 0, 0})
	before, _ := set.Score(q, 1)
	half, _ := set.Score(set.Toward(q, []uint32{1, 2}, 0.5), 1)
	whole, _ := set.Score(set.Toward(q, []uint32{1, 2}, 1), 1)
	if before != 0 || half < 0.44 || half > 0.455 || whole < 0.70 || whole > 0.71 {
		t.Errorf("the cosine is %v at first, %v by half and %v by the whole, want 0, 1/√5 and 1/√2", before, half, whole)
	}
	for _, none := range [][]uint32{nil, {7}} {
		if got := set.Toward(q, none, 1); !slices.Equal(got.codes, q.codes) {
			t.Errorf("toward %v: %v", none, got.codes)
		}
	}
	set.Add(3, Vector{-127, 0, 0})
	if got := set.Toward(q, []uint32{3}, 1); got != q {
		t.Errorf("toward the opposite: %v, want the query as it was", got.codes)
	}
	if other := NewQuery(Vector{1, 2}); set.Toward(other, []uint32{1}, 1) != other {
		t.Error("a query of another length was moved")
	}
}
