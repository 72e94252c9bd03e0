package front

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// idleAtLeast is the minimum time that a connection must have waited for a request before it may be closed
	// to free a place. It protects connections in constant use.
	idleAtLeast = time.Second
	// roomShare divides the limit of connections: the quotient is the maximum number closed at once, since
	// finding them takes time for each connection.
	roomShare = 128
)

// idle records which connections of the HTTP server wait for a request, and since when. A request may have
// begun on one of them: net/http reports a request only when its header is complete.
type idle struct {
	mu sync.Mutex
	// +checklocks:mu
	since map[net.Conn]time.Time
}

// note records a change of a connection's state.
func (i *idle) note(c net.Conn, state http.ConnState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	direct, ok := c.(*limitedConn)
	switch {
	case state == http.StateIdle && ok:
		direct.begun.Store(false)
	case state == http.StateIdle:
	case state == http.StateNew && ok: // one from the lane comes with a request
	default:
		delete(i.since, c)
		return
	}
	if i.since == nil {
		i.since = map[net.Conn]time.Time{}
	}
	i.since[c] = time.Now()
}

// begun reports whether a request is known to have begun on c.
func begun(c net.Conn) bool {
	direct, ok := c.(*limitedConn)
	return ok && direct.begun.Load()
}

// closeSilent closes the connections on which nothing has arrived.
func (i *idle) closeSilent() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for c := range i.since {
		if direct, ok := c.(*limitedConn); ok && !direct.begun.Load() {
			_ = c.Close() // nothing was written that could be lost
		}
	}
}

// close closes a connection if it still waits. If a request has arrived in the meantime, the server sets
// another deadline.
func (i *idle) close(c net.Conn, since time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.since[c].Equal(since) && !begun(c) {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // reading a closed connection fails anyway
	}
}

// waits is a connection that waits for a request.
type waits struct {
	since time.Time
	close func()
}

func (i *idle) all() (all []waits) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for c, since := range i.since {
		if begun(c) {
			continue
		}
		all = append(all, waits{since, func() { i.close(c, since) }})
	}
	return all
}

// waiting returns all connections that wait for a request.
func (s *Server) waiting() []waits {
	all := s.idle.all()
	if s.lane != nil {
		for _, c := range s.lane.Idle(nil) {
			all = append(all, waits{c.Since, c.Close})
		}
	}
	return all
}

// makeRoom closes the connections that have waited longest for a request, about n/roomShare of them.
func (s *Server) makeRoom(n int) {
	all := s.waiting()
	slices.SortFunc(all, func(a, b waits) int { return a.since.Compare(b.since) })
	for _, c := range all[:min(len(all), 1+n/roomShare)] {
		if time.Since(c.since) >= idleAtLeast {
			c.close()
		}
	}
}
