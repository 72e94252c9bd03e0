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

// The first process of a container cannot hand over: with its end the kernel ends all others there. It
// refuses, says how to roll over instead, and goes on serving.
func TestFirstProcessOfAContainerDoesNotHandOver(t *testing.T) {
	alone := []string{"--user", "--map-root-user", "--pid", "--fork", "--kill-child"}
	if out, err := exec.Command("unshare", append(alone, "true")...).CombinedOutput(); err != nil {
		t.Skipf("this machine allows no namespaces: %v, %s", err, out)
	}
	sigil, data, addrFile := itself(t), t.TempDir(), filepath.Join(t.TempDir(), "addr")
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p := &process{ended: make(chan struct{})}
	p.cmd = exec.Command("unshare", append(alone, sigil, "serve", "--addr=127.0.0.1:0", "--addr-file="+addrFile, "--data="+data)...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
	})
	p.poll(t, "the address", func() bool {
		addr, err := os.ReadFile(addrFile)
		p.addr = strings.TrimSpace(string(addr))
		return err == nil
	})
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
		t.Errorf("it does not serve any more: %d %s", status, body)
	}
	words, err := os.ReadFile(log.Name())
	if err != nil || !strings.Contains(string(words), "stop the container") {
		t.Errorf("it does not say how to roll over (%v):\n%s", err, words)
	}
}
