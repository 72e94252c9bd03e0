package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// slots is the number of memories in use at a time.
const slots = 36

// patience is how long a client repeats an encode that is in progress elsewhere.
const patience = 20 * time.Second

// pool has the memories in use.
type pool struct {
	mu sync.Mutex // guards slots
	// +checklocks:mu
	slots [slots]slot
}

// slot is a memory in use, according to the clients' last answer.
type slot struct {
	id    sigil.ID // zero if there is none yet
	fades int64    // Unix milliseconds
	ended bool
}

// pick returns any slot or, more often, the one whose deadline is next or has just passed.
func (p *pool) pick(rnd *rand.Rand, now int64) (at int, s slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at = rnd.IntN(slots)
	if rnd.IntN(3) > 0 {
		next := int64(never)
		for i, s := range p.slots {
			if s.id != (sigil.ID{}) && !s.ended && s.fades >= now-2 && s.fades < next {
				at, next = i, s.fades
			}
		}
	}
	return at, p.slots[at]
}

// put stores the latest state of the slot's memory, unless another memory has replaced it.
func (p *pool) put(at int, before sigil.ID, s slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slots[at].id == before {
		p.slots[at] = s
	}
}

// client takes its turns until the system stops.
func (h *history) client(at Target, number int) {
	rnd := rand.New(rand.NewPCG(h.seed, uint64(h.races*clients+number)))
	tick := time.NewTicker(time.Millisecond) // otherwise a fast store would be done before anything fades
	defer tick.Stop()
	for range turns {
		<-tick.C
		for range 1 + rnd.IntN(3) {
			if !h.turn(at, number, rnd) {
				return
			}
		}
		if rnd.IntN(2) == 0 && !h.code(at, number, rnd) {
			return
		}
		if rnd.IntN(2) == 0 && !h.content(at, number, rnd) {
			return
		}
	}
}

// turn does one operation on a memory. It returns false if the system has stopped: that is, if there was no
// answer although the client did not give up.
func (h *history) turn(at Target, number int, rnd *rand.Rand) bool {
	now := time.Now().UnixMilli()
	place, s := h.pool.pick(rnd, now)
	ctx := h.t.Context()
	if rnd.IntN(12) == 0 { // a client gives up
		short, cancel := context.WithTimeout(ctx, time.Duration(rnd.IntN(2000))*time.Microsecond)
		defer cancel()
		ctx = short
	}
	if s.id == (sigil.ID{}) || s.ended && rnd.IntN(2) == 0 {
		return h.encode(ctx, at, number, place, s.id, draft(rnd))
	}
	v := draw(rnd, s.ended, now > s.fades-4 && now < s.fades+4)
	o := h.one(ctx, at, number, v, s.id)
	if o.answer.lo < s.fades && s.fades <= o.answer.hi+1 {
		h.count(atDeadline)
	}
	switch {
	case o.answer.outcome == notFound || v == forget && o.answer.outcome == done:
		s.ended = true
	case o.answer.outcome == done:
		s.fades = o.answer.figures.fades
	}
	h.pool.put(place, s.id, s)
	return o.answer.outcome != unknown || ctx.Err() != nil
}

// draw returns something to do: near the deadline, an operation that races with it; otherwise mostly ones that do not
// defer it.
func draw(rnd *rand.Rand, ended, near bool) verb {
	n := rnd.IntN(100)
	pick := func(recalls, peeks, searches, pins, unpins, changes int) verb {
		for _, of := range []struct {
			verb verb
			n    int
		}{{recall, recalls}, {peek, peeks}, {search, searches}, {pin, pins}, {unpin, unpins}, {change, changes}} {
			if n -= of.n; n < 0 {
				return of.verb
			}
		}
		return forget
	}
	switch {
	case ended:
		return pick(24, 22, 16, 12, 12, 4)
	case near:
		return pick(30, 20, 18, 14, 8, 5)
	}
	return pick(4, 58, 25, 3, 7, 2)
}

// draft returns a unique draft: some have a ttl, some are pinned, some crystallize.
func draft(rnd *rand.Rand) sigil.Draft {
	d := sigil.Draft{Data: fmt.Appendf(nil, `"%x"`, rnd.Uint64()), IdempotencyKey: fmt.Sprint(rnd.Uint64())}
	if rnd.IntN(3) == 0 {
		d.TTL = time.Duration(10+rnd.IntN(120)) * time.Millisecond
	}
	d.Pinned = rnd.IntN(16) == 0
	if rnd.IntN(16) == 0 {
		d.State = &sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1}
	}
	return d
}

// encode encodes d. If there is no answer, it tries again under the same idempotency key, as clients should: the two
// count as one. It returns false if the second one is not answered either.
func (h *history) encode(ctx context.Context, at Target, number, place int, before sigil.ID, d sigil.Draft) bool {
	call := time.Now()
	v, err := at.Encode(ctx, d)
	gaveUp := unanswered(err)
	if gaveUp {
		v, err = at.Encode(h.t.Context(), d)
		for errors.Is(err, sigil.ErrConflict) && time.Since(call) < patience { // the first request is in progress
			v, err = at.Encode(h.t.Context(), d)
		}
	}
	ret := time.Now()
	switch {
	case err == nil:
		h.remember(v.ID, d.Data)
		o := op{client: number, id: v.ID, verb: encode, call: call.UnixNano(), ret: ret.UnixNano()}
		o.answer = answer{outcome: done, figures: h.figures(&v), lo: call.UnixMilli(), hi: ret.UnixMilli()}
		h.add(o)
		if o.answer.figures.data != string(d.Data) {
			h.t.Errorf("encoded %s, answered %s", d.Data, v.Data)
		}
		h.pool.put(place, before, slot{id: v.ID, fades: o.answer.figures.fades})
	case errors.Is(err, sigil.ErrFull): // all memories are pinned or crystallized
		h.count("encode full")
		if gaveUp { // the first try may still be carried out, when there is room
			h.mu.Lock()
			h.lost++
			h.mu.Unlock()
		}
	case unanswered(err):
		h.mu.Lock()
		h.lost++
		h.mu.Unlock()
	default:
		h.t.Errorf("encode: %v", err)
	}
	return !unanswered(err)
}

// one calls v for the memory with an id.
func (h *history) one(ctx context.Context, at Target, number int, v verb, id sigil.ID) op {
	o := op{client: number, id: id, verb: v}
	var view client.Memory
	var err error
	began := time.Now()
	switch v {
	case search:
		began, view, err = h.search(ctx, at, id)
	case recall:
		view, err = at.Recall(ctx, id)
	case peek:
		view, err = at.Peek(ctx, id)
	case pin:
		view, err = at.Pin(ctx, id)
	case unpin:
		view, err = at.Unpin(ctx, id)
	case change:
		view, err = at.Change(ctx, id, sigil.Change{TTL: new(time.Duration(0))})
	default:
		err = at.Forget(ctx, id)
	}
	o.call, o.ret = began.UnixNano(), time.Now().UnixNano()
	o.answer = answer{outcome: done, lo: millis(o.call), hi: millis(o.ret)}
	switch {
	case err == nil && v != forget:
		o.answer.figures = h.figures(&view)
		if view.ID != id {
			h.t.Errorf("%s of %s was answered with %s", v, id, view.ID)
		}
	case errors.Is(err, sigil.ErrNotFound):
		o.answer.outcome = notFound
	case unanswered(err):
		o.ret, o.answer.outcome, o.answer.hi = never, unknown, never
	case err != nil:
		h.t.Errorf("%s of %s: %v", v, id, err)
	}
	h.add(o)
	return o
}

// unanswered reports whether it is unknown if the request was carried out.
func unanswered(err error) bool {
	for _, kind := range []error{context.Canceled, context.DeadlineExceeded, client.ErrUnreachable, sigil.ErrUnavailable, sigil.ErrClosed} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// figures converts a view.
func (h *history) figures(v *client.Memory) figures {
	return figures{
		data: string(v.Data), created: v.CreatedAt.UnixMilli(), accessed: v.LastAccessed.UnixMilli(), fades: deadline(v.FadesAt),
		ttl: h.ttl(v.TTL), count: v.AccessCount, pinned: v.Pinned, crystallized: v.Crystallized,
	}
}

func deadline(at *client.Timestamp) int64 {
	if at == nil {
		return never
	}
	return at.UnixMilli()
}

func (h *history) ttl(text *string) int64 {
	if text == nil {
		return 0
	}
	ttl, err := sigil.ParseDuration(*text)
	if err != nil {
		h.t.Errorf("ttl %q: %v", *text, err)
	}
	return ttl.Milliseconds()
}
