package pgstore_test

import (
	"testing"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestCorrectReopen(t *testing.T) {
	for name, undo := range map[string]bool{"with the undo window": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			urls := map[string]string{} // by directory
			storetest.RunCorrectReopen(t, func(t *testing.T, dir string) store.Store {
				if urls[dir] == "" {
					urls[dir] = database(t)
				}
				return &verified{open(t, urls[dir], &pgstore.Options{Undo: undo}), t}
			})
		})
	}
}
