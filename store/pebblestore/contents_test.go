package pebblestore_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// A recalled memory stays in the cache, within the given size; a released one does not.
func TestContentIsAtHandUntilItIsReleased(t *testing.T) {
	const cache = 1 << 20
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: vfs.NewMem(), CacheSize: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, e := t.Context(), engine.New(s, nil)
	encode := func(size int) sigil.Key {
		m, err := e.Encode(ctx, "public", sigil.Draft{Data: []byte(`"` + strings.Repeat("x", size) + `"`)})
		if err != nil {
			t.Fatal(err)
		}
		return m.Key
	}
	is := func(what string, want int) {
		t.Helper()
		if kept, stray := s.Kept(); kept != want || stray > 0 {
			t.Errorf("%s: %d at hand, of which %d are gone; want %d", what, kept, stray, want)
		}
	}
	recall := func(key sigil.Key) {
		t.Helper()
		if m, err := e.Recall(ctx, key); err != nil || m.Data[1] != 'x' {
			t.Fatalf("recalled %.10s, %v", m.Data, err)
		}
	}
	key := encode(10)
	is("encoded", 0)
	recall(key)
	is("recalled", 1)
	recall(key)
	is("recalled again", 1)
	if err := e.Forget(ctx, key); err != nil {
		t.Fatal(err)
	}
	is("forgotten", 0)
	recall(encode(cache / 2 / 64)) // too large
	is("one that would take the place of many", 0)
	for range 400 {
		recall(encode(3000))
	}
	if kept, _ := s.Kept(); kept < 50 || kept > cache/2/3000 {
		t.Errorf("%d contents of 3,000 bytes at hand in half of %d", kept, cache)
	}
}

// The database's cache keeps what was read, however large the memtables are: they grow to their full size
// with the content of a store.
func TestBlocksStayAtHandWhenMemtablesAreLarge(t *testing.T) {
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: vfs.NewMem(), Search: store.SearchSettings{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	var keys []sigil.Key
	e := engine.New(s, nil)
	for i := range 900 {
		size := 1000
		if i >= 800 {
			size = 1 << 20 // what fills memtables
		}
		m, err := e.Encode(t.Context(), "public", sigil.Draft{Data: []byte(`"` + strings.Repeat("x", size-2) + `"`)})
		if err != nil {
			t.Fatal(err)
		}
		if i < 800 {
			keys = append(keys, m.Key)
		}
	}
	first, err := s.MissesOf(keys)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.MissesOf(keys)
	if err != nil || first < 100 || again > 0 {
		t.Errorf("%d blocks were not at hand, then %d of the same (%v)", first, again, err)
	}
}
