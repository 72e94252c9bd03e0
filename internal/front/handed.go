package front

import (
	"net"
	"sync"
)

// handed is the listener of the HTTP server. It accepts the connections that the fast lane passes on.
type handed struct {
	conns     chan net.Conn
	closed    chan struct{}
	closeOnce sync.Once
}

func newHanded() *handed { return &handed{conns: make(chan net.Conn), closed: make(chan struct{})} }

// take passes a connection to the server. It reports false if the server no longer accepts any.
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

// Addr returns an address that is only shown: the sockets have several.
func (h *handed) Addr() net.Addr { return &net.TCPAddr{} }
