package model

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/sigil-dna/sigil"
)

// refused is the result of an encode that rejects a duplicate.
const refused outcome = "refused"

// contentCall is what a call about a content asked for: an encode with a choice, a forget of the memory id, or the look-up
// of a duplicate that an encode makes which keeps both.
type contentCall struct {
	verb   verb
	choice sigil.OnDuplicate
	id     sigil.ID
}

// contentAnswer is the answer to it.
type contentAnswer struct {
	outcome outcome
	id      sigil.ID // the memory, of an encode that was not refused
	of      sigil.ID // the duplicate that it names, or the zero id
	count   uint64   // the recalls of the memory
}

// contentState is the memories that have a content, between two operations.
type contentState struct {
	live []liveContent // by id
	// lost is set after an encode that was not answered: there may be a memory that no client knows, and the recalls are
	// no longer known.
	lost bool
}

type liveContent struct {
	id    sigil.ID
	count uint64
}

// contentModel returns the sequential specification of the memories that have one content, none of which fades.
//
// An encode that reinforces or rejects is one step: it encodes if there is none, otherwise it names one that is there. An
// encode that keeps is two, which may come in any order with others between them: a look-up and the encode itself.
func contentModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return contentState{} },
		Step: func(before, call, answered any) (bool, any) {
			ok, after := before.(contentState).step(call.(contentCall), answered.(contentAnswer)) //nolint:forcetypeassert // nothing else is put there
			return ok, after
		},
		Equal: func(a, b any) bool {
			x, y := a.(contentState), b.(contentState) //nolint:forcetypeassert // nothing else is put there
			return x.lost == y.lost && slices.Equal(x.live, y.live)
		},
		DescribeOperation: func(call, answered any) string { return fmt.Sprintf("%+v: %+v", call, answered) },
		DescribeState:     func(at any) string { return fmt.Sprintf("%+v", at) },
	}
}

// step reports whether a may be the answer to c in state m, and returns the state after it.
func (m contentState) step(c contentCall, a contentAnswer) (bool, contentState) {
	switch {
	case c.verb == forget:
		at := m.find(c.id)
		switch {
		case a.outcome == notFound:
			return at < 0, m
		case at < 0:
			return a.outcome == unknown, m
		}
		m.live = slices.Delete(slices.Clone(m.live), at, at+1)
		return true, m
	case a.outcome == unknown:
		m.lost = true
		return true, m
	case c.verb == lookUp && a.of == (sigil.ID{}):
		return len(m.live) == 0, m
	case c.verb == lookUp || a.outcome == refused:
		return m.lost || m.find(a.of) >= 0, m
	case a.of == a.id: // recalled
		return m.recalled(a)
	}
	free := c.choice == sigil.Keep || len(m.live) == 0
	return free && a.count == 0 && m.find(a.id) < 0, m.with(liveContent{a.id, 0})
}

func (m contentState) recalled(a contentAnswer) (bool, contentState) {
	at := m.find(a.id)
	if at < 0 {
		return m.lost, m.with(liveContent{a.id, a.count})
	}
	m.live = slices.Clone(m.live)
	m.live[at].count++
	return m.lost || m.live[at].count == a.count, m
}

func (m contentState) find(id sigil.ID) int {
	return slices.IndexFunc(m.live, func(l liveContent) bool { return l.id == id })
}

func (m contentState) with(l liveContent) contentState {
	at, _ := slices.BinarySearchFunc(m.live, l, func(a, b liveContent) int { return bytes.Compare(a.id[:], b.id[:]) })
	m.live = slices.Insert(slices.Clone(m.live), at, l)
	return m
}
