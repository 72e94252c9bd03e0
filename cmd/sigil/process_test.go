package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program returns the path of the program that `make build` makes, built once per run of a test.
func program(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sigil")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.version=v1.2.3-test", "-o", name, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// process is a `sigil serve` process.
type process struct {
	cmd    *exec.Cmd
	addr   string
	stderr *bytes.Buffer // read only after it has ended; nil if it goes elsewhere
	ended  chan struct{}
}

// serve starts the program on a data folder and waits until it is ready.
func serve(t *testing.T, program, data string, args ...string) *process {
	t.Helper()
	return start(t, exec.Command(program), data, args...)
}

// start is like serve, with a command that runs the program, directly or through another one. The daemon's messages go
// to the command's Stderr, if that is set.
func start(t *testing.T, cmd *exec.Cmd, data string, args ...string) *process {
	t.Helper()
	addrFile := filepath.Join(t.TempDir(), "addr")
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Args = append(cmd.Args, "serve", "--addr=127.0.0.1:0", "--addr-file="+addrFile, "--data="+data)
	cmd.Args = append(cmd.Args, args...)
	if cmd.Stderr == nil {
		p.stderr = new(bytes.Buffer)
		cmd.Stderr = p.stderr
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait() // the exit code is checked instead
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
	return p
}

// poll polls the process until is returns true.
func (p *process) poll(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-p.ended:
			t.Fatalf("ended before %s: %v\n%s", what, p.cmd.ProcessState, p.stderr)
		case <-deadline:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// exit waits for the process to end and returns its exit code, or -1 for a signal.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("still running after %v", patience)
		return 0
	}
}

func (p *process) get(path string) (int, string) {
	r, err := http.Get("http://" + p.addr + path)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(body)
}

// encodeUntilGone encodes with n callers, each one memory after the other, until none gets an answer any more, and
// returns the ids in the answers. busy is closed once each caller has had an answer.
func (p *process) encodeUntilGone(t *testing.T, n int, busy chan<- struct{}) []string {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: n}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var first, all sync.WaitGroup
	var mu sync.Mutex // guards ids
	var ids []string
	first.Add(n)
	for caller := range n {
		all.Go(func() {
			answered := sync.OnceFunc(first.Done)
			defer answered()
			for i := 0; ; i++ {
				r, err := client.Post("http://"+p.addr+"/v1/sigils", "application/json", strings.NewReader(fmt.Sprintf(`{"data":[%d,%d]}`, caller, i)))
				if err != nil {
					return
				}
				var memory struct{ ID string }
				err = json.NewDecoder(r.Body).Decode(&memory)
				r.Body.Close()
				if err != nil {
					return // cut off within the answer: not answered
				}
				if r.StatusCode != http.StatusCreated {
					t.Errorf("answered %s", r.Status)
					return
				}
				mu.Lock()
				ids = append(ids, memory.ID)
				mu.Unlock()
				answered()
			}
		})
	}
	first.Wait()
	close(busy)
	all.Wait()
	return ids
}

func TestProcess(t *testing.T) {
	sigil := program(t)
	t.Run("AnsweredIsKept", func(t *testing.T) {
		t.Run("SIGTERM", func(t *testing.T) { answeredIsKept(t, sigil, syscall.SIGTERM, 0) })
		t.Run("SIGINT", func(t *testing.T) { answeredIsKept(t, sigil, syscall.SIGINT, 0) })
		t.Run("SIGKILL", func(t *testing.T) { answeredIsKept(t, sigil, syscall.SIGKILL, -1) })
	})
	t.Run("SecondProcessIsRefused", func(t *testing.T) { secondProcessIsRefused(t, sigil) })
	t.Run("SecondSignal", func(t *testing.T) { secondSignal(t, sigil) })
	t.Run("Reload", func(t *testing.T) { reload(t, sigil) })
	t.Run("Version", func(t *testing.T) {
		out, err := exec.CommandContext(t.Context(), sigil, "--version").Output()
		if err != nil || string(out) != "sigil v1.2.3-test\n" {
			t.Errorf("%q, %v", out, err)
		}
	})
}

// However the daemon ends under load, everything it acknowledged is there once the next one has started, at once and on
// the same folder.
func answeredIsKept(t *testing.T, sigil string, end syscall.Signal, code int) {
	data := t.TempDir()
	p := serve(t, sigil, data, "--policy=halflife")
	busy, ids := make(chan struct{}), make(chan []string, 1)
	go func() { ids <- p.encodeUntilGone(t, 200, busy) }()
	<-busy
	if err := p.cmd.Process.Signal(end); err != nil {
		t.Fatal(err)
	}
	if got := p.exit(t); got != code {
		t.Errorf("exit code %d, want %d\n%s", got, code, p.stderr)
	}

	next := serve(t, sigil, data, "--policy=halflife")
	answered := <-ids
	for _, id := range answered {
		if status, body := next.get("/v1/sigils/" + id); status != http.StatusOK {
			t.Errorf("%s, which was answered, is gone: %d %s", id, status, body)
		}
	}
	t.Logf("%d answered, all looked for", len(answered))
	if err := next.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := next.exit(t); got != 0 {
		t.Errorf("the next one: exit code %d\n%s", got, next.stderr)
	}
}

func secondProcessIsRefused(t *testing.T, sigil string) {
	data := t.TempDir()
	p := serve(t, sigil, data)
	second := exec.CommandContext(t.Context(), sigil, "serve", "--addr=127.0.0.1:0", "--data="+data)
	out, err := second.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the second one: %v, want exit code 1", err)
	}
	if holder := fmt.Sprintf("process %d", p.cmd.Process.Pid); !strings.Contains(string(out), holder) || !strings.Contains(string(out), data) {
		t.Errorf("it does not name %s and %s:\n%s", holder, data, out)
	}
	if status, body := p.get("/readyz"); status != http.StatusOK {
		t.Errorf("the first one no longer works: %d %s", status, body)
	}
}

func secondSignal(t *testing.T, sigil string) {
	data := t.TempDir()
	p := serve(t, sigil, data)
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// A request that is in progress and never ends.
	fmt.Fprintf(c, "POST /v1/sigils HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
	if answer, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.HasPrefix(answer, "HTTP/1.1 100 ") {
		t.Fatalf("answered %q, %v", answer, err)
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.poll(t, "the drain", func() bool {
		c, err := net.Dial("tcp", p.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	p.cmd.Process.Signal(syscall.SIGTERM)
	if got := p.exit(t); got != 143 {
		t.Errorf("exit code %d, want 143\n%s", got, p.stderr)
	}
	serve(t, sigil, data) // the folder is free and usable
}

func reload(t *testing.T, sigil string) {
	file := filepath.Join(t.TempDir(), "sigil.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("policy: classic\n")
	p := serve(t, sigil, t.TempDir(), "--config="+file)
	write("policy: halflife\nhalf-life: 36h\n")
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.poll(t, "the new policy", func() bool {
		_, stats := p.get("/v1/stats")
		return strings.Contains(stats, `"policy":"halflife h=36h threshold=0.95"`)
	})
}

func TestVersionOf(t *testing.T) {
	module := func(v string) *debug.BuildInfo { return &debug.BuildInfo{Main: debug.Module{Version: v}} }
	for _, tt := range []struct {
		info *debug.BuildInfo
		ok   bool
		want string
	}{
		{module("v1.0.0"), true, "v1.0.0"},
		{module("(devel)"), true, "dev"},
		{module(""), true, "dev"},
		{nil, false, "dev"},
	} {
		if got := versionOf(tt.info, tt.ok); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.info, got, tt.want)
		}
	}
}

// The end of run's context does not end the daemon at once: it drains.
func TestRunServesUntilItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	addrFile := filepath.Join(t.TempDir(), "addr")
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--addr=127.0.0.1:0", "--addr-file=" + addrFile}, strings.NewReader(""), io.Discard, io.Discard, []string{"SIGIL_DATA=" + t.TempDir()})
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		if _, err := os.Stat(addrFile); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it did not start")
		}
	}
	cancel()
	select {
	case got := <-code:
		if got != 0 {
			t.Errorf("exit code %d", got)
		}
	case <-time.After(patience):
		t.Fatal("it did not stop")
	}
}
