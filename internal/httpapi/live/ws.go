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
	// maxInFlight is how many requests of one connection are handled at once. More wait in the network, which slows
	// the client down.
	maxInFlight = 256
	// maxLarge is how many of them may be longer than readAtOnce: what a connection holds is bounded by that.
	maxLarge = 16
	// pingEvery is how often a connection is asked whether it is still there.
	pingEvery = 30 * time.Second
	// leaveTime is how long requests in progress have when a connection has to end.
	leaveTime = 5 * time.Second
	// maxLiveID is the most bytes of a request's id.
	maxLiveID = 64
)

// Socket turns the request into a WebSocket, with requests that have ids and a subscription, and serves it until it ends.
// It begins with a subscription if subscribe is true or the request has the parameters of one. An error is returned
// before anything is written.
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
		sub, err := s.bus.Subscribe(ctx, q.Tenant, q.After)
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
	if err != nil { // it has answered
		l.unsubscribe()
		return nil
	}
	conn.SetReadLimit(s.options.MaxMessage + 1<<10)
	l.conn, l.out, l.in = conn, w.out, &arrivals{buffered: w.in}
	l.serve(ctx)
	return nil
}

// liveConn is one connection. Its reader, its subscription, its pings, and the requests in progress (one for those
// that arrived together) each have a goroutine; serve waits for all of them.
type liveConn struct {
	server  *Server
	conn    *websocket.Conn
	in      *arrivals
	out     *gathered
	tenant  string
	problem func(error) wire.Problem
	slots   chan struct{} // one for each request under way
	large   chan struct{} // one for each that is large
	wg      sync.WaitGroup

	mu sync.Mutex
	// +checklocks:mu
	sub *bus.Subscription
	// +checklocks:mu
	stop context.CancelFunc // of the subscription
	// +checklocks:mu
	pushed chan struct{} // closed when it has ended

	sent atomic.Uint64 // the position of the last entry that was sent, or that the subscription began after
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
		// The client learns where to continue, once requests in progress have been answered. It may be sending: it
		// gets some time.
		l.leave(context.Cause(ctx))
	case <-reading.Done():
	}
	end(nil)
	l.unsubscribe()
	_ = l.conn.CloseNow() // the client knows, or has left; a blocked sender is released
	l.wg.Wait()
}

// leave records why the connection ends.
func (l *liveConn) leave(cause error) {
	enough, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	select {
	case <-l.halt():
	case <-enough.Done():
	}
	for range cap(l.slots) { // no more requests; those in progress are answered
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

// ping ends the connection of a client that does not answer.
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
