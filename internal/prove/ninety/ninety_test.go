package ninety_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil/internal/prove/ninety"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// TestNinetyDays lets SIGIL_NINETY memories live on the embedded store, in a folder; by default 1,000, in memory. SIGIL_SEED
// repeats a run.
func TestNinetyDays(t *testing.T) {
	size := ninety.Size{Memories: 1_000, Steps: 250, Restarts: 6, Jumps: 12, Seed: 1}
	place := folder{name: "sigil", fs: vfs.NewMem()}
	if n := number(t, "SIGIL_NINETY"); n != 0 {
		place = folder{name: t.TempDir()}
		size.Memories, size.Steps, size.Restarts, size.Jumps = int(n), 2_000, 45, 40
	}
	if n := number(t, "SIGIL_SEED"); n != 0 {
		size.Seed = n
	}
	ninety.Live(t, place, size)
}

func number(t *testing.T, name string) (n uint64) {
	t.Helper()
	if s := os.Getenv(name); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return n
}

// folder is one of the embedded store.
type folder struct {
	name string
	fs   vfs.FS // nil means the operating system's
}

func (f folder) Open() (store.Store, error) {
	return pebblestore.Open(f.name, &pebblestore.Options{FS: f.fs, Undo: true, Logger: slog.New(slog.DiscardHandler)})
}

func (f folder) Check(_ context.Context, open store.Store) error {
	if err := open.Close(); err != nil {
		return err
	}
	checked, err := pebblestore.Check(f.name, &pebblestore.Options{FS: f.fs})
	if err == nil && len(checked.Problems) > 0 {
		err = fmt.Errorf("%d problems, the first: %v", len(checked.Problems), checked.Problems[0])
	}
	return err
}
