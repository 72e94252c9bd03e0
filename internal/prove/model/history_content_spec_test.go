package model

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// TestContentSpec judges histories of calls, each of which begins when the one before has ended, unless it is beside it.
func TestContentSpec(t *testing.T) {
	a, b := sigil.ID{1}, sigil.ID{2}
	type call struct {
		asked  contentCall
		answer contentAnswer
		beside bool
	}
	encoded := func(choice sigil.OnDuplicate, id sigil.ID) call {
		return call{contentCall{verb: encode, choice: choice}, contentAnswer{outcome: done, id: id}, false}
	}
	recalled := func(id sigil.ID, count uint64) call {
		return call{contentCall{verb: encode, choice: sigil.Reinforce}, contentAnswer{outcome: done, id: id, of: id, count: count}, false}
	}
	rejected := func(of sigil.ID) call {
		return call{contentCall{verb: encode, choice: sigil.Reject}, contentAnswer{outcome: refused, of: of}, false}
	}
	forgotten := func(id sigil.ID) call {
		return call{contentCall{verb: forget, id: id}, contentAnswer{outcome: done}, false}
	}
	look := func(of sigil.ID) call {
		return call{contentCall{verb: lookUp}, contentAnswer{outcome: done, of: of}, false}
	}
	beside := func(c call) call { c.beside = true; return c }
	for name, tt := range map[string]struct {
		calls []call
		want  bool
	}{
		"one encodes, the others recall":          {[]call{encoded(sigil.Reinforce, a), recalled(a, 1), recalled(a, 2)}, true},
		"a recall is lost":                        {[]call{encoded(sigil.Reinforce, a), recalled(a, 1), recalled(a, 1)}, false},
		"two encode":                              {[]call{encoded(sigil.Reinforce, a), encoded(sigil.Reinforce, b)}, false},
		"two encode at once":                      {[]call{encoded(sigil.Reinforce, a), beside(encoded(sigil.Reject, b))}, false},
		"the second after the first is gone":      {[]call{encoded(sigil.Reinforce, a), forgotten(a), encoded(sigil.Reject, b)}, true},
		"the second while the first is forgotten": {[]call{encoded(sigil.Reinforce, a), forgotten(a), beside(encoded(sigil.Reject, b))}, true},
		"rejected for nothing":                    {[]call{rejected(a)}, false},
		"rejected for what is gone":               {[]call{encoded(sigil.Keep, a), forgotten(a), rejected(a)}, false},
		"recalled when it is gone":                {[]call{encoded(sigil.Keep, a), forgotten(a), recalled(a, 1)}, false},
		"both are kept":                           {[]call{encoded(sigil.Keep, a), encoded(sigil.Keep, b), look(a)}, true},
		"a duplicate is overlooked":               {[]call{encoded(sigil.Keep, a), look(sigil.ID{})}, false},
		"a duplicate comes meanwhile":             {[]call{encoded(sigil.Keep, a), beside(look(sigil.ID{}))}, true},
	} {
		var ops []porcupine.Operation
		at := int64(0)
		for i, c := range tt.calls {
			if !c.beside {
				at = int64(2 * i)
			}
			ops = append(ops, porcupine.Operation{ClientId: i, Input: c.asked, Call: at, Output: c.answer, Return: int64(2*i + 1)})
		}
		if got := porcupine.CheckOperations(contentModel(), ops); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAnUnansweredReinforceMayHaveRecalled stops a system while an encode reinforces: whether the memory that has its content
// was recalled is not known, and a later answer shows that it was.
func TestAnUnansweredReinforceMayHaveRecalled(t *testing.T) {
	h := newHistory(t, 1)
	id, created := sigil.ID{1}, int64(1_000)
	shown := func(count uint64, accessed int64) answer {
		f := figures{data: "tea", created: created, accessed: accessed, fades: never, count: count, pinned: true}
		return answer{outcome: done, figures: f, lo: created, hi: accessed}
	}
	nanos := func(ms int64) int64 { return ms * int64(time.Millisecond) }
	h.add(op{id: id, verb: encode, call: nanos(created), ret: nanos(created), answer: shown(0, created)})
	lost := contentOp{data: "tea", asked: contentCall{verb: encode, choice: sigil.Reinforce}, begin: nanos(created + 1), end: never}
	lost.answer.outcome = unknown
	h.addContent(lost)
	h.settle()
	peeked := shown(1, created+2)
	peeked.lo = created + 3
	peeked.hi = created + 3
	h.add(op{id: id, verb: peek, call: nanos(created + 3), ret: nanos(created + 3), answer: peeked})
	if !porcupine.CheckOperations(h.spec.model(), operations(h.ops)) {
		t.Error("a recall by the encode that was not answered is taken for a fault")
	}
	before := len(h.ops)
	if h.settle(); len(h.ops) != before {
		t.Error("it counts once more at the next stop")
	}
}

// TestAMemoryMayBeKnownByItsRecallAlone checks a history in which the encode of a memory was not answered, and another encode of its
// content recalled it: there is nothing to compare it with.
func TestAMemoryMayBeKnownByItsRecallAlone(t *testing.T) {
	h := newHistory(t, 1)
	id := sigil.ID{1}
	h.lost = 1
	h.add(op{id: id, verb: recall, answer: answer{outcome: done, figures: figures{data: "tea", count: 1, fades: never}}})
	h.events = []client.Event{{Position: 1, Kind: sigil.Encoded, ID: &id, Arithmetic: &client.Arithmetic{}}}
	h.check()
}

// TestATryThatWasGivenUpMayComeLate refuses the second try of an encode, while the first, which was given up, leaves a memory.
func TestATryThatWasGivenUpMayComeLate(t *testing.T) {
	h := newHistory(t, 1)
	h.end = never
	o := contentOp{data: "tea", asked: contentCall{verb: encode, choice: sigil.Reject}, begin: 1, end: 2}
	h.late(o)
	o.begin, o.end, o.answer = 3, 4, contentAnswer{outcome: refused, of: sigil.ID{1}}
	h.addContent(o)
	if h.checkContents(); h.lost != 1 {
		t.Errorf("%d encodes are lost, want 1", h.lost)
	}
}
