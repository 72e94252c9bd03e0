package index

import (
	"math/rand/v2"
	"testing"

	"github.com/sigil-dna/sigil"
)

// TestEntriesStayWhereTheyAre adds and frees entries at random, so that the slabs grow and shrink. Every entry is
// found by its ref and unchanged, and empty slabs are dropped.
func TestEntriesStayWhereTheyAre(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 0)) // a test's draws
		of := &entries{huge: true}
		there := map[ref]*entry{}
		var refs []ref
		for step := range 40_000 {
			growing := step/10_000%2 == 0
			if len(refs) == 0 || growing && rng.IntN(4) > 0 || !growing && rng.IntN(4) == 0 {
				e := of.add(&entry{id: sigil.ID{byte(step), byte(step >> 8)}, created: int64(step)})
				if e.ref == 0 || there[e.ref] != nil {
					t.Fatalf("step %d: ref %d is in use", step, e.ref)
				}
				there[e.ref] = e
				refs = append(refs, e.ref)
				continue
			}
			i := rng.IntN(len(refs))
			r := refs[i]
			e := of.at(r)
			if e != there[r] || e.ref != r || e.id != (sigil.ID{byte(e.created), byte(e.created >> 8)}) {
				t.Fatalf("step %d: ref %d is another's", step, r)
			}
			of.free(e)
			delete(there, r)
			refs[i] = refs[len(refs)-1]
			refs = refs[:len(refs)-1]
		}
		for _, r := range refs {
			of.free(of.at(r))
		}
		held := 0
		for _, b := range of.slabs {
			if b != nil {
				held++
			}
		}
		if held > 1 || len(of.open) != held || held+len(of.gone) != len(of.slabs) {
			t.Fatalf("%d slabs for nothing, %d with room, %d dropped of %d", held, len(of.open), len(of.gone), len(of.slabs))
		}
	}
}

// TestSlabsAreMadeAhead takes places until a chunk is used up: by then the next one exists, made by another
// goroutine while this one was in use.
func TestSlabsAreMadeAhead(t *testing.T) {
	of := &entries{huge: true}
	defer of.wait()
	for len(of.slabs) < 8*ahead || len(of.spare) > 0 {
		of.add(&entry{})
	}
	if of.next == nil {
		t.Fatal("nobody makes the next slabs")
	}
	next := <-of.next
	of.next <- next
	for range slabSize + 1 { // what is open, and one more
		of.add(&entry{})
	}
	if last := of.slabs[len(of.slabs)-1]; last != &next[0] {
		t.Error("others are used")
	}
}
