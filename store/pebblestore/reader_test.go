package pebblestore_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// tree returns all names in dir with their modes and contents.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var content []byte
		if info.Mode().IsRegular() {
			if content, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&all, "%s %v %d %x\n", path, info.Mode(), len(content), sha256.Sum256(content))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// Reading a store leaves its folder unchanged, even with an older format or after a crash.
func TestReadingChangesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 3 {
		if _, err := engine.New(s, nil).Encode(t.Context(), "public", sigil.Draft{Data: fmt.Append(nil, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The store is like one of format 2, without the checksum, and like one after a crash.
	info := fmt.Sprintf(`{"format":2,"id":%q,"createdAt":%q}`, s.Info().ID, s.Info().CreatedAt.Format(time.RFC3339Nano))
	for name, text := range map[string]string{"sigil.json": info, "holder.json": `{"pid":1,"host":"elsewhere"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, dir)
	visit := func(sigil.Memory, store.Vector) error { return nil }
	for name, read := range map[string]func() error{
		"check":   func() error { _, err := pebblestore.Check(dir, nil); return err },
		"export":  func() error { return pebblestore.Export(dir, nil, visit) },
		"salvage": func() error { _, err := pebblestore.Salvage(dir, nil, visit); return err },
		"reader": func() error {
			r, err := pebblestore.OpenReadOnly(dir, nil)
			if err != nil {
				return err
			}
			if _, err := pebblestore.Open(dir, nil); !errors.Is(err, sigil.ErrLocked) {
				t.Errorf("opened for writing meanwhile: %v, want ErrLocked", err)
			}
			found, _, err := r.List(t.Context(), store.Query{Tenant: "public", Now: time.Now(), Limit: 10})
			if len(found) != 3 || r.Info().Format != 2 {
				t.Errorf("%d memories, format %d; want 3 and 2", len(found), r.Info().Format)
			}
			return errors.Join(err, r.Close(), r.Close())
		},
	} {
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if after := tree(t, dir); after != before {
			t.Errorf("%s changed the folder:\n%s\nbefore:\n%s", name, after, before)
		}
	}
}

// DiskUsage is what du prints.
func TestDiskUsageIsThatOfDu(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := engine.New(s, nil).Encode(t.Context(), "public", sigil.Draft{Data: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("du", "-s", "--block-size=1", dir).Output()
	if err != nil {
		t.Skip("no du that counts bytes here: ", err)
	}
	size, _, _ := strings.Cut(string(out), "\t")
	want, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.DiskUsage(); got != want {
		t.Errorf("%d bytes, du says %d", got, want)
	}
}
