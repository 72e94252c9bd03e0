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

// The messages between two processes during a hand-over, each on a line of its own.
const (
	wordReady   = "ready"   // the successor: it could take over; and the place it would serve from
	wordGo      = "go"      // the predecessor: the store is free
	wordServing = "serving" // the successor: it has the store, and answers
	wordStop    = "stop"    // from the predecessor: it was told to stop, and so must the process that has the store
)

// variable asks a process to take over, and holds the number of its sockets. After them, from descriptor 3 on, come
// the pipe to read from the other process and the one to write to it.
const variable = "SIGIL_HANDOVER"

const firstDescriptor = 3

// Successor is a process that is to take over, as seen from its predecessor.
type Successor struct {
	process Process
	says    <-chan string // its lines; closed when there will be no more
}

// Process is how a successor is reached, and ended.
type Process struct {
	PID  int
	Tell io.WriteCloser  // the pipe to speak to it
	Ear  io.ReadCloser   // the pipe to read from it
	Kill func()          // ends it at once
	Gone <-chan struct{} // is closed when it has ended
	Fate func() string   // returns how it has ended
}

// NewSuccessor returns a successor that runs already.
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
	// Ends with the process; what it has started outlives this one if all goes well.
	go func() {
		_ = cmd.Wait() // Fate has its error
		close(gone)
	}()
	return NewSuccessor(Process{
		PID: cmd.Process.Pid, Tell: tell, Ear: ear, Gone: gone,
		Kill: func() { _ = cmd.Process.Kill() }, // that it has ended is as good
		Fate: func() string { return cmd.ProcessState.String() },
	}), nil
}

// Without returns environ without the variables that speak of sockets that this process was started with.
func Without(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains([]string{variable, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}, name)
	})
}

// Program returns the path of the program that runs, to start it again when another lies there: through
// a link, if it was started through one.
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

// lines returns the lines of r, which it closes at their end.
func lines(r io.ReadCloser) <-chan string {
	all := make(chan string, 4) // large enough for all messages, so that no send blocks
	// It ends when the other side closes its end, at the latest when that process exits.
	go func() {
		defer close(all)
		defer func() { _ = r.Close() }()
		for scan := bufio.NewScanner(r); scan.Scan(); {
			select {
			case all <- scan.Text():
			default: // more messages than there are: dropped
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
	select { // it has closed its end, and so is ending
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

// end ends the process, and returns when it has ended: it may hold the store. It gets that much time
// to do so by itself.
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
