package live

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/coder/websocket"
)

// read reads requests until the client leaves. Requests that have arrived together are handled together.
func (l *liveConn) read(ctx context.Context) error {
	most := min(maxInFlight, l.server.engine.Limits().Batch)
	unbound := context.WithoutCancel(ctx) // serve closes the connection when ctx ends
	var first []byte                      // reused, unless it is large
	var held int64                        // reserved for a message that is being read
	defer func() { l.server.options.Memory.Give(held) }()
	for {
		var err error
		first, err = l.message(unbound, first[:0], &held)
		if err != nil {
			return err
		}
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		g := groups.Get().(*group) //nolint:forcetypeassert // nothing else is put there
		if len(first) > readAtOnce {
			g.messages = append(g.messages, first)
			first = nil
			if !l.alone(ctx, g, held) {
				return ctx.Err()
			}
			held = 0
			continue
		}
		g.room = append(g.room, first...)
		g.messages = append(g.messages, g.room[:len(first):len(first)])
		for err == nil && len(g.messages) < most && l.another() {
			from := len(g.room)
			if g.room, err = l.message(unbound, g.room, nil); err == nil { // it has arrived, and is small
				g.messages = append(g.messages, g.room[from:len(g.room):len(g.room)])
			} else {
				<-l.slots
			}
		}
		l.wg.Go(func() { l.answerAll(ctx, g) })
		if err != nil {
			return err
		}
	}
}

// alone starts a large request on its own as soon as few enough large ones are in progress. When the request
// is done, the memory it holds is released.
func (l *liveConn) alone(ctx context.Context, g *group, held int64) bool {
	select {
	case l.large <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	l.wg.Go(func() {
		defer func() { <-l.large }()
		defer l.server.options.Memory.Give(held)
		l.answerAll(ctx, g)
	})
	return true
}

// another takes a slot if one is free and a further request has arrived.
func (l *liveConn) another() bool {
	select {
	case l.slots <- struct{}{}:
	default:
		return false
	}
	if l.in.whole() {
		return true
	}
	<-l.slots
	return false
}

// message appends the next request to b. It adds to held the bytes that it reserves for a large one.
func (l *liveConn) message(ctx context.Context, b []byte, held *int64) ([]byte, error) {
	kind, r, err := l.conn.Reader(ctx)
	if err != nil {
		return b, err
	}
	if kind != websocket.MessageText {
		l.out.lastText()
		_ = l.conn.Close(websocket.StatusUnsupportedData, "messages must be text: JSON")
		return b, errors.New("live: a binary message")
	}
	for {
		if cap(b)-len(b) < smallMessage {
			size := 2*cap(b) + 2*smallMessage
			if held != nil && size > 2*readAtOnce {
				more := int64(size) - *held
				if err := l.server.options.Memory.Take(ctx, more); err != nil {
					l.out.lastText()
					_ = l.conn.Close(websocket.StatusTryAgainLater, "other requests hold the maximum number of bytes")
					return b, err
				}
				*held += more
			}
			b = append(make([]byte, 0, size), b...)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// smallMessage is the minimum free space, in bytes, of the buffer that a message is read into.
const smallMessage = 512

// arrivals reports whether a request has arrived. Only the connection's reader may read, but closing the
// connection reads too: call stop first.
type arrivals struct {
	mu sync.Mutex
	// +checklocks:mu
	buffered *bufio.Reader
	// +checklocks:mu
	stopped bool
}

// stop is called before the connection is closed with a reason.
func (a *arrivals) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
}

// whole reports whether a whole text has arrived, so that reading it does not block. Only the reader calls
// it.
func (a *arrivals) whole() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped {
		return false
	}
	b, _ := a.buffered.Peek(a.buffered.Buffered()) // everything that is buffered
	return wholeText(b)
}

// wholeText reports whether b begins with a whole text in one frame, as a client sends it.
func wholeText(b []byte) bool {
	const head, mask = 2, 4
	if len(b) < head || b[0] != finalText || b[1]&maskedBit == 0 {
		return false
	}
	size, payload := head+mask, uint64(b[1]&^maskedBit)
	switch payload {
	case size16:
		if len(b) < head+2 {
			return false
		}
		size, payload = size+2, uint64(binary.BigEndian.Uint16(b[head:]))
	case size64:
		return false // longer than what is read at once
	}
	return uint64(len(b)) >= uint64(size)+payload
}
