package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// begin makes the scratch folder.
func (b *bench) begin() (err error) {
	if b.sigil, err = filepath.Abs(b.sigil); err != nil {
		return err
	}
	if b.scratch, err = os.MkdirTemp("", "sigil-bench"); err != nil {
		return err
	}
	var fs syscall.Statfs_t
	const inMemory = 0x01021994 // tmpfs
	if err := syscall.Statfs(b.scratch, &fs); err == nil && fs.Type == inMemory && !b.lenient {
		return errors.Join(fmt.Errorf("%s is in memory, where nothing is durable: set TMPDIR to a folder on a disk", b.scratch), b.end())
	}
	return nil
}

func (b *bench) end() error { return os.RemoveAll(b.scratch) }

// machine returns a description of the machine and the versions measured.
func (b *bench) machine() (string, error) {
	syncs, err := b.syncs()
	if err != nil {
		return "", err
	}
	sqlite, _, _ := sqlite3.Version()
	rows := table{
		{"", ""},
		{"date", time.Now().UTC().Format(time.DateOnly)},
		{"Sigil", firstLine(b.sigil, "version")},
		{"processors", fmt.Sprintf("%d, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)},
		{"Go", runtime.Version()},
		{"file system", fmt.Sprintf("%s synced writes of 4 KiB per second, one at a time", number(syncs))},
		{"Pebble", module("github.com/cockroachdb/pebble/v2")},
		{"SQLite", sqlite + ", go-sqlite3 " + module("github.com/mattn/go-sqlite3")},
		{"bleve", module("github.com/blevesearch/bleve/v2")},
		{"Redis", firstLine("redis-server", "--version") + "; go-redis " + module("github.com/redis/go-redis/v9")},
		{"PostgreSQL", postgresVersion() + "; pgx " + module("github.com/jackc/pgx/v5")},
		{"Node.js", firstLine("node", "--version")},
		{"wrk", firstLine("wrk", "-v")},
	}
	return rows.String(), nil
}

// syncs returns how many writes per second the file system makes durable, into a file of fixed length.
func (b *bench) syncs() (float64, error) {
	f, err := os.CreateTemp(b.scratch, "sync")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(f.Name()) }() // end removes the folder anyway
	defer func() { _ = f.Close() }()           // its contents are not needed
	block := make([]byte, 4<<10)
	const blocks = 1024
	for range blocks {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	n, begin := 0, time.Now()
	for ; time.Since(begin) < b.span; n++ {
		if _, err := f.WriteAt(block, int64(n%blocks*len(block))); err != nil {
			return 0, err
		}
		if err := datasync(f); err != nil {
			return 0, err
		}
	}
	return perSecond(n, time.Since(begin)).rate, nil
}

func datasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// firstLine returns the first line of a program's output. An error is ignored: wrk prints its version and fails.
func firstLine(program string, args ...string) string {
	out, _ := exec.Command(program, args...).CombinedOutput() //nolint:gosec,noctx // ends at once
	line, _, _ := strings.Cut(string(out), "\n")
	line, _, _ = strings.Cut(line, " sha=") // Redis appends build details
	line, _, _ = strings.Cut(line, " [")    // and so does wrk
	if line == "" {
		return "not installed"
	}
	return strings.TrimSpace(line)
}

func module(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}

func postgresInstalled() bool {
	_, err := pgtest.Binaries()
	return err == nil
}

func postgresVersion() string {
	bin, err := pgtest.Binaries()
	if err != nil {
		return "not installed"
	}
	return firstLine(filepath.Join(bin, "postgres"), "--version")
}

// missing returns an error that names the programs that a whole run needs and that are not installed.
func (b *bench) missing() error {
	var names []string
	for _, name := range []string{b.sigil, "wrk", "redis-server", "postgres", "node"} {
		if !b.has(name) {
			names = append(names, name)
		}
	}
	if names == nil || b.lenient {
		return nil
	}
	return errors.New("not installed: " + strings.Join(names, ", "))
}
