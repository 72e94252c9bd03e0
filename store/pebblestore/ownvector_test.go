package pebblestore_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// encodeWith encodes a memory with a vector, which may be nil.
func encodeWith(t *testing.T, s *pebblestore.Store, data string, v []float32) sigil.Key {
	t.Helper()
	m, err := engine.New(s, nil).Encode(t.Context(), "public", sigil.Draft{Data: []byte(data), Vector: v})
	if err != nil {
		t.Fatal(err)
	}
	return m.Key
}

// foundBy returns what a query finds, after what was there at the open is indexed.
func foundBy(t *testing.T, s *pebblestore.Store, q store.SearchQuery) (keys []sigil.Key) {
	t.Helper()
	q.Tenant, q.Limit = "public", 10
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		found, err := s.Search(t.Context(), q) // nothing is due at the zero time
		if err != nil {
			t.Fatal(err)
		}
		if found.Incomplete && time.Now().Before(deadline) {
			continue
		}
		for i := range found.Hits {
			keys = append(keys, found.Hits[i].Memory.Key)
		}
		return keys
	}
}

func TestOwnVectorsAreThereAfterAReopen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	near, far := encodeWith(t, s, `1`, []float32{1, 0.1}), encodeWith(t, s, `2`, []float32{0.1, 1})
	other, gone := encodeWith(t, s, `3`, []float32{1, 0, 0}), encodeWith(t, s, `4`, []float32{1, 0.1})
	query := store.SearchQuery{Vector: store.Vector{127, 0}, Model: store.OwnModel}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		if err := engine.New(s, nil).Forget(t.Context(), gone); err != nil && sigil.CodeOf(err) != "not_found" {
			t.Fatal(err)
		}
		if got := foundBy(t, s, query); !slices.Equal(got, []sigil.Key{near, far}) {
			t.Errorf("found %v, want %v and %v", got, near, far)
		}
		if got := foundBy(t, s, store.SearchQuery{Vector: store.Vector{127, 0, 1}, Model: store.OwnModel}); !slices.Equal(got, []sigil.Key{other}) {
			t.Errorf("of three dimensions %v is found, want %v", got, other)
		}
		vectors, err := s.Vectors(t.Context(), "public", store.OwnModel, []sigil.ID{near.ID, gone.ID, far.ID})
		if err != nil || fmt.Sprint(vectors) != "[[127 13] [] [13 127]]" {
			t.Errorf("kept %v, %v", vectors, err)
		}
		if found, err := s.Check(); err != nil || found.Wrong > 0 {
			t.Errorf("a check says %v, %v", found.Problems, err)
		}
	}
}

// What is excluded is in no word and in no vector; another setting takes effect at the next open.
func TestWhatIsExcludedIsNotFound(t *testing.T) {
	dir := t.TempDir()
	const note, raw = "the train leaves at noon", "a kettle and pans for the kitchen"
	var key sigil.Key
	for i, exclude := range [][]string{{"/raw"}, nil, {"/raw"}, {""}, nil} {
		s, err := pebblestore.Open(dir, &pebblestore.Options{Search: store.SearchSettings{Exclude: exclude}})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			key = encodeWith(t, s, fmt.Sprintf(`{"note":%q,"raw":{"log":%q}}`, note, raw), []float32{1, 0})
		}
		for text, excluded := range map[string]bool{"kettle": len(exclude) > 0, "train": slices.Equal(exclude, []string{""})} {
			words := foundBy(t, s, store.SearchQuery{Text: text})
			if (len(words) == 0) != excluded {
				t.Errorf("without %q, the word %q finds %v", exclude, text, words)
			}
		}
		texts := map[int][]string{0: {note}, 1: {note, raw}, 2: {note}, 3: {}, 4: {note, raw}}[i]
		want := store.Vector(meaning.BuiltIn().Embed(texts...))
		vectors, err := s.Vectors(t.Context(), "public", meaning.Model, []sigil.ID{key.ID})
		if err != nil || !slices.Equal(vectors[0], want) {
			t.Errorf("without %q, its vector is %v, %v, want %v", exclude, vectors, err, want)
		}
		whole := store.SearchQuery{Vector: store.Vector(meaning.BuiltIn().Embed(note, raw)), Model: meaning.Model, Nearest: 0.999}
		if got := foundBy(t, s, whole); len(got) > 0 != (len(exclude) == 0) {
			t.Errorf("without %q, the vector of the whole finds %v", exclude, got)
		}
		if got := foundBy(t, s, store.SearchQuery{Vector: store.Vector{127, 0}, Model: store.OwnModel}); !slices.Equal(got, []sigil.Key{key}) {
			t.Errorf("without %q, a vector of a caller's finds %v", exclude, got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// changeVectors changes the vector records of the closed store in dir, bypassing it.
func changeVectors(t *testing.T, dir string, change func(db *pebble.DB, key, value []byte) error) {
	t.Helper()
	db, err := pebble.Open(filepath.Join(dir, "pebble"), pebblestore.DatabaseOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{'v'}, UpperBound: []byte{'v' + 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	if !it.First() {
		t.Fatal("no vector on disk")
	}
	if err := change(db, it.Key(), it.Value()); err != nil {
		t.Fatal(err)
	}
}

// A vector record that is damaged, or of no memory, is found by a check. The memories are there all the same, and their words are found.
func TestDamagedVectorsAreTold(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(db *pebble.DB, key, value []byte) error
		want    string
		harmful bool // search stays incomplete
	}{
		"empty": {func(db *pebble.DB, key, _ []byte) error { return db.Set(key, []byte{0}, pebble.Sync) }, "cannot be read", true},
		"of no memory": {func(db *pebble.DB, key, value []byte) error {
			stray := bytes.Clone(key)
			stray[len(stray)-1] ^= 1
			return db.Set(stray, value, pebble.Sync)
		}, "has a vector but no figures", false},
		"under no key": {func(db *pebble.DB, _, value []byte) error { return db.Set([]byte("vx"), value, pebble.Sync) }, "cannot be read", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			key := encodeWith(t, s, `"green tea"`, []float32{1, 0})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			changeVectors(t, dir, tt.change)
			var log bytes.Buffer
			s, err := pebblestore.Open(dir, &pebblestore.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			found, err := s.Check()
			if err != nil || found.Wrong == 0 || !strings.Contains(fmt.Sprint(found.Problems), tt.want) {
				t.Errorf("a check says %v, %v", found.Problems, err)
			}
			hits, err := searchedOnce(t.Context(), s, "tea")
			if err != nil || len(hits) != 1 || hits[0] != key {
				t.Errorf("the word finds %v, %v", hits, err)
			}
			if err := s.Close(); err != nil { // which waits for the indexing
				t.Error(err)
			}
			if told := strings.Contains(log.String(), "search stays incomplete"); told != tt.harmful {
				t.Errorf("it is told that search is incomplete: %t, %s", told, log.String())
			}
			salvaged := 0
			if _, err := pebblestore.Salvage(dir, nil, func(m sigil.Memory, _ store.Vector) error {
				salvaged++
				if m.Key != key {
					t.Errorf("salvaged %v", m.Key)
				}
				return nil
			}); err != nil || salvaged != 1 {
				t.Errorf("salvaged %d memories, %v", salvaged, err)
			}
		})
	}
}

// searchedOnce waits until a word finds something.
func searchedOnce(ctx context.Context, s *pebblestore.Store, text string) (keys []sigil.Key, err error) {
	for deadline := time.Now().Add(time.Minute); len(keys) == 0 && time.Now().Before(deadline); runtime.Gosched() {
		found, err := s.Search(ctx, store.SearchQuery{Tenant: "public", Limit: 10, Text: text})
		if err != nil {
			return nil, err
		}
		for i := range found.Hits {
			keys = append(keys, found.Hits[i].Memory.Key)
		}
	}
	return keys, nil
}

// Vectors that callers gave are in an export, and in what is salvaged.
func TestExportsHaveOwnVectors(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	with, without := encodeWith(t, s, `1`, []float32{-1, 0.5}), encodeWith(t, s, `2`, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func(func(sigil.Memory, store.Vector) error) error{
		"export": func(visit func(sigil.Memory, store.Vector) error) error { return pebblestore.Export(dir, nil, visit) },
		"salvage": func(visit func(sigil.Memory, store.Vector) error) error {
			_, err := pebblestore.Salvage(dir, nil, visit)
			return err
		},
	} {
		got := map[sigil.Key]string{}
		err := read(func(m sigil.Memory, v store.Vector) error {
			got[m.Key] = fmt.Sprint(v)
			return nil
		})
		if err != nil || len(got) != 2 || got[with] != "[-127 64]" || got[without] != "[]" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
