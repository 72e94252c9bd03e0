package storetest

import (
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// RunPutBack checks that a store that was restored from an older copy is told from the one that it replaces: by its epoch, and by
// the hashes of entries at positions that it assigns again. open is as in [RunReopen]. putBack restores a copy of the store in
// from, which is not open, in to, which is empty, as an operator does.
func RunPutBack(t *testing.T, open func(t *testing.T, dir string) store.Store, putBack func(t *testing.T, from, to string)) {
	from, to := t.TempDir(), t.TempDir()
	f := &fixture{Store: open(t, from), t: t}
	f.encode(tenant("a"))
	f.encode(tenant("b"))
	info := f.Info()
	f.ok("Close", f.Close())
	putBack(t, from, to)

	f.Store = open(t, from)
	equal(t, "Info, opened again", f.Info(), info)
	lost := f.encode(tenant("a"))
	f.forget(lost.Key)
	hashes := f.hashesUpTo(4)
	f.ok("Close", f.Close())

	f.Store = open(t, to)
	epoch := f.Info().Epoch
	equal(t, "id", f.Info().ID, info.ID)
	if epoch == info.Epoch || epoch == (sigil.ID{}) {
		t.Errorf("the epoch of what was put back is %s, and was %s", epoch, info.Epoch)
	}
	fails(t, "a position that is not there yet", second(f.EntryHash(f.ctx(), 3)), sigil.ErrGone, "position_ahead")
	f.encode(tenant("b"))
	f.encode(tenant("a"))
	for i, hash := range f.hashesUpTo(4) {
		token := sigil.NewToken(uint64(i+1), hashes[i])
		if shared := i < 2; token.Fits(hash) != shared {
			t.Errorf("the token of entry %d fits the one that was put back: %v, want %v", i+1, !shared, shared)
		}
	}
	f.ok("Close", f.Close())
	f.Store = open(t, to)
	equal(t, "the epoch, opened again", f.Info().Epoch, epoch)
	f.ok("Close", f.Close())
}

// hashesUpTo returns those of the entries up to a position.
func (f *fixture) hashesUpTo(upTo uint64) (all []sigil.Hash) {
	f.t.Helper()
	for position := uint64(1); position <= upTo; position++ {
		hash, err := f.EntryHash(f.ctx(), position)
		f.ok("EntryHash", err)
		all = append(all, hash)
	}
	return all
}
