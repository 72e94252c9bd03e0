//go:build linux

package main

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The daemon outlives the reader of its log, such as a journald that restarts or a pager that ends. It continues, hands
// over, and drains when it is told to stop.
func TestDaemonOutlivesReaderOfItsLog(t *testing.T) {
	adopt(t)
	sigil, data := itself(t), t.TempDir()
	logs, log, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := logs.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sigil)
	cmd.Env = append(os.Environ(), "SIGIL_NO_SUCH_SETTING=1") // it warns about this, so that it writes something before it has a log
	cmd.Stdout, cmd.Stderr = log, log
	p := start(t, cmd, data)
	p.cmd.Process.Signal(syscall.SIGHUP) // which it logs
	if status, body := p.get("/readyz"); status != http.StatusOK {
		t.Errorf("it no longer serves: %d %s", status, body)
	}

	g := &generations{program: sigil, data: data, addr: p.addr, pids: []int{p.cmd.Process.Pid}, exited: map[int]int{}}
	h, words, code := g.reload(t, sigil)
	if code != 0 || h.From != p.cmd.Process.Pid {
		t.Fatalf("reload: %+v, exit code %d, %s", h, code, words)
	}
	t.Cleanup(func() { syscall.Kill(h.To, syscall.SIGKILL) })
	if code := p.exit(t); code != 0 {
		t.Errorf("the one that handed over: %v, want exit code 0", p.cmd.ProcessState)
	}
	if err := syscall.Kill(h.To, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(h.To, &status, 0, nil); err != nil || !status.Exited() || status.ExitStatus() != 0 {
		t.Errorf("the one that took over: status %#x, %v, want exit code 0", status, err)
	}
}

// A command whose output has lost its reader ends quietly, as is usual before head.
func TestCommandEndsQuietlyWithItsReader(t *testing.T) {
	sigil := itself(t)
	p := serve(t, sigil, t.TempDir(), "--policy=halflife")
	encode := exec.Command(sigil, "encode", "--addr="+p.addr, `"tea"`)
	if out, err := encode.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, command := range []string{"list --addr=" + p.addr, "stats --addr=" + p.addr, "serve --help", "serve --print-config"} {
		out, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out.Close()
		var words strings.Builder
		cmd := exec.Command(sigil, strings.Fields(command)...)
		cmd.Stdout, cmd.Stderr = in, &words
		err = cmd.Run()
		in.Close()
		status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !ok || !status.Signaled() || status.Signal() != syscall.SIGPIPE || words.Len() > 0 {
			t.Errorf("%s: %v, %q; want SIGPIPE and no message", command, err, words.String())
		}
	}
}
