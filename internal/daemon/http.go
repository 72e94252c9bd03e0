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
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/metrics"
)

// startHTTP listens and answers.
func (d *Daemon) startHTTP(ctx context.Context, e *engine.Engine, m *metrics.Metrics) error {
	host, _, err := net.SplitHostPort(d.config.Addr)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", d.config.Addr)
	if err != nil {
		return err
	}
	addr := listener.Addr().String()
	d.addr.Store(&addr)

	api := httpapi.New(e, &httpapi.Options{
		Version: d.version, Logger: d.log, Ready: d.check, Metrics: m.Handler(),
		Observe: func(route, method string, status int, took time.Duration) {
			m.Request(method+" "+route, status, took)
		},
		MaxBody: d.config.MaxBody, MaxBatchBody: d.config.MaxBatchBody, LoopbackOnly: loopback(host),
	})
	s := newServer(ctx, api, d.log, d.grace)
	s.serve(limitListener(listener.(*net.TCPListener), d.config.MaxConnections), d.fail)
	d.runs("HTTP", s.drain)
	return nil
}

// server is an [http.Server] that knows when its last goroutine has ended.
type server struct {
	http *http.Server
	// cut ends the contexts of the requests under way; who waits for an answer gets the cause.
	cut   context.CancelCauseFunc
	grace time.Duration
	// serving is closed when no more connection is accepted.
	serving chan struct{}
	// connections have a goroutine each; open counts them.
	connections sync.WaitGroup
	open        atomic.Int64
}

func newServer(ctx context.Context, h http.Handler, log *slog.Logger, grace time.Duration) *server {
	base, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &server{cut: cut, grace: grace, serving: make(chan struct{})}
	s.http = &http.Server{
		Handler:     h,
		BaseContext: func(net.Listener) context.Context { return base },
		ConnState:   s.count,
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// Who opens a connection and then says little holds it for these times at most. A request is
		// broken off with its ReadTimeout even when it was read in whole and is being worked on, so it
		// has to do for the largest batch over a slow line and for the longest sweep.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       5 * time.Minute,
		WriteTimeout:      10 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,

		DisableGeneralOptionsHandler: true, // OPTIONS * is the face's to answer, as all else
	}
	return s
}

func (s *server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew: // told by the goroutine that accepts: none is new once serving is closed
		s.open.Add(1)
		s.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.open.Add(-1)
		s.connections.Done()
	}
}

// serve begins to answer on l. fail hears if it ends before drain.
func (s *server) serve(l net.Listener, fail func(error)) {
	// drain waits for it.
	go func() {
		defer close(s.serving)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fail(fmt.Errorf("HTTP: %w", err))
		}
	}()
}

// drain accepts nothing more and lets requests under way finish until ctx ends. Then it ends their
// contexts, gives them a grace, and cuts off the connections of those that did not mind.
func (s *server) drain(ctx context.Context) error {
	defer s.cut(nil)
	var unfinished error
	if err := s.http.Shutdown(ctx); err != nil {
		s.cut(&sigil.Error{Kind: sigil.ErrUnavailable, Code: "stopping", Detail: "the daemon stopped before it could answer"})
		waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
		defer cancel()
		if err := s.http.Shutdown(waiting); err != nil { // again, since it also closes what has become idle
			unfinished = fmt.Errorf("%d connections cut off with a request under way", s.open.Load())
			_ = s.http.Close() // of the listener, which is closed
		}
	}
	<-s.serving
	gone := make(chan struct{})
	// Ends with the last connection, for which it is waited below.
	go func() {
		defer close(gone)
		s.connections.Wait()
	}()
	select {
	case <-gone:
		return unfinished
	case <-time.After(s.grace):
		return fmt.Errorf("%d requests are still running", s.open.Load())
	}
}
