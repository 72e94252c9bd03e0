package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

const (
	defaultAddr    = client.DefaultAddr
	defaultTimeout = 30 * time.Second
)

// app is one run of the command: its input and output, and its global flags.
type app struct {
	stdin   io.Reader
	inSize  int64         // length of stdin in bytes; 0 if unknown
	inFile  *os.File      // stdin if it is a terminal, else nil
	out     *bufio.Writer // standard output; say and finish flush it
	stderr  io.Writer
	env     func(string) string
	version string
	now     func() time.Time
	// backupFolder makes a backup of a data folder without a daemon.
	backupFolder func(ctx context.Context, args []string, stdout, stderr io.Writer) int
	ran          bool // a command of ours has begun; errors before that are cobra's, about the command line

	inTerm, outTerm, errTerm bool // whether stdin, stdout and stderr are terminals
	columns                  int  // width of the terminal that out goes to; 0 means no limit

	flags struct {
		addr, tenant       string
		json, noColor, yes bool
		quiet              bool // for the commands that print ids
		timeout            duration
	}
}

func newApp(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, env func(string) string, version string) *app {
	if version == "" {
		version = "dev"
	}
	a := &app{
		stdin: &interruptible{in: stdin, done: ctx.Done()}, inSize: sizeOf(stdin), out: bufio.NewWriter(stdout), stderr: stderr,
		env: env, version: version, now: time.Now,
		inTerm: isTerminal(stdin), outTerm: isTerminal(stdout), errTerm: isTerminal(stderr),
		columns: columns(stdout),
	}
	if a.inTerm {
		a.inFile, _ = stdin.(*os.File)
	}
	a.flags.timeout = duration(defaultTimeout)
	return a
}

// begin runs first in every command of ours. It checks the global flags together.
func (a *app) begin() error {
	a.ran = true
	if a.flags.json && a.flags.quiet {
		return usageError("--json and --quiet cannot be combined")
	}
	if a.flags.timeout < 0 {
		return usageError("--timeout must not be negative")
	}
	return nil
}

// with calls do with a client for the daemon that the flags or the environment name.
func (a *app) with(do func(*client.Client) error) error {
	c, err := a.connect(a.setting(a.flags.tenant, "--tenant", "SIGIL_TENANT"))
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	return do(c)
}

// connect returns a client for a tenant, or for the daemon's choice if it is "". tenantFrom says where its name is from.
func (a *app) connect(tenant, tenantFrom string) (*client.Client, error) {
	addr, addrFrom := a.setting(a.flags.addr, "--addr", "SIGIL_ADDR")
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableCompression: true}
	c, err := client.New(addr, &client.Options{
		Tenant: tenant, UserAgent: "sigil-cli/" + a.version,
		HTTPClient: &http.Client{Transport: transport, Timeout: time.Duration(a.flags.timeout)},
	})
	if wrong := (*sigil.Error)(nil); errors.As(err, &wrong) {
		from := addrFrom
		if wrong.Field == "tenant" {
			from = tenantFrom
		}
		return nil, usageError(join(from, wrong.Detail))
	}
	return c, err
}

// setting returns the value of a flag, or else of an environment variable, and the name of the one it is from.
func (a *app) setting(value, flag, variable string) (v, from string) {
	if value != "" {
		return value, flag
	}
	return a.env(variable), variable
}

// interruptible reads from in until done is closed, even while in delivers nothing: Ctrl-C must work at once on a
// silent pipe.
type interruptible struct {
	in   io.Reader
	done <-chan struct{}

	reads chan chunk // the read in progress, if any
	rest  []byte     // bytes that were read but not yet returned
	err   error      // returned after rest
}

type chunk struct {
	data []byte
	err  error
}

func (r *interruptible) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.reads == nil {
			r.reads = make(chan chunk, 1)
			// If done is closed first, nothing waits for this goroutine: it ends with the process.
			go func(reads chan<- chunk) {
				buf := make([]byte, 64<<10)
				n, err := r.in.Read(buf)
				reads <- chunk{buf[:n], err}
			}(r.reads)
		}
		select {
		case <-r.done:
			return 0, context.Canceled
		case c := <-r.reads:
			r.reads, r.rest, r.err = nil, c.data, c.err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
