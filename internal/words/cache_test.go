package words

import (
	"fmt"
	"sync"
	"testing"
)

// TestCacheGrows has several callers remember more and more words. What was remembered in the first table is found in the last.
func TestCacheGrows(t *testing.T) {
	a, err := New(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(a.cache.table.Load().buckets); n != minChunks/bucketSize {
		t.Errorf("%d buckets at first", n)
	}
	const words = 40_000
	var all sync.WaitGroup
	for caller := range 4 {
		all.Go(func() {
			for i := caller; i < words; i += 4 {
				d := a.Document(fmt.Appendf(nil, `"tea word%d"`, i), nil, nil)
				if len(d.Terms) < 2 {
					t.Errorf("%d: got %v", i, d.Terms)
				}
			}
		})
	}
	all.Wait()
	if n := len(a.cache.table.Load().buckets); n != maxChunks/bucketSize {
		t.Errorf("%d buckets after %d words", n, words)
	}
	hash := a.cache.hash([]byte("tea"))
	if a.cache.bucket(hash).find(hash, []byte("tea")) == nil {
		t.Error("a word of all texts was forgotten")
	}
	kept := 0
	for i := range words {
		raw := fmt.Appendf(nil, "word%d", i)
		hash := a.cache.hash(raw)
		if a.cache.bucket(hash).find(hash, raw) != nil {
			kept++
		}
	}
	if kept < words*8/10 { // a place for each bucket of four
		t.Errorf("%d of %d words are remembered", kept, words)
	}
}
