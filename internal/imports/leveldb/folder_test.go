package leveldb_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/imports/leveldb"
)

// read returns what a folder has, one record a line, as make.mjs prints it.
func read(dir string) (lines []string, cut string, err error) {
	cut, err = leveldb.Read(dir, func(key, value []byte) error {
		name, err := json.Marshal(string(key))
		lines = append(lines, `{"key":`+string(name)+`,"value":`+string(value)+`}`)
		return err
	})
	return lines, cut, err
}

// want returns what the library itself read in a folder.
func want(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

func same(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }

// copied returns a copy of a folder.
func copied(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRead: folders made by npm's level have what level itself read in them, and are not changed.
func TestRead(t *testing.T) {
	for _, tt := range []struct{ folder, want string }{{"logonly", "logonly"}, {"tables", "tables"}, {"plain", "tables"}} {
		t.Run(tt.folder, func(t *testing.T) {
			dir := copied(t, tt.folder)
			if !leveldb.Is(dir) || leveldb.Is(filepath.Dir(dir)) {
				t.Error("not recognized")
			}
			got, cut, err := read(dir)
			if err != nil || cut != "" || !same(got, want(t, tt.want)) {
				t.Errorf("%d records, cut %q, %v; want %d", len(got), cut, err, len(want(t, tt.want)))
			}
			files, err := os.ReadDir(filepath.Join("testdata", tt.folder))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				before, err1 := os.ReadFile(filepath.Join("testdata", tt.folder, f.Name()))
				after, err2 := os.ReadFile(filepath.Join(dir, f.Name()))
				if err := errors.Join(err1, err2); err != nil || !bytes.Equal(before, after) {
					t.Errorf("%s has changed: %v", f.Name(), err)
				}
			}
		})
	}
}

// TestDamage: a byte that is flipped anywhere, or a file that is gone, is an error that names the file, or changes nothing of what is
// read. No record is left out in silence.
func TestDamage(t *testing.T) {
	right := want(t, "tables")
	unread := 0 // bytes that no reader needs: the filters of tables
	dir := copied(t, "tables")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		step := max(1, len(sound)/40)
		for at := 0; at < len(sound); at += step {
			damaged := bytes.Clone(sound)
			damaged[at] ^= 0x40
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			got, cut, err := read(dir)
			switch {
			case err != nil && (strings.Contains(err.Error(), f.Name()) || f.Name() == "CURRENT"):
			case err == nil && same(got, right) && strings.HasSuffix(f.Name(), ".ldb"):
				unread++
			case err == nil && cut == f.Name(): // it looks like the end of a log that was cut off by a crash, and is reported
			default:
				t.Errorf("%s, byte %d: %d records, cut %q, %v", f.Name(), at, len(got), cut, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if got, _, err := read(dir); err == nil && f.Name() != "LOCK" && !strings.HasSuffix(f.Name(), ".log") {
			t.Errorf("without %s: %d records", f.Name(), len(got))
		}
		if err := os.WriteFile(path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if unread > 20 {
		t.Errorf("%d flips of bytes of tables were not noticed", unread)
	}
}

// TestCut: a log that a crash has cut off has what was written before, and is reported, as long as it is the last.
func TestCut(t *testing.T) {
	dir := copied(t, "logonly")
	path := filepath.Join(dir, "000003.log")
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, sound[:len(sound)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	got, cut, err := read(dir)
	all := want(t, "logonly")
	if err != nil || cut != "000003.log" || len(got) != len(all)-1 {
		t.Errorf("%d records of %d, cut %q, %v", len(got), len(all), cut, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "000004.log"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(dir); err == nil || !strings.Contains(err.Error(), "000003.log: ends within a record") {
		t.Errorf("before another log: %v", err)
	}
}

// TestInUse: a folder that another process has open, as Node's level locks it, is refused, and not afterwards.
func TestInUse(t *testing.T) {
	dir := copied(t, "logonly")
	const hold = `import fcntl, sys
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("held", flush=True)
sys.stdin.read()`
	other := exec.CommandContext(t.Context(), "python3", "-c", hold, filepath.Join(dir, "LOCK"))
	in, err1 := other.StdinPipe()
	out, err2 := other.StdoutPipe()
	if err := errors.Join(err1, err2, other.Start()); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, _, err := read(dir); !errors.Is(err, leveldb.ErrInUse) {
		t.Errorf("while it is open: %v", err)
	}
	if err := errors.Join(in.Close(), other.Wait()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(dir); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// FuzzRead reads folders with one file that is anything.
func FuzzRead(f *testing.F) {
	files := map[byte]string{0: "000003.log", 1: "MANIFEST-000002", 2: "CURRENT"}
	for n, name := range files {
		b, err := os.ReadFile(filepath.Join("testdata/logonly", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(n, b[:min(len(b), 4<<10)])
	}
	b, err := os.ReadFile("testdata/tables/000014.ldb")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(3), b)
	f.Fuzz(func(t *testing.T, which byte, content []byte) {
		dir := copied(t, "logonly")
		name := files[which%4]
		if name == "" {
			dir, name = copied(t, "tables"), "000014.ldb"
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, _ = read(dir) // must not panic
	})
}
