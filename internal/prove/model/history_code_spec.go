package model

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"
)

// The operations on the signatures of a body.
const (
	register verb = "register"
	revoke   verb = "revoke"
	lookUp   verb = "look up"
)

// codeCall is what a call about a body asked for.
type codeCall struct {
	verb   verb
	which  int    // the signature; ofBody stands for all that are registered, if they are revoked
	reason string // of a revoke; no other has it
}

// codeAnswer is the answer to a call that took effect at some time from lo to hi, if at all.
type codeAnswer struct {
	outcome outcome
	shown   [ofBody]codeShown
	lo, hi  int64
}

// codeShown is a signature in an answer. Times are Unix milliseconds.
type codeShown struct {
	there      bool
	registered int64
	revoked    int64 // 0 if it is not
	reason     string
}

// codeState is the signatures of a body between two operations. When they were registered and revoked, the journal has.
type codeState [ofBody]struct {
	there, revoked bool
	reason         string
}

// codeSpec is the sequential specification of the signatures of one body, with the times that the journal has: when each
// was registered and revoked, or 0 if it never was.
//
// An operation that registers or revokes has the journal's time between its call and its answer. What was
// registered once stays as it was, and so does what was revoked, with the reason of the first that did.
type codeSpec struct{ signed, revoked [ofBody]int64 }

// model returns the specification in porcupine's form, for the history of one body.
func (s codeSpec) model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return codeState{} },
		Step: func(before, call, answered any) (bool, any) {
			ok, after := s.step(before.(codeState), call.(codeCall), answered.(codeAnswer)) //nolint:forcetypeassert // nothing else is put there
			return ok, after
		},
		DescribeOperation: func(call, answered any) string {
			return fmt.Sprintf("%+v: %+v", call, answered)
		},
		DescribeState: func(at any) string { return s.describe(at.(codeState)) },
	}
}

// step reports whether a may be the answer to c in state m, and returns the state after it.
func (s codeSpec) step(m codeState, c codeCall, a codeAnswer) (bool, codeState) {
	after, inTime := s.after(m, c, a)
	switch {
	case a.outcome == unknown && !inTime:
		return true, m // it was not carried out, or another one was before
	case a.outcome == unknown:
		return true, after
	case a.outcome == notFound:
		return c.verb != register && s.show(m, c) == [ofBody]codeShown{}, m
	}
	return inTime && a.shown == s.show(after, c) && a.shown != [ofBody]codeShown{}, after
}

// after returns the state after c, and whether the times of all that it changed are within those of a.
func (s codeSpec) after(m codeState, c codeCall, a codeAnswer) (_ codeState, inTime bool) {
	inTime = true
	for i := range m {
		if c.which != i && c.which != ofBody {
			continue
		}
		switch {
		case c.verb == register && !m[i].there:
			m[i].there = true
			inTime = inTime && s.signed[i] >= a.lo && s.signed[i] <= a.hi
		case c.verb == revoke && m[i].there && !m[i].revoked:
			m[i].revoked, m[i].reason = true, c.reason
			inTime = inTime && s.revoked[i] >= a.lo && s.revoked[i] <= a.hi
		}
	}
	return m, inTime
}

// show returns what an answer to c shows of m.
func (s codeSpec) show(m codeState, c codeCall) (shown [ofBody]codeShown) {
	for i := range m {
		if !m[i].there || c.verb != lookUp && c.which != i && c.which != ofBody {
			continue
		}
		shown[i] = codeShown{there: true, registered: s.signed[i], reason: m[i].reason}
		if m[i].revoked {
			shown[i].revoked = s.revoked[i]
		}
	}
	return shown
}

func (s codeSpec) describe(m codeState) string {
	var parts []string
	for i := range m {
		switch {
		case !m[i].there:
			parts = append(parts, "absent")
		case m[i].revoked:
			parts = append(parts, fmt.Sprintf("registered %s, revoked %s (%s)", clock(s.signed[i]), clock(s.revoked[i]), m[i].reason))
		default:
			parts = append(parts, "registered "+clock(s.signed[i]))
		}
	}
	return strings.Join(parts, "; ")
}
