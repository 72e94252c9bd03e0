package pebblestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// sample is a closed store on disk, its content, and its earlier content.
type sample struct {
	disk   *vfs.MemFS           // the store is in folder home
	kept   map[sigil.Key]string // data
	gone   map[sigil.Key]bool
	newest string // log
}

// newSample returns a store with tables of several levels and a log that has not been flushed to any table.
func newSample(t *testing.T) *sample {
	t.Helper()
	sm := &sample{disk: vfs.NewMem(), kept: map[sigil.Key]string{}, gone: map[sigil.Key]bool{}}
	ctx := context.Background()
	for round := range 3 {
		s, err := pebblestore.Open(home, quiet(sm.disk))
		if err != nil {
			t.Fatal(err)
		}
		e := engine.New(s, &engine.Options{Settings: engine.Settings{Policy: halflife(t)}})
		for i := range 80 {
			data := fmt.Sprintf(`{"round":%d,"i":%d,"text":"%s"}`, round, i, strings.Repeat(fmt.Sprint(i), 200))
			m, err := e.Encode(ctx, owners[i%len(owners)], sigil.Draft{Data: []byte(data), IdempotencyKey: fmt.Sprint(round, " ", i)})
			if err != nil {
				t.Fatal(err)
			}
			if sm.kept[m.Key] = data; i%4 == 0 {
				if err := e.Forget(ctx, m.Key); err != nil {
					t.Fatal(err)
				}
				delete(sm.kept, m.Key)
				sm.gone[m.Key] = true
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for file := range files(t, sm.disk) {
		if strings.HasSuffix(file, ".log") {
			sm.newest = max(sm.newest, file)
		}
	}
	return sm
}

func halflife(t *testing.T) sigil.Policy {
	t.Helper()
	p, err := sigil.NewHalfLife(1e15, sigil.DefaultThreshold)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// home is the folder of a sample.
const home = "home"

// files returns the bytes of all files of a sample by path, except for lock files.
func files(t *testing.T, disk vfs.FS) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, dir := range []string{home, home + "/pebble"} {
		names, err := disk.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if name == "pebble" || name == "sigil.lock" || name == "LOCK" {
				continue
			}
			f, err := disk.Open(dir + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(f)
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
			found[dir+"/"+name] = string(b)
		}
	}
	return found
}

// written returns how much of a file is not the zeros that a log is filled with ahead.
func written(text string) int { return len(strings.TrimRight(text, "\x00")) }

// diskOf returns a file system that holds these files.
func diskOf(t *testing.T, files map[string]string) *vfs.MemFS {
	t.Helper()
	disk := vfs.NewMem()
	for _, dir := range []string{home, home + "/pebble"} {
		if err := disk.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for path, text := range files {
		f, err := disk.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Write([]byte(text))
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return disk
}

// harm is one kind of damage to a file.
type harm struct {
	name string
	do   func(b []byte) []byte // nil: the file is gone
}

// harms are the kinds of damage to a file that contains something up to size.
func harms(file string, size int) []harm {
	all := []harm{
		{"gone", func([]byte) []byte { return nil }},
		{"empty", func([]byte) []byte { return []byte{} }},
		{"cut to half", func(b []byte) []byte { return b[:size/2] }},
		{"a byte short", func(b []byte) []byte { return b[:max(0, size-1)] }},
	}
	flips := 8
	if strings.HasSuffix(file, "sigil.json") {
		if flips = 24; exhaustive() {
			flips = size
		}
	}
	for i := range min(flips, size) {
		at := i * size / min(flips, size)
		all = append(all, harm{fmt.Sprintf("bit flipped at %d of %d", at, size), func(b []byte) []byte {
			b = bytes.Clone(b)
			b[at] ^= 0x10
			return b
		}})
	}
	return all
}

// Whatever damage is done to whichever file, the store either opens and returns nothing wrong, or is refused with an
// error that names the damage and is left unchanged. What is intact can be salvaged.
func TestDamage(t *testing.T) {
	notUnderRace(t)
	sm := newSample(t)
	healthy := files(t, sm.disk)
	opened, refused := map[string]int{}, map[string]int{}
	for _, file := range slices.Sorted(maps.Keys(healthy)) {
		for _, h := range harms(file, written(healthy[file])) {
			name := file + " " + h.name
			before := maps.Clone(healthy)
			delete(before, file)
			if b := h.do([]byte(healthy[file])); b != nil {
				before[file] = string(b)
			}
			disk := diskOf(t, before)
			kind := strings.TrimRight(path.Ext(file), "0123456789.") + " " + strings.SplitN(path.Base(file), "-", 2)[0]
			sm.salvage(t, name, disk, file)
			if !maps.Equal(before, files(t, disk)) {
				t.Errorf("%s: the salvage changed the store", name)
			}
			s, err := pebblestore.Open(home, quiet(disk))
			if err != nil {
				refused[kind]++
				var known *sigil.Error
				if !errors.As(err, &known) || known.Code != "store_damaged" && known.Code != "store_format" || !strings.Contains(err.Error(), home) {
					t.Errorf("%s: refused with %v", name, err)
				}
				if !maps.Equal(before, files(t, disk)) {
					t.Errorf("%s: refused with %v, but not left as it was", name, err)
				}
				continue
			}
			opened[kind]++
			sm.look(t, name, s, file == sm.newest)
			if err := s.Close(); err != nil {
				t.Errorf("%s: Close: %v", name, err)
			}
		}
	}
	t.Logf("opened: %v", opened)
	t.Logf("refused: %v", refused)
}

// look checks that an open store returns nothing wrong. If the end of the newest log is lost, the store may
// be in an earlier state.
func (sm *sample) look(t *testing.T, name string, s *pebblestore.Store, mayLose bool) {
	t.Helper()
	e := engine.New(s, nil)
	lost := 0
	for key, data := range sm.kept {
		switch m, err := e.Peek(context.Background(), key); {
		case err == nil && string(m.Data) != data:
			t.Errorf("%s: %s holds %s", name, key, m.Data)
		case errors.Is(err, sigil.ErrNotFound):
			lost++
		case err != nil && sigil.CodeOf(err) != "store_damaged":
			t.Errorf("%s: %s: %v", name, key, err)
		}
	}
	back := 0
	for key := range sm.gone {
		if _, err := e.Peek(context.Background(), key); err == nil {
			back++
		}
	}
	if lost+back > 0 && !mayLose {
		t.Errorf("%s: opened without a word, %d memories lost and %d back", name, lost, back)
	}
}

// salvage checks that everything salvaged is true, and that nothing is missing if the damaged file holds no memories.
func (sm *sample) salvage(t *testing.T, name string, disk vfs.FS, file string) {
	t.Helper()
	shown := 0
	report, err := pebblestore.Salvage(home, quiet(disk), func(m sigil.Memory, _ store.Vector) error {
		if data, ok := sm.kept[m.Key]; ok && string(m.Data) != data || !ok && !sm.gone[m.Key] {
			t.Errorf("%s: the salvage shows %s with %s", name, m.Key, m.Data)
		}
		shown++
		return nil
	})
	if err != nil && !errors.Is(err, sigil.ErrFormat) {
		t.Errorf("%s: salvage: %v", name, err)
	}
	if shown != report.Memories {
		t.Errorf("%s: the salvage has shown %d and says %d", name, shown, report.Memories)
	}
	if holds := strings.HasSuffix(file, ".sst") || strings.HasSuffix(file, ".log"); !holds && err == nil && shown != len(sm.kept) || shown == 0 && err == nil {
		t.Errorf("%s: the salvage shows %d of %d memories: %v", name, shown, len(sm.kept), report.Problems)
	}
}

// A store without damage is found to be sound, and exports its content.
func TestCheckAndExport(t *testing.T) {
	sm := newSample(t)
	before := files(t, sm.disk)
	c, err := pebblestore.Check(home, quiet(sm.disk))
	if err != nil || c.Wrong != 0 || c.Memories != len(sm.kept) || c.Events != 240+len(sm.gone) || c.Answers != 240 {
		t.Errorf("%+v, %v", c, err)
	}
	exported := 0
	err = pebblestore.Export(home, quiet(sm.disk), func(m sigil.Memory, _ store.Vector) error {
		exported++
		if sm.kept[m.Key] != string(m.Data) {
			t.Errorf("%s is exported as %s", m.Key, m.Data)
		}
		return nil
	})
	if err != nil || exported != len(sm.kept) {
		t.Errorf("exported %d of %d, %v", exported, len(sm.kept), err)
	}
	if !maps.Equal(before, files(t, sm.disk)) {
		t.Error("the store was changed")
	}

	s, err := pebblestore.Open(home, quiet(sm.disk))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, offline := range []func() error{
		func() error { _, err := pebblestore.Check(home, quiet(sm.disk)); return err },
		func() error { return pebblestore.Export(home, quiet(sm.disk), nil) },
		func() error { _, err := pebblestore.Salvage(home, quiet(sm.disk), nil); return err },
	} {
		if err := offline(); !errors.Is(err, sigil.ErrLocked) {
			t.Errorf("of a store that is open: %v", err)
		}
	}
	if _, err := s.Tenants(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := pebblestore.Check(t.TempDir(), nil); sigil.CodeOf(err) != "no_store" {
		t.Errorf("of an empty folder: %v", err)
	}
}
