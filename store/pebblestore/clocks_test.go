package pebblestore_test

import (
	"testing"

	"github.com/sigil-dna/sigil/internal/prove/model"
)

func TestATTLEndsDuringAStandstill(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	model.EndsDuringAStandstill(t, s)
}
