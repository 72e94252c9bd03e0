package pgstore_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestErase(t *testing.T) {
	storetest.RunErase(t, func(t *testing.T) store.Store {
		return &verified{open(t, database(t), &pgstore.Options{Undo: true}), t}
	})
}

// A receipt of an erasure that found nothing says as well what a database may still have.
func TestAnErasureOfNothing(t *testing.T) {
	s := &verified{open(t, database(t), nil), t}
	t.Cleanup(func() { _ = s.Close() })
	for _, keys := range [][]sigil.Key{nil, {{Tenant: "public", ID: sigil.ID{1}}}} {
		done, err := s.Erase(t.Context(), keys, func(m sigil.Meta, _ bool) sigil.Event {
			return sigil.Event{Time: time.Now(), Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}
		})
		if err != nil || len(done.Events) > 0 || len(done.Remains) != 3 { // pages, the write-ahead log, backups
			t.Errorf("%v: the bytes may be in %q, %v", keys, done.Remains, err)
		}
	}
}
