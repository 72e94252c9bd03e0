package pebblestore_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/store/pebblestore"
)

// abandoned are the goroutines that wait forever within a database whose disk failed; see apart. They end with the
// process. Consecutive tests add to it.
var abandoned []goleak.Option

func TestMain(m *testing.M) {
	code := m.Run()
	if err := goleak.Find(abandoned...); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

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
