package pgstore_test

import (
	"testing"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestErase(t *testing.T) {
	storetest.RunErase(t, func(t *testing.T) store.Store {
		return &verified{open(t, database(t), &pgstore.Options{Undo: true}), t}
	})
}
