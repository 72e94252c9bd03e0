package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/lane"
)

// server is an [http.Server] behind a fast lane, which gives it the connections with requests that are not
// plain. It knows when its last goroutine has ended, and can stop accepting and begin again.
type server struct {
	lane *lane.Lane
	http *http.Server
	rest *handed
	gate *gate
	// accept serves what a listener accepts, until that fails.
	accept func(net.Listener) error
	// cut ends the contexts of the requests under way; who waits for an answer gets the cause.
	cut   context.CancelCauseFunc
	grace time.Duration
	// accepting has a goroutine for each listener, which are those of pause and serve alone; resting has the
	// one that takes what the lane hands on.
	accepting sync.WaitGroup
	resting   sync.WaitGroup
	listeners []net.Listener
	paused    atomic.Bool
	// connections have a goroutine each; open counts them.
	connections sync.WaitGroup
	open        atomic.Int64
	idle        idle
}

// How long a client on a slow line may take.
const (
	bodyTime   = 5 * time.Minute
	headerTime = 10 * time.Second // also to wait for the first request
	idleTime   = 2 * time.Minute  // between two requests
)

// newServer makes a server whose gate is closed. limit is how long a request may take once it has arrived.
func newServer(ctx context.Context, log *slog.Logger, grace, limit time.Duration) *server {
	base, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &server{gate: newGate(), cut: cut, grace: grace, rest: &handed{conns: make(chan net.Conn), closed: make(chan struct{})}}
	s.lane = lane.New(lane.Options{
		Takes: httpapi.Short, Handler: s.gate, Logger: log, Opened: s.opened, Closed: s.closed,
		Rest: func(c net.Conn) {
			if !s.rest.take(c) {
				_ = c.Close() // a request that came too late
				s.closed()
			}
		},
		Times: lane.Times{Idle: idleTime, Read: headerTime, Write: 10*time.Minute + limit, Answer: limit},
	})
	s.accept = func(l net.Listener) error { return s.lane.Serve(httpapi.Timed(base), l) }
	s.http = &http.Server{
		Handler:     s.gate,
		BaseContext: func(net.Listener) context.Context { return base },
		ConnState:   s.left,
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// A client that opens a connection and sends little holds it for these times at most. How long a request may
		// take once it has arrived is up to package httpapi: five times as long for a sweep as for others.
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      bodyTime + 5*limit + time.Minute,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    64 << 10,

		DisableGeneralOptionsHandler: true, // OPTIONS * is the face's to answer, as all else
	}
	s.resting.Go(func() { _ = s.http.Serve(s.rest) }) // until drain, and it says no more than that
	return s
}

func (s *server) opened() {
	s.open.Add(1)
	s.connections.Add(1)
}

func (s *server) closed() {
	s.open.Add(-1)
	s.connections.Done()
}

func (s *server) left(c net.Conn, state http.ConnState) {
	s.idle.note(c, state)
	if state == http.StateClosed || state == http.StateHijacked {
		s.closed()
	}
}

// serve begins to accept on listeners. fail hears if that ends before pause or drain.
func (s *server) serve(listeners []net.Listener, fail func(error)) {
	s.listeners = listeners
	s.paused.Store(false)
	for _, l := range listeners {
		// pause and drain wait for it.
		s.accepting.Go(func() {
			if err := s.accept(l); !s.paused.Load() {
				fail(fmt.Errorf("HTTP: %w", err))
			}
		})
	}
}

// pause closes the listeners, and nothing else: connections live on, and so does a socket of which
// somebody has a duplicate.
func (s *server) pause() {
	s.paused.Store(true)
	for _, l := range s.listeners {
		_ = l.Close() // of a socket: nothing was written that could be lost
	}
	s.accepting.Wait()
}

// gone gives a channel that is closed when the last connection has ended. Nothing may be accepted any
// more.
func (s *server) gone() <-chan struct{} {
	gone := make(chan struct{})
	// Ends with the last connection, for which who drains waits.
	go func() {
		defer close(gone)
		s.connections.Wait()
	}()
	return gone
}

// finish closes each connection when nothing is under way on it, and waits for that.
func (s *server) finish(ctx context.Context) error {
	s.lane.Leave()
	err := s.http.Shutdown(ctx) // from its begin nothing is handed on
	return errors.Join(err, s.lane.Wait(ctx))
}

// drain accepts nothing more and lets requests under way finish until ctx ends. Then it ends their
// contexts, gives them a grace, and cuts off the connections of those that did not mind.
func (s *server) drain(ctx context.Context) error {
	defer s.cut(nil)
	var unfinished error
	s.pause()
	if err := s.finish(ctx); err != nil {
		s.cut(&sigil.Error{Kind: sigil.ErrUnavailable, Code: "stopping", Detail: "the daemon stopped before it could answer"})
		waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
		defer cancel()
		if err := s.finish(waiting); err != nil { // again, since it also closes what has become idle
			unfinished = fmt.Errorf("%d connections cut off with a request under way", s.open.Load())
			s.lane.Close()
			_ = s.http.Close() // of the listener, which is closed
		}
	}
	s.resting.Wait()
	// Connections that were taken over, as WebSockets are, the server does not know: their requests it
	// does.
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancel()
	if err := s.gate.shut(waiting); err != nil && unfinished == nil {
		unfinished = err
	}
	select {
	case <-s.gone():
		return unfinished
	case <-time.After(s.grace):
		return fmt.Errorf("%d requests are still running", s.open.Load())
	}
}
