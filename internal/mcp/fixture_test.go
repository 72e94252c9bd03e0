package mcp_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/front"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/mcp"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// versions are the versions of the protocol that must work.
var versions = []string{"2025-11-25", "2026-07-28"}

// patience is how long a test waits for something that must happen at once.
const patience = 20 * time.Second

// service is the API of an engine behind the daemon's own layer of HTTP. SIGIL_HTTP sets how HTTP is served.
type service struct {
	t      *testing.T
	engine *engine.Engine
	url    string // of the protocol
	addr   string
	http   *http.Client
}

// serve serves an engine on a store; nil is a store of maps. timeout limits each call.
func serve(t *testing.T, s store.Store, timeout time.Duration) *service {
	t.Helper()
	if s == nil {
		s = storetest.NewModel()
	}
	e := engine.New(s, nil)
	return mount(t, e, mcp.New(e, mcp.Options{Version: "test", Logger: quiet, Timeout: timeout}))
}

// quiet logs nothing.
var quiet = slog.New(slog.DiscardHandler)

// mount serves m in the API of an engine.
func mount(t *testing.T, e *engine.Engine, m *mcp.Server) *service {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &service{t: t, engine: e, addr: l.Addr().String(), http: &http.Client{Transport: &http.Transport{}}}
	v.url = "http://" + v.addr + "/mcp"
	api := httpapi.New(e, &httpapi.Options{Logger: quiet, LoopbackOnly: true, RequestTimeout: time.Minute, MCP: m})
	o := front.Options{
		Takes: httpapi.Short, LaneContext: httpapi.Timed, Connections: 1000, RequestTimeout: time.Minute,
		Grace: patience, Fail: func(err error) { t.Error(err) }, Logger: quiet,
	}
	if os.Getenv("SIGIL_HTTP") == "standard" {
		o.Takes = nil
	}
	server := front.New(t.Context(), o)
	server.Open(api)
	server.Serve([]*net.TCPListener{l.(*net.TCPListener)})
	t.Cleanup(func() {
		v.http.CloseIdleConnections()
		api.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Drain(ctx); err != nil {
			t.Errorf("Drain: %v", err)
		}
	})
	return v
}

// client connects a client that speaks a version.
func (v *service) client(version string) *sdk.ClientSession {
	v.t.Helper()
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := c.Connect(v.t.Context(), &sdk.StreamableClientTransport{Endpoint: v.url, HTTPClient: v.http}, &sdk.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() {
		if err := session.Close(); err != nil {
			v.t.Errorf("Close: %v", err)
		}
	})
	return session
}

// in runs a test in each version.
func in(t *testing.T, test func(*testing.T, *service, *sdk.ClientSession)) {
	t.Helper()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			v := serve(t, nil, time.Minute)
			session := v.client(version)
			if got := session.InitializeResult().ProtocolVersion; got != version {
				t.Fatalf("speaks %s", got)
			}
			test(t, v, session)
		})
	}
}

// object is JSON.
type object = map[string]any

// call calls a tool, which must succeed, and returns its structured answer and its text.
func call(t *testing.T, s *sdk.ClientSession, tool string, args object) (object, string) {
	t.Helper()
	res, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if res.IsError {
		t.Fatalf("%s: %s", tool, textOf(t, res))
	}
	v, ok := res.StructuredContent.(object)
	if !ok {
		t.Fatalf("%s: structured content is %T", tool, res.StructuredContent)
	}
	return v, textOf(t, res)
}

// refused calls a tool, which must fail, and returns the text of the error.
func refused(t *testing.T, s *sdk.ClientSession, tool string, args object) string {
	t.Helper()
	res, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if !res.IsError {
		t.Fatalf("%s: got %s", tool, textOf(t, res))
	}
	return textOf(t, res)
}

func textOf(t *testing.T, res *sdk.CallToolResult) string {
	t.Helper()
	if len(res.Content) != 1 {
		t.Fatalf("%d contents", len(res.Content))
	}
	text, ok := res.Content[0].(*sdk.TextContent)
	if !ok {
		t.Fatalf("content is %T", res.Content[0])
	}
	return text.Text
}

// memories returns the memories of an answer.
func memories(t *testing.T, answer object) (all []object) {
	t.Helper()
	list, ok := answer["memories"].([]any)
	if !ok {
		t.Fatalf("no list of memories in %v", answer)
	}
	for _, m := range list {
		all = append(all, m.(object))
	}
	return all
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %q", part, text)
		}
	}
}
