package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/relay"
)

// profiles are the sets of tools that a daemon has at /mcp.
var profiles = []string{"default", "full", "graph"}

const wrongProfile = "--mcp-profile must be default, full or graph"

// mcp returns the command that assistants start.
func (a *app) mcp() *cobra.Command {
	var data, profile string
	c := &cobra.Command{
		Use:   "mcp",
		Short: "Let an assistant remember and recall (MCP)",
		Long: `Mcp speaks the Model Context Protocol on standard input and output, for assistants that start their
servers as programs. It only relays messages to a daemon's /mcp, so that several assistants share
their memories, and none waits for another.

If no daemon runs on this machine, mcp starts one in the background, with the settings of sigil
serve, and leaves it running. Its log is beside the data folder, in a file that ends in .log. With
--addr or SIGIL_ADDR, mcp connects to that daemon, and starts one only if the address is a loopback
one. A daemon that is restarted or replaced is waited for.`,
		Example: `  sigil mcp install claude-code
  sigil mcp
  sigil mcp --tenant work`,
		Args: nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.relay(cmd.Context(), data, profile) },
	}
	c.Flags().StringVar(&data, "data", "", "the daemon's data `folder` (SIGIL_DATA; default as for sigil serve)")
	c.Flags().StringVar(&profile, "mcp-profile", "default", "the `set` of tools: default; full, with those that look after memories; or graph, those of the protocol's memory server")
	_ = c.RegisterFlagCompletionFunc("mcp-profile", oneOfThese(profiles...)) // fails only if there is no such flag
	c.AddCommand(a.mcpInstall())
	return c
}

// relay relays messages until standard input ends.
func (a *app) relay(ctx context.Context, data, profile string) error {
	if !slices.Contains(profiles, profile) {
		return usageError(wrongProfile)
	}
	tenant, from := a.setting(a.flags.tenant, "--tenant", "SIGIL_TENANT")
	if _, err := client.New("", &client.Options{Tenant: tenant}); err != nil {
		return usageError(join(from, "is not the name of a tenant"))
	}
	f, err := a.finder(data)
	if err != nil {
		return err
	}
	if a.inTerm {
		a.say("waiting for messages of an assistant on standard input; sigil mcp install sets one up")
	}
	patience := time.Duration(a.flags.timeout)
	if patience == 0 {
		patience = 24 * time.Hour
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	out := &lockedOut{a: a}
	err = relay.Run(ctx, relay.Options{
		In: a.stdin, Out: out, Find: f.find, HTTP: &http.Client{Transport: transport}, Tenant: tenant, Profile: profile, Patience: patience, Log: out.complain,
	})
	if errors.Is(err, context.Canceled) { // by a signal, which is how many clients end a server
		return nil
	}
	return err
}

// lockedOut is the app's output for several goroutines.
type lockedOut struct {
	mu sync.Mutex
	// +checklocks:mu
	a *app
}

func (o *lockedOut) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.a.out.Write(b)
	return n, errors.Join(err, o.a.out.Flush())
}

func (o *lockedOut) complain(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.a.complain(text)
}

var _ io.Writer = (*lockedOut)(nil)

// unreachable returns the error for a daemon that does not answer.
func unreachable(addr string, err error) error {
	return fmt.Errorf("no daemon answers at %s: %w", addr, err)
}
