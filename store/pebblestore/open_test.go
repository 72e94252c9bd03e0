package pebblestore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

func TestASecondOpenNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := pebblestore.Open(dir, nil)
	if !errors.Is(err, sigil.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d ", os.Getpid())) {
		t.Fatalf("second open: %v; want ErrLocked naming process %d", err, os.Getpid())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "holder.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the holder's file is still there after Close: %v", err)
	}
	open(t, dir) // free again
}

func TestAnotherFormatIsRefusedByName(t *testing.T) {
	for _, other := range []string{"1", "8"} {
		t.Run(other, func(t *testing.T) { refuseFormat(t, other) })
	}
}

func refuseFormat(t *testing.T, other string) {
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sigil.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(b), `"format":7`, `"format":`+other, 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = pebblestore.Open(dir, nil)
	if !errors.Is(err, sigil.ErrFormat) || !strings.Contains(err.Error(), "format "+other) {
		t.Fatalf("open of format %s: %v; want ErrFormat naming it", other, err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir) // the refusal held nothing and changed nothing
}

func TestAFolderThatIsNoStoreIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pebblestore.Open(dir, nil); err == nil || !strings.Contains(err.Error(), "thesis.txt") {
		t.Fatalf("open of somebody's folder: %v; want a refusal that names what is in it", err)
	}
}

func TestADamagedInfoIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sigil.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pebblestore.Open(dir, nil); err == nil || !strings.Contains(err.Error(), "sigil.json") {
		t.Fatalf("open with a damaged sigil.json: %v; want an error that names the file", err)
	}
}
