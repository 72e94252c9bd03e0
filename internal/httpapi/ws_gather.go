package httpapi

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
	// gatherAtMost is how many bytes wait to be sent together. Who has more waits for the network.
	gatherAtMost = 64 << 10
	// readAtOnce is how much is taken from the network at once, and so bounds what is worked on together.
	readAtOnce = 32 << 10
	// lastWords is how long what waits to be sent has where the connection is closed meanwhile. A network that has
	// room takes it at once.
	lastWords = 250 * time.Millisecond
)

// gathering is the answer to a request for a WebSocket, which is taken over by way of it.
type gathering struct {
	*call
	in  *bufio.Reader // what the library reads from
	out *gathered     // what it writes to
}

// Hijack takes over the connection, as the library asks for.
func (g *gathering) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(g.call.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	first, _ := rw.Peek(rw.Reader.Buffered()) // of a client that did not wait for the answer
	g.out = newGathered(conn, bytes.Clone(first))
	g.in = bufio.NewReaderSize(g.out, readAtOnce)
	return g.out, bufio.NewReadWriter(g.in, bufio.NewWriter(g.out)), nil
}

// gathered is a connection that sends with one system call what was written while another was under way, or while
// it was held. Whoever has something to send does it; no goroutine is its own. A write that fails ends the
// connection, of which its reader hears.
type gathered struct {
	net.Conn
	first io.Reader // what was read before, and the connection

	mu sync.Mutex
	// +checklocks:mu
	waiting []byte // to be sent
	// +checklocks:mu
	spare []byte // was sent; used again
	// +checklocks:mu
	held int
	// +checklocks:mu
	sending bool // somebody does, without the lock
	// +checklocks:mu
	closing bool
	// +checklocks:mu
	failed error
	// +checklocks:mu
	sent *sync.Cond // somebody has sent what waited
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

// Write sends b, or leaves it to who is sending or holds the connection.
func (g *gathered) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.sending && len(g.waiting) >= gatherAtMost && g.failed == nil && !g.closing {
		g.sent.Wait()
	}
	switch {
	case g.failed != nil:
		return 0, g.failed
	case g.closing:
		return 0, net.ErrClosed
	case !g.sending && g.held == 0 && len(g.waiting) == 0: // it need not be copied
		g.sending = true
		g.send(b)
		g.sendWaiting()
		return len(b), g.failed
	}
	g.waiting = append(g.waiting, b...)
	if !g.sending && (g.held == 0 || len(g.waiting) >= gatherAtMost) {
		g.sending = true
		g.sendWaiting()
	}
	return len(b), g.failed
}

// hold keeps what is written until release. It is for a while in which nothing is waited for.
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

// Close sends what waits, if the network takes it, and closes the connection.
func (g *gathered) Close() error {
	g.last()
	return g.Conn.Close()
}

func (g *gathered) last() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closing = true
	g.sent.Broadcast() // who waits for room has none
	_ = g.SetWriteDeadline(time.Now().Add(lastWords))
	for g.sending {
		g.sent.Wait()
	}
	if len(g.waiting) > 0 && g.failed == nil {
		g.sending = true
		g.sendWaiting()
	}
}

// sendWaiting sends until nothing waits. Who calls it has set sending.
//
// +checklocks:g.mu
func (g *gathered) sendWaiting() {
	for len(g.waiting) > 0 && g.failed == nil {
		b := g.waiting
		g.waiting = g.spare[:0]
		g.spare = nil
		g.send(b)
		if cap(b) <= 2*gatherAtMost {
			g.spare = b
		}
	}
	g.sending = false
	g.sent.Broadcast()
}

// send sends b, without the lock.
//
// +checklocks:g.mu
func (g *gathered) send(b []byte) {
	if !g.closing {
		_ = g.SetWriteDeadline(time.Now().Add(patience))
	}
	g.mu.Unlock()
	_, err := g.Conn.Write(b)
	g.mu.Lock()
	if err != nil && g.failed == nil {
		g.failed = err
		_ = g.Conn.Close()
	}
	g.sent.Broadcast()
}
