//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const nobody = 65534

// stranger runs the program as a user who owns nothing, or as the test's user if that is not root.
func stranger(t *testing.T, program string, args ...string) (words string, code int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// reachable makes a test's folder accessible to every user.
func reachable(t *testing.T, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// A folder without write permission is not reported as in use: the daemon reports its owner. Commands that only read
// work there.
func TestFolderThatMayNotBeWritten(t *testing.T) {
	home := t.TempDir()
	sigil, data := filepath.Join(home, "sigil"), filepath.Join(home, "data")
	copyFile(t, itself(t), sigil)
	if err := os.Chmod(sigil, 0o755); err != nil {
		t.Fatal(err)
	}
	p := serve(t, sigil, data, "--policy=halflife")
	if out, err := exec.Command(sigil, "encode", "--addr="+p.addr, `"tea"`).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.exit(t)
	reachable(t, home)
	err := filepath.Walk(data, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.IsDir() {
			return os.Chmod(path, 0o444)
		}
		return os.Chmod(path, 0o555)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		filepath.Walk(data, func(path string, info os.FileInfo, err error) error { return os.Chmod(path, 0o700) })
	})

	words, code := stranger(t, sigil, "serve", "--addr=127.0.0.1:0", "--data="+data)
	owner, user := os.Geteuid(), os.Geteuid()
	if user == 0 {
		user = nobody
	}
	whose := fmt.Sprintf("belongs to user %d and group %d, and this process runs as user %d and group", owner, os.Getegid(), user)
	if code != 1 || strings.Contains(words, "another process") || !strings.Contains(words, whose) || !strings.Contains(words, "mode 0444") || !strings.Contains(words, "chown") {
		t.Errorf("serve: exit code %d\n%s\nwant 1 and %q", code, words, whose)
	}
	for _, command := range []string{"check", "export", "export --salvage"} {
		if words, code := stranger(t, sigil, append(strings.Fields(command), "--data="+data)...); code != 0 {
			t.Errorf("%s: exit code %d\n%s", command, code, words)
		}
	}
	if words, code := stranger(t, sigil, "serve", "--addr=127.0.0.1:0", "--data="+filepath.Join(data, "new")); code != 1 || !strings.Contains(words, whose) {
		t.Errorf("serve in a folder that cannot be made: exit code %d\n%s", code, words)
	}

	// A folder must not be read while another user's daemon works on it.
	if os.Geteuid() == 0 {
		p := serve(t, sigil, data)
		if words, code := stranger(t, sigil, "check", "--data="+data); code != 1 || !strings.Contains(words, fmt.Sprintf("process %d", p.cmd.Process.Pid)) {
			t.Errorf("check beside a daemon: exit code %d\n%s", code, words)
		}
	}
}

// A snapshot is mounted read-only: check, export and migrate work on it.
func TestReadOnlyMount(t *testing.T) {
	apart := []string{"--user", "--map-root-user", "--mount"}
	if out, err := exec.Command("unshare", append(apart, "true")...).CombinedOutput(); err != nil {
		t.Skipf("this machine allows no namespaces: %v, %s", err, out)
	}
	sigil, data := itself(t), t.TempDir()
	p := serve(t, sigil, data, "--policy=halflife")
	if out, err := exec.Command(sigil, "encode", "--addr="+p.addr, `"tea"`).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.cmd.Process.Kill() // a snapshot looks like a crash
	p.exit(t)
	script := `mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && ! touch "$1/x" 2>/dev/null || exit 99; shift; exec "$@"`
	for _, command := range [][]string{
		{"check", "--data=" + data},
		{"export", "--data=" + data},
		{"export", "--salvage", "--data=" + data},
		{"migrate", "--from=" + data, "--to=" + t.TempDir()},
	} {
		args := append(apart, "sh", "-c", script, "sh", data, sigil)
		out, err := exec.Command("unshare", append(args, command...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v\n%s", command, err, out)
		}
	}
	out, err := exec.Command("unshare", append(apart, "sh", "-c", script, "sh", data, sigil, "serve", "--addr=127.0.0.1:0", "--data="+data)...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "mounted read-only") {
		t.Errorf("serve: %v\n%s", err, out)
	}
}

// A port that is taken is noticed before a store is made.
func TestTakenPortMakesNoStore(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data := filepath.Join(t.TempDir(), "data")
	out, err := exec.Command(itself(t), "serve", "--addr="+l.Addr().String(), "--data="+data).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "already listens on this address") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("it left a store behind: %v", err)
	}
}
