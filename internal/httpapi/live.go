package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

// streams are the answers that do not end by themselves. They are asked to before the service stops or is
// handed over.
type streams struct {
	most int // at once; 0 is no limit

	mu sync.Mutex
	// +checklocks:mu
	leaving bool
	// +checklocks:mu
	open map[*stream]bool
}

// stream is one of them: what ends it.
type stream struct{ cancel context.CancelCauseFunc }

// patience is how long a write to a reader may take. One that takes nothing for that long has gone.
const patience = time.Minute

var errLeave = errors.New("httpapi: the service is stopping")

// begin adds a stream, and returns a context that ends with ctx, or, with errLeave as its cause, when streams have to
// leave. The caller calls end when the stream is over. It returns an error if there are as many streams as allowed.
func (s *streams) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	most := s.most // it never changes
	s.mu.Lock()
	defer s.mu.Unlock()
	if most > 0 && len(s.open) >= most {
		return nil, nil, &sigil.Error{Kind: sigil.ErrUnavailable, Code: "too_many_streams", Detail: "as many connections are streams as may be, so that others are left for requests; try again later"}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	st := &stream{cancel}
	if s.leaving {
		cancel(errLeave)
	}
	if s.open == nil {
		s.open = map[*stream]bool{}
	}
	s.open[st] = true
	return ctx, func() {
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, st)
	}, nil
}

func (s *streams) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = true
	for st := range s.open {
		st.cancel(errLeave)
	}
}

func (s *streams) stay() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = false
}

// Leave has all streams tell their readers to reconnect, and end. Those that begin later do so at once, until
// Stay is called.
func (a *API) Leave() { a.streams.leave() }

// Stay takes Leave back, where the service goes on after all.
func (a *API) Stay() { a.streams.stay() }

// Close ends the streams and waits for those who read the journal for them. The engine's store must still
// be open.
func (a *API) Close() {
	a.Leave()
	a.bus.Close()
}

// turns lets few of those who send entries do so at once: to copy a hundred kilobytes into a socket holds a
// processor, and what is encoded meanwhile must not wait behind all readers.
type turns chan struct{}

// turnTime is when a turn ends, done or not: a reader that takes nothing holds up none of the others.
const turnTime = 2 * time.Millisecond

func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

// take waits for a turn, and gives what ends it.
func (t turns) take(ctx context.Context) (end func()) {
	select {
	case t <- struct{}{}:
	case <-ctx.Done():
		return func() {}
	}
	once := sync.OnceFunc(func() { <-t })
	late := time.AfterFunc(turnTime, once)
	return func() {
		late.Stop()
		once()
	}
}

// journal is what the bus reads: the engine's, rendered as the wire shows it.
type journal struct{ engine *engine.Engine }

func (j journal) JournalBounds(ctx context.Context) (trimmed, newest uint64, err error) {
	return j.engine.JournalBounds(ctx)
}

func (j journal) Wait(ctx context.Context, tenant string, after uint64) error {
	return j.engine.Wait(ctx, tenant, after)
}

func (j journal) Read(ctx context.Context, tenant string, after uint64, limit int, room []byte) ([]bus.Entry, error) {
	events, err := j.engine.Events(ctx, tenant, after, min(limit, j.engine.Limits().Page))
	if err != nil {
		return nil, err
	}
	entries := make([]bus.Entry, len(events))
	for i := range events {
		v := shape.Event(&events[i])
		from := len(room)
		if room, err = v.AppendJSON(room); err != nil {
			return nil, err
		}
		entries[i] = bus.Entry{Position: v.Position, Data: room[from:len(room):len(room)]}
	}
	return entries, nil
}

// Recalled renders a message about recalls.
func (j journal) Recalled(memories []sigil.Meta, more bool) ([]byte, error) {
	return json.Marshal(shape.Recalls(memories, more))
}

// accepts tells whether the request asks for a media type.
func accepts(r *http.Request, media string) bool {
	for _, header := range r.Header["Accept"] {
		for part := range strings.SplitSeq(header, ",") {
			name, _, _ := strings.Cut(part, ";")
			if strings.TrimSpace(name) == media {
				return true
			}
		}
	}
	return false
}

// start returns the position after which a stream begins, from a header or parameter, or nil for the newest, and
// whether the stream includes recalls.
func (c *call) start() (after *uint64, recalls bool, err error) {
	if c.query.values.Has("after") {
		n := c.query.position("after")
		after = &n
	}
	if last := c.r.Header.Get("Last-Event-ID"); last != "" { // of a reader that reconnects: newer than its URL
		n, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			return nil, false, sigil.NewInvalid("invalid_parameter", "Last-Event-ID", "must be a position of the journal: a whole number from 0")
		}
		after = &n
	}
	for _, name := range []string{"limit", "latest"} {
		if c.query.values.Has(name) {
			c.query.fail("invalid_parameter", name, "is for pages: a stream has no end")
		}
	}
	recalls = c.query.is("recalls", false)
	return after, recalls, c.query.err
}
