package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/datadir"
)

// TestDoctorOfFolder examines data folders that each have something wrong. The daemon of each is there.
func TestDoctorOfFolder(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("this system does not show which files a process has open")
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	hold := func(t *testing.T, dir string, pid int, host string) {
		text, err := json.Marshal(datadir.Holder{PID: pid, Host: host, Command: "sigil serve", Since: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "holder.json", string(text))
	}
	lock := func(t *testing.T, dir string) {
		f, err := os.Create(filepath.Join(dir, "sigil.lock"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
	}
	for _, tt := range []struct {
		name          string
		spoil         func(t *testing.T, dir string)
		check, result string
		words         string
		exit          int
	}{
		{"held", func(t *testing.T, dir string) { lock(t, dir); hold(t, dir, os.Getpid(), host) }, "lock", "ok", "(sigil serve) has the folder open", 0},
		{"killed", func(t *testing.T, dir string) { hold(t, dir, 1<<30, host) }, "lock", "warning", "ended without closing it", 0},
		{"its number has another", func(t *testing.T, dir string) { hold(t, dir, os.Getpid(), host) }, "lock", "warning", "ended without closing it", 0},
		{"another machine", func(t *testing.T, dir string) { hold(t, dir, 1, "elsewhere") }, "lock", "warning", "process 1 on elsewhere", 0},
		{"damaged holder", func(t *testing.T, dir string) { write(t, dir, "holder.json", "{") }, "lock", "warning", "cannot be read", 0},
		{"stale address", func(t *testing.T, dir string) { write(t, dir, "daemon.addr", "127.0.0.1:1\n") }, "files", "warning", "daemon.addr is left", 0},
		{"unfinished", func(t *testing.T, dir string) { write(t, dir, "sigil.json.tmp", "") }, "files", "warning", "sigil.json.tmp", 0},
		{"failed hand-over", func(t *testing.T, dir string) {
			if err := (datadir.HandOver{From: 1, Error: "it did not start"}).Write(dir); err != nil {
				t.Fatal(err)
			}
		}, "files", "warning", "it did not start", 0},
		{"damaged identity", func(t *testing.T, dir string) { write(t, dir, "sigil.json", "{") }, "data", "problem", "no longer identifies", 1},
		{"another store", func(t *testing.T, dir string) {
			write(t, dir, "sigil.json", `{"format":6,"id":"01890a5d-ac96-774b-bcce-b302099a8057"}`)
		}, "data", "warning", "not that of the daemon", 0},
		{"no store", func(t *testing.T, dir string) {
			write(t, dir, "notes.txt", "")
			if err := os.Remove(filepath.Join(dir, "sigil.json")); err != nil {
				t.Fatal(err)
			}
		}, "data", "warning", "has no store", 0},
		{"new", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "sigil.json")); err != nil {
				t.Fatal(err)
			}
		}, "data", "ok", "is empty", 0},
		{"open to others", func(t *testing.T, dir string) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "owner", "warning", "chmod 700", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, _ := healthy()
			c := newCommand(t, o, nil)
			dir := folder(t, c)
			tt.spoil(t, dir)
			code, f := c.examine("--data", dir)
			f.has(t, tt.check, tt.result, tt.words)
			if code != tt.exit && f["disk"].Result != "problem" {
				t.Errorf("exit %d, want %d: %v", code, tt.exit, f)
			}
		})
	}
}

// TestDoctorFindsTheDaemon has the address in the data folder only, and a daemon on another address than the named one.
func TestDoctorFindsTheDaemon(t *testing.T) {
	o, _ := healthy()
	c := newCommand(t, o, nil)
	dir := folder(t, c)
	write(t, dir, "daemon.addr", c.env["SIGIL_ADDR"]+"\n")
	delete(c.env, "SIGIL_ADDR")
	_, f := c.examine("--data", dir)
	f.has(t, "daemon", "ok", "daemon.addr")
	f.has(t, "data", "ok", "has the store")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(datadir.Holder{PID: os.Getpid(), Host: host})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "holder.json", string(text))
	lock, err := os.Create(filepath.Join(dir, "sigil.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	code, f := c.examine("--data", dir, "--addr", "127.0.0.1:1")
	f.has(t, "daemon", "problem", "name it with --addr")
	if code != 4 {
		t.Errorf("exit %d", code)
	}
	if err := os.Remove(filepath.Join(dir, "daemon.addr")); err != nil {
		t.Fatal(err)
	}
	_, f = c.examine("--data", dir, "--addr", "127.0.0.1:1")
	f.has(t, "daemon", "problem", "wait if it is starting")
}
