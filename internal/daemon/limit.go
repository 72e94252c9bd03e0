package daemon

import (
	"net"
	"sync"
)

// limitListener accepts at most n connections at once. More wait in the kernel's queue until one of
// them closes, so that a flood of them costs neither memory nor descriptors.
func limitListener(l *net.TCPListener, n int) net.Listener {
	return &limited{TCPListener: l, slots: make(chan struct{}, n), closed: make(chan struct{})}
}

type limited struct {
	*net.TCPListener
	slots     chan struct{} // holds a token for each connection
	closed    chan struct{}
	closeOnce sync.Once
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.AcceptTCP()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConn{TCPConn: c, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close also ends an Accept that waits for a connection to close.
func (l *limited) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return l.TCPListener.Close()
}

// limitedConn embeds the concrete type: the HTTP server also closes one direction alone, so that who is
// still sending when refused can read the refusal.
type limitedConn struct {
	*net.TCPConn
	free func()
}

func (c *limitedConn) Close() error {
	defer c.free()
	return c.TCPConn.Close()
}
