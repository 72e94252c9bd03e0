package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// limited returns a program that runs another with a limit of open files.
func limited(t *testing.T, program string, files int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "limited")
	if err := os.WriteFile(name, fmt.Appendf(nil, "#!/bin/sh\nulimit -n %d\nexec %s \"$@\"\n", files, program), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestBounds runs real processes with few open files and little memory.
func TestBounds(t *testing.T) {
	sigil := program(t)
	t.Run("Files", func(t *testing.T) { fewFiles(t, sigil) })
	t.Run("TooFewFiles", func(t *testing.T) { tooFewFiles(t, sigil) })
	t.Run("Memory", func(t *testing.T) { memoryIsGivenBack(t, sigil) })
}

// fewFiles opens more connections than the limit of open files, sends nothing on them, and makes the store write tables
// at the same time.
func fewFiles(t *testing.T, sigil string) {
	p := serve(t, limited(t, sigil, 256), t.TempDir(), "--policy=halflife")
	batch := []byte("[" + strings.Repeat(`{"data":"`+strings.Repeat("x", 10_000)+`"},`, 499) + `{"data":1}]`)
	for range 4 {
		for range 100 {
			conn, err := net.Dial("tcp", p.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		for range 8 { // 40 MB: the store flushes, and merges
			r, err := http.Post("http://"+p.addr+"/v1/sigils:batch", "application/json", bytes.NewReader(batch))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
			if r.StatusCode != http.StatusOK {
				t.Fatalf("a batch is answered %s", r.Status)
			}
		}
	}
	if status, body := p.get("/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, body)
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if len(open) > 256-ownSlack {
		t.Errorf("%d files are open", len(open))
	}
	p.stop(t)
	if log := p.stderr.String(); !strings.Contains(log, "fewer connections than max-connections") || !strings.Contains(log, "connections=92") {
		t.Errorf("the log does not have the maximum number of connections:\n%s", log)
	}
}

// ownSlack is how many files must remain of the limit under load.
const ownSlack = 16

func tooFewFiles(t *testing.T, sigil string) {
	out, err := exec.CommandContext(t.Context(), limited(t, sigil, 100), "serve", "--addr=127.0.0.1:0", "--data="+t.TempDir()).CombinedOutput()
	if text := string(out); err == nil || !strings.Contains(text, "too few files may be open") || !strings.Contains(text, "need 180") {
		t.Errorf("%v\n%s", err, text)
	}
}

// memoryIsGivenBack makes clients hold much memory: with unfinished batches, announced batches that never come, and
// idle connections after long lists. Each is bounded, and the memory is returned once the clients are gone.
func memoryIsGivenBack(t *testing.T, sigil string) {
	p := serve(t, sigil, t.TempDir(), "--policy=halflife", "--max-in-flight=64MiB")
	hold := func(requests int, head string, body []byte) (end func()) {
		var conns []net.Conn
		var sending sync.WaitGroup
		for range requests {
			conn, err := net.Dial("tcp", p.addr)
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
			_ = conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
			sending.Go(func() {
				_, _ = io.WriteString(conn, head)
				_, _ = conn.Write(body) // waits, or is refused, once there are enough
			})
		}
		sending.Wait()
		return func() {
			for _, c := range conns {
				_ = c.Close()
			}
		}
	}
	const most = 700 << 20
	begin := p.resident(t)
	for name, end := range map[string]func(){
		"unfinished batches":    hold(8, "POST /v1/sigils:batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000000\r\n\r\n", bytes.Repeat([]byte(" "), 50_000_000)),
		"announced batches":     hold(500, "POST /v1/sigils:batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000000\r\n\r\n", nil),
		"announced small sigil": hold(500, "POST /v1/sigils HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n", nil),
	} {
		if now := p.resident(t); now > most {
			t.Errorf("%s: %d MiB resident", name, now>>20)
		}
		end()
	}
	batch := []byte("[" + strings.Repeat(`{"data":"`+strings.Repeat("x", 1_000_000)+`"},`, 19) + `{"data":1}]`)
	p.poll(t, "a batch to be taken", func() bool {
		r, err := http.Post("http://"+p.addr+"/v1/sigils:batch", "application/json", bytes.NewReader(batch))
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	for range 20 {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET /v1/sigils?limit=1000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n < 7<<20 || n > 9<<20 {
			t.Fatalf("a list of %d bytes, %v", n, err)
		}
	}
	p.poll(t, "the memory to be given back", func() bool { return p.resident(t) < begin+250<<20 })
	p.stop(t)
}

// resident returns the bytes that the process has in memory.
func (p *process) resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	kib, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.exit(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
}
