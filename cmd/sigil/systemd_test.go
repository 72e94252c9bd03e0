//go:build linux

package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager receives the messages that services send to systemd.
type manager struct {
	socket *net.UnixConn
	path   string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{path: filepath.Join(t.TempDir(), "notify")}
	var err error
	if m.socket, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.socket.Close() })
	return m
}

// hear returns the next message.
func (m *manager) hear(t *testing.T) string {
	t.Helper()
	m.socket.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 4096)
	n, err := m.socket.Read(b)
	if err != nil {
		t.Fatalf("no message came: %v", err)
	}
	return string(b[:n])
}

// Like systemd: a socket as descriptor 3, the process's own number in LISTEN_PID, and messages of readiness; through a
// hand-over, which changes the main process, to the stop.
func TestUnderSystemd(t *testing.T) {
	m := newManager(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // the file keeps it open, as systemd does
	defer socket.Close()
	sigil := itself(t)
	g := &generations{
		program: sigil, data: filepath.Join(t.TempDir(), "data"), log: filepath.Join(t.TempDir(), "log"),
		addr: l.Addr().String(), exited: map[int]int{},
	}
	log, err := os.Create(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()

	// It connects before there is a service.
	early := make(chan error, 1)
	go func() {
		r, err := http.Get("http://" + g.addr + "/readyz")
		if err == nil {
			r.Body.Close()
			if r.StatusCode != http.StatusOK {
				err = fmt.Errorf("readyz: %s", r.Status)
			}
		}
		early <- err
	}()

	// The shell becomes the program, which so has the process id that the shell prints. The address is in use, by the
	// socket that the daemon must use.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=sigil.socket exec "$0" "$@"`,
		sigil, "serve", "--addr="+g.addr, "--data="+g.data, "--policy=halflife")
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+m.path)
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = log, log
	adopt(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.pids = []int{cmd.Process.Pid}
	t.Cleanup(func() { g.end(t) })

	if said := m.hear(t); said != "READY=1" {
		t.Errorf("said %q, want READY=1", said)
	}
	if err := <-early; err != nil {
		t.Errorf("the client that connected before the service: %v", err)
	}

	h, words, code := g.reload(t, sigil)
	if code != 0 {
		t.Fatalf("reload: exit code %d, %s", code, words)
	}
	if said := m.hear(t); !strings.HasPrefix(said, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("said %q, want RELOADING=1 with the time", said)
	}
	if said, want := m.hear(t), fmt.Sprintf("MAINPID=%d\nREADY=1", h.To); said != want {
		t.Errorf("said %q, want %q", said, want)
	}

	if err := os.Remove(sigil); err != nil { // nothing to start: the hand-over fails
		t.Fatal(err)
	}
	if _, words, code := g.reload(t, itself(t)); code != 1 {
		t.Errorf("reload without a program: exit code %d, %s", code, words)
	}
	if said := m.hear(t); !strings.HasPrefix(said, "RELOADING=1\n") {
		t.Errorf("said %q, want RELOADING=1", said)
	}
	if said := m.hear(t); said != "READY=1" {
		t.Errorf("said %q, want READY=1: it continues to serve", said)
	}

	g.signal(t, h.To, syscall.SIGTERM)
	if said := m.hear(t); said != "STOPPING=1" {
		t.Errorf("said %q, want STOPPING=1", said)
	}
	for _, pid := range g.pids {
		if code := g.exit(t, pid); code != 0 {
			t.Errorf("process %d: exit code %d", pid, code)
		}
	}
}

// A socket that other machines can reach needs --insecure, whoever opened it; and only TCP is served.
func TestSystemdSocketsThatAreRefused(t *testing.T) {
	sigil := itself(t)
	open, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	unix, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	for _, tt := range []struct {
		socket interface{ File() (*os.File, error) }
		want   string
	}{
		{open.(*net.TCPListener), "--insecure"},
		{unix.(*net.UnixListener), "only TCP is served"},
	} {
		f, err := tt.socket.File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data := filepath.Join(t.TempDir(), "data")
		cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`, sigil, "serve", "--data="+data)
		cmd.ExtraFiles = []*os.File{f}
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), tt.want) {
			t.Errorf("%v, %s; want exit code 1 and %q", err, out, tt.want)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("it has made the data folder")
		}
	}
}

// The unit files that people copy use existing commands and flags.
func TestUnitFiles(t *testing.T) {
	sigil := itself(t)
	units := "../../contrib/systemd/"
	commands := map[string][]string{}
	f, err := os.Open(units + "sigil.service")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		key, value, _ := strings.Cut(scan.Text(), "=")
		if strings.HasPrefix(key, "Exec") {
			commands[key] = strings.Fields(value)[1:]
		}
	}
	serve := append(commands["ExecStart"], "--print-config")
	if out, err := exec.Command(sigil, serve...).CombinedOutput(); err != nil || !strings.Contains(string(out), "/var/lib/sigil") {
		t.Errorf("ExecStart: %v\n%s", err, out)
	}
	// There is no such daemon here; that it is looked for shows that the flags are right.
	reload := exec.Command(sigil, commands["ExecReload"]...)
	if out, _ := reload.CombinedOutput(); reload.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "no daemon serves from /var/lib/sigil") {
		t.Errorf("ExecReload: exit code %d\n%s", reload.ProcessState.ExitCode(), out)
	}
	socket, err := os.ReadFile(units + "sigil.socket")
	if err != nil || !strings.Contains(string(socket), "ListenStream=127.0.0.1:7433\n") {
		t.Errorf("sigil.socket does not listen where the daemon does by default: %v\n%s", err, socket)
	}
}
