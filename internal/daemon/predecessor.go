package daemon

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

// predecessor is the process to take over from, as seen from the one that does.
type predecessor struct {
	tell io.WriteCloser
	says <-chan string
	// stop is closed when it was told to stop after it had let go.
	stop chan struct{}
}

// inherit gives what this process was started with: sockets, of systemd or of a predecessor, and the
// latter. Without either it gives nothing.
func inherit(environ []string) ([]*net.TCPListener, *predecessor, error) {
	var count string
	for _, pair := range environ {
		if value, ok := strings.CutPrefix(pair, handOverVariable+"="); ok {
			count = value
		}
	}
	if count == "" {
		sockets, err := adopt(activation.Files(true))
		return sockets, nil, err
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		return nil, nil, fmt.Errorf("%s is %q: it is set by sigil alone, for a process that is to take over", handOverVariable, count)
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
	return sockets, newPredecessor(ear, tell), err
}

// adopt makes listeners of files, and closes those.
func adopt(files []*os.File) ([]*net.TCPListener, error) {
	sockets, err := listeners(files)
	return sockets, errors.Join(err, closeFiles(files))
}

func newPredecessor(ear io.ReadCloser, tell io.WriteCloser) *predecessor {
	return &predecessor{tell: tell, says: lines(ear), stop: make(chan struct{})}
}

// await says that this process could take over, and serve from the folder data, and waits until it may.
func (p *predecessor) await(ctx context.Context, data string) error {
	if _, err := io.WriteString(p.tell, wordReady+" "+data+"\n"); err != nil {
		return fmt.Errorf("the process to take over from is gone: %w", err)
	}
	select {
	case line := <-p.says:
		if line == wordGo {
			// Ends with the predecessor's interest, which it shows by keeping the pipe open.
			go p.heed()
			return nil
		}
		return errors.New("the process to take over from goes on serving, or is gone")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *predecessor) heed() {
	for line := range p.says {
		if line == wordStop {
			close(p.stop)
			return
		}
	}
}

// serving says that this process has taken over.
func (p *predecessor) serving() {
	_, _ = io.WriteString(p.tell, wordServing+"\n") // where it is gone, this one has taken over all the more
	_ = p.tell.Close()                              // a pipe
}
