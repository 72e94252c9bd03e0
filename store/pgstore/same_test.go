package pgstore_test

import (
	"log/slog"
	"math/rand/v2"
	"testing"

	"github.com/sigil-dna/sigil/internal/prove/model"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

// TestSameAsOthers runs one log of operations on the embedded store, the model and PostgreSQL. All return the same
// answers.
func TestSameAsOthers(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p, err := pebblestore.Open(t.TempDir(), &pebblestore.Options{Logger: slog.New(slog.DiscardHandler), Undo: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() // it was compared
	s := open(t, database(t), &pgstore.Options{Undo: true})
	defer s.Close() // it was compared
	model.Same(t, seed, 1500, map[string]store.Store{"model": storetest.NewUndoModel(), "pebble": p, "postgres": s})
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
