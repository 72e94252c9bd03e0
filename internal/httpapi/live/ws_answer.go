package live

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// group is a set of requests that arrived together, and the buffers for handling them.
type group struct {
	messages [][]byte
	room     []byte // the buffer that messages are read into
	encodes  []liveRequest
	drafts   []sigil.Draft
	view     wire.Memory // a memory as its answer shows it
	out      []byte      // the buffer of an answer
}

// groups is a pool: with a group's buffers, most of what a request over WebSocket needs is not allocated.
var groups = sync.Pool{New: func() any { return &group{room: make([]byte, 0, readAtOnce)} }}

// recycle returns g to the pool, without buffers that something else may refer to.
func (g *group) recycle(shared bool) {
	room := g.room[:0]
	if shared || cap(room) > 2*readAtOnce {
		room = make([]byte, 0, readAtOnce)
	}
	clear(g.messages)
	clear(g.encodes)
	clear(g.drafts)
	out := g.out[:0]
	if cap(out) > 2*readAtOnce {
		out = nil
	}
	*g = group{messages: g.messages[:0], room: room, encodes: g.encodes[:0], drafts: g.drafts[:0], out: out}
	groups.Put(g)
}

// answerAll handles requests: encodes together, others one by one. Each is answered, and holds its slot until
// then.
func (l *liveConn) answerAll(ctx context.Context, g *group) {
	begin := time.Now()
	shared := false // whether something that outlives the group may refer to its messages
	for _, message := range g.messages {
		r, err := readRequest(l.server.options.Drafts, message)
		if err == nil && r.op == wire.LiveEncode {
			var d sigil.Draft
			if d, err = r.read(l.server.options.Drafts); err == nil {
				g.encodes, g.drafts = append(g.encodes, r), append(g.drafts, d)
				continue
			}
		}
		if len(g.messages) == 1 {
			l.answer(ctx, &r, begin, err)
			continue
		}
		shared = true
		alone := r // with r itself, encodes would allocate, too
		l.wg.Go(func() { l.answer(ctx, &alone, begin, err) })
	}
	l.encode(ctx, g, begin)
	g.recycle(shared)
}

// encode handles the encodes of a group.
func (l *liveConn) encode(ctx context.Context, g *group, begin time.Time) {
	switch len(g.drafts) {
	case 0:
		return
	case 1:
		memory, err := l.server.engine.Encode(ctx, l.tenant, g.drafts[0])
		l.encoded(ctx, g, 0, &memory, begin, err)
		return
	}
	kept, err := l.server.engine.EncodeBatch(ctx, l.tenant, g.drafts)
	l.out.hold()
	defer l.out.release()
	for i := range g.encodes {
		var memory *sigil.Memory
		failed := err
		if err == nil {
			memory, failed = &kept[i].Memory, kept[i].Err
		}
		l.encoded(ctx, g, i, memory, begin, failed)
	}
}

// encoded answers the i-th encode of a group.
func (l *liveConn) encoded(ctx context.Context, g *group, i int, memory *sigil.Memory, begin time.Time, err error) {
	defer func() { <-l.slots }()
	r := &g.encodes[i]
	m := wire.LiveMessage{Type: wire.LiveAnswer, ID: r.id}
	if err == nil {
		g.view = shape.Encoded(memory)
		m.Status, m.Memory = shape.EncodeStatus(memory), &g.view
	} else {
		l.refuse(ctx, r, &m, r.blame(l.server.options.Drafts, err))
	}
	l.observe(r, &m, begin)
	g.out = l.send(g.out, &m)
}

// answer handles one request, or answers with err if it is invalid.
func (l *liveConn) answer(ctx context.Context, r *liveRequest, begin time.Time, err error) {
	defer func() { <-l.slots }()
	m := wire.LiveMessage{Type: wire.LiveAnswer, ID: r.id}
	if err == nil {
		err = l.do(ctx, r, &m)
	}
	if err != nil {
		l.refuse(ctx, r, &m, err)
	}
	l.observe(r, &m, begin)
	l.send(nil, &m)
	if r.op == wire.LiveSubscribe && err == nil {
		l.begin(ctx)
	}
}

// do handles a request that is not an encode. An operation that it does not know is a bug of this program.
func (l *liveConn) do(ctx context.Context, r *liveRequest, m *wire.LiveMessage) error {
	key := sigil.Key{Tenant: l.tenant, ID: r.memory}
	switch r.op {
	case wire.LiveRecall:
		memory, err := l.server.engine.Recall(ctx, key)
		if err == nil {
			v := shape.Refreshed(&memory)
			m.Status, m.Memory = http.StatusOK, &v
		}
		return err
	case wire.LiveForget:
		until, err := l.server.engine.ForgetWithUndo(ctx, key)
		if m.Status = http.StatusNoContent; !until.IsZero() {
			m.RestorableUntil = &wire.Timestamp{Time: until}
		}
		return err
	case wire.LiveRestore:
		memory, err := l.server.engine.Restore(ctx, key)
		if err == nil {
			v := shape.Refreshed(&memory)
			m.Status, m.Memory = http.StatusOK, &v
		}
		return err
	case wire.LiveCorrect:
		d, err := r.read(l.server.options.Drafts)
		if err != nil {
			return err
		}
		memory, err := l.server.engine.Correct(ctx, key, d)
		if err != nil {
			return r.blame(l.server.options.Drafts, err)
		}
		v := shape.Encoded(&memory)
		m.Status, m.Memory = http.StatusCreated, &v
		return nil
	case wire.LiveChange:
		memory, err := l.server.engine.Change(ctx, key, r.change)
		if err == nil {
			v := shape.Changed(&memory, &r.change, l.server.engine.Now())
			m.Status, m.Memory = http.StatusOK, &v
		}
		return err
	case wire.LiveSubscribe:
		return l.subscribe(ctx, r, m)
	case wire.LiveUnsubscribe:
		l.unsubscribe()
		m.Status = http.StatusNoContent
		return nil
	}
	return fmt.Errorf("live: nothing does the operation %q", r.op)
}

// refuse makes m the answer with err's problem, and logs a failure that is not the client's.
func (l *liveConn) refuse(ctx context.Context, r *liveRequest, m *wire.LiveMessage, err error) {
	p := l.problem(err)
	m.Status, m.Problem = p.Status, &p
	if p.Status >= http.StatusInternalServerError {
		l.server.options.Logger.ErrorContext(ctx, "live request", "op", r.op, "tenant", l.tenant, "code", p.Code, "cause", err)
	}
}

func (l *liveConn) observe(r *liveRequest, m *wire.LiveMessage, begin time.Time) {
	if l.server.options.Observe != nil {
		l.server.options.Observe(routeOf(r.op), http.MethodGet, m.Status, time.Since(begin))
	}
}

// routeOf returns a label for metrics. A client cannot add labels by inventing operations.
func routeOf(op string) string {
	if op == wire.LiveEncode { // the most frequent operation: no concatenation
		return "/v1/ws encode"
	}
	if _, known := wants[op]; known {
		return "/v1/ws " + op
	}
	return "/v1/ws other"
}

// send sends m, encoded into the buffer room, and returns the buffer for reuse. If the client is gone, the
// reader notices.
func (l *liveConn) send(room []byte, m *wire.LiveMessage) []byte {
	if room == nil {
		room = make([]byte, 0, 1<<10)
	}
	data, err := m.AppendJSON(append(room[:0], make([]byte, frameRoom)...))
	if err != nil {
		return room // never: all values are valid JSON
	}
	_ = l.out.text(framed(data)) // if it fails, the client is gone
	return data
}
