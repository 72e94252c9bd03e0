// Package lane is a fast lane for HTTP/1.1. It answers the plainest requests itself, and passes a connection
// on to an [http.Server] with the first request that is not plain.
//
// A plain request is a GET, POST or DELETE of a path that [Options] allows, without escapes, with header
// lines of printable ASCII and, if it has a body, a Content-Length; it has at most 16 KiB in all. Handlers
// see it as net/http would show it. Everything else, including invalid requests, is left to net/http, which
// gets every byte.
//
// The lane saves a goroutine that watches for the client to leave, most allocations, and half the work of an
// answer. The price is that a handler's context does not end when the client leaves, but only after
// [Times.Answer]; that an answer, with its header, is sent when the handler returns, unless it is large; and
// that the request is valid only until then. So the lane is for requests that take little memory and are
// answered soon.
package lane

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Times limit how long a connection is held.
type Times struct {
	Idle  time.Duration // maximum between two requests
	Read  time.Duration // to read a request, and to wait for the first; a request of which only the body takes longer is passed on
	Write time.Duration // to write an answer
	// Answer is the time after which a request's context ends, with the cause [context.DeadlineExceeded].
	Answer time.Duration
}

// Options configure a Lane. All are required.
type Options struct {
	// Takes reports whether such requests may be answered here. It is called before all of the request has
	// arrived.
	Takes   func(method, path, query string) bool
	Handler http.Handler
	// Rest takes over a connection, including the bytes that were read from it.
	Rest   func(net.Conn)
	Logger *slog.Logger
	Times  Times
	// Opened is called for each accepted connection, before the next one is accepted. Closed is called for
	// each that has ended without being passed on.
	Opened, Closed func()
}

// Lane serves connections. [New] makes one; its methods may be called from any goroutine.
type Lane struct {
	options Options
	leaving atomic.Bool

	mu sync.Mutex
	// +checklocks:mu
	open map[*connection]bool // true while the connection is passed on: then the lane no longer sets its deadlines
}

// New returns a lane.
func New(o Options) *Lane { return &Lane{options: o, open: map[*connection]bool{}} }

// Serve accepts connections until the listener fails or is closed, and returns that error. Requests have ctx
// as their context.
func (l *Lane) Serve(ctx context.Context, listener net.Listener) error {
	var b *bell
	if _, ok := listener.(syscall.Conn); ok { // otherwise the runtime does not poll its connections
		var err error
		if b, err = newBell(); err != nil {
			return err
		}
		defer b.close()
	}
	const longest = time.Second
	pause := 5 * time.Millisecond
	for {
		conn, err := listener.Accept()
		var passing interface{ Temporary() bool } // such as too many open files; net/http does the same
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			l.options.Opened()
			c := l.newConnection(ctx, conn, b)
			l.enter(c)
			go l.serve(c) // ends with the connection, or passes it on
		case errors.As(err, &passing) && passing.Temporary():
			l.options.Logger.WarnContext(ctx, "accepting a connection", "err", err, "again_in", pause)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			pause = min(2*pause, longest)
		default:
			return err
		}
	}
}

// Leave closes the connections that wait for a request, and each of the others with its answer. It does not
// wait for them.
func (l *Lane) Leave() {
	l.leaving.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c, handed := range l.open {
		if !handed {
			_ = c.SetReadDeadline(past) // ends the read; on a closed connection, that has already ended
		}
	}
}

// past is a deadline that ends a read at once.
var past = time.Unix(1, 0)

// Idle is a connection that waits for a request.
type Idle struct {
	Since time.Time
	c     *connection
	since int64
}

// Idle appends all connections that wait for a request to all.
func (l *Lane) Idle(all []Idle) []Idle {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c, handed := range l.open {
		if since := c.since.Load(); since < 0 && !handed {
			all = append(all, Idle{time.Unix(0, -since), c, since})
		}
	}
	return all
}

// Close closes the connection if it still waits. If a request has arrived in the meantime, it is answered, or
// the connection stays open.
func (i Idle) Close() {
	if i.c.since.CompareAndSwap(i.since, unwanted) {
		_ = i.c.SetReadDeadline(past) // reading a closed connection fails anyway
	}
}

// Close closes all connections at once.
func (l *Lane) Close() {
	l.leaving.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.Close() // its goroutine notices that the connection is closed
	}
}

func (l *Lane) enter(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = false
}

// hand clears the deadlines of c, since the server that takes it over sets its own.
func (l *Lane) hand(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = true
	_ = c.SetDeadline(time.Time{})
}

func (l *Lane) leave(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}
