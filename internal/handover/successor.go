package handover

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
)

// These are the messages between two processes during a hand-over, each on its own line.
const (
	wordReady   = "ready"   // from the successor: ready to take over; followed by the place it would serve from
	wordGo      = "go"      // from the predecessor: the store is free
	wordServing = "serving" // from the successor: it has the store, and answers
	wordStop    = "stop"    // from the predecessor: it was told to stop, so the process that has the store must stop, too
)

// variable asks a process to take over. Its value is the number of sockets, which have the descriptors from 3
// on. The next two descriptors are the pipe to read from the other process and the pipe to write to it.
const variable = "SIGIL_HANDOVER"

const firstDescriptor = 3

// Successor is a process that is to take over, as its predecessor sees it.
type Successor struct {
	process Process
	says    <-chan string // its lines; closed when there will be no more
}

// Process is a successor's process, with the means to reach and end it.
type Process struct {
	PID  int
	Tell io.WriteCloser  // the pipe to write to it
	Ear  io.ReadCloser   // the pipe to read from it
	Kill func()          // ends it at once
	Gone <-chan struct{} // closed when it has ended
	Fate func() string   // returns how it has ended
}

// NewSuccessor returns a successor whose process is running.
func NewSuccessor(p Process) *Successor { return &Successor{process: p, says: lines(p.Ear)} }

// Spawn starts the program at path to take over sockets.
func Spawn(path string, args, environ []string, sockets []*os.File) (*Successor, error) {
	theirEar, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ear, theirMouth, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirEar.Close(), tell.Close())
	}
	cmd := exec.Command(path, args...) //nolint:gosec,noctx // the program this one was started from; it outlives this process
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = append(slices.Clone(sockets), theirEar, theirMouth)
	cmd.Env = append(Without(environ), variable+"="+strconv.Itoa(len(sockets)))
	err = cmd.Start()
	err = errors.Join(err, theirEar.Close(), theirMouth.Close())
	if err != nil {
		return nil, errors.Join(err, tell.Close(), ear.Close())
	}
	gone := make(chan struct{})
	// This goroutine ends with the process, which outlives this one if all goes well.
	go func() {
		_ = cmd.Wait() // Fate has its error
		close(gone)
	}()
	return NewSuccessor(Process{
		PID: cmd.Process.Pid, Tell: tell, Ear: ear, Gone: gone,
		Kill: func() { _ = cmd.Process.Kill() }, // if it fails, the process has ended already
		Fate: func() string { return cmd.ProcessState.String() },
	}), nil
}

// Without returns environ without the variables that describe inherited sockets.
func Without(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains([]string{variable, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}, name)
	})
}

// Program returns the path of the running program, to start the program that is there later. If this one was
// started through a link, it returns the link's path.
func Program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	named, err := exec.LookPath(os.Args[0])
	if err == nil {
		named, err = filepath.Abs(named)
	}
	if err != nil || !sameFile(named, self) { // it was started under an arbitrary name
		return self, nil
	}
	return named, nil
}

func sameFile(a, b string) bool {
	of, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(of, other)
}

// lines returns the lines of r. It closes r at the end.
func lines(r io.ReadCloser) <-chan string {
	all := make(chan string, 4) // large enough for all messages
	// This goroutine ends when the other side closes its end, which it does at the latest when its process
	// exits.
	go func() {
		defer close(all)
		defer func() { _ = r.Close() }()
		for scan := bufio.NewScanner(r); scan.Scan(); {
			select {
			case all <- scan.Text():
			default: // more messages than the protocol has: dropped
				return
			}
		}
	}()
	return all
}

// hear waits for a word and returns the rest of its line.
func (s *Successor) hear(ctx context.Context, word string, within time.Duration) (string, error) {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case line, ok := <-s.says:
		if rest, is := strings.CutPrefix(line, word); is {
			return strings.TrimSpace(rest), nil
		}
		if ok {
			return "", fmt.Errorf("the new process reported %q, not that it is %s", line, word)
		}
	case <-timeout.C:
		return "", fmt.Errorf("the new process was not %s within %s", word, sigil.FormatDuration(within))
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	select { // the process has closed its end, and so is about to exit
	case <-s.process.Gone:
		return "", fmt.Errorf("the new process ended before it was %s (%s); see its log", word, s.process.Fate())
	case <-timeout.C:
		return "", fmt.Errorf("the new process no longer reports whether it is %s", word)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (s *Successor) say(word string) error {
	_, err := io.WriteString(s.process.Tell, word+"\n")
	return err
}

// end waits up to within for the process to exit by itself, then kills it. It returns only when the process
// has ended, since it may hold the store.
func (s *Successor) end(within time.Duration) {
	_ = s.process.Tell.Close() // a pipe
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case <-s.process.Gone:
		return
	case <-timeout.C:
	}
	s.process.Kill()
	<-s.process.Gone
}
