package pebblestore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/storetest"
)

// checkedStore is a store that is checked before it is closed.
type checkedStore struct {
	*pebblestore.Store
	t *testing.T
}

func (s *checkedStore) Close() error {
	found, err := s.Check()
	if err = errors.Join(err, s.CheckIndex()); err != nil || found.Wrong > 0 {
		s.t.Errorf("the store has %d problems: %s (%v)", found.Wrong, strings.Join(found.Sentences(), "; "), err)
	}
	return s.Store.Close()
}

func openUndo(t *testing.T, dir string, o *pebblestore.Options) store.Store {
	t.Helper()
	s, err := pebblestore.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return &checkedStore{s, t}
}

func TestUndo(t *testing.T) {
	storetest.RunUndo(t, func(t *testing.T) store.Store { return openUndo(t, t.TempDir(), &pebblestore.Options{Undo: true}) })
}

// TestUndoOfRanges has even two adjacent memories deleted as a range.
func TestUndoOfRanges(t *testing.T) {
	storetest.RunUndo(t, func(t *testing.T) store.Store {
		return openUndo(t, t.TempDir(), pebblestore.Tune(pebblestore.Options{Undo: true}))
	})
}

func TestUndoReopen(t *testing.T) {
	storetest.RunUndoReopen(t, func(t *testing.T, dir string, keep bool) store.Store {
		return openUndo(t, dir, &pebblestore.Options{Undo: keep})
	})
}

// What was removed is not shown by a salvage, and what was restored is, whatever is left of the figures on disk.
func TestSalvageShowsWhatIsRestored(t *testing.T) {
	fs := vfs.NewMem()
	s, err := pebblestore.Open("store", pebblestore.Tune(pebblestore.Options{FS: fs, Undo: true}))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var keys []sigil.Key
	for i := range 6 {
		m := sigil.Memory{Meta: sigil.Meta{
			Key: sigil.Key{Tenant: "public", ID: sigil.NewID(at)}, Size: 1, CreatedAt: at, LastAccessed: at, Policy: sigil.DefaultClassic(),
		}, State: sigil.DefaultState(), Data: []byte{byte('0' + i)}}
		m.Reschedule()
		event := sigil.Event{Time: at, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}
		if _, err := s.Insert(ctx, "public", []store.Item{{Memory: m, Events: []sigil.Event{event}}}, store.Quota{}, nil); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, m.Key)
	}
	forgotten := func(m sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: at, Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: m}, true
	}
	restored := func(m *sigil.Meta, _ store.Removal) (sigil.Event, bool) {
		return sigil.Event{Time: at, Kind: sigil.Restored, Reason: sigil.ReasonRequest, Memory: *m}, true
	}
	if _, err := s.Remove(ctx, keys[1:], forgotten); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(ctx, "public", []sigil.ID{keys[2].ID, keys[3].ID}, store.Quota{}, restored); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(ctx, keys[3:4], forgotten); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shown := map[sigil.Key]bool{}
	found, err := pebblestore.Salvage("store", &pebblestore.Options{FS: fs}, func(m sigil.Memory, _ store.Vector) error {
		shown[m.Key] = true
		return nil
	})
	if err != nil || found.Wrong > 0 {
		t.Errorf("salvage: %v, %v", found.Problems, err)
	}
	for i, key := range keys {
		if want := i == 0 || i == 2; shown[key] != want {
			t.Errorf("memory %d: shown %v, want %v", i, shown[key], want)
		}
	}
}
