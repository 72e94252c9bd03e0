package model

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/codesign"
)

const (
	bodiesInUse = 3  // at a time
	bodyCalls   = 24 // about one body, before another takes its place
	ofBody      = 3  // signatures of one body
)

// body is a signed file: what the clients register, look up and revoke together.
type body struct {
	hash     sigil.Hash
	ids      [ofBody]sigil.ID
	requests [ofBody]client.CodeRegister
	calls    int
}

// bodies has the bodies in use.
type bodies struct {
	signer codesign.Signer // +checklocksignore: never changes

	mu sync.Mutex
	// +checklocks:mu
	inUse [bodiesInUse]*body
	// +checklocks:mu
	made int
}

func newBodies(t *testing.T) *bodies {
	key, err := codesign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return &bodies{signer: codesign.Signer{Key: key}}
}

// pick returns one of the bodies in use.
func (p *bodies) pick(rnd *rand.Rand) (*body, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := rnd.IntN(bodiesInUse)
	b := p.inUse[at]
	if b == nil || b.calls == bodyCalls {
		p.made++
		var err error
		if b, err = newBody(&p.signer, p.made); err != nil {
			return nil, err
		}
		p.inUse[at] = b
	}
	b.calls++
	return b, nil
}

func newBody(signer *codesign.Signer, n int) (*body, error) {
	content := fmt.Appendf(nil, "print(%d)\n", n)
	b := &body{hash: sha256.Sum256(content)}
	for i := range b.ids {
		s, err := signer.SignHash(fmt.Sprintf("%d.py", i), b.hash, int64(len(content)))
		if err != nil {
			return nil, err
		}
		b.ids[i] = s.Signature.ID
		b.requests[i] = client.CodeRegister{PublicKey: s.Key.String(), Header: s.Header, Size: &s.Signature.Size}
	}
	return b, nil
}

// codeOp is one call about one body. Times are Unix nanoseconds.
type codeOp struct {
	client     int
	body       *body
	asked      codeCall
	begin, end int64
	answer     codeAnswer
}

// code does one operation on a body. It returns false if the system has stopped, as turn does.
func (h *history) code(at Target, number int, rnd *rand.Rand) bool {
	b, err := h.bodies.pick(rnd)
	if err != nil {
		h.t.Errorf("signing: %v", err)
		return false
	}
	ctx := h.t.Context()
	if rnd.IntN(12) == 0 { // a client gives up
		short, cancel := context.WithTimeout(ctx, time.Duration(rnd.IntN(2000))*time.Microsecond)
		defer cancel()
		ctx = short
	}
	c := codeCall{verb: lookUp, which: rnd.IntN(ofBody)}
	switch n := rnd.IntN(10); {
	case n < 4:
		c.verb = register
	case n < 6:
		c.verb, c.reason = revoke, fmt.Sprintf("%x", rnd.Uint64()) // by which it is known whose revocation was the first
		if n == 5 {
			c.which = ofBody // all
		}
	}
	o := h.codeOne(ctx, at, number, b, c)
	return o.answer.outcome != unknown || ctx.Err() != nil
}

// codeOne makes a call about a body.
func (h *history) codeOne(ctx context.Context, at Target, number int, b *body, c codeCall) codeOp {
	o := codeOp{client: number, body: b, asked: c}
	var found []client.CodeSignature
	var err error
	begin := time.Now().UnixNano()
	switch c.verb {
	case register:
		var one client.CodeSignature
		if one, err = at.CodeRegister(ctx, b.requests[c.which]); err == nil {
			found = append(found, one)
		}
	case revoke:
		id := sigil.ID{}
		if c.which < ofBody {
			id = b.ids[c.which]
		}
		found, err = at.CodeRevoke(ctx, b.hash, id, c.reason)
	case lookUp:
		var page client.CodePage
		page, err = at.Codes(ctx, client.CodeQuery{Hash: b.hash, Limit: 2 * ofBody})
		found = page.Signatures
		if !slices.IsSortedFunc(found, func(a, b client.CodeSignature) int { return slices.Compare(b.ID[:], a.ID[:]) }) {
			h.t.Errorf("the signatures of %s are not listed newest first", b.hash)
		}
	}
	o.begin, o.end = begin, time.Now().UnixNano()
	o.answer = codeAnswer{outcome: done, lo: millis(o.begin), hi: millis(o.end)}
	switch {
	case err == nil:
		h.show(&o, found)
	case errors.Is(err, sigil.ErrNotFound):
		o.answer.outcome = notFound
	case unanswered(err):
		o.end, o.answer.outcome, o.answer.hi = never, unknown, never
	default:
		h.t.Errorf("%s of %s: %v", c.verb, b.hash, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.codeOps = append(h.codeOps, o)
	h.tally[string(c.verb)+" "+string(o.answer.outcome)]++
	return o
}

// show puts the signatures of an answer into o.
func (h *history) show(o *codeOp, found []client.CodeSignature) {
	for i := range found {
		s := &found[i]
		at := slices.Index(o.body.ids[:], s.ID)
		if at < 0 || o.answer.shown[at].there || s.SHA256 != o.body.hash.String() || s.Header != o.body.requests[at].Header {
			h.t.Errorf("%s of %s was answered with signature %s of %s", o.asked.verb, o.body.hash, s.ID, s.SHA256)
			continue
		}
		shown := codeShown{there: true, registered: s.RegisteredAt.UnixMilli(), reason: s.Reason}
		if s.RevokedAt != nil {
			shown.revoked = s.RevokedAt.UnixMilli()
		}
		o.answer.shown[at] = shown
	}
}

// settleCode does for calls about bodies what settle does.
func (h *history) settleCode(now int64) {
	for i := range h.codeOps {
		if a := &h.codeOps[i].answer; a.outcome == unknown && a.hi == never {
			a.hi = now
		}
	}
}

// usedBodies returns the bodies of the history, in the order of their first calls.
func (h *history) usedBodies() (used []*body) {
	there := map[*body]bool{}
	for i := range h.codeOps {
		if b := h.codeOps[i].body; !there[b] {
			there[b], used = true, append(used, b)
		}
	}
	return used
}

// checkCode fails the test if the history of a body has no order that explains every answer, or if it contradicts the
// journal.
func (h *history) checkCode() {
	signed, revoked := h.codeJournal()
	ops := map[*body][]codeOp{}
	for _, o := range h.codeOps {
		o.end = min(o.end, h.end)
		ops[o.body] = append(ops[o.body], o)
	}
	for _, b := range h.usedBodies() {
		spec := codeSpec{}
		list := make([]porcupine.Operation, len(ops[b]))
		for i, id := range b.ids {
			spec.signed[i], spec.revoked[i] = signed[id], revoked[id]
		}
		for i, o := range ops[b] {
			list[i] = porcupine.Operation{ClientId: o.client, Input: o.asked, Call: o.begin, Output: o.answer, Return: o.end}
			for _, other := range ops[b] {
				if o.asked.verb == register && other.asked.verb == revoke && o.begin < other.end && other.begin < o.end {
					h.tally[besideRevoke]++
				}
			}
		}
		result, info := porcupine.CheckOperationsVerbose(spec.model(), list, checkTime)
		if result != porcupine.Ok {
			h.t.Errorf("the history of the signatures of %s is not linearizable (%s); see %s", b.hash, result, h.keep(b.hash.String(), spec.model(), info))
		}
	}
}

// besideRevoke is the name for registrations during which a revocation of the same body ran.
const besideRevoke = "registered beside a revoke"

// codeJournal returns when each signature was registered and revoked according to the journal. It checks that both
// happened once, in this order, and to no other signatures than those of the clients.
func (h *history) codeJournal() (signed, revoked map[sigil.ID]int64) {
	bodyOf := map[sigil.ID]*body{}
	for _, b := range h.usedBodies() {
		for _, id := range b.ids {
			bodyOf[id] = b
		}
	}
	signed, revoked = map[sigil.ID]int64{}, map[sigil.ID]int64{}
	for i := range h.events {
		e := &h.events[i]
		if e.Signature == nil {
			continue
		}
		id := e.Signature.ID
		if b := bodyOf[id]; b == nil || e.Signature.SHA256 != b.hash.String() {
			h.t.Errorf("the journal has signature %s of %s, which nobody made", id, e.Signature.SHA256)
		}
		of, wrong := signed, signed[id] != 0
		if e.Kind == sigil.Revoked {
			of, wrong = revoked, signed[id] == 0 || revoked[id] != 0
		}
		if wrong {
			h.t.Errorf("the journal of signature %s is out of order at position %d (%s)", id, e.Position, e.Kind)
		}
		of[id] = e.Time.UnixMilli()
	}
	return signed, revoked
}
