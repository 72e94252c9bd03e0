package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// exhaustive reports whether to try all crashes and faults (make crash), rather than some of every kind.
func exhaustive() bool { return os.Getenv("SIGIL_CRASH") == "all" }

// quiet returns the options of a store with small tables, whose database logs nothing.
func quiet(fsys vfs.FS) *pebblestore.Options {
	return pebblestore.Tune(pebblestore.Options{FS: fsys, Logger: slog.New(slog.DiscardHandler)})
}

// keeping returns these options for a store that keeps removed memories.
func keeping(fsys vfs.FS) *pebblestore.Options {
	o := quiet(fsys)
	o.Undo = true
	return o
}

// kindOf returns what an operation does to which kind of file; writes reports whether it may change the disk.
func kindOf(op errorfs.Op) (kind string, writes bool) {
	words := map[errorfs.OpKind]string{
		errorfs.OpCreate: "create", errorfs.OpLink: "link", errorfs.OpRemove: "remove", errorfs.OpRemoveAll: "remove all",
		errorfs.OpRename: "rename", errorfs.OpReuseForWrite: "reuse", errorfs.OpMkdirAll: "mkdir", errorfs.OpLock: "lock",
		errorfs.OpFileWrite: "write", errorfs.OpFileWriteAt: "write", errorfs.OpFileSync: "sync", errorfs.OpFileSyncData: "sync",
		errorfs.OpFileSyncTo: "sync to", errorfs.OpFilePreallocate: "preallocate", errorfs.OpOpen: "open", errorfs.OpOpenDir: "open",
		errorfs.OpFileRead: "read", errorfs.OpFileReadAt: "read", errorfs.OpFileStat: "stat", errorfs.OpStat: "stat", errorfs.OpList: "list",
		errorfs.OpGetDiskUsage: "usage",
	}
	file := path.Base(op.Path)
	switch ext := path.Ext(file); {
	case ext == ".log", ext == ".sst", ext == ".tmp", ext == ".dbtmp":
		file = ext
	case strings.HasPrefix(file, "marker."):
		file = strings.Join(strings.Split(file, ".")[:2], ".")
	default:
		file, _, _ = strings.Cut(file, "-")
		file = strings.TrimRight(file, "0123456789.")
	}
	return words[op.Kind] + " " + file, op.Kind.ReadOrWrite() == errorfs.OpIsWrite
}

// After every write to the disk, the power fails, and none, half or all of the unsynced data has reached the
// disk: everything acknowledged exists, everything that exists was attempted, and no change exists in part.
func TestPowerCutAfterEveryWrite(t *testing.T) {
	const seed = 1
	t.Logf("seed %d", seed)
	disk := vfs.NewCrashableMem()
	rec := newRecorder()
	cuts := &cuts{t: t, disk: disk, rec: rec, seed: seed, jobs: make(chan cut, 8), seen: map[string]int{}}
	var checkers sync.WaitGroup
	for range 2 {
		checkers.Go(cuts.check)
	}

	sc := newScript(seed, func(err error) { t.Error(err) })
	fsys := errorfs.Wrap(disk, errorfs.InjectorFunc(cuts.before))
	var id sigil.ID
	for range 4 { // a store is opened again on what it has left
		s, err := pebblestore.Open("home/data", keeping(fsys))
		if err != nil {
			t.Fatal(err)
		}
		if id == (sigil.ID{}) {
			id = s.Info().ID
			cuts.made(id)
		}
		rec.Store = s
		sc.continueOn(rec)
		sc.run(context.Background(), 125)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cuts.take("the end")
	close(cuts.jobs)
	checkers.Wait()
	t.Logf("%d writes, %d cuts looked at, %d events acknowledged", cuts.writes, cuts.looked, rec.acknowledged())
	for _, kind := range slices.Sorted(maps.Keys(cuts.seen)) {
		t.Logf("%6d × %s", cuts.seen[kind], kind)
	}
	for _, kind := range []string{"write .log", "sync .log", "create .sst", "write .sst", "write MANIFEST", "create marker.manifest", "rename .tmp", "remove .sst"} {
		if cuts.seen[kind] == 0 {
			t.Errorf("no %s: the script does not do what it is for", kind)
		}
	}
	if !rec.stood() {
		t.Error("no clock stood still: the script does not do what it is for")
	}
	journaled := rec.journaled()
	t.Logf("%v", journaled)
	for _, kind := range []sigil.EventKind{sigil.Corrected, sigil.Changed, sigil.PolicySet, sigil.Fading, sigil.Restored, sigil.Erased} {
		if journaled[kind] == 0 {
			t.Errorf("no entry %s: the script does not do what it is for", kind)
		}
	}
}

// cut is the disk after a power cut.
type cut struct {
	what  string
	disk  *vfs.MemFS
	acked int            // events acknowledged before it
	id    sigil.ID       // of the store, if its creation was acknowledged
	set   map[string]int // clocks acknowledged before it: see [recorder.clocksSet]
}

type cuts struct {
	t *testing.T
	// +checklocks:mu
	disk *vfs.MemFS
	rec  *recorder
	// +checklocks:mu
	seed uint64
	jobs chan cut

	// mu guards all fields below.
	mu sync.Mutex
	// +checklocks:mu
	writes int
	// +checklocks:mu
	looked int
	// +checklocks:mu
	seen map[string]int // writes by kind
	// +checklocks:mu
	id sigil.ID
	// +checklocks:mu
	last string // the kind of the write before
}

func (c *cuts) made(id sigil.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.id = id
}

// before is called before every operation, and so after the previous one.
func (c *cuts) before(op errorfs.Op) error {
	if kind, writes := kindOf(op); writes {
		c.take(kind)
	}
	return nil
}

// some reports whether the nth write of a kind is among those tried by default.
func some(n, stride int) bool { return exhaustive() || n < 2 || n%stride == 0 }

// take takes the cuts after the write before the one of this kind.
func (c *cuts) take(next string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	after := c.last
	c.last = next
	n := c.seen[after]
	c.seen[after]++
	if after == "" || !some(n, stride) {
		return
	}
	for _, percent := range []int{0, 50, 100} {
		acked, set := c.rec.acknowledged(), c.rec.clocksSet() // before the cut, so that all of it must be there
		c.looked++
		c.jobs <- cut{
			what: fmt.Sprintf("write %d, %s, %d%% of the unsynced", c.writes-1, after, percent), acked: acked, id: c.id, set: set,
			disk: c.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(c.seed, uint64(c.writes)))}),
		}
	}
}

func (c *cuts) check() {
	for cut := range c.jobs {
		if err := c.rec.survives(cut); err != nil {
			c.t.Errorf("after %s: %v", cut.what, err)
		}
	}
}

// survives opens the disk after a cut, and checks it.
func (r *recorder) survives(cut cut) (err error) {
	s, err := pebblestore.Open("home/data", keeping(cut.disk))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if cut.id != (sigil.ID{}) && cut.id != s.Info().ID {
		return fmt.Errorf("it is store %s and was %s", s.Info().ID, cut.id)
	}
	return errors.Join(r.check(s, cut.acked), r.checkClocks(s, cut.set))
}
