package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/bus"
)

const (
	// maxInFlight is how many requests of one connection are worked on at once. More wait in the network:
	// who sends them is slowed down.
	maxInFlight = 64
	// pingEvery is how often a connection is asked whether it is still there.
	pingEvery = 30 * time.Second
	// leaveTime is how long requests under way have when a connection has to end.
	leaveTime = 5 * time.Second
	// maxLiveID is the most bytes of a request's id.
	maxLiveID = 64
)

// live serves a WebSocket: requests with ids, and a subscription.
func (a *API) live(c *call) error {
	after, err := c.start()
	if err != nil {
		return err
	}
	return a.socket(c, after, false)
}

// socket makes a WebSocket of the request and serves it to its end. subscribe begins with a subscription.
func (a *API) socket(c *call, after *uint64, subscribe bool) error {
	if err := handshake(c); err != nil {
		return err
	}
	ctx, done := a.streams.until(c.r.Context())
	defer done()
	l := &liveConn{api: a, tenant: c.tenant, slots: make(chan struct{}, maxInFlight)}
	if subscribe || after != nil {
		sub, err := a.bus.Subscribe(ctx, c.tenant, after)
		if err != nil {
			return err
		}
		l.sub = sub
	}
	conn, err := websocket.Accept(c, c.r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil { // it has answered
		l.unsubscribe()
		return nil
	}
	c.status = http.StatusSwitchingProtocols
	conn.SetReadLimit(a.options.MaxBody + 1<<10)
	l.conn = conn
	l.serve(ctx)
	return nil
}

// liveConn is one connection. Its reader, its subscription, its pings and each request under way have a
// goroutine; serve waits for all of them.
type liveConn struct {
	api    *API
	conn   *websocket.Conn
	tenant string
	slots  chan struct{}
	wg     sync.WaitGroup

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
		// Told where to go on, once what is under way has been answered. It may be sending: it has a while.
		l.leave(context.Cause(ctx))
	case <-reading.Done():
	}
	end(nil)
	l.unsubscribe()
	_ = l.conn.CloseNow() // it has been told, or has left; who is sending to it is freed
	l.wg.Wait()
}

// leave says why the connection ends.
func (l *liveConn) leave(cause error) {
	enough := time.After(leaveTime)
	select {
	case <-l.halt():
	case <-enough:
	}
	for range cap(l.slots) { // no more requests; those under way are answered
		select {
		case l.slots <- struct{}{}:
		case <-enough:
		}
	}
	if errors.Is(cause, errLeave) {
		_ = l.conn.Close(sigil.LiveRestart, fmt.Sprintf("after=%d", l.sent.Load()))
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

// read takes requests until the client leaves.
func (l *liveConn) read(ctx context.Context) error {
	for {
		kind, message, err := l.conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			_ = l.conn.Close(websocket.StatusUnsupportedData, "messages must be text: JSON")
			return errors.New("httpapi: a binary message")
		}
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.wg.Go(func() {
			defer func() { <-l.slots }()
			l.answer(ctx, message)
		})
	}
}

// answer does one request.
func (l *liveConn) answer(ctx context.Context, message []byte) {
	begin := time.Now()
	req, err := l.api.liveRequest(message)
	m := sigil.LiveMessage{Type: sigil.LiveAnswer, ID: req.id}
	if err == nil {
		err = l.do(ctx, &req, &m)
	}
	if err != nil {
		p := l.api.problem(err)
		m.Status, m.Problem = p.Status, &p
		if p.Status >= http.StatusInternalServerError {
			l.api.options.Logger.ErrorContext(ctx, "live request", "op", req.op, "tenant", l.tenant, "code", p.Code, "cause", err)
		}
	}
	if l.api.options.Observe != nil {
		l.api.options.Observe("/v1/ws "+opLabel(req.op), http.MethodGet, m.Status, time.Since(begin))
	}
	l.send(ctx, &m)
	if req.op == sigil.LiveSubscribe && err == nil {
		l.begin(ctx)
	}
}

// opLabel keeps what a client makes up out of metrics.
func opLabel(op string) string {
	if _, known := wants[op]; known {
		return op
	}
	return "other"
}

func (l *liveConn) send(ctx context.Context, m *sigil.LiveMessage) {
	data, err := m.AppendJSON(make([]byte, 0, 1<<10))
	if err != nil {
		return // never: what the wire shows is JSON
	}
	writing, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = l.conn.Write(writing, websocket.MessageText, data) // who has left has nobody to tell; the reader hears of it
}

// do does what a request asks for.
func (l *liveConn) do(ctx context.Context, r *liveRequest, m *sigil.LiveMessage) error {
	show := func(memory *sigil.Memory, status int, at time.Time, err error) error {
		if err == nil {
			v := memory.View(at)
			m.Status, m.Memory = status, &v
		}
		return err
	}
	key := sigil.Key{Tenant: l.tenant, ID: r.memory}
	switch r.op {
	case sigil.LiveEncode:
		d, err := l.api.quickDraft(r.draft)
		if err != nil {
			return err
		}
		d.IdempotencyKey = r.key
		memory, err := l.api.engine.Encode(ctx, l.tenant, d)
		if err != nil {
			return l.api.blamed(r.draft, err)
		}
		return show(&memory, http.StatusCreated, memory.CreatedAt, err)
	case sigil.LiveRecall:
		memory, err := l.api.engine.Recall(ctx, key)
		return show(&memory, http.StatusOK, memory.LastAccessed, err)
	case sigil.LiveForget:
		m.Status = http.StatusNoContent
		return l.api.engine.Forget(ctx, key)
	case sigil.LiveSubscribe:
		return l.subscribe(ctx, r.after, m)
	}
	l.unsubscribe()
	m.Status = http.StatusNoContent
	return nil
}
