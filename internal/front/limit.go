package front

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// places limits the number of connections: free holds a token for each. If all are taken, connections that
// wait for a request are closed, and new clients wait in the kernel's queue until then. So a flood of
// connections costs neither memory nor descriptors.
type places struct {
	free chan struct{}
	// makeRoom closes some idle connections, if there are any.
	makeRoom func()
}

// roomEvery is the time between two calls of makeRoom while all places are taken.
const roomEvery = 50 * time.Millisecond

func newPlaces(n int, makeRoom func()) *places {
	return &places{free: make(chan struct{}, n), makeRoom: makeRoom}
}

// limit returns a listener that accepts from l only if a place is free.
func (p *places) limit(l *net.TCPListener) net.Listener {
	return &limited{TCPListener: l, places: p, closed: make(chan struct{})}
}

type limited struct {
	*net.TCPListener
	places    *places
	closed    chan struct{}
	closeOnce sync.Once
}

func (l *limited) Accept() (net.Conn, error) {
	if err := l.take(); err != nil {
		return nil, err
	}
	c, err := l.AcceptTCP()
	if err != nil {
		<-l.places.free
		return nil, err
	}
	return &limitedConn{TCPConn: c, free: sync.OnceFunc(func() { <-l.places.free })}, nil
}

// take waits for a place.
func (l *limited) take() error {
	for {
		select {
		case l.places.free <- struct{}{}:
			return nil
		case <-l.closed:
			return net.ErrClosed
		default:
		}
		l.places.makeRoom()
		select {
		case l.places.free <- struct{}{}:
			return nil
		case <-l.closed:
			return net.ErrClosed
		case <-time.After(roomEvery):
		}
	}
}

// Close also ends an Accept that waits for a place.
func (l *limited) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return l.TCPListener.Close()
}

// limitedConn embeds the concrete type because the HTTP server also closes only the sending direction, so
// that a client that is still sending when it is refused can read the refusal.
type limitedConn struct {
	*net.TCPConn
	free func()
	// begun reports whether anything has arrived since the connection was opened or last waited for a request.
	begun atomic.Bool
}

func (c *limitedConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if n > 0 && !c.begun.Load() {
		c.begun.Store(true)
	}
	return n, err
}

func (c *limitedConn) Close() error {
	defer c.free()
	return c.TCPConn.Close()
}
