package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"
)

const (
	// goneTime is how long a request continues after its client has closed the connection. A client that
	// closed only its own side looks the same to a server, and may still wait for the answer.
	goneTime = 5 * time.Second
	// SlowTimes is the factor by which the time limit of slow requests is longer.
	SlowTimes = 5
	// bodyTime is the time limit for a body to arrive; stallTime is the longest pause in it.
	bodyTime  = 5 * time.Minute
	stallTime = 30 * time.Second
)

type timedKey struct{}

// Timed returns a context for requests whose time the caller limits, and which do not end when the client
// leaves. The API then sets no time limits of its own.
func Timed(ctx context.Context) context.Context { return context.WithValue(ctx, timedKey{}, true) }

// bound replaces the request's context by one that ends when the request takes too long, when the server ends
// it with a cause, or goneTime after the client left (at once if leaving cancels). The caller calls end when the request is answered.
func (c *call) bound(rt *route) (end func()) {
	from, limit := c.r.Context(), c.api.options.RequestTimeout
	if rt.slow {
		limit *= SlowTimes
	}
	if limit == 0 && from.Done() == nil || from.Value(timedKey{}) != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(from))
	if cause := context.Cause(from); cause != nil && !errors.Is(cause, context.Canceled) {
		cancel(cause) // the server ended it already
	}
	watching := context.AfterFunc(from, func() {
		cause := context.Cause(from)
		if errors.Is(cause, context.Canceled) && !rt.leaves {
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

// whole is called when the whole request has arrived. It starts the request's time limit and removes the connection's
// read deadline, which would end the request too.
func (c *call) whole() {
	if c.late != nil {
		c.late.Reset(c.limit)
		_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(time.Time{}) // not every connection has one
	}
}

// stall sets the deadline for the next bytes of a body whose first bytes came at begin.
func (c *call) stall(begin time.Time) {
	until := begin.Add(bodyTime)
	if next := time.Now().Add(stallTime); next.Before(until) {
		until = next
	}
	_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(until) // not every connection has one
}
