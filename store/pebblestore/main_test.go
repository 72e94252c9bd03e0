package pebblestore_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/store/pebblestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a store on disk that ends with the test.
func open(t *testing.T, dir string) *pebblestore.Store {
	t.Helper()
	s, err := pebblestore.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
