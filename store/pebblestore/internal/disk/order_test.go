package disk

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// categories records the categories of the files that are created.
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

// The names by which a flush and a log are recognized are the database's own, which another version may
// change: then nothing would rest or yield.
func TestFlushesAreKnown(t *testing.T) {
	home := &categories{FS: vfs.NewMem(), of: map[vfs.DiskWriteCategory]int{}}
	for range 2 { // the second one turns the first one's log into a table
		f, err := Take(home, "home", Tuned(), slog.New(slog.DiscardHandler))
		must(t, err)
		options := f.Options(1<<20, pebble.DefaultLogger)
		db, err := pebble.Open(f.Data, options)
		must(t, err)
		must(t, db.Set([]byte("key"), []byte("value"), pebble.Sync))
		must(t, db.Close())
		must(t, f.Release())
	}
	home.mu.Lock()
	defer home.mu.Unlock()
	if home.of[FlushCategory] == 0 || home.of[LogCategory] == 0 {
		t.Errorf("files are made by %v", home.of)
	}
}

// A flush is paced and a log filled ahead, unless that is turned off: then the database writes to the files themselves.
func TestFilesAreTuned(t *testing.T) {
	for name, tt := range map[string]struct {
		tuning     Tuning
		table, log string
	}{
		"tuned": {Tuned(), "*disk.paced", "*disk.logFile"},
		"off":   {Tuning{}, "*vfs.memFile", "*vfs.memFile"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := orderedFS{FS: vfs.NewMem(), pace: newPace(tt.tuning), tuning: &tt.tuning, reuse: new(sync.Mutex)}
			table, err := fsys.Create("000001.sst", FlushCategory)
			must(t, err)
			log, err := fsys.Create("000002.log", LogCategory)
			must(t, err)
			again, err := fsys.ReuseForWrite("000002.log", "000003.log", LogCategory)
			must(t, err)
			for file, want := range map[vfs.File]string{table: tt.table, log: tt.log, again: tt.log} {
				if got := fmt.Sprintf("%T", file); got != want {
					t.Errorf("the database writes to a %s, want %s", got, want)
				}
				must(t, file.Close())
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
