package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/wire"
)

const (
	// maxInFlight is the maximum number of requests of one connection in progress at once. Further ones wait
	// in the network, which slows the client down.
	maxInFlight = 256
	// maxLarge is the maximum number of requests in progress that are longer than readAtOnce. It bounds the
	// memory that a connection holds.
	maxLarge = 16
	// pingEvery is the time between two pings of a connection.
	pingEvery = 30 * time.Second
	// leaveTime is how long requests in progress may take when a connection must end.
	leaveTime = 5 * time.Second
	// maxLiveID is the maximum length in bytes of a request's id.
	maxLiveID = 64
)

// Socket turns the request into a WebSocket, for requests that have ids and for a subscription, and serves it
// until it ends. The connection begins with a subscription if subscribe is true or the request has the
// parameters of one. If Socket returns an error, nothing has been written.
func (s *Server) Socket(rw http.ResponseWriter, r *http.Request, q Request, subscribe bool) error {
	if err := handshake(rw, r); err != nil {
		return err
	}
	ctx, end, err := s.streams.begin(r.Context())
	if err != nil {
		return err
	}
	defer end()
	l := &liveConn{server: s, tenant: q.Tenant, problem: q.Problem, slots: make(chan struct{}, maxInFlight), large: make(chan struct{}, maxLarge)}
	if subscribe || q.After != nil || q.Recalls {
		sub, _, err := s.subscribe(ctx, q.Tenant, q.After)
		if err != nil {
			return err
		}
		if q.Recalls {
			sub.WatchRecalls()
		}
		l.sub = sub
	}
	w := &gathering{ResponseWriter: rw}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil { // Accept has answered
		l.unsubscribe()
		return nil
	}
	conn.SetReadLimit(s.options.MaxMessage + 1<<10)
	l.conn, l.out, l.in = conn, w.out, &arrivals{buffered: w.in}
	l.serve(ctx)
	return nil
}

// liveConn is one connection. Its reader, its subscription and its pings each have a goroutine, as has each
// group of requests that arrived together; serve waits for all of them.
type liveConn struct {
	server  *Server
	conn    *websocket.Conn
	in      *arrivals
	out     *gathered
	tenant  string
	problem func(error) wire.Problem
	slots   chan struct{} // one for each request in progress
	large   chan struct{} // one for each large request in progress
	wg      sync.WaitGroup

	mu sync.Mutex
	// +checklocks:mu
	sub *bus.Subscription
	// +checklocks:mu
	stop context.CancelFunc // of the subscription
	// +checklocks:mu
	pushed chan struct{} // closed when the subscription has ended

	sent atomic.Uint64 // the position of the last entry sent, or the one after which the subscription began
}

// serve serves until ctx ends or the client leaves.
func (l *liveConn) serve(ctx context.Context) {
	reading, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	l.begin(reading)
	l.wg.Go(func() { l.ping(reading, end) })
	l.wg.Go(func() { end(l.read(reading)) })
	select {
	case <-ctx.Done():
		// The client is told where to continue, once its requests in progress are answered. It may be sending,
		// so it gets some time.
		l.leave(context.Cause(ctx))
	case <-reading.Done():
	}
	end(nil)
	l.unsubscribe()
	_ = l.conn.CloseNow() // the client knows, or has left; this releases a blocked sender
	l.wg.Wait()
}

// leave ends the connection in order and sends the reason.
func (l *liveConn) leave(cause error) {
	enough, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	select {
	case <-l.halt():
	case <-enough.Done():
	}
	for range cap(l.slots) { // no further requests begin; those in progress are answered
		select {
		case l.slots <- struct{}{}:
		case <-enough.Done():
		}
	}
	l.in.stop()
	l.out.lastText()
	if errors.Is(cause, errLeave) {
		_ = l.conn.Close(wire.LiveRestart, fmt.Sprintf("after=%d", l.sent.Load()))
		return
	}
	_ = l.conn.Close(websocket.StatusGoingAway, "")
}

// ping ends the connection if the client does not answer a ping.
func (l *liveConn) ping(ctx context.Context, end context.CancelCauseFunc) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		waiting, cancel := context.WithTimeout(ctx, patience)
		err := l.conn.Ping(waiting)
		cancel()
		if err != nil {
			end(err)
			return
		}
	}
}
