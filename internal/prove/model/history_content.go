package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// contentsInUse is the number of contents that the clients encode again and again. After a stop there are others: an encode
// that was not answered may have left a memory that no client knows.
const contentsInUse = 3

// sameContents has the memories that the clients know by content. These are pinned, so that only a forget ends them.
type sameContents struct {
	mu sync.Mutex
	// +checklocks:mu
	ids map[string][]sigil.ID
}

// contentOp is one call about one content. Times are Unix nanoseconds.
type contentOp struct {
	client     int
	data       string
	asked      contentCall
	begin, end int64
	answer     contentAnswer
}

// content encodes a content that others encode, too, or forgets a memory that has it. It returns false if the system has
// stopped, as turn does.
func (h *history) content(at Target, number int, rnd *rand.Rand) bool {
	data := fmt.Sprintf(`"content %d of %d"`, rnd.IntN(contentsInUse), h.races)
	h.contents.mu.Lock()
	known := h.contents.ids[data]
	h.contents.mu.Unlock()
	if len(known) > 0 && rnd.IntN(3) == 0 {
		return h.forgetContent(at, number, data, known[rnd.IntN(len(known))])
	}
	choice := []sigil.OnDuplicate{sigil.Keep, sigil.Reinforce, sigil.Reinforce, sigil.Reject}[rnd.IntN(4)]
	d := sigil.Draft{Data: []byte(data), Pinned: true, OnDuplicate: choice, IdempotencyKey: fmt.Sprint(rnd.Uint64())}
	if rnd.IntN(2) == 0 {
		d.Tags = []string{fmt.Sprint(rnd.IntN(4))}
	}
	o := contentOp{client: number, data: data, asked: contentCall{verb: encode, choice: choice}}
	ctx := h.t.Context()
	if rnd.IntN(12) == 0 { // a client gives up
		short, cancel := context.WithTimeout(ctx, time.Duration(rnd.IntN(2000))*time.Microsecond)
		defer cancel()
		ctx = short
	}
	call := time.Now()
	v, err := at.Encode(ctx, d)
	gaveUp := unanswered(err)
	for unanswered(err) && ctx.Err() != nil || inFlight(err) && time.Since(call) < patience {
		ctx = h.t.Context()
		v, err = at.Encode(ctx, d)
	}
	ret := time.Now()
	o.begin, o.end = call.UnixNano(), ret.UnixNano()
	if gaveUp && err != nil && !unanswered(err) {
		h.late(o)
	}
	switch of, duplicate := duplicateIn(err); {
	case err == nil:
		o.answer = contentAnswer{outcome: done, id: v.ID, count: v.AccessCount}
		h.encodedContent(o, &v)
	case duplicate:
		o.answer = contentAnswer{outcome: refused, of: of}
		h.addContent(o)
	case errors.Is(err, sigil.ErrFull):
		h.count("encode full")
	case unanswered(err):
		o.end, o.answer.outcome = never, unknown
		h.addContent(o)
		h.mu.Lock()
		h.lost++
		h.mu.Unlock()
		return false
	default:
		h.t.Errorf("encode of %s: %v", data, err)
	}
	return true
}

// late records the first try of an encode, which was given up, when another try has been refused. A refusal is not kept under the
// idempotency key, so the first may still be carried out, when there is room, or no duplicate any more.
func (h *history) late(o contentOp) {
	o.end, o.answer.outcome = never, unknown
	h.addContent(o)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost++
}

// encodedContent records an answered encode: for the content, and for its memory.
func (h *history) encodedContent(o contentOp, v *client.Memory) {
	of := sigil.ID{}
	if v.DuplicateOf != nil {
		of = *v.DuplicateOf
	}
	one := op{client: o.client, id: v.ID, verb: encode, call: o.begin, ret: o.end}
	one.answer = answer{outcome: done, figures: h.figures(v), lo: millis(o.begin), hi: millis(o.end)}
	switch {
	case of == v.ID: // it was recalled
		o.answer.of, one.verb = of, recall
	case o.asked.choice == sigil.Keep: // what was there is looked up beside the encode
		look := o
		look.asked, look.answer = contentCall{verb: lookUp}, contentAnswer{outcome: done, of: of}
		h.addContent(look)
	default:
		o.answer.of = of
	}
	h.add(one)
	h.addContent(o)
	if one.verb == encode {
		h.contents.mu.Lock()
		defer h.contents.mu.Unlock()
		h.contents.ids[o.data] = append(slices.Clone(h.contents.ids[o.data]), v.ID)
	}
}

// settleContents records what an unanswered encode that reinforces may have done before the system stopped: it may have
// recalled a memory that has its content.
func (h *history) settleContents() {
	for _, o := range h.contentOps[h.settled:] {
		if o.answer.outcome != unknown || o.asked.choice != sigil.Reinforce {
			continue
		}
		for _, e := range slices.Clone(h.ops) {
			if e.verb == encode && e.answer.figures.data == o.data {
				h.add(op{client: o.client, id: e.id, verb: recall, call: o.begin, ret: never, answer: answer{outcome: unknown, lo: millis(o.begin), hi: never}})
			}
		}
	}
	h.settled = len(h.contentOps)
}

// forgetContent forgets a memory that has a content.
func (h *history) forgetContent(at Target, number int, data string, id sigil.ID) bool {
	one := h.one(h.t.Context(), at, number, forget, id)
	h.addContent(contentOp{
		client: number, data: data, asked: contentCall{verb: forget, id: id}, begin: one.call, end: one.ret,
		answer: contentAnswer{outcome: one.answer.outcome},
	})
	if one.answer.outcome == unknown {
		return false
	}
	h.contents.mu.Lock()
	defer h.contents.mu.Unlock()
	h.contents.ids[data] = slices.DeleteFunc(slices.Clone(h.contents.ids[data]), func(other sigil.ID) bool { return other == id })
	return true
}

func (h *history) addContent(o contentOp) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.contentOps = append(h.contentOps, o)
	if o.asked.verb == encode {
		did := string(o.answer.outcome)
		if o.answer.of != (sigil.ID{}) && o.answer.outcome == done {
			did = "recalled"
		}
		h.tally[string(o.asked.choice)+" "+did]++
	}
}

// duplicateIn returns the memory that a rejected encode names.
func duplicateIn(err error) (sigil.ID, bool) {
	var local *sigil.Error
	var remote *client.Error
	switch {
	case errors.As(err, &remote) && remote.Problem.Code == "duplicate" && remote.Problem.DuplicateOf != nil:
		return *remote.Problem.DuplicateOf, true
	case errors.As(err, &local) && local.Code == "duplicate":
		return local.Duplicate, true
	}
	return sigil.ID{}, false
}

// inFlight reports whether the first request with the idempotency key is in progress.
func inFlight(err error) bool {
	_, duplicate := duplicateIn(err)
	return errors.Is(err, sigil.ErrConflict) && !duplicate
}

// checkContents fails the test if the history of a content has no order that explains every answer.
func (h *history) checkContents() {
	ops := map[string][]porcupine.Operation{}
	for _, o := range h.contentOps {
		ops[o.data] = append(ops[o.data], porcupine.Operation{ClientId: o.client, Input: o.asked, Call: o.begin, Output: o.answer, Return: min(o.end, h.end)})
	}
	for _, data := range sortedKeys(ops) {
		result, info := porcupine.CheckOperationsVerbose(contentModel(), ops[data], checkTime)
		if result != porcupine.Ok {
			h.t.Errorf("the history of the content %s is not linearizable (%s); see %s", data, result, h.keep("content", contentModel(), info))
		}
	}
}
