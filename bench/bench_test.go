package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSections runs every section with tiny settings and the peers that are installed, and checks that it writes its
// tables and leaves nothing behind. No time is judged.
func TestSections(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "performance.md")
	text, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(docs, text, 0o600); err != nil {
		t.Fatal(err)
	}
	scratch := filepath.Join(dir, "scratch")
	if err := os.Mkdir(scratch, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", scratch)

	b := bench{rounds: 2, span: 5 * time.Millisecond, memories: 300, sigil: buildSigil(t), lenient: true}
	if err := run(t.Context(), &b, "", docs); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(docs); err != nil {
		t.Fatal(err)
	}
	for _, s := range sections() {
		_, block, _ := bytes.Cut(text, []byte("<!-- bench:"+s.name+" -->"))
		block, _, _ = bytes.Cut(block, []byte("<!-- /bench:"))
		if !bytes.Contains(block, []byte("| --- |")) || !bytes.Contains(block, []byte("MEMORIES=300.")) {
			t.Errorf("%s: got %s", s.name, block)
		}
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	// Processes that we started have been waited for. One that such a process left behind is no longer a descendant of
	// ours, so it is looked for by its command line.
	if left := withFolder(t, scratch); left != nil {
		t.Errorf("left running: %q", left)
	}
}

// buildSigil builds the program that is measured, and returns its path.
func buildSigil(t *testing.T) string {
	program := filepath.Join(t.TempDir(), "sigil")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/sigil")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// withFolder returns the command lines of the processes that name a folder.
func withFolder(t *testing.T, dir string) (found []string) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		line, err := os.ReadFile(file) // it may have ended
		if err == nil && bytes.Contains(line, []byte(dir)) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
		}
	}
	return found
}

func TestOnlyTheNamedBlockIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.md")
	before := "# P\n\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nby hand\n<!-- bench:b -->\nold\n<!-- /bench:b -->\nend\n"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := write(path, "b", "| new |\n"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	want := "# P\n\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nby hand\n<!-- bench:b -->\n\n| new |\n\n<!-- /bench:b -->\nend\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	if err := write(path, "c", "x"); err == nil || !strings.Contains(err.Error(), "no markers for c") {
		t.Errorf("got %v", err)
	}
}

// TestBesideBackups measures encodes beside backups with tiny settings. No time is judged.
func TestBesideBackups(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	b := bench{rounds: 1, span: 5 * time.Millisecond, memories: 300}
	if err := b.begin(); err != nil {
		t.Fatal(err)
	}
	defer b.end()
	block, err := backups(t.Context(), &b)
	if err != nil || strings.Count(block, "a backup each second") != 2 || !strings.Contains(block, "≤ 1.5: ") {
		t.Errorf("%v\n%s", err, block)
	}
}

// TestErasures measures erasures with tiny settings. No time is judged.
func TestErasures(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	b := bench{rounds: 1, span: 200 * time.Millisecond, memories: 300}
	if err := b.begin(); err != nil {
		t.Fatal(err)
	}
	defer b.end()
	block, err := erasures(t.Context(), &b)
	if err != nil || !strings.Contains(block, "beside 64 callers that encode") || strings.Contains(block, "NaN") {
		t.Errorf("%v\n%s", err, block)
	}
}

func TestLatencies(t *testing.T) {
	var l latencies
	for i := range 1000 {
		l.add(time.Duration(i+1) * time.Microsecond)
	}
	for part, want := range map[float64]time.Duration{0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 0.999: time.Millisecond} {
		if got := l.at(part); got < want || got > want+want/16 {
			t.Errorf("at %v: got %v, want %v or a little more", part, got, want)
		}
	}
	for _, ns := range []uint64{0, 1, 31, 32, 33, 63, 64, 1000, 1 << 40, 1<<63 - 1} {
		if b := bucket(ns); least(b) > time.Duration(ns) || b+1 < len(l.buckets) && least(b+1) > 0 && least(b+1) <= time.Duration(ns) {
			t.Errorf("%d is in a bucket of %d to %d", ns, least(b), least(b+1))
		}
	}
}

func TestNumber(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 0.001: "0", 0.25: "0.25", 0.5: "0.5", 0.999: "1", 1: "1", 1.3: "1.3", 9.999: "10", 10: "10", 150: "150", 1234567: "1,234,567",
	} {
		if got := number(f); got != want {
			t.Errorf("%v: got %s, want %s", f, got, want)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   spread
	}{{[]float64{3, 1, 2}, spread{2, 1, 3}}, {[]float64{4, 1, 2, 3}, spread{2.5, 1, 4}}, {nil, spread{}}} {
		if got := spreadOf(tt.values); got != tt.want {
			t.Errorf("got %v, want %v", got, tt.want)
		}
	}
	pair := ratio(measured{figures: []figure{{rate: 2}, {rate: 9}}}, measured{figures: []figure{{rate: 1}, {rate: 3}}}, rate)
	if want := (spread{2.5, 2, 3}); pair != want {
		t.Errorf("got %v, want %v: ratios are taken pair by pair", pair, want)
	}
	if got := atLeast(3).say(pair) + ", " + atMost(2.5).say(pair); got != "≥ 3: missed, ≤ 2.5: met" {
		t.Errorf("got %s", got)
	}
}
