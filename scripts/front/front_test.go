package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestRequestsGoInTurn has two daemons that are there and one that was killed: the two share the requests,
// and each is answered, with its body whole.
func TestRequestsGoInTurn(t *testing.T) {
	var daemons []string
	for _, name := range []string{"a", "b", "killed"} {
		daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, name)
			_, _ = io.Copy(w, r.Body)
		}))
		defer daemon.Close()
		if name == "killed" {
			daemon.Close()
		}
		daemons = append(daemons, daemon.Listener.Addr().String())
	}
	front := httptest.NewServer(inTurn(daemons))
	defer front.Close()
	answered := map[string]int{}
	for range 12 {
		got, err := post(t, front.URL, "!")
		if err != nil {
			t.Fatal(err)
		}
		answered[got]++
	}
	if answered["a!"]+answered["b!"] != 12 || min(answered["a!"], answered["b!"]) < 4 {
		t.Errorf("answered: %v", answered)
	}
}

func post(t *testing.T, url, body string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// TestCluster brings a whole cluster up, kills a daemon, and takes all down.
func TestCluster(t *testing.T) {
	// Not in a test's own folder, which PostgreSQL's user cannot enter.
	parent, err := os.MkdirTemp("/tmp", "sigilcluster")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(parent, 0o711); err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, dir := l.Addr().String(), filepath.Join(parent, "c")
	_ = l.Close()
	run := func(ctx context.Context, program string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Env = append(os.Environ(), "SIGIL_CLUSTER="+dir, "ADDR="+addr, "SIGIL_ADDR="+addr)
		b, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s %s: %v\n%s", program, args, err, b)
		}
		return string(b)
	}
	t.Cleanup(func() {
		run(context.Background(), "../cluster.sh", "down")
		if err := os.Remove(parent); err != nil { // nothing is left in it
			t.Error(err)
		}
	})
	run(t.Context(), "../cluster.sh", "up")
	run(t.Context(), "../../bin/sigil", "encode", `{"note":"before"}`)
	b, err := os.ReadFile(filepath.Join(dir, "2.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for range 4 { // one more than there are daemons
		if got := run(t.Context(), "../../bin/sigil", "list"); !strings.Contains(got, "before") {
			t.Errorf("without a daemon: %s", got)
		}
	}
}
