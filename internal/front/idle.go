package front

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil/internal/front/lane"
)

const (
	// idleAtLeast is how long a connection must have waited for a request before it may be closed to make room, so that
	// those in constant use are not.
	idleAtLeast = time.Second
	// roomShare is the divisor for how many connections are closed at once: finding them costs time for each connection.
	roomShare = 128
)

// idle records which connections of the HTTP server wait for a request, and since when.
type idle struct {
	mu sync.Mutex
	// +checklocks:mu
	since map[net.Conn]time.Time
}

// note records a change of a connection's state.
func (i *idle) note(c net.Conn, state http.ConnState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if state == http.StateIdle {
		if i.since == nil {
			i.since = map[net.Conn]time.Time{}
		}
		i.since[c] = time.Now()
		return
	}
	delete(i.since, c)
}

// close closes a connection if it still waits. If a request has come meanwhile, the server sets another deadline.
func (i *idle) close(c net.Conn, since time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.since[c].Equal(since) {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // on a closed connection, reading fails anyway
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
		all = append(all, waits{since, func() { i.close(c, since) }})
	}
	return all
}

// makeRoom closes those connections that have waited longest for a request, at most n/roomShare of them.
func (s *Server) makeRoom(n int) {
	all := s.idle.all()
	for _, c := range s.lane.Idle([]lane.Idle(nil)) {
		all = append(all, waits{c.Since, c.Close})
	}
	slices.SortFunc(all, func(a, b waits) int { return a.since.Compare(b.since) })
	for _, c := range all[:min(len(all), 1+n/roomShare)] {
		if time.Since(c.since) >= idleAtLeast {
			c.close()
		}
	}
}
