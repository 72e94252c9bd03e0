//go:build linux

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The first process of a container cannot hand over: when it ends, the kernel ends all others there. It refuses, with a
// message about what to do instead, and continues to serve.
func TestFirstProcessOfAContainerDoesNotHandOver(t *testing.T) {
	alone := []string{"--user", "--map-root-user", "--pid", "--fork", "--kill-child"}
	if out, err := exec.Command("unshare", append(alone, "true")...).CombinedOutput(); err != nil {
		t.Skipf("this machine allows no namespaces: %v, %s", err, out)
	}
	data := t.TempDir()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("unshare", append(alone, itself(t))...)
	cmd.Stdout, cmd.Stderr = log, log
	p := start(t, cmd, data)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		t.Fatal(err)
	}

	if err := syscall.Kill(daemon, syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	p.poll(t, "an answer to whoever asked", func() bool {
		record, err := os.ReadFile(filepath.Join(data, "handover.json"))
		return err == nil && strings.Contains(string(record), "first of its container") && strings.Contains(string(record), `"from":1,`)
	})
	if status, body := p.get("/readyz"); status != http.StatusOK {
		t.Errorf("it no longer serves: %d %s", status, body)
	}
	words, err := os.ReadFile(log.Name())
	if err != nil || !strings.Contains(string(words), "stop the container") {
		t.Errorf("it does not say how to replace it (%v):\n%s", err, words)
	}
}
