package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// note returns the i-th value of 500 bytes.
func note(i uint64) []byte {
	return fmt.Appendf(nil, `{"kind":"note","n":%d,"text":"%s"}`, i, filler)
}

var filler = strings.Repeat("the quick brown fox jumps over the lazy dog ", 10)

// kept is an engine over the embedded store.
func kept(tb testing.TB) *engine.Engine {
	tb.Helper()
	s, err := pebblestore.Open(tb.TempDir(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return engine.New(s, nil)
}

// inParallel runs op n times by 64 callers.
func inParallel(tb testing.TB, n uint64, op func(i uint64) error) {
	tb.Helper()
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := next.Add(1); i <= n; i = next.Add(1) {
				if err := op(i); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// encodeAndRecall are what is counted; recalls are of 1,000 memories.
func encodeAndRecall(tb testing.TB) (encode, recall func(i uint64) error) {
	tb.Helper()
	e, ctx := kept(tb), context.Background()
	keys := make([]sigil.Key, 1000)
	inParallel(tb, uint64(len(keys)), func(i uint64) error {
		m, err := e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: note(i)})
		keys[i-1] = m.Key
		return err
	})
	var made atomic.Uint64
	encode = func(uint64) error { // of a content that is new, however often this is called
		_, err := e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: note(1<<32 + made.Add(1))})
		return err
	}
	recall = func(i uint64) error {
		_, err := e.Recall(ctx, keys[i%uint64(len(keys))])
		return err
	}
	return encode, recall
}

// TestAllocations bounds what an encode and a recall by many callers allocate, the committer's part, the
// value that is encoded (1 allocation) and its words included: its number is one that no memory had before, which takes
// the analyzer 3. The bounds are some above what is measured (see make
// bench-allocs): they are to notice what is done for each memory anew.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, too")
	}
	encode, recall := encodeAndRecall(t)
	const n = 5000
	for _, tt := range []struct {
		verb string
		op   func(uint64) error
		most float64
	}{{"encode", encode, 9}, {"recall", recall, 11}} {
		got := testing.AllocsPerRun(1, func() { inParallel(t, n, tt.op) }) / n
		if t.Logf("%s: %.2f allocations", tt.verb, got); got > tt.most {
			t.Errorf("%s takes %.2f allocations, want at most %v", tt.verb, got, tt.most)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	encode, _ := encodeAndRecall(b)
	b.ReportAllocs()
	b.ResetTimer()
	inParallel(b, uint64(b.N), encode)
}

func BenchmarkRecall(b *testing.B) {
	_, recall := encodeAndRecall(b)
	b.ReportAllocs()
	b.ResetTimer()
	inParallel(b, uint64(b.N), recall)
}
