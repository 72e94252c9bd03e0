package live

import (
	"context"
	"errors"
	"net/http"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/wire"
)

// subscribe creates a subscription that begins after a position, or after the newest. It starts once the
// request is answered. A connection has at most one.
func (l *liveConn) subscribe(ctx context.Context, r *liveRequest, m *wire.LiveMessage) error {
	sub, token, err := l.server.subscribe(ctx, l.tenant, r.after)
	if err != nil {
		return err
	}
	if r.recalls {
		sub.WatchRecalls()
	}
	if !l.hold(sub) {
		sub.Close()
		return &sigil.Error{Kind: sigil.ErrConflict, Code: "already_subscribed", Detail: "this connection has a subscription; unsubscribe first"}
	}
	m.Status, m.After, m.Token = http.StatusOK, &token.Position, token.String()
	return nil
}

// hold makes sub the connection's subscription and reports whether it did: it does not if there is one.
func (l *liveConn) hold(sub *bus.Subscription) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sub != nil {
		return false
	}
	l.sub = sub
	return true
}

// begin starts to send, if there is a subscription.
func (l *liveConn) begin(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sub == nil {
		return
	}
	ctx, l.stop = context.WithCancel(ctx)
	sub, pushed := l.sub, make(chan struct{})
	l.pushed = pushed
	l.sent.Store(sub.After())
	l.wg.Go(func() {
		defer close(pushed)
		defer sub.Close()
		l.push(ctx, sub)
	})
}

// halt ends the subscription after the current message, and returns a channel that is closed then.
func (l *liveConn) halt() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop == nil {
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	l.stop()
	return l.pushed
}

func (l *liveConn) unsubscribe() {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stop != nil:
		l.stop()
	case l.sub != nil: // it did not begin
		l.sub.Close()
	}
	l.sub, l.stop = nil, nil
}

// release allows another subscription after sub.
func (l *liveConn) release(sub *bus.Subscription) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sub == sub {
		l.stop()
		l.sub, l.stop = nil, nil
	}
}

// push sends entries until ctx ends.
func (l *liveConn) push(ctx context.Context, sub *bus.Subscription) {
	for {
		batch, err := sub.Next(ctx)
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, sigil.ErrClosed) {
				p := l.problem(err)
				l.send(nil, &wire.LiveMessage{Type: wire.LiveEnded, Status: p.Status, Problem: &p})
				l.release(sub)
			}
			return
		}
		if batch.Recalled != nil {
			if err := l.pushRecalled(ctx, batch.Recalled); err != nil {
				return // the connection's reader gets the error
			}
			continue
		}
		if batch.Lagged {
			after := batch.Entries[0].Position - 1
			l.send(nil, &wire.LiveMessage{Type: wire.LiveLagged, After: &after, Newest: batch.Newest})
		}
		if err := l.pushBatch(ctx, &batch); err != nil {
			return // the connection's reader gets the error
		}
		l.sent.Store(batch.Entries[len(batch.Entries)-1].Position)
	}
}

// pushBatch sends entries as one message without copying them: all subscribers are sent the same bytes.
func (l *liveConn) pushBatch(ctx context.Context, batch *bus.Batch) error {
	defer l.server.turns.take(ctx)()
	head := append(appendHead(nil, len(eventsBegin)+len(batch.Joined)+len(eventsEnd)), eventsBegin...)
	return l.out.text(head, batch.Joined, []byte(eventsEnd))
}

// pushRecalled sends a message about recalls. It puts the type before the members of data.
func (l *liveConn) pushRecalled(ctx context.Context, data []byte) error {
	defer l.server.turns.take(ctx)()
	members := data[1:] // after the brace
	head := append(appendHead(nil, len(recalledBegin)+len(members)), recalledBegin...)
	return l.out.text(head, members)
}

const (
	recalledBegin = `{"type":"recalled",`

	eventsBegin = `{"type":"events","events":[`
	eventsEnd   = `]}`
)
