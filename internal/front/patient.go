package front

import (
	"context"
	"errors"
	"time"
)

// goneTime is how long a request continues after its client has closed the connection, the same as in the
// API. A client that closed only its own side looks the same to net/http, and may still wait for the answer.
const goneTime = 5 * time.Second

// patient returns a context that ends goneTime after the client has left, or at once if from ends for another
// reason. The caller must call end.
func patient(from context.Context) (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(from))
	stop := context.AfterFunc(from, func() {
		cause := context.Cause(from)
		if errors.Is(cause, context.Canceled) {
			select {
			case <-time.After(goneTime):
			case <-ctx.Done():
			}
		}
		cancel(cause)
	})
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
