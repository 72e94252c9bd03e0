package pebblestore_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/storetest"
)

// counted returns the number of memories in the store in dir, and its id.
func counted(t *testing.T, fsys vfs.FS, dir string) (int, sigil.ID) {
	t.Helper()
	s, err := pebblestore.Open(dir, quiet(fsys))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, s)
	must(t, s.Verify(t.Context()))
	n, _ := s.Counts()
	return n, s.Info().ID
}

// backedUp makes a store in home/data of two memories, and a backup of it from when it had one.
func backedUp(t *testing.T, disk *vfs.MemFS) {
	t.Helper()
	s, err := pebblestore.Open("home/data", quiet(disk))
	must(t, err)
	e := engine.New(s, nil)
	for n := range 2 {
		if _, err := e.Encode(t.Context(), "public", sigil.Draft{Data: []byte(`1`), Pinned: true}); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if _, err := s.Backup(t.Context(), "backups/a"); err != nil {
				t.Fatal(err)
			}
		}
	}
	must(t, s.Close())
}

// epochOf returns the epoch of the store in dir, which is not open.
func epochOf(t *testing.T, fsys vfs.FS, dir string) sigil.ID {
	t.Helper()
	s, err := pebblestore.Open(dir, quiet(fsys))
	must(t, err)
	defer closing(t, s)
	return s.Info().Epoch
}

// Each restore makes another epoch, which stays, and a backup of the store has it.
func TestRestoreMakesAnEpoch(t *testing.T) {
	disk := vfs.NewMem()
	backedUp(t, disk)
	_, id := counted(t, disk, "home/data")
	if epoch := epochOf(t, disk, "home/data"); epoch != id {
		t.Errorf("a store that was never restored has the epoch %s, want its id %s", epoch, id)
	}
	seen := map[sigil.ID]bool{id: true}
	for n := range 2 {
		_, err := pebblestore.Restore(t.Context(), "backups/a", "home/data", quiet(disk))
		must(t, err)
		epoch := epochOf(t, disk, "home/data")
		if seen[epoch] {
			t.Errorf("restore %d: the epoch is not new: %s", n, epoch)
		}
		seen[epoch] = true
		if again := epochOf(t, disk, "home/data"); again != epoch {
			t.Errorf("the epoch changed from %s to %s without a restore", epoch, again)
		}
		if _, same := counted(t, disk, "home/data"); same != id {
			t.Errorf("the id changed from %s to %s", id, same)
		}
	}
	s, err := pebblestore.Open("home/data", quiet(disk))
	must(t, err)
	_, err = s.Backup(t.Context(), "backups/b")
	must(t, err)
	must(t, s.Close())
	sound(t, disk, "backups/b")
}

// What is there is kept under another name.
func TestRestoreKeepsWhatItReplaces(t *testing.T) {
	disk := vfs.NewMem()
	backedUp(t, disk)
	done, err := pebblestore.Restore(t.Context(), "backups/a", "home/data", quiet(disk))
	if err != nil || !strings.HasPrefix(done.Replaced, "home/data.replaced-") || done.Name != "a" {
		t.Fatalf("%+v, %v", done, err)
	}
	n, id := counted(t, disk, "home/data")
	before, same := counted(t, disk, done.Replaced)
	if n != 1 || before != 2 || id != same {
		t.Errorf("restored %d memories of %s, and kept %d of %s", n, id, before, same)
	}
	sound(t, disk, "backups/a") // writing to the restored store does not change it
	if _, err := disk.Stat("home/data/backup.json"); err == nil {
		t.Error("the restored store is taken for a backup")
	}
}

func TestRestoreRefuses(t *testing.T) {
	disk := vfs.NewMem()
	backedUp(t, disk)
	s, err := pebblestore.Open("home/data", quiet(disk))
	must(t, err)
	if _, err := pebblestore.Restore(t.Context(), "backups/a", "home/data", quiet(disk)); !errors.Is(err, sigil.ErrLocked) {
		t.Errorf("a store that is open: %v", err)
	}
	must(t, s.Close())
	if _, err := pebblestore.Restore(t.Context(), "backups/none", "home/data", quiet(disk)); sigil.CodeOf(err) != "no_backup" {
		t.Errorf("no backup: %v", err)
	}
	must(t, disk.MkdirAll("home/letters/old", 0o700))
	if _, err := pebblestore.Restore(t.Context(), "backups/a", "home/letters", quiet(disk)); sigil.CodeOf(err) != "no_store" {
		t.Errorf("a folder of something else: %v", err)
	}
	if _, err := pebblestore.Open("backups/a", quiet(disk)); sigil.CodeOf(err) != "is_backup" {
		t.Errorf("opening a backup: %v", err)
	}
	sound(t, disk, "backups/a")
}

// After a power cut at any time, either the store is there as it was, or it cannot be opened until the same restore is run again,
// which finishes it. Both stores are always there.
func TestPowerCutWhileRestoring(t *testing.T) {
	disk := vfs.NewCrashableMem()
	backedUp(t, disk)
	var cuts []*vfs.MemFS
	var mu sync.Mutex
	fsys := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if _, writes := kindOf(op); writes {
			cuts = append(cuts, disk.CrashClone(vfs.CrashCloneCfg{}), disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))}))
		}
		return nil
	}))
	if _, err := pebblestore.Restore(t.Context(), "backups/a", "home/data", quiet(fsys)); err != nil {
		t.Fatal(err)
	}
	cuts = append(cuts, disk.CrashClone(vfs.CrashCloneCfg{}))
	unfinished, finished := 0, 0
	for n, cut := range cuts {
		s, err := pebblestore.Open("home/data", quiet(cut))
		switch {
		case sigil.CodeOf(err) == "restore_unfinished":
			unfinished++
		case err != nil:
			t.Errorf("cut %d: %v", n, err)
		default:
			memories, _ := s.Counts()
			closing(t, s)
			if memories == 1 {
				finished++
				continue
			}
		}
		done, err := pebblestore.Restore(t.Context(), "backups/a", "home/data", quiet(cut))
		if err != nil {
			t.Errorf("cut %d: again: %v", n, err)
			continue
		}
		if n, _ := counted(t, cut, "home/data"); n != 1 {
			t.Errorf("cut %d: restored %d memories", n, n)
		}
		if n, _ := counted(t, cut, done.Replaced); n != 2 {
			t.Errorf("cut %d: kept %d memories", n, n)
		}
		if names, _ := cut.List("home"); len(names) != 2 {
			t.Errorf("cut %d: left behind: %v", n, names)
		}
	}
	if unfinished == 0 || finished == 0 {
		t.Errorf("of %d cuts, %d were in the middle and %d at the end", len(cuts), unfinished, finished)
	}
}

// An interrupted restore is finished before another one begins.
func TestAnotherRestoreWaits(t *testing.T) {
	disk := vfs.NewMem()
	backedUp(t, disk)
	failing := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpRename && strings.HasSuffix(op.Path, ".restoring") {
			return errors.New("the power has failed")
		}
		return nil
	}))
	if _, err := pebblestore.Restore(t.Context(), "backups/a", "home/data", quiet(failing)); err == nil {
		t.Fatal("it did not fail")
	}
	if _, err := pebblestore.Restore(t.Context(), "backups/b", "home/data", quiet(disk)); sigil.CodeOf(err) != "restore_unfinished" {
		t.Errorf("another one: %v", err)
	}
	if _, err := pebblestore.Open("home/data", quiet(disk)); sigil.CodeOf(err) != "restore_unfinished" {
		t.Errorf("an open: %v", err)
	}
	done, err := pebblestore.Restore(t.Context(), "backups/a", "home/data", quiet(disk))
	if err != nil || !done.Finished || done.Replaced == "" {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestPutBack(t *testing.T) {
	open := func(t *testing.T, dir string) store.Store {
		t.Helper()
		s, err := pebblestore.Open(dir+"/store", quiet(vfs.Default))
		must(t, err)
		return s
	}
	storetest.RunPutBack(t, open, func(t *testing.T, from, to string) {
		_, err := pebblestore.Backup(t.Context(), from+"/store", from+"/backup", quiet(vfs.Default))
		must(t, err)
		_, err = pebblestore.Restore(t.Context(), from+"/backup", to+"/store", quiet(vfs.Default))
		must(t, err)
	})
}
