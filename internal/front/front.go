// Package front is the layer between a socket and the API: how many connections there may be, who reads requests from
// them (a fast lane, or net/http alone), the gate at which requests wait during a hand-over, and the drain at the end.
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

// How long a client on a slow line may take.
const (
	bodyTime   = 5 * time.Minute
	headerTime = 10 * time.Second // also to wait for the first request
	idleTime   = 2 * time.Minute  // between two requests
)

// Options configure a Server; all are required, but for Takes.
type Options struct {
	// Takes reports whether requests of this kind may be answered in the fast lane; see [lane.Options]. If it is nil,
	// net/http serves alone.
	Takes func(method, path, query string) bool
	// LaneContext marks the context of the lane's requests, which ends with RequestTimeout and not when the client leaves.
	LaneContext func(context.Context) context.Context
	// Connections is the maximum number of connections at once.
	Connections int
	// RequestTimeout is how long a request may take once it has arrived.
	RequestTimeout time.Duration
	// Grace is how long requests may take to return after a drain has canceled them.
	Grace time.Duration
	// Fail is called when a socket cannot be served any more.
	Fail   func(error)
	Logger *slog.Logger
}

// Server is an [http.Server], perhaps behind a fast lane, which passes on the connections with requests that are not
// plain. It knows when its last goroutine has ended, and can stop accepting and begin again.
type Server struct {
	lane   *lane.Lane // nil if net/http serves alone
	http   *http.Server
	rest   *handed
	gate   *gate
	places *places
	idle   idle
	// accept serves what a listener accepts, until that fails.
	accept func(net.Listener) error
	fail   func(error)
	// cut ends the contexts of the requests in progress with a cause, which their clients get.
	cut   context.CancelCauseFunc
	grace time.Duration
	// accepting has a goroutine for each listener, which Serve and Pause alone touch; resting has the one that takes
	// what the lane hands on.
	accepting sync.WaitGroup
	resting   sync.WaitGroup
	listeners []net.Listener
	paused    atomic.Bool
	// connections have a goroutine each; open counts them.
	connections sync.WaitGroup
	open        atomic.Int64
}

// New returns a server whose gate is shut. Its requests' contexts have the values of ctx. It must be drained.
func New(ctx context.Context, o Options) *Server {
	base, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &Server{gate: newGate(), cut: cut, grace: o.Grace, fail: o.Fail}
	s.places = newPlaces(o.Connections, func() { s.makeRoom(o.Connections) })
	s.http = &http.Server{
		Handler:     s.gate,
		BaseContext: func(net.Listener) context.Context { return base },
		ConnState:   s.changed,
		ErrorLog:    slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
		// A client that opens a connection and sends little holds it for these times at most. How long a request may
		// take once it has arrived is up to the API: five times as long for a sweep as for others.
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      bodyTime + 5*o.RequestTimeout + time.Minute,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    64 << 10,

		DisableGeneralOptionsHandler: true, // OPTIONS * is the API's to answer, as all else
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
				_ = c.Close() // a request that came too late
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

// changed is called with the state changes of the connections that net/http serves.
func (s *Server) changed(c net.Conn, state http.ConnState) {
	s.idle.note(c, state)
	if state == http.StateNew && s.lane == nil { // else the lane has counted it
		s.opened()
	}
	if state == http.StateClosed || state == http.StateHijacked {
		s.closed()
	}
}

// Open lets requests through to h, those that wait at the gate first among them.
func (s *Server) Open(h http.Handler) { s.gate.open(h) }

// Shut keeps requests waiting at the gate, and waits until those in progress are answered. If ctx ends first, the
// error says how many are not; the gate is shut even so.
func (s *Server) Shut(ctx context.Context) error { return s.gate.shut(ctx) }

// IsOpen reports whether requests are let through.
func (s *Server) IsOpen() bool { return s.gate.isOpen() }

// Serve begins to accept on sockets. A server may serve again after a Pause.
func (s *Server) Serve(sockets []*net.TCPListener) {
	s.listeners = nil
	s.paused.Store(false)
	for _, socket := range sockets {
		l := s.places.limit(socket)
		s.listeners = append(s.listeners, l)
		// Pause waits for it.
		s.accepting.Go(func() {
			if err := s.accept(l); !s.paused.Load() {
				s.fail(fmt.Errorf("HTTP: %w", err))
			}
		})
	}
}

// Pause closes the listeners, and nothing else: connections live on, and so does a socket that has a duplicate.
func (s *Server) Pause() {
	s.paused.Store(true)
	for _, l := range s.listeners {
		_ = l.Close() // of a socket: nothing was written that could be lost
	}
	s.accepting.Wait()
}

// Gone returns a channel that is closed when the last connection has ended. The server must be paused.
func (s *Server) Gone() <-chan struct{} {
	gone := make(chan struct{})
	// Ends with the last connection, for which Drain waits.
	go func() {
		defer close(gone)
		s.connections.Wait()
	}()
	return gone
}

// finish closes each connection once it has no request in progress, and waits for that. It does not use Shutdown of
// net/http, which does not answer a request that has arrived in part, and leaves a silent connection open for five
// seconds.
func (s *Server) finish(ctx context.Context) error {
	if s.lane != nil {
		s.lane.Leave()
	}
	s.http.SetKeepAlivesEnabled(false) // closes idle connections, and each of the others with its answer
	s.idle.closeSilent()
	select {
	case <-s.Gone():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Drain accepts nothing more and lets requests in progress finish until ctx ends. Then it cancels their contexts,
// gives them the grace period, and cuts off the connections of those that have not returned.
func (s *Server) Drain(ctx context.Context) error {
	defer s.cut(nil)
	var unfinished error
	s.Pause()
	if err := s.finish(ctx); err != nil {
		s.cut(&sigil.Error{Kind: sigil.ErrUnavailable, Code: "stopping", Detail: "the daemon stopped before it could answer"})
		waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
		defer cancel()
		if err := s.finish(waiting); err != nil { // again, since it also closes what has become idle
			unfinished = fmt.Errorf("%d connections cut off with a request under way", s.open.Load())
			if s.lane != nil {
				s.lane.Close()
			}
		}
	}
	_ = s.http.Close() // of listeners, which are closed
	s.resting.Wait()
	// net/http does not know connections that were taken over, as WebSockets are. The gate knows their requests.
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
