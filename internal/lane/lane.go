// Package lane is a fast lane for HTTP/1.1: it answers the plainest requests on connections of its own, and
// hands a connection on to an [http.Server] with the first request that is not of that kind.
//
// A plain request is a GET, POST or DELETE of a path that its owner wants here, nothing in which is
// escaped, with header lines of printable ASCII and, if it has a body, a Content-Length, of at most 64 KiB
// in all. Handlers see it as net/http would show it. What is otherwise in any way, wrong requests among
// them, is net/http's to understand, to answer or to refuse: it gets every byte of it.
//
// What it saves: a goroutine that watches for the client's leaving, most allocations, and half of the
// answer's making. For it a handler's context does not end when the client leaves, its answer, header and
// all, is sent when it returns, and what it gets of a request is its own only until then.
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
	Read  time.Duration // a request; one that takes longer is handed on
	Write time.Duration // an answer
}

// Options say what a Lane does; all are required.
type Options struct {
	// Takes tells whether requests for a path may be answered here. It is asked before the request is whole.
	Takes   func(path string) bool
	Handler http.Handler
	// Rest takes over a connection, with what was read of it.
	Rest   func(net.Conn)
	Logger *slog.Logger
	Times  Times
	// Opened hears of each connection that was accepted, before the next one is; Closed of each that has
	// ended and was not handed on.
	Opened, Closed func()
}

// Lane serves connections. Make it with [New]; its methods may be called from any goroutine.
type Lane struct {
	options Options
	leaving atomic.Bool

	mu sync.Mutex
	// +checklocks:mu
	open map[net.Conn]bool // and whether it is being handed on: its deadlines are no business of the lane's any more
	// +checklocks:mu
	empty chan struct{} // is closed when none is open any more; nil unless that is waited for
}

// New makes a lane.
func New(o Options) *Lane { return &Lane{options: o, open: map[net.Conn]bool{}} }

// Serve accepts connections until the listener fails or is closed, and gives what it ended with. The
// requests' context is ctx.
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
			l.enter(conn)
			go l.serve(ctx, conn, b) // Wait waits for it
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
	for conn, handed := range l.open {
		if !handed {
			_ = conn.SetReadDeadline(time.Unix(1, 0)) // it looks up; one that is closed has done so
		}
	}
}

// Close closes all connections at once.
func (l *Lane) Close() {
	l.leaving.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.open {
		_ = conn.Close() // who serves it says what it could not send
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

func (l *Lane) enter(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[conn] = false
}

// hand makes the deadlines of conn another's, who sets its own.
func (l *Lane) hand(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[conn] = true
	_ = conn.SetDeadline(time.Time{})
}

func (l *Lane) leave(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, conn)
	if len(l.open) == 0 && l.empty != nil {
		close(l.empty)
		l.empty = nil
	}
}
