package cli

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/datadir"
)

// doctorTimeout is how long a daemon may take for one answer before it counts as silent.
const doctorTimeout = 5 * time.Second

// The results of a finding.
const (
	resultOK      = "ok"
	resultWarning = "warning" // works, but look at it
	resultProblem = "problem" // does not work
	resultUnknown = "unknown" // cannot be seen from here
)

// finding is what one check has found.
type finding struct {
	Check  string `json:"check"`
	Result string `json:"result"`
	Detail string `json:"detail"`
	Next   string `json:"next,omitempty"` // what to do
}

// doctor is one look at an installation. It changes nothing.
type doctor struct {
	app      *app
	findings []finding

	data      string // the data folder, absolute; "" if there is none
	dataGiven bool   // it was named
	addr      string // as named or found
	addrFrom  string
	client    *client.Client
	url       string // the base of the daemon's paths
	http      *http.Client

	answers  bool             // a daemon answers
	identity *client.Identity // of its store; nil if it did not say
	search   string           // what /readyz says of the search
	lag      clockDifference
	metrics  map[string]float64 // by series; nil if they could not be read
}

func (a *app) doctor() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with a daemon and its data folder",
		Long: `Doctor takes a first look at an installation and changes nothing: whether a daemon answers, is ready
and has this command's version; its clock, search, journal, webhook and limits; its data folder,
disk and lock. Each line is ok, warning, problem or unknown, and says what to do next.

It asks the daemon at --addr or SIGIL_ADDR, else the one that serves from the data folder, else the
one at the default address. It works without a daemon, and shows no memories, keys or settings.
The data folder is looked at only if it is on this machine.

Exit codes: 0 no problem (there may be warnings), 1 a problem, 4 no daemon can be reached.`,
		Example: `  sigil doctor
  sigil doctor --data /var/lib/sigil
  sigil doctor --json | jq 'select(.result != "ok")'`,
		Args: nothingMore,
	}
	c.Flags().StringVar(&data, "data", "", "the daemon's data `folder` (SIGIL_DATA; default as for sigil serve)")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		d := &doctor{app: a, dataGiven: data != "" || a.env("SIGIL_DATA") != ""}
		if data == "" {
			data = a.dataFolder()
		}
		if data != "" {
			var err error
			if d.data, err = filepath.Abs(data); err != nil {
				return err
			}
		}
		if err := d.connect(); err != nil {
			return err
		}
		defer d.client.CloseIdleConnections()
		defer d.http.CloseIdleConnections()
		if d.asks(cmd.Context()); cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		d.looks()
		return d.report()
	}
	return c
}

// connect chooses the daemon to ask.
func (d *doctor) connect() error {
	a := d.app
	if limit := time.Duration(a.flags.timeout); limit == 0 || limit > doctorTimeout {
		a.flags.timeout = duration(doctorTimeout)
	}
	d.addr, d.addrFrom = a.setting(a.flags.addr, "--addr", "SIGIL_ADDR")
	if d.addr == "" {
		d.addr, d.addrFrom = defaultAddr, "the default address"
		if addr := d.savedAddr(); addr != "" {
			d.addr, d.addrFrom = addr, filepath.Join(d.data, datadir.AddrFile)
			a.flags.addr = addr
		}
	}
	var err error
	if d.client, err = a.connect(a.setting(a.flags.tenant, "--tenant", "SIGIL_TENANT")); err != nil {
		return err
	}
	d.url = baseURL(d.addr)
	d.http = &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true},
		Timeout:   time.Duration(a.flags.timeout),
	}
	return nil
}

// savedAddr returns the address that the data folder has of its daemon, or "".
func (d *doctor) savedAddr() string {
	if d.data == "" {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(d.data, datadir.AddrFile))
	if err != nil {
		return ""
	}
	addr := strings.TrimSpace(string(text))
	if _, err := client.New(addr, nil); err != nil {
		return ""
	}
	return addr
}

// baseURL returns the URL of an address that [client.New] accepts.
func baseURL(addr string) string {
	if rest, bare := strings.CutPrefix(addr, ":"); bare {
		addr = "127.0.0.1:" + rest
	}
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	return strings.TrimRight(addr, "/")
}

func (d *doctor) add(check, result, next, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, Result: result, Detail: fmt.Sprintf(format, args...), Next: next})
}

// report prints the findings and returns the exit code as an error.
func (d *doctor) report() error {
	a, counts, width := d.app, map[string]int{}, 0
	for _, f := range d.findings {
		counts[f.Result]++
		width = max(width, len(f.Check))
	}
	colors := map[string]string{resultOK: green, resultWarning: yellow, resultProblem: red, resultUnknown: dim}
	for _, f := range d.findings {
		if a.flags.json {
			if err := a.json(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(a.out, "%s  %-*s  %s\n", a.paint(colors[f.Result], fmt.Sprintf("%-7s", f.Result)), width, f.Check, escape(f.Detail))
		if f.Next != "" {
			fmt.Fprintf(a.out, "%*s  next: %s\n", len(resultProblem)+2+width, "", escape(f.Next))
		}
	}
	if counts[resultProblem]+counts[resultWarning] > 0 {
		a.say("%s, %s", count(counts[resultProblem], "problem", "problems"), count(counts[resultWarning], "warning", "warnings"))
	}
	switch {
	case !d.answers:
		return exitError(exitUnreachable)
	case counts[resultProblem] > 0:
		return exitError(exitFailed)
	}
	return nil
}

// asks runs the checks that ask the daemon.
func (d *doctor) asks(ctx context.Context) {
	if d.checkDaemon(ctx); !d.answers {
		return
	}
	d.checkReady(ctx)
	d.checkStore(ctx)
	d.checkClock()
	d.checkSearch(ctx)
	d.checkMetrics(ctx)
	d.checkJournal(ctx)
	d.checkWebhook()
	d.checkEmbedder()
	d.checkErrors()
	d.checkBackups(ctx)
}
