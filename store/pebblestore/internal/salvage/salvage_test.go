package salvage

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Which memories of a deleted range are gone follows from the order of the records, or from the journal if that order
// is unknown.
func TestWhatHasGoneWithARange(t *testing.T) {
	key := func(n byte) sigil.Key { return sigil.Key{Tenant: "t", ID: sigil.ID{n}} }
	v := &salvage{memories: map[sigil.Key]*salvaged{
		key(1): {bodySeq: 6, meta: []byte{}, metaSeq: 6},  // older
		key(2): {bodySeq: 11, meta: []byte{}, metaSeq: 9}, // newer
		key(3): {bodySeq: 1, meta: []byte{}, metaSeq: 9},  // refreshed after it
		key(4): {bodySeq: 1, meta: []byte{}},              // forgotten, and no journal
		key(5): {bodySeq: 1, meta: []byte{}, journaledFigure: &sigil.Meta{}},
		key(6): {bodySeq: 6, meta: []byte{}, metaSeq: 6}, // after the end
	}}
	from, to := layout.MemoryKey(layout.MetaFamily, "t", key(1).ID), append(layout.MemoryKey(layout.MetaFamily, "t", key(5).ID), 0)
	v.meta(from, 7, pebble.InternalKeyKindRangeDelete, to)
	v.removeRanges()
	for n, want := range []bool{true, false, false, true, false, false} {
		if got := v.memories[key(byte(n+1))].left(); got != want {
			t.Errorf("memory %d has gone: %t, want %t", n+1, got, want)
		}
	}
}
