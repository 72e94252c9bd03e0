package pebblestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestErase(t *testing.T) {
	storetest.RunErase(t, func(t *testing.T) store.Store { return openUndo(t, t.TempDir(), &pebblestore.Options{Undo: true}) })
}

// TestEraseOfRanges has even two adjacent memories deleted as a range.
func TestEraseOfRanges(t *testing.T) {
	storetest.RunErase(t, func(t *testing.T) store.Store {
		return openUndo(t, t.TempDir(), pebblestore.Tune(pebblestore.Options{Undo: true}))
	})
}

func erased(m sigil.Meta, _ bool) sigil.Event {
	return sigil.Event{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}
}

// What was erased is in no file when Erase returns: the content, the vector, the answers, and the figures in the journal, also of a
// memory that was tagged, recalled, forgotten or restored before, beside writers.
func TestErasedBytesAreGone(t *testing.T) {
	dir := t.TempDir()
	s, err := pebblestore.Open(dir, pebblestore.Plain(*pebblestore.Tune(pebblestore.Options{Undo: true})))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Undo: engine.DefaultUndo()}})
	sentinel := func(n int) []byte { return fmt.Appendf(nil, "sentinel-%06d-here", n) }
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for n := range 2000 { // no flood: compactions would wait for the processor
			select {
			case <-stop:
				return
			default:
			}
			if _, err := e.Encode(ctx, "other", sigil.Draft{Data: fmt.Appendf(nil, `{"n":%d}`, n)}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	defer func() { close(stop); wg.Wait() }()
	var all []sigil.Memory
	for round := range 3 {
		for n := len(all); n < 60*(round+1); n++ {
			text := fmt.Appendf(nil, `{"note":%q,"n":%d}`, sentinel(n), n)
			m, err := e.Encode(ctx, "public", sigil.Draft{Data: text, Tags: []string{"first", string(sentinel(n))}, IdempotencyKey: fmt.Sprint("key-", n)})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
		var keys []sigil.Key
		var figures [][]byte // of the journal entries: the potential and the access count follow it
		gone := map[int]bool{}
		for n := 60 * round; n < len(all); n += 5 {
			m := all[n]
			keys, gone[n] = append(keys, m.Key), true
			steps := []func() error{
				func() error { _, err := e.Pin(ctx, m.Key); return err },
				func() error { return e.Forget(ctx, m.Key) },
				func() error { _, err := e.Restore(ctx, m.Key); return err },
				func() error { return e.Forget(ctx, m.Key) },
			}
			for _, step := range steps[:(n/5)%5] {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			figures = append(figures, figuresOf(&m))
		}
		for _, f := range figures {
			if !bytes.Contains(contentsOf(t, dir), f) {
				t.Fatal("the figures are not there before")
			}
		}
		done, err := s.Erase(ctx, keys, erased)
		if err != nil {
			t.Fatal(err)
		}
		files := contentsOf(t, dir)
		if done.Memories+done.Removed != len(keys) || done.Answers != len(keys) || done.Entries < len(keys) {
			t.Errorf("erased %+v of %d", done, len(keys))
		}
		for n := 60 * round; n < len(all); n++ {
			if found := bytes.Contains(files, sentinel(n)); found == gone[n] {
				t.Errorf("round %d: sentinel %d found: %v, erased: %v", round, n, found, gone[n])
			}
		}
		for i, f := range figures {
			if bytes.Contains(files, f) {
				t.Errorf("round %d: the figures of erased memory %d are there", round, i)
			}
		}
	}
	close(stop)
	wg.Wait()
	stop = make(chan struct{}) // closed again at the end
	found, err := s.Check()
	if err = errors.Join(err, s.CheckIndex()); err != nil || found.Wrong > 0 {
		t.Errorf("%v, %v", found.Problems, err)
	}
}

// figuresOf returns bytes that only the figures of a memory have: its id, and what follows it in journal entries and answers up to its
// frequency.
func figuresOf(m *sigil.Memory) []byte {
	const fades = 4
	return append(bytes.Clone(m.ID[:]), fades, byte(m.Frequency>>8), byte(m.Frequency))
}

// If the process ends after the commit, the next open removes the bytes. So does the next erasure if the caller's context ends.
func TestAnInterruptedErasureIsFinished(t *testing.T) {
	for _, how := range []string{"kill", "close", "go on", "again"} {
		t.Run(how, func(t *testing.T) {
			disk := vfs.NewCrashableMem()
			options := func(fs vfs.FS) *pebblestore.Options {
				return pebblestore.Plain(*pebblestore.Tune(pebblestore.Options{FS: fs, Undo: true}))
			}
			s, err := pebblestore.Open("data", options(disk))
			if err != nil {
				t.Fatal(err)
			}
			e := engine.New(s, &engine.Options{Settings: engine.Settings{Undo: engine.DefaultUndo()}})
			var keys []sigil.Key
			for n := range 20 {
				m, err := e.Encode(t.Context(), "public", sigil.Draft{Data: fmt.Appendf(nil, `"sentinel-%02d-here"`, n)})
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, m.Key)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done, err := s.Erase(ctx, keys[:1], func(m sigil.Meta, removed bool) sigil.Event {
				cancel()
				return erased(m, removed)
			})
			if !errors.Is(err, context.Canceled) || done.Memories != 1 {
				t.Fatalf("got %+v, %v", done, err)
			}
			if !bytes.Contains(filesOf(t, disk, "data"), []byte("sentinel-00-here")) {
				t.Error("the test proves nothing: the bytes are gone already")
			}
			first := disk
			switch how {
			case "kill":
				first = disk.CrashClone(vfs.CrashCloneCfg{})
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			case "close":
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			case "go on":
				if _, err := s.Erase(t.Context(), keys[1:2], erased); err != nil {
					t.Fatal(err)
				}
			case "again":
				if done, err := s.Erase(t.Context(), keys[:1], erased); err != nil || len(done.Events) > 0 {
					t.Fatalf("got %+v, %v", done, err)
				}
			}
			if how == "kill" || how == "close" {
				if s, err = pebblestore.Open("data", options(first)); err != nil {
					t.Fatal(err)
				}
			}
			files := filesOf(t, first, "data")
			if bytes.Contains(files, []byte("sentinel-00-here")) || !bytes.Contains(files, []byte("sentinel-02-here")) {
				t.Error("the bytes are still there, or too many are gone")
			}
			found, err := s.Check()
			if err = errors.Join(err, s.CheckIndex()); err != nil || found.Wrong > 0 {
				t.Errorf("%v, %v", found.Problems, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// An erasure that finds less than it is to erase says that the files may have what was gone before.
func TestAnErasureOfNothing(t *testing.T) {
	s := openUndo(t, t.TempDir(), &pebblestore.Options{})
	t.Cleanup(func() { _ = s.Close() })
	e := engine.New(s, nil)
	m, err := e.Encode(t.Context(), "public", sigil.Draft{Data: []byte(`"tea"`)})
	if err != nil {
		t.Fatal(err)
	}
	gone := sigil.Key{Tenant: "public", ID: sigil.ID{1}}
	for _, test := range []struct {
		keys    []sigil.Key
		remains int
	}{{nil, 1}, {[]sigil.Key{gone, gone}, 1}, {[]sigil.Key{m.Key}, 0}, {[]sigil.Key{m.Key, gone}, 1}} {
		done, err := s.Erase(t.Context(), test.keys, erased)
		if err != nil || len(done.Remains) != test.remains {
			t.Errorf("%v: the bytes may be in %q, %v", test.keys, done.Remains, err)
		}
	}
}

// filesOf returns the bytes of all files in a folder of a file system.
func filesOf(t *testing.T, fs vfs.FS, dir string) (all []byte) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := fs.PathJoin(dir, name)
		info, err := fs.Stat(path)
		if err != nil {
			continue // a table that a compaction has replaced
		}
		if info.IsDir() {
			all = append(all, filesOf(t, fs, path)...)
			continue
		}
		f, err := fs.Open(path)
		if err != nil {
			continue
		}
		b, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// The signing key outlives the process.
func TestTheSigningKeyStays(t *testing.T) {
	dir := t.TempDir()
	var keys [2][]byte
	for i := range keys {
		s, err := pebblestore.Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if keys[i], err = s.Key(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(keys[0], keys[1]) {
		t.Error("the second open has another key")
	}
}
