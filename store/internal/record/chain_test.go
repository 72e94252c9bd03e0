package record_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// TestChainVectors fixes hashes and links, which are part of the format: no store could verify its journal if they changed.
// The values are those of sha256sum.
func TestChainVectors(t *testing.T) {
	entries := []sigil.Hash{record.EntryHash("public", []byte("one")), record.EntryHash("a", []byte("two")), record.EntryHash("public", nil)}
	first := record.NextLink(sigil.Hash{}, 2, entries[:2])
	for _, v := range []struct {
		what      string
		got, want string
	}{
		// printf 'public\0one' | sha256sum
		{"an entry", entries[0].String(), "6415285b3be68601d42c76252284147919b7f55d133ce01991b300f42419801a"},
		{"an entry of another tenant", entries[1].String(), "daebff40f898cdea809d2a44004c3937e9e42e402b9f204bf674eefdaa7dd676"},
		{"an empty entry", entries[2].String(), "00329e5a4735a00b8fbd48d126a210f278ec8828e26971f2e19406c3c032e56d"},
		// 32 zero bytes, 7 zero bytes and a 2, and the two hashes
		{"the first link", first.String(), "303c418c2df6ead76d09b01edb383152763adb88f4a9e8c96be0293bccba2360"},
		{"the second link", record.NextLink(first, 3, entries[2:]).String(), "7e80f1406e78ed814558f97f418d3b150af003135d3cc61da1c5eb645b2d0b08"},
	} {
		if v.got != v.want {
			t.Errorf("%s is %s, want %s", v.what, v.got, v.want)
		}
	}
}

func TestErasedEntriesKeepTheirHashes(t *testing.T) {
	p := somePolicies(t)
	m := someMemory()
	entry, err := record.AppendEvent(nil, &sigil.Event{Time: m.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}, 0)
	if err != nil {
		t.Fatal(err)
	}
	hash := record.EntryHash("public", entry)
	gone := record.AppendErased(nil, hash)
	if got, ok := record.Erased(gone); !ok || got != hash {
		t.Errorf("the hash of an erased entry is %s, %v", got, ok)
	}
	for _, b := range [][]byte{nil, entry, gone[:32], append(gone[:33:33], 0)} {
		if _, ok := record.Erased(b); ok {
			t.Errorf("%q is taken for an erased entry", b)
		}
	}
	for at := range 3 { // which of three is erased
		var block []byte
		for i := range 3 {
			e := entry
			if i == at {
				e = gone
			}
			block = record.AppendEntry(block, uint64(i), uint64(i+1), e)
		}
		var want []uint64
		for i := range 3 {
			if i != at {
				want = append(want, uint64(i+1))
			}
		}
		for limit := 1; limit <= 3; limit++ {
			events, err := record.ReadBlock(nil, block, "public", 0, 0, 3, limit, p)
			if err != nil || len(events) != min(limit, 2) || events[0].Position != want[0] || events[len(events)-1].Position != want[len(events)-1] || events[0].Hash != hash {
				t.Errorf("%d erased: %d events, %v", at+1, len(events), err)
			}
		}
		n := uint64(0)
		if err := record.ReadHashes(block, "public", 0, 3, func(position uint64, got sigil.Hash) {
			if n++; position != n || got != hash {
				t.Errorf("%d erased: entry %d has the hash %s at %d", at+1, n, got, position)
			}
		}); err != nil || n != 3 {
			t.Errorf("%d erased: %d hashes, %v", at+1, n, err)
		}
	}
	events, err := record.ReadBlock(nil, record.AppendEntry(nil, 0, 7, gone), "public", 0, 0, 7, 9, p)
	if _, ok := record.FirstFrom(events, 0, time.Time{}); err != nil || ok {
		t.Errorf("a block with nothing else: %v, %v", events, err)
	}
}
