package pebblestore_test

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// A batch too large for the database's memtable takes another path through the database, and is answered all
// the same.
func TestALargeBatchIsAnswered(t *testing.T) {
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e := engine.New(s, nil)
	drafts := make([]sigil.Draft, 20)
	for i := range drafts {
		drafts[i].Data = append(append([]byte{'"'}, bytes.Repeat([]byte{'x'}, 1<<20-2)...), '"')
	}
	results, err := e.EncodeBatch(t.Context(), "public", drafts)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if m, err := e.Peek(t.Context(), r.Memory.Key); err != nil || len(m.Data) != 1<<20 {
			t.Fatalf("%d bytes, %v", len(m.Data), err)
		}
	}
	if _, err := e.Encode(t.Context(), "public", sigil.Draft{Data: []byte(`1`)}); err != nil {
		t.Fatal(err) // what comes after it goes its usual way
	}
}
