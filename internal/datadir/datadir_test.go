package datadir_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sigil-dna/sigil/internal/datadir"
)

func TestHandOverIsReadAsItWasWritten(t *testing.T) {
	folder := t.TempDir()
	var got datadir.HandOver
	if err := datadir.Read(folder, datadir.HandOverFile, &got); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before the first: %v", err)
	}
	want := datadir.HandOver{From: 1, To: 2, Addr: "127.0.0.1:7433", Pause: 0.5, Error: "no", Detached: true}
	for range 2 { // the second replaces the first
		if err := want.Write(folder); err != nil {
			t.Fatal(err)
		}
	}
	if err := datadir.Read(folder, datadir.HandOverFile, &got); err != nil || got.At == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if got.At = ""; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if names, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(names) != 1 {
		t.Errorf("the folder has %q, %v", names, err)
	}
}

func TestDefault(t *testing.T) {
	for _, tt := range []struct{ xdg, home, want string }{
		{"/x", "/h", "/x/sigil"},
		{"x", "/h", "/h/.local/share/sigil"},
		{"", "/h", "/h/.local/share/sigil"},
		{"", "", ""},
	} {
		env := map[string]string{"XDG_DATA_HOME": tt.xdg, "HOME": tt.home}
		if got := datadir.Default(func(name string) string { return env[name] }); got != filepath.FromSlash(tt.want) {
			t.Errorf("%+v: got %q", tt, got)
		}
	}
}
