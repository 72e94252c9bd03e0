package pebblestore

import (
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// A check reads the records of an erasure: spans that are not rewritten yet, and the key of receipts.
func TestCheckOfErasures(t *testing.T) {
	pending := layout.ErasureKey(sigil.ID{1})
	spans := appendSpans(nil, []span{{[]byte("a"), []byte("b")}})
	for name, test := range map[string]struct {
		key, value []byte
		problem    string
	}{
		"spans":            {pending, spans, ""},
		"no spans":         {pending, []byte{0}, "cannot be read"},
		"more spans":       {pending, append(spans[:len(spans):len(spans)], 0), "cannot be read"},
		"fewer":            {pending, spans[:len(spans)-1], "cannot be read"},
		"under a short id": {pending[:5], spans, "cannot be read"},
		"key":              {layout.SigningKey(), make([]byte, 32), ""},
		"short key":        {layout.SigningKey(), make([]byte, 31), "the key that signs receipts cannot be read"},
		"other key":        {append(layout.SigningKey(), 0), make([]byte, 32), "the key that signs receipts cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open("data", Tune(Options{FS: vfs.NewMem()}))
			must(t, err)
			must(t, s.db.Set(test.key, test.value, pebble.Sync))
			found, err := s.check()
			must(t, err)
			if got := strings.Join(found.Sentences(), "\n"); (got == "") != (test.problem == "") || !strings.Contains(got, test.problem) {
				t.Errorf("found %q, want %q", got, test.problem)
			}
			must(t, s.Close())
		})
	}
}
