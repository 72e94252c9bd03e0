//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// generations is a daemon whose process changes, from a program that can be swapped under it.
type generations struct {
	program, data, addr string
	log                 string
	pids                []int // all processes that served, the newest last
	exited              map[int]int
}

// beget starts the first generation on a copy of the program.
func beget(t *testing.T, program string, args ...string) *generations {
	t.Helper()
	adopt(t)
	folder := t.TempDir()
	g := &generations{
		program: filepath.Join(folder, "sigil"), data: filepath.Join(folder, "data"),
		log: filepath.Join(folder, "log"), exited: map[int]int{},
	}
	g.swap(t, func(path string) { copyFile(t, program, path) })
	log, err := os.Create(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	addrFile := filepath.Join(folder, "addr")
	cmd := exec.Command(g.program, append([]string{
		"serve", "--addr=127.0.0.1:0", "--addr-file=" + addrFile, "--data=" + g.data, "--policy=halflife",
	}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log // a file, so that no process waits for another that writes to it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.pids = []int{cmd.Process.Pid}
	t.Cleanup(func() { g.end(t) })
	g.poll(t, "the address", func() bool {
		addr, err := os.ReadFile(addrFile)
		g.addr = strings.TrimSpace(string(addr))
		return err == nil
	})
	return g
}

// adopt makes processes whose parent has ended children of this one, so that the test can read their exit codes.
func adopt(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
}

// itself returns a copy of the program under test: this test binary, under the name sigil. It therefore has the race
// detector if the test has.
func itself(t *testing.T) string {
	t.Helper()
	t.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "sigil")
	copyFile(t, self, name)
	return name
}

// swap replaces the running program's file by renaming, as an installation does.
func (g *generations) swap(t *testing.T, write func(path string)) {
	t.Helper()
	write(g.program + ".new")
	if err := os.Rename(g.program+".new", g.program); err != nil {
		t.Fatal(err)
	}
}

// script replaces the program with a shell script.
func (g *generations) script(t *testing.T, text string) {
	t.Helper()
	g.swap(t, func(path string) {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// serving returns the process that has the store, or 0 if there is none.
func (g *generations) serving() int {
	var holder struct{ PID int }
	b, err := os.ReadFile(filepath.Join(g.data, "holder.json"))
	if err != nil || json.Unmarshal(b, &holder) != nil {
		return 0
	}
	return holder.PID
}

func (g *generations) newest() int { return g.pids[len(g.pids)-1] }

func (g *generations) poll(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s\n%s", patience, what, g.said())
		}
	}
}

func (g *generations) said() string {
	text, _ := os.ReadFile(g.log)
	return string(text)
}

// hear waits until the log has that many lines with text.
func (g *generations) hear(t *testing.T, times int, text string) {
	t.Helper()
	g.poll(t, fmt.Sprintf("%d lines with %q", times, text), func() bool { return strings.Count(g.said(), text) >= times })
}

func (g *generations) signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatalf("%v to process %d: %v\n%s", s, pid, err, g.said())
	}
}

// handover is what `sigil reload --json` prints.
type handover struct {
	From, To     int
	Addr         string
	PauseSeconds float64
}

// reload runs `sigil reload` of the given program, and returns what it prints and its exit code.
func (g *generations) reload(t *testing.T, program string) (h handover, words string, code int) {
	t.Helper()
	cmd := exec.Command(program, "reload", "--json", "--data="+g.data)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() == 0 {
		if err := json.Unmarshal(out, &h); err != nil {
			t.Fatalf("reload printed %q: %v", out, err)
		}
		g.pids = append(g.pids, h.To)
	}
	return h, stderr.String(), cmd.ProcessState.ExitCode()
}

// exit waits for a process to end and returns its exit code, or -1 for a signal. If its own parent has already waited
// for it, exit returns 0, provided that the log has no error.
func (g *generations) exit(t *testing.T, pid int) int {
	t.Helper()
	if code, ok := g.exited[pid]; ok {
		return code
	}
	var status syscall.WaitStatus
	g.poll(t, fmt.Sprintf("the end of process %d", pid), func() bool {
		_, there := os.Stat(fmt.Sprintf("/proc/%d", pid))             // checked first: its parent may change
		got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil) // ECHILD until its parent has ended
		return err == nil && got == pid || errors.Is(there, os.ErrNotExist) && errors.Is(err, syscall.ECHILD)
	})
	g.exited[pid] = status.ExitStatus()
	if g.exited[pid] == 0 && strings.Contains(g.said(), "not cleanly") {
		g.exited[pid] = 1
	}
	return g.exited[pid]
}

// end makes sure that no process remains: those that have not ended are killed.
func (g *generations) end(t *testing.T) {
	if t.Failed() {
		t.Logf("the log:\n%s", g.said())
	}
	pids := g.pids
	if pid := g.serving(); pid != 0 {
		pids = append(pids, pid)
	}
	for _, pid := range pids {
		if _, ok := g.exited[pid]; !ok {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	for _, pid := range pids {
		_, _ = syscall.Wait4(pid, nil, 0, nil)
	}
}

func (g *generations) get(t *testing.T, path string, answer any) {
	t.Helper()
	r, err := http.Get("http://" + g.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, r.Status)
	}
	if err := json.NewDecoder(r.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}
