// Package lane is a fast lane for HTTP/1.1: it answers the plainest requests on connections of its own, and hands a
// connection on to an [http.Server] with the first request that is not plain.
//
// A plain request is a GET, POST or DELETE of a path that its owner wants here, without escapes, with header lines of
// printable ASCII and, if it has a body, a Content-Length, of at most 16 KiB in all. Handlers see it as net/http would
// show it. Everything else, wrong requests included, is left to net/http, which gets every byte of it.
//
// This saves a goroutine that watches for the client to leave, most allocations, and half the work of an answer. The
// price: a handler's context does not end when the client leaves, but only after [Times.Answer]; its answer, with the
// header, is sent when it returns, unless it is large; and the request is valid only until then. So the lane is for
// requests that take little memory and are answered soon.
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

// Times bound how long a connection is held.
type Times struct {
	Idle  time.Duration // between two requests
	Read  time.Duration // a request, and the wait for the first one; if only its body takes longer, it is handed on
	Write time.Duration // an answer
	// Answer ends the context of a request, with the cause [context.DeadlineExceeded].
	Answer time.Duration
}

// Options configure a Lane; all are required.
type Options struct {
	// Takes reports whether such requests may be answered here. It is asked before the request is whole.
	Takes   func(method, path, query string) bool
	Handler http.Handler
	// Rest takes over a connection, with what was read of it.
	Rest   func(net.Conn)
	Logger *slog.Logger
	Times  Times
	// Opened is called for each accepted connection, before the next one is accepted; Closed for each that has ended
	// and was not handed on.
	Opened, Closed func()
}

// Lane serves connections. Make it with [New]; its methods may be called from any goroutine.
type Lane struct {
	options Options
	leaving atomic.Bool

	mu sync.Mutex
	// +checklocks:mu
	open map[*connection]bool // true if it is being handed on: then the lane no longer sets its deadlines
	// +checklocks:mu
	empty chan struct{} // is closed when none is open any more; nil unless that is waited for
}

// New returns a lane.
func New(o Options) *Lane { return &Lane{options: o, open: map[*connection]bool{}} }

// Serve accepts connections until the listener fails or is closed, and returns that error. The requests' context is
// ctx.
func (l *Lane) Serve(ctx context.Context, listener net.Listener) error {
	var b *bell
	if _, ok := listener.(syscall.Conn); ok { // else its connections are none of the network's
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
		var passing interface{ Temporary() bool } // out of file descriptors, as net/http has it, too
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			l.options.Opened()
			c := l.newConnection(ctx, conn, b)
			l.enter(c)
			go l.serve(c) // Wait waits for it
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

// Leave closes the connections that wait for a request, and each of the others with its answer. It waits
// for none of them; see [Lane.Wait].
func (l *Lane) Leave() {
	l.leaving.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c, handed := range l.open {
		if !handed {
			_ = c.SetReadDeadline(past) // ends its read; on a closed connection that has ended already
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

// Idle appends to all the connections that wait for a request.
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

// Close closes the connection if it still waits. If a request has arrived in between, that is answered, or the
// connection is left alone.
func (i Idle) Close() {
	if i.c.since.CompareAndSwap(i.since, unwanted) {
		_ = i.c.SetReadDeadline(past) // on a closed connection, reading fails anyway
	}
}

// Close closes all connections at once.
func (l *Lane) Close() {
	l.leaving.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.Close() // its server reports what it could not send
	}
}

// Wait waits until no connection is open here, or ctx ends.
func (l *Lane) Wait(ctx context.Context) error {
	l.mu.Lock()
	if len(l.open) == 0 {
		l.mu.Unlock()
		return nil
	}
	if l.empty == nil {
		l.empty = make(chan struct{})
	}
	empty := l.empty
	l.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Lane) enter(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = false
}

// hand clears the deadlines of c, for the server that takes it over and sets its own.
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
	if len(l.open) == 0 && l.empty != nil {
		close(l.empty)
		l.empty = nil
	}
}
