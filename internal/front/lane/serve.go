package lane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// connection is a connection while the lane serves it.
type connection struct {
	net.Conn
	times   Times
	bell    *bell
	request *request
	buf     []byte
	read    int  // number of bytes in buf that were read and are not answered
	headed  bool // these bytes begin with a complete header

	// since is the start of the current request, in Unix nanoseconds. While the connection waits for a
	// request, it is the negative of the time at which the wait began, or unwanted. While the connection reads
	// a request, it is 0.
	since atomic.Int64
	// late ends the current request if it takes too long. While there is no request, it may be stopped; then
	// armed is false.
	late   *time.Timer
	armed  atomic.Bool
	cancel context.CancelCauseFunc
	closes func() bool // reports whether the next answer is the last

	deadline  time.Time // the read deadline that is set
	writeTill time.Time // the write deadline that is set
	over      bool      // the rest of a request did not arrive, or not in time: net/http decides what to do
	answered  bool      // at least one request was answered
	last      bool      // the connection closes after the next answer
	spared    bool      // a request was in progress when the lane left, and got more time
}

// unwanted is the value of since for a waiting connection that is to be closed.
const unwanted = math.MinInt64

func (l *Lane) newConnection(ctx context.Context, conn net.Conn, b *bell) *connection {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &connection{
		Conn: conn, times: l.options.Times, bell: b, buf: make([]byte, 4<<10),
		request: newRequest(ctx, conn.RemoteAddr().String()), cancel: cancel,
	}
	c.closes = func() bool { return c.last || l.leaving.Load() || ctx.Err() != nil }
	return c
}

// serve answers the requests on c, and then closes c or passes it on.
func (l *Lane) serve(c *connection) {
	c.armed.Store(true)
	c.late = time.AfterFunc(c.times.Answer, c.look)
	defer l.leave(c)
	defer c.cancel(nil)
	defer c.late.Stop()
	if handOn := l.answerAll(c); handOn {
		l.hand(c)
		l.options.Rest(&Conn{Conn: c.Conn, first: c.buf[:c.read]})
		return
	}
	_ = c.Close() // the client may have left
	l.options.Closed()
}

// begin records the start of a request.
func (c *connection) begin(now time.Time) {
	c.since.Store(now.UnixNano())
	if !c.armed.Load() && c.armed.CompareAndSwap(false, true) {
		c.late.Reset(c.times.Answer)
	}
}

// look ends a request that takes too long. One timer serves many requests.
func (c *connection) look() {
	since := c.since.Load()
	if since <= 0 {
		c.armed.Store(false)
		if since = c.since.Load(); since <= 0 || !c.armed.CompareAndSwap(false, true) {
			return // a request that has just begun sets the timer itself
		}
	}
	if left := c.times.Answer - time.Since(time.Unix(0, since)); left > 0 {
		c.late.Reset(left)
		return
	}
	c.cancel(context.DeadlineExceeded)
}

// answerAll answers plain requests until the connection ends. It returns true at a request that is not plain.
func (l *Lane) answerAll(c *connection) (handOn bool) {
	for {
		size, v := 0, partial
		if c.read > 0 && !c.over {
			size, v = c.request.parse(c.buf[:c.read], l.options.Takes)
		}
		c.headed = size > 0
		switch {
		case v == other || c.over:
			return true
		case v == whole:
			c.answered = true
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

// more reads the next bytes. It returns false if the connection is to be closed.
func (l *Lane) more(c *connection) bool {
	c.expect()
	if l.leaving.Load() && c.read == 0 { // checked after the deadline is set, since Leave sets one in the past
		return false
	}
	if c.read == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.Read(c.buf[c.read:])
	c.read += n
	if c.since.Swap(0) == unwanted { // a request that has arrived is still answered
		c.last, c.deadline = true, time.Time{}
		return c.read > 0
	}
	switch {
	case err == nil:
		return true
	case c.read == 0:
		return false
	case errors.Is(err, os.ErrDeadlineExceeded) && l.leaving.Load() && !c.spared:
		c.spared, c.deadline = true, time.Time{}
		return true
	case errors.Is(err, os.ErrDeadlineExceeded) && c.headed, errors.Is(err, io.EOF):
		c.over = true // net/http waits longer for a body, and answers a client that closed only its own side
		return true
	}
	return false // the header takes too long: net/http would close the connection, too
}

// expect sets the read deadline. It does so rarely: on a connection with frequent requests, most of the time
// always remains.
func (c *connection) expect() {
	now := time.Now()
	if c.read == 0 {
		c.since.Store(-now.UnixNano())
	}
	if c.read > 0 || !c.answered { // a whole request must arrive within one deadline
		if c.deadline.IsZero() || c.deadline.Sub(now) > c.times.Read {
			c.deadline = now.Add(c.times.Read)
			_ = c.SetReadDeadline(c.deadline) // reading a closed connection fails anyway
		}
		return
	}
	if c.deadline.Sub(now) < c.times.Idle*3/4 {
		c.deadline = now.Add(c.times.Idle)
		_ = c.SetReadDeadline(c.deadline)
	}
}

// answerOne answers one request. It reports whether another may follow.
func (l *Lane) answerOne(c *connection) bool {
	now := time.Now()
	c.begin(now)
	defer c.since.Store(0)
	if c.writeTill.Sub(now) < c.times.Write*3/4 {
		c.writeTill = now.Add(c.times.Write)
		_ = c.SetWriteDeadline(c.writeTill)
	}
	a := answers.Get().(*answer) //nolint:forcetypeassert // nothing else is put there
	defer a.recycle()
	a.conn, a.last = c.Conn, c.closes
	if !l.handle(c, a) {
		return false
	}
	if a.sent {
		return !a.closes && a.failed == nil
	}
	b, ok := a.bytes()
	if !ok {
		return false
	}
	// Let other connections that have a request answer first. If answers are sent one after the other, clients
	// stay awake, while waking a client for each answer costs both sides as much as the answer. Besides, a
	// client whose next request is already there would be answered again and again, while all others wait for
	// as long as a goroutine may run, which is ten milliseconds.
	runtime.Gosched()
	if _, err := c.Write(b); err != nil {
		return false
	}
	return !a.closes
}

// handle calls the handler and recovers from a panic. It returns false after one.
func (l *Lane) handle(c *connection, a *answer) (ok bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, isErr := p.(error); !isErr || !errors.Is(err, http.ErrAbortHandler) {
			l.options.Logger.Error("panic in a handler", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	l.options.Handler.ServeHTTP(a, &c.request.http)
	return true
}

// Conn is a connection that is passed on. Bytes that were already read from it are read again.
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

// WriteBuffers writes all of b at once, if the connection supports that.
func (c *Conn) WriteBuffers(b *net.Buffers) (int64, error) { return b.WriteTo(c.Conn) }

// CloseWrite closes the sending direction, if the connection supports that. The HTTP server uses it so that a
// client that is still sending when it is refused can read the refusal.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
