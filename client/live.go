package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"sync"

	"github.com/coder/websocket"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// Live is a connection to the daemon (a WebSocket) that carries many concurrent requests, and a subscription. The first
// call opens it, and a call after it broke opens it again. Its methods may be called from any goroutine.
//
// A small request costs a third of what it costs over HTTP. While the body of an [Live.Events] loop runs, answers
// behind its entries wait.
type Live struct {
	client *Client

	mu sync.Mutex
	// +checklocks:mu
	conn *liveConn // nil if not connected
	// +checklocks:mu
	closed bool
	// +checklocks:mu
	last uint64 // id of the last request
	// +checklocks:mu
	following bool
}

// maxMessage is the maximum size of one message from the daemon, in bytes.
const maxMessage = 64 << 20

// Live returns a connection that is not open yet: Live does no I/O. The caller closes it.
func (c *Client) Live() *Live { return &Live{client: c} }

// Close closes the connection. Calls in progress fail; later ones return ErrClosed.
func (l *Live) Close() error {
	l.mu.Lock()
	conn := l.conn
	l.closed, l.conn = true, nil
	l.mu.Unlock()
	if conn != nil {
		conn.end(sigil.ErrClosed)
		<-conn.read
	}
	return nil
}

// Encode is like [Client.Encode], over the connection. If the connection breaks before the answer, a draft with an
// IdempotencyKey is sent again, once. Without one, Encode fails with ErrUnreachable, and it is unknown whether the
// memory was encoded.
func (l *Live) Encode(ctx context.Context, d sigil.Draft) (wire.Memory, error) {
	draft, err := appendDraft(nil, d, false)
	if err != nil {
		return wire.Memory{}, err
	}
	r := wire.LiveRequest{Op: wire.LiveEncode, Sigil: draft, IdempotencyKey: d.IdempotencyKey}
	m, err := l.ask(ctx, r)
	if d.IdempotencyKey != "" && errors.Is(err, ErrUnreachable) && ctx.Err() == nil {
		m, err = l.ask(ctx, r)
	}
	return l.memory(m, err)
}

// Recall is like [Client.Recall], over the connection.
func (l *Live) Recall(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return l.memory(l.ask(ctx, wire.LiveRequest{Op: wire.LiveRecall, Memory: &id}))
}

// Forget is like [Client.Forget], over the connection.
func (l *Live) Forget(ctx context.Context, id sigil.ID) error {
	_, err := l.ForgetWithUndo(ctx, id)
	return err
}

// Change is like [Client.Change], over the connection.
func (l *Live) Change(ctx context.Context, id sigil.ID, change sigil.Change) (wire.Memory, error) {
	body, err := changeJSON(change)
	if err != nil {
		return wire.Memory{}, err
	}
	return l.memory(l.ask(ctx, wire.LiveRequest{Op: wire.LiveChange, Memory: &id, Change: body}))
}

func (l *Live) memory(m wire.LiveMessage, err error) (wire.Memory, error) {
	if err == nil && m.Memory == nil {
		err = l.client.strange(errors.New("it has no memory"))
	}
	if err != nil {
		return wire.Memory{}, err
	}
	return *m.Memory, nil
}

// Events is like [Client.Follow], over the connection. Only one such loop can run at a time on a connection; for
// another, Events yields ErrConflict.
func (l *Live) Events(ctx context.Context, o *FollowOptions) iter.Seq2[wire.Event, error] {
	return func(yield func(wire.Event, error) bool) {
		l.mu.Lock()
		busy := l.following
		l.following = true
		l.mu.Unlock()
		if busy {
			yield(wire.Event{}, &sigil.Error{Kind: sigil.ErrConflict, Code: "already_subscribed", Detail: "another loop reads this connection's events"})
			return
		}
		defer func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.following = false
		}()
		follow(ctx, o, l.subscribe)(yield)
	}
}

// subscribe reads one subscription to its end.
func (l *Live) subscribe(ctx context.Context, after *sigil.Token, to reader) error {
	conn, err := l.connect(ctx)
	if err != nil {
		return err
	}
	m, err := conn.ask(ctx, l.numbered(wire.LiveRequest{Op: wire.LiveSubscribe, After: after, Recalls: to.recalled != nil}))
	if err != nil {
		return err
	}
	if m.After != nil {
		to.begun(tokenOf(*m.After, m.Token))
	}
	for {
		select {
		case m = <-conn.events:
		case <-conn.gone:
			return conn.err
		case <-ctx.Done():
			return errors.Join(ctx.Err(), l.unsubscribe(context.WithoutCancel(ctx), conn))
		}
		if m.Problem != nil {
			return &Error{Problem: *m.Problem}
		}
		if m.Type == wire.LiveRecalled && to.recalled != nil {
			to.recalled(wire.Recalls{Memories: m.Memories, More: m.More})
		}
		for _, e := range m.Events {
			if !to.yield(e) {
				return l.unsubscribe(context.WithoutCancel(ctx), conn)
			}
		}
	}
}

// unsubscribe ends the subscription and drops messages that are still on their way.
func (l *Live) unsubscribe(ctx context.Context, conn *liveConn) error {
	answered := make(chan error, 1)
	// This goroutine ends with the answer, or with the connection.
	go func() {
		_, err := conn.ask(ctx, l.numbered(wire.LiveRequest{Op: wire.LiveUnsubscribe}))
		answered <- err
	}()
	for {
		select {
		case <-conn.events:
		case <-conn.gone:
			return nil
		case err := <-answered:
			return err
		}
	}
}

func (l *Live) numbered(r wire.LiveRequest) wire.LiveRequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	r.ID = json.RawMessage(strconv.FormatUint(l.last, 10))
	return r
}

func (l *Live) ask(ctx context.Context, r wire.LiveRequest) (wire.LiveMessage, error) {
	conn, err := l.connect(ctx)
	if err != nil {
		return wire.LiveMessage{}, err
	}
	return conn.ask(ctx, l.numbered(r))
}

// connect returns the connection, and opens it if necessary.
func (l *Live) connect(ctx context.Context) (*liveConn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, fmt.Errorf("live: %w", sigil.ErrClosed)
	}
	if l.conn != nil && !l.conn.broken() {
		return l.conn, nil
	}
	r := request{method: http.MethodGet, path: "/v1/ws"}
	req, err := l.client.newRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	ws, resp, err := websocket.Dial(ctx, req.URL.String(), &websocket.DialOptions{ //nolint:bodyclose // the library closed it, or it is in memory
		HTTPClient: l.client.endless(), HTTPHeader: req.Header, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			return nil, refused(r, resp)
		}
		return nil, l.client.unanswered(ctx, err)
	}
	ws.SetReadLimit(maxMessage)
	l.conn = newLiveConn(l.client, ws)
	return l.conn, nil
}
