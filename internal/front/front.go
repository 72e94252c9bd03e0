// Package front is the layer between the sockets and the API. It limits the number of connections, reads
// requests from them (in a fast lane, or with net/http alone), makes requests wait at a gate during a
// hand-over, and drains them at the end.
//
// It knows neither the content of requests nor the handler behind the gate.
package front

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/front/lane"
)

// These are the time limits of clients on slow connections.
const (
	bodyTime   = 5 * time.Minute
	headerTime = 10 * time.Second // also the maximum wait for the first request
	idleTime   = 2 * time.Minute  // maximum time between two requests
)

// Options configure a Server. All but Takes are required.
type Options struct {
	// Takes reports whether requests of this kind may be answered in the fast lane; see [lane.Options]. If it
	// is nil, only net/http serves.
	Takes func(method, path, query string) bool
	// LaneContext marks the context of the lane's requests. It ends after RequestTimeout, and not when the
	// client leaves.
	LaneContext func(context.Context) context.Context
	// Connections is the maximum number of connections at once.
	Connections int
	// RequestTimeout is the time limit of a request that has arrived.
	RequestTimeout time.Duration
	// Grace is how long requests may take to return after a drain has canceled them.
	Grace time.Duration
	// Fail is called when a socket cannot be served any more.
	Fail   func(error)
	Logger *slog.Logger
}

// Server is an [http.Server], optionally behind a fast lane, which passes on the connections whose requests
// are not plain. It knows when its last goroutine has ended, and it can stop accepting and start again.
type Server struct {
	lane   *lane.Lane // nil if only net/http serves
	http   *http.Server
	rest   *handed
	gate   *gate
	places *places
	idle   idle
	// accept serves the connections of a listener until that fails.
	accept func(net.Listener) error
	fail   func(error)
	// cut ends the contexts of the requests in progress with a cause, which the clients get.
	cut   context.CancelCauseFunc
	grace time.Duration
	// accepting counts a goroutine for each listener; only Serve and Pause use it. resting counts the
	// goroutine that serves the connections passed on by the lane.
	accepting sync.WaitGroup
	resting   sync.WaitGroup
	listeners []net.Listener
	paused    atomic.Bool
	// connections counts a goroutine for each connection. open is their number.
	connections sync.WaitGroup
	open        atomic.Int64
}

// New returns a server whose gate is shut. Its requests' contexts have the values of ctx. The caller must
// drain it.
func New(ctx context.Context, o Options) *Server {
	base, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &Server{gate: newGate(), cut: cut, grace: o.Grace, fail: o.Fail}
	s.places = newPlaces(o.Connections, func() { s.makeRoom(o.Connections) })
	s.http = &http.Server{
		Handler:     s.gate,
		BaseContext: func(net.Listener) context.Context { return base },
		ConnState:   s.changed,
		ErrorLog:    slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
		// A client that opens a connection and sends little holds it for at most these times. How long a
		// request may take once it has arrived is up to the API: for a sweep, five times as long as for others.
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      bodyTime + 5*o.RequestTimeout + time.Minute,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    64 << 10,

		DisableGeneralOptionsHandler: true, // the API answers OPTIONS *
	}
	if s.accept = s.http.Serve; o.Takes != nil {
		s.openLane(base, o)
	}
	return s
}

// openLane puts the fast lane before net/http.
func (s *Server) openLane(ctx context.Context, o Options) {
	s.rest = newHanded()
	s.lane = lane.New(lane.Options{
		Takes: o.Takes, Handler: s.gate, Logger: o.Logger, Opened: s.opened, Closed: s.closed,
		Rest: func(c net.Conn) {
			if !s.rest.take(c) {
				_ = c.Close() // the server no longer accepts
				s.closed()
			}
		},
		Times: lane.Times{Idle: idleTime, Read: headerTime, Write: 10*time.Minute + o.RequestTimeout, Answer: o.RequestTimeout},
	})
	ctx = o.LaneContext(ctx)
	s.accept = func(l net.Listener) error { return s.lane.Serve(ctx, l) }
	s.resting.Go(func() { _ = s.http.Serve(s.rest) }) // until Drain; its error is not needed
}

func (s *Server) opened() {
	s.open.Add(1)
	s.connections.Add(1)
}

func (s *Server) closed() {
	s.open.Add(-1)
	s.connections.Done()
}

// changed is called for each change of state of a connection that net/http serves.
func (s *Server) changed(c net.Conn, state http.ConnState) {
	s.idle.note(c, state)
	if state == http.StateNew && s.lane == nil { // otherwise the lane has counted it
		s.opened()
	}
	if state == http.StateClosed || state == http.StateHijacked {
		s.closed()
	}
}

// Open passes requests to h, first those that wait at the gate.
func (s *Server) Open(h http.Handler) { s.gate.open(h) }

// Shut makes new requests wait at the gate, and waits until those in progress are answered. If ctx ends
// first, the error contains the number of those that are not; the gate is shut all the same.
func (s *Server) Shut(ctx context.Context) error { return s.gate.shut(ctx) }

// IsOpen reports whether requests pass the gate.
func (s *Server) IsOpen() bool { return s.gate.isOpen() }

// Serve starts to accept on sockets. A server may serve again after a Pause.
func (s *Server) Serve(sockets []*net.TCPListener) {
	s.listeners = nil
	s.paused.Store(false)
	for _, socket := range sockets {
		l := s.places.limit(socket)
		s.listeners = append(s.listeners, l)
		// Pause waits for this goroutine.
		s.accepting.Go(func() {
			if err := s.accept(l); !s.paused.Load() {
				s.fail(fmt.Errorf("HTTP: %w", err))
			}
		})
	}
}

// Pause closes the listeners and nothing else: connections stay open, and so does a socket that has a
// duplicate.
func (s *Server) Pause() {
	s.paused.Store(true)
	for _, l := range s.listeners {
		_ = l.Close() // a socket: nothing was written that could be lost
	}
	s.accepting.Wait()
}

// Gone returns a channel that is closed when the last connection has ended. The server must be paused.
func (s *Server) Gone() <-chan struct{} {
	gone := make(chan struct{})
	// This goroutine ends with the last connection. Drain waits for it.
	go func() {
		defer close(gone)
		s.connections.Wait()
	}()
	return gone
}

// finish closes each connection as soon as it has no request in progress, and waits until all are closed. It
// does not use Shutdown of net/http, which does not answer a request that has partly arrived, and leaves a
// silent connection open for five seconds.
func (s *Server) finish(ctx context.Context) error {
	if s.lane != nil {
		s.lane.Leave()
	}
	s.http.SetKeepAlivesEnabled(false) // closes idle connections now, and each other one with its answer
	s.idle.closeSilent()
	select {
	case <-s.Gone():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Drain accepts no more connections and lets requests in progress finish until ctx ends. Then it cancels
// their contexts, waits for the grace period, and cuts off the connections whose requests have not returned.
func (s *Server) Drain(ctx context.Context) error {
	defer s.cut(nil)
	var unfinished error
	s.Pause()
	if err := s.finish(ctx); err != nil {
		s.cut(&sigil.Error{Kind: sigil.ErrUnavailable, Code: "stopping", Detail: "the daemon stopped before it could answer"})
		waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
		defer cancel()
		if err := s.finish(waiting); err != nil { // a second time, to close connections that have become idle
			unfinished = fmt.Errorf("%d connections cut off with a request in progress", s.open.Load())
			if s.lane != nil {
				s.lane.Close()
			}
		}
	}
	_ = s.http.Close() // only the listeners, which are closed already
	s.resting.Wait()
	// net/http does not know connections that were taken over, such as WebSockets, but the gate knows their
	// requests.
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancel()
	if err := s.gate.shut(waiting); err != nil && unfinished == nil {
		unfinished = err
	}
	select {
	case <-s.Gone():
		return unfinished
	case <-time.After(s.grace):
		return fmt.Errorf("%d requests are still running", s.open.Load())
	}
}
