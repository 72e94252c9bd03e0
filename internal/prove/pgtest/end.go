package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// keeper is a process that outlives us and then stops the server and removes its folder, since a killed
// process cannot clean up.
type keeper struct {
	cmd  *exec.Cmd
	pipe io.Closer // its standard input, which ends when we do
	once sync.Once
}

// watch starts the keeper of a cluster.
func (c *Cluster) watch() (*keeper, error) {
	cmd := exec.Command("sh", "-c", `read -r _; "$1"/pg_ctl stop -D "$2"/data -m immediate; cd /; rm -rf "$2"`, "sh", c.bin, c.dir) //nolint:gosec,noctx // our own folder; end stops it
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	// Not in our process group, which is signaled at Ctrl-C.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Setpgid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &keeper{cmd: cmd, pipe: pipe}, cmd.Start()
}

func (k *keeper) end() {
	k.once.Do(func() {
		_ = k.pipe.Close()
		_ = k.cmd.Wait()
	})
}

// Kill ends the server and all its processes with SIGKILL, at any moment.
func (c *Cluster) Kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return nil
	}
	// A stopped server neither starts nor reaps processes, so that no process id is reused.
	pid := c.server.Process.Pid
	if err := c.server.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	if err := awaitState(pid, 'T'); err != nil {
		return err
	}
	children, err := childrenOf(pid)
	for _, child := range children {
		err = errors.Join(err, syscall.Kill(child, syscall.SIGKILL))
	}
	for _, child := range children {
		err = errors.Join(err, awaitState(child, 'Z'))
	}
	err = errors.Join(err, c.server.Process.Kill())
	<-c.ended
	c.server, c.killed = nil, true
	return err
}

// childrenOf returns the processes that pid has started and not reaped.
func childrenOf(pid int) (children []int, err error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if _, parent := status(child); parent == pid {
			children = append(children, child)
		}
	}
	return children, err
}

// awaitState waits until a process is in a state of proc_pid_stat(5).
func awaitState(pid int, want byte) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		switch state, _ := status(pid); {
		case state == want:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("pgtest: process %d is in state %q, not %q", pid, state, want)
		}
	}
}

// status returns the state and the parent of a process, or zeros if there is none.
func status(pid int) (state byte, parent int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	// The name, in parentheses, may contain any character.
	_, _ = fmt.Sscanf(string(b[bytes.LastIndexByte(b, ')')+1:]), " %c %d", &state, &parent)
	return state, parent
}
