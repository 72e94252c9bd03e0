package client

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/sigil-dna/sigil/wire"
)

// writeTime is how long sending a request may take. If it takes longer, the daemon counts as gone.
const writeTime = time.Minute

// liveConn is one WebSocket, until it breaks.
type liveConn struct {
	client *Client
	ws     *websocket.Conn
	events chan wire.LiveMessage // messages that are not answers

	once   sync.Once
	err    error         // why it broke; set before gone is closed
	gone   chan struct{} // closed when it broke
	read   chan struct{} // closed when its reader has ended
	cancel context.CancelFunc

	mu sync.Mutex
	// +checklocks:mu
	pending map[string]chan wire.LiveMessage // by request id
}

func newLiveConn(c *Client, ws *websocket.Conn) *liveConn {
	ctx, cancel := context.WithCancel(context.Background())
	conn := &liveConn{
		client: c, ws: ws, events: make(chan wire.LiveMessage), gone: make(chan struct{}), read: make(chan struct{}),
		cancel: cancel, pending: map[string]chan wire.LiveMessage{},
	}
	// This goroutine ends with the connection. Live.Close waits for it, unless the connection broke and was replaced.
	go func() {
		defer close(conn.read)
		conn.end(conn.receive(ctx))
	}()
	return conn
}

func (c *liveConn) broken() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// end closes the connection, with the error that all its users get.
func (c *liveConn) end(err error) {
	c.once.Do(func() {
		if websocket.CloseStatus(err) == wire.LiveRestart {
			err = errRestart
		}
		c.err = err
		close(c.gone)
		_ = c.ws.Close(websocket.StatusNormalClosure, "") // it may be closed already
		c.cancel()
	})
}

// receive dispatches the daemon's messages until the connection breaks, and returns why.
func (c *liveConn) receive(ctx context.Context) error {
	for {
		_, data, err := c.ws.Read(ctx)
		if err != nil {
			if websocket.CloseStatus(err) == wire.LiveRestart {
				return errRestart
			}
			return fmt.Errorf("%w: the connection to %s broke: %w", ErrUnreachable, c.client, err)
		}
		var m wire.LiveMessage
		if err := json.Unmarshal(data, &m); err != nil {
			return c.client.strange(err)
		}
		if m.Type != wire.LiveAnswer {
			if m.Type == wire.LiveLagged {
				continue // nothing is missing
			}
			select {
			case c.events <- m:
			case <-c.gone:
				return c.err
			}
			continue
		}
		c.mu.Lock()
		answered := c.pending[string(m.ID)]
		delete(c.pending, string(m.ID))
		c.mu.Unlock()
		if answered != nil {
			answered <- m
		}
	}
}

// ask sends a request and waits for its answer.
func (c *liveConn) ask(ctx context.Context, r wire.LiveRequest) (m wire.LiveMessage, err error) {
	data, err := json.Marshal(r)
	if err != nil {
		return m, err
	}
	answered := make(chan wire.LiveMessage, 1)
	c.mu.Lock()
	c.pending[string(r.ID)] = answered
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.pending, string(r.ID))
	}()
	// Not with ctx: if it ended in the middle of a message, the connection would break for everybody.
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	if err := c.ws.Write(writing, websocket.MessageText, data); err != nil {
		c.end(fmt.Errorf("%w: the connection to %s broke: %w", ErrUnreachable, c.client, err))
		return m, c.err
	}
	select {
	case m = <-answered:
	case <-c.gone:
		return m, c.err
	case <-ctx.Done():
		return m, ctx.Err()
	}
	if m.Problem != nil {
		return m, &Error{Problem: *m.Problem}
	}
	return m, nil
}
