package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
)

// Predecessor is the process to take over from, as its successor sees it.
type Predecessor struct {
	tell io.WriteCloser
	says <-chan string
	stop chan struct{}
}

// Inherit returns what this process was started with: either the sockets of systemd, or the sockets of a
// predecessor and the predecessor. If there are none, it returns nil.
func Inherit(environ []string) ([]*net.TCPListener, *Predecessor, error) {
	var count string
	for _, pair := range environ {
		if value, ok := strings.CutPrefix(pair, variable+"="); ok {
			count = value
		}
	}
	if count == "" {
		sockets, err := adopt(activation.Files(true))
		return sockets, nil, err
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		return nil, nil, fmt.Errorf("%s is %q: only sigil sets it, for a process that is to take over", variable, count)
	}
	var files []*os.File
	for i := range n {
		files = append(files, os.NewFile(uintptr(firstDescriptor+i), "socket "+strconv.Itoa(i)))
	}
	ear, err := inheritedPipe(uintptr(firstDescriptor+n), "predecessor")
	if err != nil {
		return nil, nil, err
	}
	tell, err := inheritedPipe(uintptr(firstDescriptor+n+1), "predecessor")
	if err != nil {
		return nil, nil, err
	}
	sockets, err := adopt(files)
	return sockets, NewPredecessor(ear, tell), err
}

// adopt makes listeners of files, and closes the files.
func adopt(files []*os.File) ([]*net.TCPListener, error) {
	sockets, err := Listeners(files)
	return sockets, errors.Join(err, closeFiles(files))
}

// NewPredecessor returns a predecessor that this process reads from and writes to over these pipes.
func NewPredecessor(ear io.ReadCloser, tell io.WriteCloser) *Predecessor {
	return &Predecessor{tell: tell, says: lines(ear), stop: make(chan struct{})}
}

// Stop returns a channel that is closed if the predecessor is told to stop after it has released the store.
func (p *Predecessor) Stop() <-chan struct{} { return p.stop }

// Await reports to the predecessor that this process is ready to serve from place, and waits for permission.
func (p *Predecessor) Await(ctx context.Context, place string) error {
	if _, err := io.WriteString(p.tell, wordReady+" "+place+"\n"); err != nil {
		return fmt.Errorf("the process to take over from is gone: %w", err)
	}
	select {
	case line := <-p.says:
		if line == wordGo {
			// This goroutine ends when the predecessor closes its end of the pipe.
			go p.heed()
			return nil
		}
		return errors.New("the process to take over from still serves, or is gone")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Predecessor) heed() {
	for line := range p.says {
		if line == wordStop {
			close(p.stop)
			return
		}
	}
}

// Serving reports to the predecessor that this process has taken over.
func (p *Predecessor) Serving() {
	_, _ = io.WriteString(p.tell, wordServing+"\n") // an error means that the predecessor has ended
	_ = p.tell.Close()                              // a pipe
}
