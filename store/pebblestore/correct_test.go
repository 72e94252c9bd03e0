package pebblestore_test

import (
	"testing"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestCorrectReopen(t *testing.T) {
	for name, undo := range map[string]bool{"with the undo window": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			storetest.RunCorrectReopen(t, func(t *testing.T, dir string) store.Store {
				return openUndo(t, dir, &pebblestore.Options{Undo: undo})
			})
		})
	}
}

// TestCorrectOfRanges has even two adjacent memories deleted as a range, in a store that keeps nothing but chains.
func TestCorrectOfRanges(t *testing.T) {
	storetest.RunCorrectReopen(t, func(t *testing.T, dir string) store.Store {
		return openUndo(t, dir, pebblestore.Tune(pebblestore.Options{}))
	})
}
