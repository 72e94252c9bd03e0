package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long a program may take to start or end.
const patience = 5 * time.Minute

// process is a program that bench started. It ends when bench ends, even if bench is killed.
type process struct {
	cmd   *exec.Cmd
	log   string        // the file that has its output
	ended chan struct{} // closed when the program has ended
}

// start starts a program.
func (b *bench) start(program string, args ...string) (*process, error) {
	log, err := os.CreateTemp(b.scratch, "log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()                                 // the program has its own descriptor
	cmd := exec.CommandContext(context.Background(), program, args...) //nolint:gosec // a program of ours or a peer; stop ends it
	cmd.Dir, cmd.Env = b.scratch, environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true} // Ctrl-C interrupts bench only
	p := &process{cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	started := make(chan error)
	go func() { // ends with the process, which stop waits for
		// The kernel sends Pdeathsig when the thread that started the program ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // stop reads the exit status
		}
	}()
	return p, <-started
}

// environment returns bench's environment without the variables that would configure a daemon.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SIGIL_") })
}

// stop sends a program a signal and waits for it to end.
func (p *process) stop(signal syscall.Signal) error {
	_ = p.cmd.Process.Signal(signal) // it may have ended already
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end in %v", p.cmd.Path, patience)
	}
	if signal != syscall.SIGKILL && !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%s: %v\n%s", p.cmd.Path, p.cmd.ProcessState, p.said())
	}
	return nil
}

func (p *process) said() []byte {
	text, _ := os.ReadFile(p.log)
	return text[max(0, len(text)-4<<10):]
}

// await calls done again and again until it returns true. It fails if the program ends first.
func (p *process) await(ctx context.Context, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-p.ended:
			return fmt.Errorf("%s ended: %v\n%s", p.cmd.Path, p.cmd.ProcessState, p.said())
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w\n%s", p.cmd.Path, ctx.Err(), p.said())
		}
	}
	return nil
}

// peak returns the maximum memory that a running program has had, in bytes.
func (p *process) peak() (int64, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	kib, _, ok := bytes.Cut(after, []byte("kB"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(kib)), 10, 64)
	if !ok || err != nil {
		return 0, errors.New("/proc reports no peak of memory")
	}
	return n << 10, nil
}

// watch waits for a program to end and returns its peak memory as last seen. (The peak that the system reports for an
// ended child includes bench's own memory at the time of the fork.)
func (p *process) watch(ctx context.Context) (peak int64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if n, err := p.peak(); err == nil {
			peak = n
		}
		select {
		case <-p.ended:
			return peak
		case <-ctx.Done():
			return peak
		case <-tick.C:
		}
	}
}

// daemon is a running `sigil serve`.
type daemon struct {
	*process
	addr string
}

// serve starts a daemon on a data folder and returns when it is ready. No memory fades by itself during a run.
func (b *bench) serve(ctx context.Context, data string, args ...string) (*daemon, error) {
	file := filepath.Join(b.scratch, "addr")
	_ = os.Remove(file) // left by a daemon that was killed
	args = append([]string{"serve", "--addr=127.0.0.1:0", "--addr-file=" + file, "--data=" + data, "--policy=halflife"}, args...)
	p, err := b.start(b.sigil, args...)
	if err != nil {
		return nil, err
	}
	d := &daemon{process: p}
	err = p.await(ctx, func() bool {
		addr, err := os.ReadFile(file)
		d.addr = strings.TrimSpace(string(addr))
		return err == nil && d.ready(ctx)
	})
	if err != nil {
		return nil, errors.Join(err, p.stop(syscall.SIGKILL))
	}
	return d, nil
}

func (d *daemon) ready(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.addr+"/readyz", nil)
	if err != nil {
		return false
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// withDaemon calls use with a daemon on a new folder, and removes the folder.
func (b *bench) withDaemon(ctx context.Context, use func(*daemon) (figure, error), args ...string) (f figure, err error) {
	data, err := os.MkdirTemp(b.scratch, "data")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	d, err := b.serve(ctx, data, args...)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, d.stop(syscall.SIGTERM)) }()
	return use(d)
}
