package daemon_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil/internal/daemon"
)

// TestAssistantsOutliveAHandOver replaces a daemon between the calls of two assistants, one for each version of the
// protocol. No call fails, and each finds what it remembered.
func TestAssistantsOutliveAHandOver(t *testing.T) {
	l := config(t)
	d := start(t, l, nil)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	sessions := map[string]*sdk.ClientSession{}
	call := func(version, tool, args, want string) {
		t.Helper()
		res, err := sessions[version].CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: map[string]any{args: "fact of " + version}})
		if err != nil {
			t.Fatalf("%s: %s: %v", version, tool, err)
		}
		if text := res.Content[0].(*sdk.TextContent).Text; res.IsError || !strings.Contains(text, want) {
			t.Errorf("%s: %s: %s", version, tool, text)
		}
	}
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		s, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &sdk.StreamableClientTransport{
			Endpoint: "http://" + d.Addr() + "/mcp", HTTPClient: &http.Client{Transport: transport},
		}, &sdk.ClientSessionOptions{ProtocolVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		sessions[version] = s
		call(version, "remember", "text", "Remembered")
	}
	if _, body := ask(t, d, "GET", "/metrics", ""); !strings.Contains(body, `route="POST /mcp"`) || !strings.Contains(body, "sigil_encode_total 2\n") ||
		!strings.Contains(body, `sigil_mcp_call_duration_seconds_count{outcome="ok",tool="remember"} 2`) {
		t.Errorf("not counted: %s", body)
	}

	p, err := handOver(d, l, &daemon.Options{Version: "next"})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, p.next)
	if err := wait(t, "the next one", p.ended); err != nil {
		t.Fatal(err)
	}
	for version := range sessions {
		call(version, "recall", "query", "fact of "+version)
		call(version, "remember", "text", "reinforced")
	}
	if status, stats := ask(t, p.next, "GET", "/v1/stats", ""); status != http.StatusOK || !strings.Contains(stats, fmt.Sprintf(`"memories":%d,`, len(sessions))) {
		t.Errorf("the next one has %d %s", status, stats)
	}
	transport.CloseIdleConnections()
	d.Linger(t.Context())
	stop(t, d)
}
