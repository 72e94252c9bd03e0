package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/datadir"
)

const (
	// returnTime is how long a daemon that was lost may take to come back before another is started in its place: whoever
	// restarts it should not find its place taken.
	returnTime = 10 * time.Second
	// probeTime is how long a daemon may take to say that it is there.
	probeTime = 2 * time.Second
)

// finder finds the daemon of this machine, and starts one if there is none. Its methods are called by one goroutine at
// a time.
type finder struct {
	data  string // absolute
	given string // the address that was named, or ""
	start string // the address for a daemon that is started, or "" for that of its settings
	local bool   // one may be started
	found bool   // one has been found before
}

func (a *app) finder(data string) (*finder, error) {
	if data == "" {
		data = a.dataFolder()
	}
	if data == "" {
		return nil, usageError("there is no home folder: set the daemon's data folder with --data")
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	given, from := a.setting(a.flags.addr, "--addr", "SIGIL_ADDR")
	f := &finder{data: data, given: given, local: given == ""}
	if given != "" {
		c, err := client.New(given, nil)
		if err != nil {
			return nil, usageError(join(from, "is not an address"))
		}
		if u, err := url.Parse(c.String()); err == nil && u.Scheme == "http" && u.Path == "" && u.Port() != "" && isLoopback(u.Hostname()) {
			f.local, f.start = true, net.JoinHostPort(u.Hostname(), u.Port())
		}
	}
	return f, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// find returns the URL of a daemon that is there, as [relay.Options] says.
func (f *finder) find(ctx context.Context) (string, error) {
	u, err := f.look(ctx)
	if err != nil && (f.found || !f.local) {
		wait := returnTime
		if !f.local {
			wait = 24 * time.Hour // as long as ctx
		}
		waiting, cancel := context.WithTimeout(ctx, wait)
		u, err = f.await(waiting, nil)
		cancel()
	}
	if err != nil && f.local && ctx.Err() == nil {
		u, err = f.startOne(ctx)
	}
	f.found = f.found || err == nil
	return u, err
}

// look returns the URL of a daemon that answers now, even if it is not ready yet.
func (f *finder) look(ctx context.Context) (u string, err error) {
	addrs := []string{f.given}
	if f.given == "" {
		addrs = []string{client.DefaultAddr}
		if text, err := os.ReadFile(filepath.Join(f.data, datadir.AddrFile)); err == nil {
			addrs = []string{strings.TrimSpace(string(text)), client.DefaultAddr}
		}
	}
	for _, addr := range addrs {
		u, err = probe(ctx, addr)
		if err == nil {
			return u, nil
		}
	}
	return "", err
}

// probe returns the URL of the daemon at addr if there is one.
func probe(ctx context.Context, addr string) (string, error) {
	c, err := client.New(addr, nil)
	if err != nil {
		return "", err
	}
	defer c.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	err = c.Ready(ctx)
	var answer *client.Error
	if err == nil || errors.As(err, &answer) && answer.Problem.Code != "" { // a daemon that is starting answers, too
		return strings.TrimSuffix(c.String(), "/"), nil
	}
	return "", unreachable(addr, err)
}

// await polls until a daemon answers. It ends early if ended is closed.
func (f *finder) await(ctx context.Context, ended <-chan struct{}) (u string, err error) {
	stopped := until(ctx, func() (bool, error) {
		if u, err = f.look(ctx); err == nil {
			return true, nil
		}
		select {
		case <-ended:
			u, err = f.look(ctx) // another process may have been faster
			return true, nil
		default:
			return false, nil
		}
	})
	if stopped != nil && err == nil {
		err = stopped
	}
	return u, err
}

// startOne starts a daemon unless another process has just done so, and returns its URL. Of several processes that want
// to start one for the same data folder, one does, and the others wait for it.
func (f *finder) startOne(ctx context.Context) (string, error) {
	if err := os.MkdirAll(filepath.Dir(f.data), 0o700); err != nil {
		return "", err
	}
	unlock, err := lockFile(ctx, f.data+".start")
	if err != nil {
		return "", fmt.Errorf("wait for another start of a daemon: %w", err)
	}
	defer unlock()
	if u, err := f.look(ctx); err == nil {
		return u, nil
	}
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	logName := f.data + ".log"
	log, err := os.OpenFile(logName, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer log.Close() //nolint:errcheck // the daemon writes it
	args := []string{"serve", "--data=" + f.data}
	if f.start != "" {
		args = append(args, "--addr="+f.start)
	}
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // this program itself, which outlives ctx
	cmd.Stdout, cmd.Stderr = log, log
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan struct{})
	// Nothing waits for this goroutine: the daemon outlives this process.
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its log says why it ended
	}()
	u, err := f.await(ctx, ended)
	if err != nil {
		return "", fmt.Errorf("%w; the daemon that was started writes to %s%s", err, logName, lastLine(logName))
	}
	return u, nil
}

// lastLine returns ": " and the last line of a log, or "".
func lastLine(name string) string {
	text, err := os.ReadFile(name)
	text = bytes.TrimSpace(text)
	if err != nil || len(text) == 0 {
		return ""
	}
	return ": " + string(text[bytes.LastIndexByte(text, '\n')+1:])
}
