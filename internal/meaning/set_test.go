package meaning

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// idOf returns the ID with a number.
func idOf(n uint32) (id ID) {
	binary.BigEndian.PutUint32(id[:], n)
	return id
}

func numberOf(id ID) uint32 { return binary.BigEndian.Uint32(id[:]) }

// keeper is a set with the handles of its vectors.
type keeper struct {
	*Set
	handles map[uint32]uint32
}

func newKeeper(dims int) keeper { return keeper{NewSet(dims), map[uint32]uint32{}} }

// all returns the slots of the set.
func (k keeper) all() []uint32 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.slots
}

func (k keeper) add(n uint32, v Vector) {
	if handle, ok := k.Add(idOf(n), v); ok {
		k.handles[n] = handle
	}
}

func (k keeper) remove(n uint32) {
	k.Remove(idOf(n), k.handles[n])
	delete(k.handles, n)
}

// exact is what a search has to find if it compares every vector by all its bytes.
func exact(all map[uint32]Vector, handles map[uint32]uint32, q Vector, accept func(ID) bool, limit int) []Hit {
	query := NewQuery(q)
	var hits []Hit
	for n, v := range all {
		if id := idOf(n); accept == nil || accept(id) {
			hits = append(hits, Hit{id, handles[n], float32(dot(q, v)) * query.norm * float32(inverseNorm(v))})
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return compare(&a, &b) })
	return hits[:min(limit, len(hits))]
}

// TestSetAgainstAMap adds and removes at random and compares every search with a map. There are never more vectors than a search
// compares by all bytes, so both must be equal.
func TestSetAgainstAMap(t *testing.T) {
	for _, dims := range []int{3, 100, 128, 200} {
		t.Run(fmt.Sprint(dims), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(dims), 7))
			set, all := newKeeper(dims), map[uint32]Vector{}
			for step := range 8000 {
				n := uint32(random.IntN(5000)) * 800_003 // spread over all 32 bits
				_, there := all[n]
				switch {
				case there || random.IntN(3) == 0 || step > 5000 && random.IntN(2) == 0:
					set.remove(n)
					delete(all, n)
				default:
					all[n] = Compact(randomFloats(random, dims))
					set.add(n, all[n])
				}
				if step%500 != 0 {
					continue
				}
				if set.Len() != len(all) {
					t.Fatalf("step %d: %d vectors, want %d", step, set.Len(), len(all))
				}
				q := Compact(randomFloats(random, dims))
				odd := func(id ID) bool { return numberOf(id)%2 == 1 }
				for _, accept := range []func(ID) bool{nil, odd} {
					want := exact(all, set.handles, q, accept, 10)
					if got := set.Search(NewQuery(q), accept, 10); !slices.Equal(got, want) {
						t.Fatalf("step %d: found\n%v, want\n%v", step, got, want)
					}
				}
				for n, v := range all {
					if got, ok := set.Append(nil, idOf(n), set.handles[n]); !ok || !slices.Equal(got, v) {
						t.Fatalf("step %d: the vector of %d is %v, want %v", step, n, got, v)
					}
				}
			}
			most := len(set.all())
			for n := range all {
				set.remove(n)
			}
			if set.Len() != 0 || set.lastBlock() != -1 || set.all() != nil {
				t.Errorf("when all are removed, %d vectors, %d blocks and %d handles are left", set.Len(), set.lastBlock()+1, len(set.all()))
			}
			if most > 5000 {
				t.Errorf("%d handles for at most 5000 vectors", most)
			}
		})
	}
}

func TestSetOfNothing(t *testing.T) {
	set := newKeeper(3)
	q := NewQuery(Vector{1, 2, 3})
	if hits := set.Search(q, nil, 10); len(hits) != 0 {
		t.Errorf("found %v in an empty set", hits)
	}
	set.add(1, Vector{1, 2})
	set.add(2, Vector{0, 0, 0})
	if set.Len() != 0 {
		t.Error("a vector of another length, or zero, was kept")
	}
	if _, ok := set.Append(nil, idOf(1), 0); ok {
		t.Error("a vector of what is not there")
	}
	set.add(3, Vector{1, 2, 3})
	if hits := set.Search(NewQuery(Vector{1, 2}), nil, 10); hits != nil {
		t.Errorf("a query of another length found %v", hits)
	}
	if hits := set.Search(q, nil, 0); hits != nil {
		t.Errorf("limit 0: found %v", hits)
	}
	set.Remove(idOf(4), 7)
	set.Remove(idOf(4), set.handles[3])
	if set.Len() != 1 {
		t.Error("removing what is not there removed something")
	}
	if _, ok := set.Append(nil, idOf(4), set.handles[3]); ok {
		t.Error("the vector of another was returned")
	}
}

// TestSetUsesHandlesAgain: a handle that is used again is not that of the former vector.
func TestSetUsesHandlesAgain(t *testing.T) {
	set := newKeeper(2)
	for n := range uint32(4) {
		set.add(n, Vector{1, 2})
	}
	former := set.handles[1]
	set.remove(1)
	set.remove(2)
	set.add(4, Vector{3, 1})
	set.add(5, Vector{3, 2})
	if len(set.all()) != 4 || set.handles[5] != former {
		t.Errorf("4 vectors have %d handles, and the free ones were not used again", len(set.all()))
	}
	set.Remove(idOf(1), former) // late
	if _, ok := set.Append(nil, idOf(1), former); ok || set.Len() != 4 {
		t.Error("a former ID still has a handle")
	}
	if v, ok := set.Append(nil, idOf(5), former); !ok || !slices.Equal(v, Vector{3, 2}) {
		t.Errorf("the vector of the new one: %v", v)
	}
}

// TestSetFindsWhatStays searches while others add and remove: what is there all the time is found every time, once.
func TestSetFindsWhatStays(t *testing.T) {
	const dims, stay, rounds = 100, 300, 40
	random := rand.New(rand.NewPCG(3, 4))
	set := newKeeper(dims)
	q := Compact(randomFloats(random, dims))
	opposite := make(Vector, dims)
	for i, x := range q {
		opposite[i] = -x
	}
	// Those that stay are the query itself. They lie among others, which are removed.
	next := uint32(stay)
	for i := range uint32(stay) {
		for range 30 {
			set.add(next, opposite)
			next++
		}
		set.add(i, q)
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
				set.remove(oldest)
				oldest++
			}
			for range 40 {
				set.add(next, opposite)
				next++
			}
		}
	}()
	for range rounds {
		hits := set.Search(NewQuery(q), nil, stay)
		found := map[uint32]bool{}
		for _, h := range hits {
			if n := numberOf(h.ID); n < stay {
				found[n] = true
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
	set, all := newKeeper(dims), map[uint32]Vector{}
	q := randomFloats(random, dims)
	for handle := range uint32(n) {
		v := randomFloats(random, dims)
		if handle%(n/20) == 7 { // some are near
			for i := range v {
				v[i] = q[i] + v[i]*float32(random.Float64())
			}
		}
		all[handle] = Compact(v)
		set.add(handle, all[handle])
	}
	for _, handle := range slices.Sorted(maps.Keys(all)) {
		if handle%3 == 0 {
			set.remove(handle)
			delete(all, handle)
		}
	}
	want := exact(all, set.handles, Compact(q), nil, 10)
	if got := set.Search(NewQuery(Compact(q)), nil, 10); !slices.Equal(got, want) {
		t.Errorf("found\n%v, want\n%v", got, want)
	}
	// A filter that accepts next to nothing still finds all that it accepts.
	few := func(id ID) bool { return numberOf(id)%10007 == 1 }
	want = exact(all, set.handles, Compact(q), few, 10)
	if got := set.Search(NewQuery(Compact(q)), few, 10); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("with a filter: found\n%v, want\n%v", got, want)
	}
}

func TestTowardMovesAQuery(t *testing.T) {
	near, q := []Vector{{0, 127, 0}, {0, 3, 0}}, Vector{127, 0, 0}
	half, whole := Cosine(Toward(q, near, 0.5), near[0]), Cosine(Toward(q, near, 1), near[0])
	if half < 0.44 || half > 0.455 || whole < 0.70 || whole > 0.71 {
		t.Errorf("the cosine is %v by half and %v by the whole, want 1/√5 and 1/√2", half, whole)
	}
	for name, others := range map[string][]Vector{"nothing": nil, "another length": {{1, 2}}, "the opposite": {{-127, 0, 0}}} {
		if got := Toward(q, others, 1); !slices.Equal(got, q) {
			t.Errorf("toward %s: %v", name, got)
		}
	}
}
