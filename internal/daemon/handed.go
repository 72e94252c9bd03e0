package daemon

import (
	"net"
	"sync"
)

// handed is the listener of the HTTP server: what it accepts are the connections that the fast lane hands on.
type handed struct {
	conns     chan net.Conn
	closed    chan struct{}
	closeOnce sync.Once
}

// take gives a connection to the server, or tells that it accepts none any more.
func (h *handed) take(c net.Conn) bool {
	select {
	case h.conns <- c:
		return true
	case <-h.closed:
		return false
	}
}

func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handed) Close() error {
	h.closeOnce.Do(func() { close(h.closed) })
	return nil
}

// Addr is only shown: the sockets have several.
func (h *handed) Addr() net.Addr { return &net.TCPAddr{} }
