package search

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sigil-dna/sigil"
)

// TestConcurrent has writers add and remove memories, each of their own, while others search. A writer finds each of its
// memories after Add has returned, and none after Remove has.
func TestConcurrent(t *testing.T) {
	x := New()
	const writers, rounds, batch = 4, 15, 100
	var next atomic.Uint64
	var work, searching sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		searching.Go(func() {
			q := &Query{Optional: []Clause{{{Text: "all", Weight: 1}}, {{Text: "of", Prefix: true, Weight: 1}}}}
			for {
				select {
				case <-done:
					return
				default:
				}
				seen := map[sigil.ID]bool{}
				for _, h := range x.Search(q, 50, func(sigil.ID, uint32) bool { x.Len(); return true }) {
					if seen[h.ID] {
						t.Errorf("%s twice", h.ID)
					}
					seen[h.ID] = true
					x.Explain(q, h.ID)
				}
			}
		})
	}
	for writer := range writers {
		work.Go(func() {
			own := fmt.Sprint("of-", writer)
			q := &Query{Required: []Clause{{{Text: own, Weight: 1}}}, Optional: []Clause{{{Text: "all", Weight: 1}}}}
			for round := range rounds {
				var docs []Doc
				var ids []sigil.ID
				for range batch {
					n := next.Add(1)
					docs = append(docs, Doc{ID: testID(n), Length: int(n % 9), Terms: []Term{
						{"all", 1}, {own, 1 + int(n%3)}, {fmt.Sprint("unique-", n), 1},
					}})
					ids = append(ids, testID(n))
				}
				x.Add(docs...)
				if hits := x.Search(q, 2*batch, nil); len(hits) != batch {
					t.Errorf("round %d: %d hits after Add", round, len(hits))
				}
				if n := x.Remove(ids...); n != batch {
					t.Errorf("round %d: %d removed", round, n)
				}
				if hits := x.Search(q, 2*batch, nil); len(hits) != 0 {
					t.Errorf("round %d: %d hits after Remove", round, len(hits))
				}
			}
		})
	}
	work.Wait()
	close(done)
	searching.Wait()
	for x.Merge(1 << 20) {
	}
	if s := x.Stats(); s.Memories != 0 || s.Dead != 0 || s.Terms != 0 {
		t.Errorf("left: %+v", s)
	}
}

// TestRemovedIsReleased adds and removes memories with terms that no other has, beside others that stay. What the index
// takes does not grow.
func TestRemovedIsReleased(t *testing.T) {
	x := New()
	n := uint64(0)
	add := func(text string) sigil.ID {
		n++
		x.Add(Doc{ID: testID(n), Length: 2, Terms: []Term{{"all", 1}, {text, 1}}})
		return testID(n)
	}
	const stay = 2500
	for i := range stay {
		add(fmt.Sprint("kept ", i))
	}
	for range 6 {
		var ids []sigil.ID
		for range 2 * stay {
			ids = append(ids, add(fmt.Sprint("gone, with a text that takes some bytes, ", n)))
		}
		if n := x.Remove(ids...); n != len(ids) {
			t.Fatalf("%d removed", n)
		}
	}
	for x.Merge(1 << 20) {
	}
	s := x.Stats()
	if s.Memories != stay || s.Dead > 2*stay+window || s.Terms > s.Memories+s.Dead+1 {
		t.Errorf("%+v", s)
	}
	if hits := x.Search(&Query{Optional: []Clause{{{Text: "all", Weight: 1}}}}, 2*stay, nil); len(hits) != stay {
		t.Errorf("%d hits", len(hits))
	}
	for i := range stay {
		if hits := x.Search(&Query{Optional: []Clause{{{Text: fmt.Sprint("kept ", i), Weight: 1}}}}, 2, nil); len(hits) != 1 {
			t.Fatalf("kept %d: %d hits", i, len(hits))
		}
	}
}

// TestConcurrentArrivals has writers add memories one by one, each of which it finds at once, and remove every third, while
// others search.
func TestConcurrentArrivals(t *testing.T) {
	x := New()
	const writers, each = 8, 400
	var work, searching sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		searching.Go(func() {
			q := &Query{Optional: []Clause{{{Text: "all", Weight: 1}}}}
			for {
				select {
				case <-done:
					return
				default:
					x.Search(q, 10, nil)
				}
			}
		})
	}
	for writer := range writers {
		work.Go(func() {
			for i := range each {
				n := uint64(i*writers + writer)
				unique := fmt.Sprint("unique-", n)
				x.Add(Doc{ID: testID(n), Length: 2, Terms: []Term{{"all", 1}, {unique, 1}}})
				q := &Query{Required: []Clause{{{Text: unique, Weight: 1}}}}
				if hits := x.Search(q, 2, nil); len(hits) != 1 || hits[0].ID != testID(n) {
					t.Errorf("%d hits after Add", len(hits))
				}
				if i%3 == 0 && x.Remove(testID(n)) != 1 {
					t.Error("not there to be removed")
				}
			}
		})
	}
	work.Wait()
	close(done)
	searching.Wait()
	if n := x.Len(); n != writers*(each-(each+2)/3) {
		t.Errorf("%d memories", n)
	}
}
