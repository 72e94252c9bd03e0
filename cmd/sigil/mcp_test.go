//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil/internal/datadir"
)

// assistant is a client of `sigil mcp`.
type assistant struct {
	t       *testing.T
	session *sdk.ClientSession
}

// assist starts `sigil mcp` and connects to it.
func assist(t *testing.T, program, version string, args ...string) *assistant {
	t.Helper()
	cmd := exec.Command(program, append([]string{"mcp"}, args...)...)
	cmd.Stderr = os.Stderr
	s, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).
		Connect(t.Context(), &sdk.CommandTransport{Command: cmd}, &sdk.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.InitializeResult().ProtocolVersion; got != version {
		t.Errorf("speaks %s, not %s", got, version)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &assistant{t, s}
}

// call calls a tool and returns its structured answer, or an error.
func (a *assistant) call(tool string, args map[string]any) (map[string]any, error) {
	res, err := a.session.CallTool(a.t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		return nil, err
	}
	v, ok := res.StructuredContent.(map[string]any)
	if res.IsError || !ok {
		return nil, fmt.Errorf("%s: %v", tool, res.Content[0].(*sdk.TextContent).Text)
	}
	return v, nil
}

// freePort returns a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// holder returns the process that serves from a data folder.
func holder(t *testing.T, data string) int {
	t.Helper()
	var h datadir.Holder
	if err := datadir.Read(data, datadir.HolderFile, &h); err != nil {
		t.Fatal(err)
	}
	return h.PID
}

// TestAssistantsShareADaemon starts assistants where no daemon runs, all at once. One daemon is started, which they share
// with another client, and nothing is lost when it is killed, replaced, or stopped under way.
func TestAssistantsShareADaemon(t *testing.T) {
	program, data, addr := program(t), filepath.Join(t.TempDir(), "share", "sigil"), freePort(t)
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	args := []string{"--data=" + data, "--addr=" + addr}
	t.Cleanup(func() {
		if log, err := os.ReadFile(data + ".log"); t.Failed() {
			t.Logf("%s (%v)", log, err)
		}
	})
	var all [4]*assistant
	var starting sync.WaitGroup
	for i := range all {
		starting.Go(func() { all[i] = assist(t, program, []string{"2025-11-25", "2026-07-28"}[i%2], args...) })
	}
	starting.Wait()
	t.Cleanup(func() {
		if p, err := os.FindProcess(holder(t, data)); err == nil {
			_ = p.Signal(syscall.SIGTERM)
		}
	})
	if t.Failed() {
		return
	}

	const each = 25
	first := holder(t, data)
	tick := time.NewTicker(5 * time.Millisecond) // it answers before it says that it is ready
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		if log, err := os.ReadFile(data + ".log"); err == nil && strings.Contains(string(log), "ready. ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the first daemon does not say that it is ready")
		}
	}
	interrupt := map[int]func(){
		each / 3: func() { _ = syscall.Kill(first, syscall.SIGKILL) },
		each * 2 / 3: func() {
			if out, err := exec.Command(program, "reload", "--data="+data).CombinedOutput(); err != nil {
				t.Errorf("reload: %v %s", err, out)
			}
		},
	}
	var working sync.WaitGroup
	for i, a := range all {
		working.Go(func() {
			for n := range each {
				if _, err := a.call("remember", map[string]any{"text": fmt.Sprintf("fact %d of assistant %d", n, i)}); err != nil {
					t.Errorf("fact %d of %d: %v", n, i, err)
				}
				if do := interrupt[n]; do != nil && i == 0 {
					do()
				}
			}
		})
	}
	working.Wait()
	// One was started at first, one after the first was killed, and one to replace that.
	if log, err := os.ReadFile(data + ".log"); err != nil || strings.Count(string(log), "ready. ") != 3 || strings.Contains(string(log), "could not start") {
		t.Errorf("not three daemons: %s (%v)", log, err)
	}
	res, err := all[1].session.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "sigil://stats"})
	if err != nil {
		t.Fatal(err)
	}
	if text := res.Contents[0].Text; !strings.Contains(text, fmt.Sprintf(`"memories":%d,`, each*len(all))) {
		t.Errorf("not %d memories: %s", each*len(all), text)
	}
}
