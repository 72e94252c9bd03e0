package lane

import (
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// rest is how long connections are answered before the network is polled.
const rest = time.Millisecond

// bell makes the runtime poll the network for requests that no goroutine has seen yet. Go's scheduler polls
// only when a processor is idle, or after ten milliseconds. Until then, connections whose next request is
// already there could occupy the processors again and again. So once a millisecond, all connections that have
// answered wait for a byte that arrives through a pipe, and so through the network poller; while they wait,
// the processors are idle.
type bell struct {
	from   *os.File // the pipe's ends
	to     *os.File
	began  time.Time
	looked atomic.Int64  // when the network was last polled, in nanoseconds since began
	ended  chan struct{} // closed when listen has ended

	mu sync.Mutex
	// +checklocks:mu
	rung chan struct{} // closed when the byte in flight has arrived; nil if there is none
	// +checklocks:mu
	closed bool
}

func newBell() (*bell, error) {
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	b := &bell{from: from, to: to, began: time.Now(), ended: make(chan struct{})}
	go b.listen() // close ends it
	return b, nil
}

// look waits until the network is polled, unless it was polled within the last millisecond. A nil bell does
// nothing.
func (b *bell) look() {
	if b != nil && int64(time.Since(b.began))-b.looked.Load() >= int64(rest) {
		b.wait()
	}
}

// wait waits until the network is polled.
func (b *bell) wait() {
	rung, first := b.join()
	if rung == nil {
		return
	}
	if first {
		_, _ = b.to.Write([]byte{0}) // if it fails, listen has ended, or will
	}
	<-rung
}

// join returns a channel that is closed when the byte has arrived, and whether the caller must send that
// byte. The channel is nil if the bell is closed.
func (b *bell) join() (rung chan struct{}, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if first = b.rung == nil && !b.closed; first {
		b.rung = make(chan struct{})
	}
	return b.rung, first
}

// listen receives bytes until the pipe is closed.
func (b *bell) listen() {
	defer close(b.ended)
	for sent := make([]byte, 1); ; {
		_, err := b.from.Read(sent)
		b.looked.Store(int64(time.Since(b.began)))
		if b.answer(err != nil); err != nil {
			return
		}
	}
}

func (b *bell) answer(last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
	b.closed = last
}

// close closes the pipe. A later look does not wait.
func (b *bell) close() {
	_ = b.to.Close() // ends listen
	<-b.ended
	_ = b.from.Close()
}
