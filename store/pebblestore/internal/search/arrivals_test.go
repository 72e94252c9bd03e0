package search

import (
	"testing"

	"github.com/sigil-dna/sigil"
)

// TestAddDoesNotWait adds memories while another call adds. Everything that is asked afterwards sees them.
func TestAddDoesNotWait(t *testing.T) {
	q := &Query{Optional: []Clause{{{Text: "tea", Weight: 1}}}}
	for name, sees := range map[string]func(x *Index, ids []sigil.ID) bool{
		"Search":      func(x *Index, ids []sigil.ID) bool { return len(x.Search(q, 10, nil)) == len(ids) },
		"Scores":      func(x *Index, ids []sigil.ID) bool { return x.Scores(q, ids)[1] > 0 },
		"Explain":     func(x *Index, ids []sigil.ID) bool { _, ok := x.Explain(q, ids[0]); return ok },
		"Has":         func(x *Index, ids []sigil.ID) bool { return x.Has(ids[2]) },
		"Frequencies": func(x *Index, ids []sigil.ID) bool { n, _ := x.Frequencies(nil, nil); return n == len(ids) },
		"Len":         func(x *Index, ids []sigil.ID) bool { return x.Len() == len(ids) },
		"Stats":       func(x *Index, ids []sigil.ID) bool { return x.Stats().Memories == len(ids) },
		"Remove":      func(x *Index, ids []sigil.ID) bool { return x.Remove(ids...) == len(ids) && x.Len() == 0 },
		"Merge":       func(x *Index, ids []sigil.ID) bool { x.Merge(1); return x.arrived.count.Load() == 0 },
		"Add":         func(x *Index, ids []sigil.ID) bool { x.Add(teaOf(9)); return x.arrived.count.Load() == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			x := New()
			terms := []Term{{"tea", 1}}
			var ids []sigil.ID
			x.taking.Store(true) // as the other call does
			for n := range uint64(5) {
				d := Doc{ID: testID(n), Length: 1, Terms: terms}
				x.Add(d)
				ids = append(ids, d.ID)
			}
			terms[0].Text = "the caller uses its memory for others"
			if name == "Add" {
				x.taking.Store(false)
			}
			if !sees(x, ids) {
				t.Error("the memories are not there")
			}
		})
	}
}

func teaOf(n uint64) Doc { return Doc{ID: testID(n), Length: 1, Terms: []Term{{"tea", 1}}} }

// TestArrivalsAreBounded adds more memories than may wait while another call adds.
func TestArrivalsAreBounded(t *testing.T) {
	x := New()
	x.taking.Store(true)
	x.adding.Lock()
	for n := range uint64(maxArrivals) {
		x.Add(teaOf(n))
	}
	waiting := make(chan struct{})
	go func() {
		x.Add(teaOf(maxArrivals))
		close(waiting)
	}()
	for x.arrived.count.Load() <= maxArrivals { // until the call has brought its memory
	}
	select {
	case <-waiting:
		t.Error("the call did not wait")
	default:
	}
	x.adding.Unlock()
	<-waiting
	if n := x.arrived.count.Load(); n != 0 {
		t.Errorf("%d wait still", n)
	}
}

// TestWorkAddsWhatIsQueued queues memories, which the index need not have added before Work is called.
func TestWorkAddsWhatIsQueued(t *testing.T) {
	x := New()
	for n := range uint64(3) {
		x.Queue(teaOf(n))
	}
	if waiting := x.arrived.count.Load(); waiting != 3 {
		t.Errorf("%d memories are waiting, want 3", waiting)
	}
	x.Work(3)
	if waiting := x.arrived.count.Load(); waiting != 0 {
		t.Errorf("%d memories are waiting after Work", waiting)
	}
	x.Queue(teaOf(3))
	if n := x.Len(); n != 4 { // which is asked while one is waiting
		t.Errorf("there are %d memories, want 4", n)
	}
}
