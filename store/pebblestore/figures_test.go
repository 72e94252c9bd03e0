package pebblestore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// Figures are read while the committer changes the index, so that the race detector sees a read without the index's lock
// however few processors there are.
func TestConcurrentFigures(t *testing.T) {
	s := open(t, t.TempDir())
	ctx, e := t.Context(), engine.New(s, nil)
	first, err := e.Encode(ctx, "public", sigil.Draft{Data: []byte(`"first"`)})
	if err != nil {
		t.Fatal(err)
	}
	var reads atomic.Int64
	var done atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !done.Load() {
			if _, err := s.Meta(ctx, first.Key, first.CreatedAt); err != nil {
				t.Error(err)
				return
			}
			reads.Add(1)
		}
	})
	for n := 0; n < 50 || reads.Load() < 50 && !t.Failed(); n++ {
		if _, err := e.Encode(ctx, "public", sigil.Draft{Data: fmt.Appendf(nil, "%d", n)}); err != nil {
			t.Error(err)
			break
		}
	}
	done.Store(true)
	wg.Wait()
}
