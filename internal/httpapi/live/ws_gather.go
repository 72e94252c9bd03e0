package live

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// gatherAtMost is the number of bytes that may wait to be sent together. With more waiting, a writer waits
	// for the network.
	gatherAtMost = 64 << 10
	// readAtOnce is the maximum number of bytes read from the network at once. It also bounds how much is
	// handled together.
	readAtOnce = 32 << 10
	// lastWords is the time limit for sending waiting data when the connection is closed. A network with space
	// takes the data at once.
	lastWords = 250 * time.Millisecond
)

// gathering is the ResponseWriter of a request for a WebSocket. The library takes over its connection.
type gathering struct {
	http.ResponseWriter
	in  *bufio.Reader // the library reads from it
	out *gathered     // the library writes to it
}

// Hijack takes over the connection. The library calls it.
func (g *gathering) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(g.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	first, _ := rw.Peek(rw.Reader.Buffered()) // from a client that did not wait for the answer
	g.out = newGathered(conn, bytes.Clone(first))
	g.in = bufio.NewReaderSize(g.out, readAtOnce)
	return g.out, bufio.NewReadWriter(g.in, bufio.NewWriter(g.out)), nil
}

// gathered is a connection that sends with one system call everything that was written during another write,
// or while it was held. A goroutine that writes does the sending; gathered has none of its own. A failed
// write ends the connection, which its reader notices.
type gathered struct {
	net.Conn
	first io.Reader // bytes that were read before, and then the connection

	mu sync.Mutex
	// +checklocks:mu
	waiting []byte // to be sent
	// +checklocks:mu
	spare []byte // a buffer that was sent, to be reused
	// +checklocks:mu
	held int
	// +checklocks:mu
	sending bool // a goroutine is sending, without the lock
	// +checklocks:mu
	closing bool
	// +checklocks:mu
	noText bool // the last text has been written
	// +checklocks:mu
	failed error
	// +checklocks:mu
	sent *sync.Cond // signaled when waiting data was sent
}

func newGathered(conn net.Conn, first []byte) *gathered {
	g := &gathered{Conn: conn, first: conn}
	if len(first) > 0 {
		g.first = io.MultiReader(bytes.NewReader(first), conn)
	}
	g.sent = sync.NewCond(&g.mu)
	return g
}

func (g *gathered) Read(b []byte) (int, error) { return g.first.Read(b) }

// Write sends b, or leaves it to a goroutine that is sending or holds the connection.
func (g *gathered) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.write(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// +checklocks:g.mu
func (g *gathered) write(b []byte) error {
	for g.sending && len(g.waiting) >= gatherAtMost && g.open() == nil {
		g.sent.Wait()
	}
	if err := g.open(); err != nil {
		return err
	}
	if !g.sending && g.held == 0 && len(g.waiting) == 0 { // b need not be copied
		g.sending = true
		g.send(b)
		g.sendWaiting()
		return g.failed
	}
	g.waiting = append(g.waiting, b...)
	if !g.sending && (g.held == 0 || len(g.waiting) >= gatherAtMost) {
		g.sending = true
		g.sendWaiting()
	}
	return g.failed
}

// text sends a frame that holds a whole text, like Write. It does not copy the parts after the first. It
// sends all parts with one system call if no other goroutine is sending.
func (g *gathered) text(first []byte, parts ...[]byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.noText {
		return net.ErrClosed
	}
	if len(parts) == 0 {
		return g.write(first)
	}
	for g.sending && g.open() == nil {
		g.sent.Wait()
	}
	if err := g.open(); err != nil {
		return err
	}
	g.sending = true
	b := append(g.take(), first...)
	g.send(b, parts...)
	g.keep(b)
	g.sendWaiting()
	return g.failed
}

// lastText is called before a closing frame: no text may follow it.
func (g *gathered) lastText() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.noText = true
}

// open returns the reason why nothing can be written any more, or nil.
//
// +checklocks:g.mu
func (g *gathered) open() error {
	if g.failed == nil && g.closing {
		return net.ErrClosed
	}
	return g.failed
}

// hold delays everything that is written until release. Nothing may block in between.
func (g *gathered) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held++
}

func (g *gathered) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held--
	if !g.sending && len(g.waiting) > 0 && g.failed == nil {
		g.sending = true
		g.sendWaiting()
	}
}

// Close sends the waiting data, if the network takes it, and closes the connection.
func (g *gathered) Close() error {
	g.last()
	return g.Conn.Close()
}

func (g *gathered) last() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closing = true
	g.sent.Broadcast() // writers that wait for space fail
	_ = g.SetWriteDeadline(time.Now().Add(lastWords))
	for g.sending {
		g.sent.Wait()
	}
	if len(g.waiting) > 0 && g.failed == nil {
		g.sending = true
		g.sendWaiting()
	}
}

// sendWaiting sends until no data is waiting. The caller has set sending.
// +checklocks:g.mu
func (g *gathered) sendWaiting() {
	for len(g.waiting) > 0 && g.failed == nil {
		b := g.take()
		g.send(b)
		g.keep(b)
	}
	g.sending = false
	g.sent.Broadcast()
}

// take returns the data that waits to be sent. Once it is sent, the caller passes the buffer to keep.
// +checklocks:g.mu
func (g *gathered) take() []byte {
	b := g.waiting
	g.waiting, g.spare = g.spare[:0], nil
	return b
}

// +checklocks:g.mu
func (g *gathered) keep(b []byte) {
	if cap(b) <= 2*gatherAtMost {
		g.spare = b
	}
}

// send releases the lock while it sends b and parts.
//
// +checklocks:g.mu
func (g *gathered) send(b []byte, parts ...[]byte) {
	if !g.closing {
		_ = g.SetWriteDeadline(time.Now().Add(patience))
	}
	g.mu.Unlock()
	var err error
	if len(parts) == 0 {
		_, err = g.Conn.Write(b)
	} else {
		err = writeBuffers(g.Conn, append(net.Buffers{b}, parts...))
	}
	g.mu.Lock()
	if err != nil && g.failed == nil {
		g.failed = err
		_ = g.Conn.Close()
	}
	g.sent.Broadcast()
}

// writeBuffers writes all of b, with one system call if the connection supports that.
func writeBuffers(conn net.Conn, b net.Buffers) (err error) {
	if all, ok := conn.(interface {
		WriteBuffers(b *net.Buffers) (int64, error)
	}); ok {
		_, err = all.WriteBuffers(&b)
	} else {
		_, err = b.WriteTo(conn)
	}
	return err
}
