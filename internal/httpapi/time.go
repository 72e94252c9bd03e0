package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"
)

const (
	// goneTime is how long a request goes on after its client has closed the connection, or only its side of it,
	// which looks the same: a client that said that it sends no more may well wait for the answer.
	goneTime = 5 * time.Second
	// slowTimes is how many times as long as others a slow request may take.
	slowTimes = 5
	// bodyTime is how long a body may take, and stallTime how long none of it may come.
	bodyTime  = 5 * time.Minute
	stallTime = 30 * time.Second
)

type timedKey struct{}

// Timed returns a context for requests that somebody else gives a time limit, and that do not end when their client
// leaves: they are answered as they are.
func Timed(ctx context.Context) context.Context { return context.WithValue(ctx, timedKey{}, true) }

// bound gives the request a context of its own, which ends when it takes too long, when whoever serves it says so,
// or goneTime after its client left. end lets go of it.
func (c *call) bound(rt *route) (end func()) {
	from, limit := c.r.Context(), c.api.options.RequestTimeout
	if rt.slow {
		limit *= slowTimes
	}
	if limit == 0 && from.Done() == nil || from.Value(timedKey{}) != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(from))
	if cause := context.Cause(from); cause != nil && !errors.Is(cause, context.Canceled) {
		cancel(cause) // before it begins
	}
	watching := context.AfterFunc(from, func() {
		cause := context.Cause(from)
		if errors.Is(cause, context.Canceled) {
			select {
			case <-time.After(goneTime):
			case <-ctx.Done():
			}
		}
		cancel(cause)
	})
	if limit > 0 {
		c.limit, c.late = limit, time.AfterFunc(limit+bodyTime, func() { cancel(context.DeadlineExceeded) })
	}
	c.r = c.r.WithContext(ctx)
	if c.r.ContentLength == 0 {
		c.whole()
	}
	return func() {
		watching()
		if c.late != nil {
			c.late.Stop()
		}
		cancel(nil)
	}
}

// whole notes that the request has come in whole: its time begins, and the connection's for reading it is over, which
// would end it too.
func (c *call) whole() {
	if c.late != nil {
		c.late.Reset(c.limit)
		_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(time.Time{}) // not every connection has one
	}
}

// stall sets until when the next bytes of a body must come that began to come at begin.
func (c *call) stall(begin time.Time) {
	until := begin.Add(bodyTime)
	if next := time.Now().Add(stallTime); next.Before(until) {
		until = next
	}
	_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(until) // not every connection has one
}
