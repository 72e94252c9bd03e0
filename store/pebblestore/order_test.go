package pebblestore

import (
	"log/slog"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// categories notes what is said of the files that are made.
type categories struct {
	vfs.FS
	mu sync.Mutex
	// +checklocks:mu
	of map[vfs.DiskWriteCategory]int
}

func (c *categories) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	c.mu.Lock()
	c.of[category]++
	c.mu.Unlock()
	return c.FS.Create(name, category)
}

// The names by which a flush and a log are known are the database's own, which another version may change: then none
// would rest, or yield.
func TestFlushesAreKnown(t *testing.T) {
	disk := &categories{FS: vfs.NewMem(), of: map[vfs.DiskWriteCategory]int{}}
	o := Tune(Options{FS: disk, Logger: slog.New(slog.DiscardHandler)})
	for range 2 { // the second makes a table of the first's log
		s, err := Open("home", o)
		must(t, err)
		_, err = engine.New(s, nil).Encode(t.Context(), "public", sigil.Draft{Data: []byte(`1`)})
		must(t, err)
		must(t, s.Close())
	}
	disk.mu.Lock()
	defer disk.mu.Unlock()
	if disk.of[flushCategory] == 0 || disk.of[logCategory] == 0 {
		t.Errorf("files are made by %v", disk.of)
	}
	f, err := orderedFS{FS: disk.FS, pace: newPace()}.Create("home/000001.sst", flushCategory)
	must(t, err)
	if _, ok := f.(*paced); !ok {
		t.Errorf("a flush writes to a %T", f)
	}
	must(t, f.Close())
}
