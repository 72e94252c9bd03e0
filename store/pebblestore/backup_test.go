package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// A backup that is made while callers change the store restores to a store that is sound and has everything that was
// acknowledged before.
func TestBackupOfAStoreInUse(t *testing.T) {
	disk := vfs.NewMem()
	s, err := pebblestore.Open("home/data", keeping(disk))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, s)
	rec := newRecorder()
	rec.Store = s
	sc := newScript(1, func(err error) { t.Error(err) })
	sc.continueOn(rec)
	for n := range 4 {
		sc.run(t.Context(), 100)
		var load sync.WaitGroup
		load.Go(func() { sc.run(t.Context(), 100) })
		acked := rec.acknowledged()
		name := fmt.Sprint("backups/", n)
		b, err := s.Backup(t.Context(), name)
		load.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if b.Store != s.Info().ID || b.Position == 0 || len(b.Files) < 4 {
			t.Errorf("the backup is %+v", b)
		}
		sound(t, disk, name)
		data := fmt.Sprint("home/restored", n)
		done, err := pebblestore.Restore(t.Context(), name, data, quiet(disk))
		if err != nil || done.Replaced != "" {
			t.Fatal(done, err)
		}
		restored, err := pebblestore.Open(data, keeping(disk))
		if err != nil {
			t.Fatal(err)
		}
		if err := rec.check(restored, acked); err != nil {
			t.Errorf("backup %d: %v", n, err)
		}
		closing(t, restored)
	}
	all, err := pebblestore.Backups("backups", quiet(disk))
	if err != nil || len(all) != 4 || all[0].Name != "3" || all[3].Name != "0" {
		t.Errorf("there are %v, %v", all, err)
	}
	if names, err := disk.List("home/data"); err != nil || strings.Contains(fmt.Sprint(names), "checkpoint") {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// sound fails the test unless a backup is as it was made.
func sound(t *testing.T, fsys vfs.FS, dir string) {
	t.Helper()
	for _, full := range []bool{false, true} {
		if _, c, err := pebblestore.VerifyBackup(t.Context(), dir, full, quiet(fsys)); err != nil || c.Wrong > 0 {
			t.Errorf("%s, full %v: %v, %v", dir, full, c.Problems, err)
		}
	}
}

func closing(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// A recall is not written before it is answered. A backup has it all the same.
func TestABackupHasRecalls(t *testing.T) {
	disk := vfs.NewMem()
	s, err := pebblestore.Open("data", quiet(disk))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, s)
	e := engine.New(s, nil)
	m, err := e.Encode(t.Context(), "public", sigil.Draft{Data: []byte(`1`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Recall(t.Context(), m.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(t.Context(), "backups/a"); err != nil {
		t.Fatal(err)
	}
	visits := 0
	err = pebblestore.Export("backups/a", quiet(disk), func(m sigil.Memory, _ store.Vector) error {
		visits++
		if m.AccessCount != 1 {
			t.Errorf("it was recalled %d times", m.AccessCount)
		}
		return nil
	})
	if err != nil || visits != 1 {
		t.Errorf("%d memories, %v", visits, err)
	}
}

// filled returns a store of a few tables in home/data, open.
func filled(t *testing.T, fsys vfs.FS) (*pebblestore.Store, *script) {
	t.Helper()
	s, err := pebblestore.Open("home/data", quiet(fsys))
	if err != nil {
		t.Fatal(err)
	}
	sc := newScript(1, func(err error) { t.Error(err) })
	sc.continueOn(s)
	sc.run(t.Context(), 200)
	return s, sc
}

// On another disk, files cannot be linked from the store. A backup there links the tables that the one before it has.
func TestABackupOnAnotherDiskSharesTables(t *testing.T) {
	home := t.TempDir()
	var copied []string
	var mu sync.Mutex
	fsys := errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case op.Kind == errorfs.OpLink && strings.Contains(op.Path, "checkpoint.tmp"): // a checkpoint links from the data folder
			return &os.LinkError{Op: "link", Old: op.Path, Err: syscall.EXDEV}
		case op.Kind == errorfs.OpCreate && strings.Contains(op.Path, "backups") && strings.HasSuffix(op.Path, ".sst"):
			copied = append(copied, filepath.Base(op.Path))
		}
		return nil
	}))
	data := filepath.Join(home, "data")
	s, err := pebblestore.Open(data, quiet(fsys))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, s)
	sc := newScript(1, func(err error) { t.Error(err) })
	sc.continueOn(s)
	sc.run(t.Context(), 400)
	first, second := filepath.Join(home, "backups", "1"), filepath.Join(home, "backups", "2")
	if _, err := s.Backup(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	b, err := s.Backup(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, fsys, second)
	shared := 0
	for _, f := range b.Files {
		one, err1 := os.Stat(filepath.Join(first, f.Name))
		two, err2 := os.Stat(filepath.Join(second, f.Name))
		if err1 == nil && err2 == nil && os.SameFile(one, two) {
			shared++
		}
	}
	if shared == 0 {
		t.Errorf("the second backup shares none of its %d files with the first; copied: %v", len(b.Files), copied)
	}
	// What they share is not lost with the older one.
	if removed, err := pebblestore.PruneBackups(filepath.Join(home, "backups"), s.Info().ID, 1, quiet(fsys)); err != nil || len(removed) != 1 {
		t.Fatal(removed, err)
	}
	sound(t, fsys, second)
}

// Whatever byte of a backup has changed, its file is named, and nothing is restored.
func TestAFlippedByteIsFound(t *testing.T) {
	disk := vfs.NewMem()
	s, _ := filled(t, disk)
	b, err := s.Backup(t.Context(), "backups/a")
	if err != nil {
		t.Fatal(err)
	}
	closing(t, s)
	names := []string{"backup.json"}
	for _, f := range b.Files {
		names = append(names, f.Name)
	}
	for _, name := range names {
		path := "backups/a/" + name
		was := content(t, disk, path)
		if len(was) == 0 {
			continue
		}
		for _, at := range []int{0, len(was) / 2, len(was) - 1} {
			flipped := []byte(string(was))
			flipped[at] ^= 1
			overwrite(t, disk, path, flipped)
			_, c, err := pebblestore.VerifyBackup(t.Context(), "backups/a", false, quiet(disk))
			if said := fmt.Sprint(c.Problems, err); err == nil && c.Wrong == 0 || !strings.Contains(said, filepath.Base(name)) {
				t.Errorf("byte %d of %s: %s", at, name, said)
			}
			if _, err := pebblestore.Restore(t.Context(), "backups/a", "home/data", quiet(disk)); err == nil {
				t.Fatalf("byte %d of %s: it was restored", at, name)
			}
		}
		overwrite(t, disk, path, was)
	}
	if names, err := disk.List("home"); err != nil || len(names) != 1 {
		t.Errorf("beside the store: %v, %v", names, err)
	}
	overwrite(t, disk, "backups/a/pebble/000999.sst", []byte("more"))
	if _, c, _ := pebblestore.VerifyBackup(t.Context(), "backups/a", false, quiet(disk)); c.Wrong != 1 {
		t.Errorf("a file too many: %v", c.Problems)
	}
	must(t, disk.Remove("backups/a/pebble/000999.sst"))
	must(t, disk.Remove("backups/a/"+b.Files[0].Name))
	if _, c, _ := pebblestore.VerifyBackup(t.Context(), "backups/a", false, quiet(disk)); c.Wrong != 1 {
		t.Errorf("a file too few: %v", c.Problems)
	}
}

func content(t *testing.T, fsys vfs.FS, path string) []byte {
	t.Helper()
	f, err := fsys.Open(path)
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, errors.Join(err, f.Close()))
	return b
}

func overwrite(t *testing.T, fsys vfs.FS, path string, b []byte) {
	t.Helper()
	f, err := fsys.Create(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(b)
	must(t, errors.Join(err, f.Sync(), f.Close()))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// After a power cut at any time, a backup is either there and sound, or not there, and the next one removes what is left of it.
func TestPowerCutWhileBackingUp(t *testing.T) {
	disk := vfs.NewCrashableMem()
	var cuts []*vfs.MemFS
	armed := false
	var mu sync.Mutex
	fsys := errorfs.Wrap(linkedApart{disk, &mu}, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if _, writes := kindOf(op); writes && armed {
			cuts = append(cuts, disk.CrashClone(vfs.CrashCloneCfg{}))
		}
		return nil
	}))
	s, _ := filled(t, fsys)
	defer closing(t, s)
	if _, err := s.Backup(t.Context(), "backups/old"); err != nil {
		t.Fatal(err)
	}
	arm := func(on bool) { mu.Lock(); defer mu.Unlock(); armed = on }
	arm(true)
	if _, err := s.Backup(t.Context(), "backups/new"); err != nil {
		t.Fatal(err)
	}
	if _, err := pebblestore.PruneBackups("backups", s.Info().ID, 1, quiet(fsys)); err != nil {
		t.Fatal(err)
	}
	arm(false)
	for n, cut := range cuts {
		if n%7 != 0 && !exhaustive() {
			continue
		}
		listed, err := pebblestore.Backups("backups", quiet(cut))
		if err != nil || len(listed) == 0 {
			t.Fatalf("cut %d: %v, %v", n, listed, err)
		}
		for _, b := range listed {
			if b.Problem != "" {
				t.Errorf("cut %d: %v", n, b.Problem)
			} else {
				sound(t, cut, "backups/"+b.Name)
			}
		}
		if _, err := pebblestore.Backup(t.Context(), "home/data", "backups/next", quiet(cut)); err != nil {
			t.Fatalf("cut %d: %v", n, err)
		}
		names, err := cut.List("backups")
		if err != nil || len(names) != len(listed)+1 {
			t.Errorf("cut %d: after the next one there are %v, %v", n, names, err)
		}
	}
	t.Logf("%d cuts", len(cuts))
}

// Whichever operation fails, no backup is there, nothing is left of it, and the store goes on.
func TestABackupThatFailsLeavesNothing(t *testing.T) {
	disk := vfs.NewMem()
	var count, failing int
	var mu sync.Mutex
	fsys := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if _, writes := kindOf(op); !writes || !strings.Contains(op.Path, "backups") || op.Kind == errorfs.OpRemoveAll || op.Kind == errorfs.OpLink {
			return nil
		}
		if count++; count == failing {
			return syscall.ENOSPC
		}
		return nil
	}))
	s, sc := filled(t, fsys)
	defer closing(t, s)
	for n := 1; ; n++ {
		mu.Lock()
		count, failing = 0, n
		mu.Unlock()
		_, err := s.Backup(t.Context(), "backups/a")
		mu.Lock()
		over := count < failing
		mu.Unlock()
		if over {
			if err != nil {
				t.Error(err)
			}
			t.Logf("%d operations", n-1)
			break
		}
		if listed, _ := pebblestore.Backups("backups", quiet(disk)); err == nil && len(listed) == 0 || err != nil && len(listed) > 1 {
			t.Errorf("operation %d: %v; there are %v", n, err, listed)
		} else if len(listed) == 1 { // only the sync after the renaming has failed
			sound(t, disk, "backups/a")
			must(t, disk.RemoveAll("backups/a"))
		} else if sigil.CodeOf(err) != "disk_full" {
			t.Errorf("operation %d: %v", n, err)
		}
	}
	sc.run(t.Context(), 20)
	sound(t, disk, "backups/a")
}

// Close ends a backup. It does not wait until all is copied.
func TestCloseEndsABackup(t *testing.T) {
	disk := vfs.NewMem()
	entered, letGo := make(chan struct{}), make(chan struct{})
	var once sync.Once
	fsys := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpMkdirAll && strings.Contains(op.Path, "backups") {
			once.Do(func() { close(entered); <-letGo })
		}
		return nil
	}))
	s, _ := filled(t, fsys)
	made := make(chan error, 1)
	go func() {
		_, err := s.Backup(context.Background(), "backups/a")
		made <- err
	}()
	<-entered
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	for !s.Closing() {
		runtime.Gosched()
	}
	close(letGo)
	if err := <-made; !errors.Is(err, sigil.ErrClosed) {
		t.Errorf("Backup returned %v", err)
	}
	must(t, <-closed)
	if names, _ := disk.List("backups"); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
	if _, err := s.Backup(t.Context(), "backups/b"); !errors.Is(err, sigil.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// The oldest backups of a store are removed, but none of another store, and none that cannot be read.
func TestPruneBackups(t *testing.T) {
	disk := vfs.NewMem()
	s, _ := filled(t, disk)
	defer closing(t, s)
	other, err := pebblestore.Open("home/other", quiet(disk))
	must(t, err)
	defer closing(t, other)
	for _, name := range []string{"1", "2", "3", "broken"} {
		if _, err := s.Backup(t.Context(), "backups/"+name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := other.Backup(t.Context(), "backups/other"); err != nil {
		t.Fatal(err)
	}
	overwrite(t, disk, "backups/broken/backup.json", []byte("{"))
	removed, err := pebblestore.PruneBackups("backups", s.Info().ID, 2, quiet(disk))
	if err != nil || fmt.Sprint(removed) != "[1]" {
		t.Errorf("removed %v, %v", removed, err)
	}
	listed, err := pebblestore.Backups("backups", quiet(disk))
	var names []string
	for _, b := range listed {
		names = append(names, b.Name)
	}
	if fmt.Sprint(names) != "[other 3 2 broken]" || err != nil {
		t.Errorf("left are %v, %v", names, err)
	}
	if _, err := s.Backup(t.Context(), "backups/3"); sigil.CodeOf(err) != "backup_exists" {
		t.Errorf("a name that is taken: %v", err)
	}
}

// linkedApart is a file system that links no file while another goroutine holds mu: a link and a clone of a whole MemFS may not
// overlap.
type linkedApart struct {
	vfs.FS
	mu *sync.Mutex
}

func (f linkedApart) Link(oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.FS.Link(oldname, newname)
}
