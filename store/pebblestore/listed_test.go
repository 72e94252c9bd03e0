package pebblestore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// TestListByTextIsWholeOrRefused lists by text while the words of memories are not all known, and in a store that does not search.
func TestListByTextIsWholeOrRefused(t *testing.T) {
	q := store.Query{Tenant: sigil.DefaultTenant, Now: time.Now(), Limit: 10, Text: "tea"}
	s := open(t, t.TempDir())
	if _, _, err := s.List(t.Context(), q); err != nil {
		t.Errorf("got %v", err)
	}
	s.Unbuild()
	if _, _, err := s.List(t.Context(), q); !errors.Is(err, sigil.ErrUnavailable) || sigil.CodeOf(err) != "search_building" {
		t.Errorf("while the index is built: %v", err)
	}
	off, err := pebblestore.Open(t.TempDir(), &pebblestore.Options{Search: store.SearchSettings{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer off.Close() // nothing is behind
	if _, _, err := off.List(t.Context(), q); !errors.Is(err, sigil.ErrConflict) || sigil.CodeOf(err) != "search_off" {
		t.Errorf("without search: %v", err)
	}
	q.Text = ""
	if _, _, err := off.List(t.Context(), q); err != nil {
		t.Errorf("without a text: %v", err)
	}
}
