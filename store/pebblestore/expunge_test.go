package pebblestore_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// What was removed is in no file afterwards, beside writers, readers and other removals, whichever of logs and tables it was in.
func TestExpungedBytesAreGone(t *testing.T) {
	dir := t.TempDir()
	s, err := pebblestore.Open(dir, pebblestore.Plain(*pebblestore.Tune(pebblestore.Options{})))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, e := t.Context(), engine.New(s, nil)
	sentinel := func(n int) string { return fmt.Sprintf("sentinel-%06d-here", n) }
	var keys []sigil.Key
	encode := func(n int) {
		m, err := e.Encode(ctx, "public", sigil.Draft{Data: fmt.Appendf(nil, `{"note":%q,"more":"%0*d"}`, sentinel(n), 20+n%300, n)})
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, m.Key)
	}
	random := rand.New(rand.NewPCG(1, 2))
	gone := map[int]bool{}
	for round := range 5 {
		for range 300 {
			encode(len(keys))
		}
		var removed []sigil.Key
		for n := range keys {
			// Old ones, which are in tables, and the newest, which are in the log only.
			if !gone[n] && (random.IntN(20) == 0 || n == len(keys)-1) {
				gone[n] = true
				removed = append(removed, keys[n])
				if err := e.Forget(ctx, keys[n]); err != nil {
					t.Fatal(err)
				}
			}
		}
		var wg sync.WaitGroup
		stop := make(chan struct{})
		wg.Go(func() {
			for n := range 500 { // no flood: compactions would wait for the processor
				select {
				case <-stop:
					return
				default:
				}
				if _, err := e.Encode(ctx, "other", sigil.Draft{Data: fmt.Appendf(nil, `{"round":%d,"n":%d}`, round, n)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
		err := s.Expunge(ctx, removed)
		close(stop)
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		all := contentsOf(t, dir)
		for n := range keys {
			if found := bytes.Contains(all, []byte(sentinel(n))); found == gone[n] {
				t.Fatalf("round %d: sentinel %d found: %v, forgotten: %v", round, n, found, gone[n])
			}
		}
	}
	if _, err := pebblestore.Check(dir, nil); err == nil {
		t.Error("checked a store that is open")
	}
	checked, err := s.Check()
	if err != nil || checked.Wrong > 0 {
		t.Errorf("%v, %v", checked.Problems, err)
	}
}

// contentsOf returns the bytes of all files in dir.
func contentsOf(t *testing.T, dir string) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && d.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) { // a table that a compaction has replaced
			return nil
		}
		all = append(all, b...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
