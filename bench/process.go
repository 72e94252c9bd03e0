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

// process is a program that we started. It ends with us, however we end.
type process struct {
	cmd   *exec.Cmd
	log   string        // a file with what it says
	ended chan struct{} // closed when it has ended
}

// start starts a program.
func (b *bench) start(program string, args ...string) (*process, error) {
	log, err := os.CreateTemp(b.scratch, "log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()                                 // the program has its own
	cmd := exec.CommandContext(context.Background(), program, args...) //nolint:gosec // a program of ours or a peer; stop ends it
	cmd.Dir, cmd.Env = b.scratch, environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true} // Ctrl-C is ours to hear
	p := &process{cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	started := make(chan error)
	go func() { // ends with the process, which stop waits for
		// The signal at our death is tied to the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its error is of no interest here
		}
	}()
	return p, <-started
}

// environment is ours without what would configure a daemon.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SIGIL_") })
}

// stop ends a program with a signal and waits for its end.
func (p *process) stop(signal syscall.Signal) error {
	_ = p.cmd.Process.Signal(signal) // it may have ended
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

// await asks until it is so, or the program has ended.
func (p *process) await(ctx context.Context, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !is() {
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

// peak is the most memory that a running program had, in bytes.
func (p *process) peak() (int64, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	kib, _, ok := bytes.Cut(after, []byte("kB"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(kib)), 10, 64)
	if !ok || err != nil {
		return 0, errors.New("the system does not tell the peak of memory")
	}
	return n << 10, nil
}

// watch waits for the end of a program and gives the most memory that it had, as it was last seen. (What the
// system tells of an ended child begins with what we had when it was started.)
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

// daemon is a sigil serve.
type daemon struct {
	*process
	addr string
}

// serve starts a daemon on a data folder, and returns when it is ready. No memory fades by itself meanwhile.
func (b *bench) serve(ctx context.Context, data string) (*daemon, error) {
	file := filepath.Join(b.scratch, "addr")
	_ = os.Remove(file) // of one that was killed
	p, err := b.start(b.sigil, "serve", "--addr=127.0.0.1:0", "--addr-file="+file, "--data="+data, "--policy=halflife")
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

// withDaemon has use measure a daemon on a new folder.
func (b *bench) withDaemon(ctx context.Context, use func(*daemon) (figure, error)) (f figure, err error) {
	data, err := os.MkdirTemp(b.scratch, "data")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	d, err := b.serve(ctx, data)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, d.stop(syscall.SIGTERM)) }()
	return use(d)
}
