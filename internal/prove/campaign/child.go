package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sigil-dna/sigil/client"
)

// Patience is how long a daemon may take for an immediate action on a busy machine.
const Patience = 60 * time.Second

// poll is the time between two polls of a process.
const poll = 2 * time.Millisecond

// Child is a `sigil serve` process, on one data folder, that is started and ended any number of times. One
// goroutine calls all methods.
type Child struct {
	Program string   // the sigil command
	Data    string   // the data folder
	Scratch string   // a folder for its log and address
	Args    []string // further flags of serve

	starts int
	addr   string        // of the running process; port 0 only at first
	first  *os.Process   // the process that Start started; a hand-over replaces it
	pid    int           // of the process that serves
	ended  chan struct{} // closed when first has ended
	state  *os.ProcessState
}

// Addr returns the address that the daemon listens on.
func (c *Child) Addr() string { return c.addr }

// PID returns the id of the process that serves.
func (c *Child) PID() int { return c.pid }

// Starts returns how often the daemon was started.
func (c *Child) Starts() int { return c.starts }

func (c *Child) addrFile() string { return filepath.Join(c.Scratch, "addr") }
func (c *Child) logFile() string  { return filepath.Join(c.Scratch, "log") }

// Start starts the daemon and does not wait for it.
func (c *Child) Start() error {
	c.starts++
	// A killed daemon has left this file.
	if err := os.Remove(c.addrFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	args := append([]string{"serve", "--addr=127.0.0.1:0", "--addr-file=" + c.addrFile(), "--data=" + c.Data}, c.Args...)
	cmd := exec.Command(c.Program, args...) //nolint:noctx,gosec // our own program, which is killed when the campaign says so
	// This is not a pipe: after a hand-over, another process writes the log, and nobody needs to read it.
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SIGIL_") })
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	c.first, c.pid, c.ended, c.addr = cmd.Process, cmd.Process.Pid, ended, ""
	// This goroutine ends with the process, which Kill, Gone and HandOver wait for.
	go func() {
		_ = cmd.Wait() // the state is checked instead
		c.state = cmd.ProcessState
		close(ended)
	}()
	return nil
}

// Ready waits until the daemon serves.
func (c *Child) Ready(ctx context.Context) error {
	err := c.await(ctx, "to serve", func() (bool, error) {
		select {
		case <-c.ended:
			return false, fmt.Errorf("the daemon ended before it served: %v\n%s", c.state, c.Log())
		default:
		}
		addr, err := os.ReadFile(c.addrFile())
		c.addr = strings.TrimSpace(string(addr))
		return err == nil, nil
	})
	return err
}

// await polls until is returns true or an error.
func (c *Child) await(ctx context.Context, what string, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if ok, err := is(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited %v for process %d %s\n%s", Patience, c.pid, what, c.Log())
		}
	}
}

// Alive reports whether the serving process is running.
func (c *Child) Alive() bool { return c.first != nil && running(c.pid) }

// Kill ends the process that serves with SIGKILL, and waits for its end. It is no error if the process has
// ended already.
func (c *Child) Kill(ctx context.Context) error {
	if c.first == nil {
		return nil
	}
	if err := syscall.Kill(c.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return c.gone(ctx)
}

// Terminate asks the process that serves to end.
func (c *Child) Terminate() error { return syscall.Kill(c.pid, syscall.SIGTERM) }

// Gone waits for the end of the process that serves. It returns an error if the process did not drain in
// time.
func (c *Child) Gone(ctx context.Context) error {
	if err := c.gone(ctx); err != nil {
		return err
	}
	if c.pid == c.first.Pid && !c.state.Success() {
		return fmt.Errorf("the daemon ended with %v\n%s", c.state, c.Log())
	}
	return nil
}

// KillAll kills every process that uses the data folder, including those of an unfinished hand-over. It is
// for the end of a campaign that failed.
func (c *Child) KillAll(ctx context.Context) error {
	ours := []byte("--data=" + c.Data + "\x00")
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, file := range files {
		args, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(args, ours) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return err
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return c.Kill(ctx)
}

func (c *Child) gone(ctx context.Context) error {
	return c.await(ctx, "to end", func() (bool, error) {
		if c.pid != c.first.Pid {
			return !running(c.pid), nil
		}
		select {
		case <-c.ended:
			return true, nil
		default:
			return false, nil
		}
	})
}

// running reports whether a process, which need not be our child, exists and is not a zombie.
func running(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, after, _ := bytes.Cut(stat, []byte(") "))
	return len(after) > 0 && after[0] != 'Z' && after[0] != 'X'
}

// HandsOver reports whether the program can hand over to another process.
func (c *Child) HandsOver(ctx context.Context) bool {
	return exec.CommandContext(ctx, c.Program, "reload", "--help").Run() == nil //nolint:gosec // our own program
}

// HandOver makes the process that serves hand over to a new one, and waits until only the new one exists,
// serves, and holds the store.
func (c *Child) HandOver(ctx context.Context) error {
	old := c.pid
	if err := syscall.Kill(old, syscall.SIGUSR2); err != nil {
		return err
	}
	err := c.await(ctx, "to hand over", func() (bool, error) {
		pid := c.holder()
		return pid != 0 && pid != old && !running(old), nil
	})
	if err != nil {
		return err
	}
	c.pid = c.holder()
	api, err := client.New(c.addr, nil)
	if err != nil {
		return err
	}
	defer api.CloseIdleConnections()
	return c.await(ctx, "to serve after a hand-over", func() (bool, error) {
		if !running(c.pid) {
			return false, fmt.Errorf("process %d ended after it was handed over to\n%s", c.pid, c.Log())
		}
		return api.Ready(ctx) == nil, nil
	})
}

// holder returns the id of the process that has the data folder open, according to the folder, or 0 if there
// is none.
func (c *Child) holder() int {
	text, err := os.ReadFile(filepath.Join(c.Data, "holder.json"))
	var h struct {
		PID int `json:"pid"`
	}
	if err != nil || json.Unmarshal(text, &h) != nil {
		return 0
	}
	return h.PID
}

// Log returns the end of the daemon's log.
func (c *Child) Log() string {
	const most = 4 << 10
	text, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// Vitals are the resources that a process uses.
type Vitals struct {
	Goroutines, Descriptors int
	RSS                     int64 // bytes
}

func (v Vitals) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d MiB", v.Goroutines, v.Descriptors, v.RSS>>20)
}

// Vitals returns the resources that the process that serves uses now.
func (c *Child) Vitals(ctx context.Context) (v Vitals, err error) {
	folder := filepath.Join("/proc", strconv.Itoa(c.pid))
	open, err := os.ReadDir(filepath.Join(folder, "fd"))
	if err != nil {
		return v, err
	}
	v.Descriptors = len(open)
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return v, err
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")), 10, 64)
			if err != nil {
				return v, err
			}
			v.RSS = n << 10
		}
	}
	metrics, err := fetch(ctx, c.addr, "/metrics")
	if err != nil {
		return v, err
	}
	for line := range strings.Lines(string(metrics)) {
		if n, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			v.Goroutines, err = strconv.Atoi(strings.TrimSpace(n))
		}
	}
	return v, err
}
