package pgstore_test

import (
	"context"
	"testing"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

// verified is a store that is verified before it is closed.
type verified struct {
	*pgstore.Store
	t *testing.T
}

func (v *verified) Close() error {
	if err := v.Verify(context.Background()); err != nil {
		v.t.Error(err)
	}
	return v.Store.Close()
}

func TestUndo(t *testing.T) {
	storetest.RunUndo(t, func(t *testing.T) store.Store {
		return &verified{open(t, database(t), &pgstore.Options{Undo: true}), t}
	})
}

func TestUndoReopen(t *testing.T) {
	urls := map[string]string{} // by directory
	storetest.RunUndoReopen(t, func(t *testing.T, dir string, keep bool) store.Store {
		if urls[dir] == "" {
			urls[dir] = database(t)
		}
		return open(t, urls[dir], &pgstore.Options{Undo: keep})
	})
}
