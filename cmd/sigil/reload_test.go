//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// An address given to reload must be that of the folder's daemon, even if another daemon's store is a copy of the
// folder's: otherwise reload would replace the wrong daemon.
func TestReloadRefusesAnotherDaemonsAddress(t *testing.T) {
	adopt(t)
	sigil := itself(t)
	one, copied := t.TempDir(), t.TempDir()
	first := serve(t, sigil, one)
	first.cmd.Process.Signal(syscall.SIGTERM)
	first.exit(t)
	if err := os.CopyFS(copied, os.DirFS(one)); err != nil {
		t.Fatal(err)
	}
	p, other := serve(t, sigil, one), serve(t, sigil, copied)

	reload := func(env string, args ...string) (out, words string, code int) {
		t.Helper()
		var stdout, stderr strings.Builder
		cmd := exec.Command(sigil, append([]string{"reload", "--data=" + one}, args...)...)
		cmd.Env = append(os.Environ(), env)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // the exit code is checked instead
		return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
	}
	for _, tt := range []struct {
		env  string
		args []string
		from string
	}{
		{"SIGIL_ADDR=" + other.addr, nil, "SIGIL_ADDR"},
		{"SIGIL_ADDR=" + p.addr, []string{"--addr=" + other.addr}, "--addr"},
	} {
		out, words, code := reload(tt.env, tt.args...)
		if code != 1 || out != "" || !strings.Contains(words, tt.from+": the daemon at "+other.addr) || !strings.Contains(words, p.addr) {
			t.Errorf("%s %q: exit code %d, %q, %q; want a refusal that names both", tt.env, tt.args, code, out, words)
		}
	}
	if _, words, code := reload("SIGIL_ADDR=127.0.0.1:1"); code != 4 || !strings.Contains(words, "SIGIL_ADDR") {
		t.Errorf("nobody listens there: exit code %d, %q", code, words)
	}

	// The same daemon under another name of its address is accepted. Reload reports that the successor has no parent.
	_, port, _ := strings.Cut(p.addr, ":")
	out, words, code := reload("SIGIL_ADDR=http://localhost:" + port)
	var to, from int
	if _, err := fmt.Sscanf(out, "served by    process %d", &to); err != nil || code != 0 {
		t.Fatalf("exit code %d, %q, %q", code, out, words)
	}
	t.Cleanup(func() { syscall.Kill(to, syscall.SIGKILL) })
	if !strings.Contains(out, fmt.Sprintf("kill %d", to)) {
		t.Errorf("it does not say how to stop process %d:\n%s", to, out)
	}
	_, err := fmt.Sscanf(out[strings.Index(out, "replaced"):], "replaced     process %d", &from)
	if err != nil || from != p.cmd.Process.Pid {
		t.Errorf("process %d was replaced, not %d: %s", from, p.cmd.Process.Pid, out)
	}
	if err := syscall.Kill(to, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// Now, since it shares its pipe with the successor.
	if code := p.exit(t); code != 0 || !strings.Contains(p.stderr.String(), fmt.Sprintf("To stop it: kill %d", to)) {
		t.Errorf("exit code %d, and it does not say how to stop process %d:\n%s", code, to, p.stderr)
	}
	if _, err := syscall.Wait4(to, nil, 0, nil); err != nil { // ours once its parent has ended
		t.Error(err)
	}
}
