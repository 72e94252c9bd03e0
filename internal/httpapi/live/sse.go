package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/wire"
)

const (
	eventStream = "text/event-stream"
	// heartbeat is the maximum time without a byte on a stream: proxies cut connections that are silent for
	// long.
	heartbeat = 15 * time.Second
)

// Events answers with the journal as server-sent events, until the reader leaves. If it returns an error,
// nothing has been written.
func (s *Server) Events(rw http.ResponseWriter, r *http.Request, q Request) error {
	ctx, end, err := s.streams.begin(r.Context())
	if err != nil {
		return err
	}
	defer end()
	sub, last, err := s.subscribe(r.Context(), q.Tenant, q.After)
	if err != nil {
		return err
	}
	defer sub.Close()
	if q.Recalls {
		sub.WatchRecalls()
	}
	w := sse{ResponseWriter: rw, ctx: r.Context(), turns: s.turns, control: http.NewResponseController(rw)}
	_ = w.control.SetReadDeadline(time.Time{}) // the server's deadline is for requests; nothing more is read
	w.Header().Set("Content-Type", eventStream)
	w.Header().Set("X-Accel-Buffering", "no") // otherwise nginx would buffer the stream
	w.WriteHeader(http.StatusOK)
	// This is the position after which the stream starts: a client that reconnects before the first event
	// misses nothing either.
	w.b.WriteString("retry: 1000\nid: " + last.String() + "\n\n")
	for w.flush() == nil {
		batch, err := nextBatch(ctx, sub)
		switch {
		case err == nil:
			if w.batch(&batch) != nil {
				return nil
			}
			if n := len(batch.Entries); n > 0 {
				last = tokenOf(&batch.Entries[n-1])
			}
		case errors.Is(err, errLeave), errors.Is(err, sigil.ErrClosed):
			w.event("reconnect", map[string]any{"after": last.Position, "token": last.String()})
			_ = w.flush() // the stream ends either way
			return nil
		case errors.Is(err, errSilent):
			w.b.WriteString(":\n\n")
		default:
			if r.Context().Err() != nil {
				return nil
			}
			w.event("problem", q.Problem(err))
			_ = w.flush() // the stream ends either way
			return nil
		}
	}
	return nil
}

var errSilent = errors.New("live: nothing to say")

// nextBatch waits for entries. It returns errLeave or errSilent if either ends the wait.
func nextBatch(ctx context.Context, sub *bus.Subscription) (bus.Batch, error) {
	waiting, cancel := context.WithTimeoutCause(ctx, heartbeat, errSilent)
	defer cancel()
	b, err := sub.Next(waiting)
	if err != nil && waiting.Err() != nil {
		err = context.Cause(waiting)
	}
	return b, err
}

// sse writes server-sent events.
type sse struct {
	http.ResponseWriter
	ctx     context.Context //nolint:containedctx // of the request
	turns   turns
	control *http.ResponseController
	b       bytes.Buffer
}

// batch writes entries. If there are many, it sends them in parts.
func (w *sse) batch(batch *bus.Batch) error {
	if batch.Recalled != nil { // without an id, since recalls have no position
		w.b.WriteString("event: " + wire.LiveRecalled + "\ndata: ")
		w.b.Write(batch.Recalled)
		w.b.WriteString("\n\n")
		return nil
	}
	if batch.Lagged {
		w.event(wire.LiveLagged, map[string]uint64{"after": batch.Entries[0].Position - 1, "newest": batch.Newest})
	}
	for i := range batch.Entries {
		e := &batch.Entries[i]
		w.b.WriteString("id: ")
		w.b.Write(tokenOf(e).Append(w.b.AvailableBuffer()))
		w.b.WriteString("\ndata: ")
		w.b.Write(e.Data)
		w.b.WriteString("\n\n")
		if w.b.Len() >= gatherAtMost {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *sse) event(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return // never: numbers and strings
	}
	w.b.WriteString("event: " + name + "\ndata: ")
	w.b.Write(data)
	w.b.WriteString("\n\n")
}

// flush sends what was written.
func (w *sse) flush() error {
	defer func() {
		if w.b.Reset(); w.b.Cap() > 2*gatherAtMost {
			w.b = bytes.Buffer{}
		}
	}()
	defer w.turns.take(w.ctx)()
	if err := w.control.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.Write(w.b.Bytes()); err != nil {
		return err
	}
	return w.control.Flush()
}
