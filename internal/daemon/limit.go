package daemon

import (
	"net"
	"sync"
)

// places is how many connections there may be at once: it holds a token for each. More wait in the
// kernel's queue until one of them closes, so that a flood of them costs neither memory nor descriptors.
type places chan struct{}

// limit makes l accept only where there is a place.
func (p places) limit(l *net.TCPListener) net.Listener {
	return &limited{TCPListener: l, places: p, closed: make(chan struct{})}
}

type limited struct {
	*net.TCPListener
	places    places
	closed    chan struct{}
	closeOnce sync.Once
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.AcceptTCP()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &limitedConn{TCPConn: c, free: sync.OnceFunc(func() { <-l.places })}, nil
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
