package pebblestore_test

import (
	"errors"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// An encode that cannot read what may be its duplicate says so. It once looked for it forever.
func TestADuplicateWhoseContentIsLost(t *testing.T) {
	s := open(t, t.TempDir())
	e, draft := engine.New(s, nil), sigil.Draft{Data: []byte(`"twice"`)}
	m, err := e.Encode(t.Context(), "public", draft)
	if err == nil {
		err = s.Lose(m.Key)
	}
	if err != nil {
		t.Fatal(err)
	}
	var damaged *sigil.Error
	if _, err := e.Encode(t.Context(), "public", draft); !errors.As(err, &damaged) || damaged.Code != "store_damaged" {
		t.Errorf("got %v", err)
	}
	if _, err := e.Encode(t.Context(), "public", sigil.Draft{Data: []byte(`"once"`)}); err != nil {
		t.Errorf("another content: %v", err)
	}
}
