package lane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// connection is one while it is served here.
type connection struct {
	net.Conn
	times   Times
	bell    *bell
	request *request
	answer  *answer
	buf     []byte
	read    int // bytes of buf that have come and are not answered

	deadline  time.Time // of reading, as it was set
	writeTill time.Time // the same of writing
	late      bool      // a request has not come within its time
	spared    bool      // it was under way when the lane left, and had its time again
}

// serve answers what comes on conn, and closes it or hands it on.
func (l *Lane) serve(ctx context.Context, conn net.Conn, b *bell) {
	c := &connection{
		Conn: conn, times: l.options.Times, bell: b, buf: make([]byte, 4<<10),
		request: newRequest(ctx, conn.RemoteAddr().String()), answer: newAnswer(),
	}
	defer l.leave(conn)
	if handOn := l.answerAll(c); handOn {
		l.hand(conn)
		l.options.Rest(&Conn{Conn: conn, first: c.buf[:c.read]})
		return
	}
	_ = conn.Close() // a client that left is nobody's to tell
	l.options.Closed()
}

// answerAll answers plain requests. It ends with one that is not, and tells so, or with the connection.
func (l *Lane) answerAll(c *connection) (handOn bool) {
	for {
		size, v := 0, partial
		if c.read > 0 && !c.late {
			size, v = c.request.parse(c.buf[:c.read], l.options.Takes)
		}
		switch {
		case v == other || c.late:
			return true
		case v == whole:
			if !l.answerOne(c) || l.leaving.Load() {
				return false
			}
			c.read = copy(c.buf, c.buf[size:c.read])
			c.bell.look()
			continue
		}
		if !l.more(c) {
			return false
		}
	}
}

// more reads what comes next.
func (l *Lane) more(c *connection) bool {
	c.expect()
	if l.leaving.Load() && c.read == 0 { // after the deadline was set: Leave sets one that has passed
		return false
	}
	if c.read == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.Read(c.buf[c.read:])
	c.read += n
	switch {
	case err == nil:
		return true
	case c.read == 0:
		return false
	case errors.Is(err, os.ErrDeadlineExceeded) && l.leaving.Load() && !c.spared:
		c.spared, c.deadline = true, time.Time{}
		return true
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, io.EOF): // who only closed its side may be told what is wrong
		c.late = true
		return true
	}
	return false
}

// expect sets until when there must be more to read. It is set seldom: a connection on which requests come
// in turn has always most of its time left.
func (c *connection) expect() {
	now := time.Now()
	if c.read > 0 { // of one request all has to come within one time
		if c.deadline.IsZero() || c.deadline.Sub(now) > c.times.Read {
			c.deadline = now.Add(c.times.Read)
			_ = c.SetReadDeadline(c.deadline) // one that is closed says so when it is read
		}
		return
	}
	if c.deadline.Sub(now) < c.times.Idle*3/4 {
		c.deadline = now.Add(c.times.Idle)
		_ = c.SetReadDeadline(c.deadline)
	}
}

// answerOne has a request answered, and tells whether there may be another.
func (l *Lane) answerOne(c *connection) bool {
	c.answer.reset()
	if !l.handle(c) {
		return false
	}
	last := l.leaving.Load() || c.answer.header.Get("Connection") == "close"
	b, ok := c.answer.bytes(last)
	if !ok {
		return false
	}
	if now := time.Now(); c.writeTill.Sub(now) < c.times.Write*3/4 {
		c.writeTill = now.Add(c.times.Write)
		_ = c.SetWriteDeadline(c.writeTill)
	}
	// Others whose requests are there have their answers made first. Answers that are sent one after the other find
	// clients awake: to wake one for each answer, who then sleeps again, costs both as much as the answer. And a client that
	// has its next request there at once would be answered again and again, and all others wait for as long as a
	// goroutine may run, ten milliseconds.
	runtime.Gosched()
	if _, err := c.Write(b); err != nil {
		return false
	}
	return !last
}

// handle calls the handler, which may panic.
func (l *Lane) handle(c *connection) (ok bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, isErr := p.(error); !isErr || !errors.Is(err, http.ErrAbortHandler) {
			l.options.Logger.Error("panic in a handler", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	l.options.Handler.ServeHTTP(c.answer, &c.request.http)
	return true
}

// Conn is a connection that is handed on. What was read of it is read again.
type Conn struct {
	net.Conn
	first []byte
}

func (c *Conn) Read(b []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(b, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// WriteBuffers writes all of b at once, where the connection can.
func (c *Conn) WriteBuffers(b *net.Buffers) (int64, error) { return b.WriteTo(c.Conn) }

// CloseWrite closes one direction, where the connection can: the HTTP server does, so that who is still
// sending when refused can read the refusal.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
