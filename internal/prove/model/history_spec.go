package model

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// verb is an operation on one memory or, for the last two, an end that the journal has.
type verb string

const (
	encode verb = "encode"
	recall verb = "recall"
	peek   verb = "peek"
	pin    verb = "pin"
	unpin  verb = "unpin"
	forget verb = "forget"
	change verb = "change" // it takes the ttl away
	search verb = "search" // by a word that only this memory has
	fade   verb = "fade"
	evict  verb = "evict"
)

// outcome is the result of a call.
type outcome string

const (
	done     outcome = "ok"
	notFound outcome = "not found"
	unknown  outcome = "unknown" // no answer: it may have been carried out, or be carried out later, or never
)

// never is a deadline that is never reached.
const never = math.MaxInt64

// figures are a memory in an answer or in the journal. Times are Unix milliseconds.
type figures struct {
	data                     string
	created, accessed, fades int64
	ttl                      int64 // milliseconds; 0 if there is none
	count                    uint64
	pinned, crystallized     bool
}

// answer is the result of a call that took effect at some time from lo to hi, if at all.
type answer struct {
	outcome outcome
	figures figures // for a forget, those in the journal
	lo, hi  int64
}

// phase is the phase of a memory's life.
type phase string

const (
	absent phase = "absent"
	live   phase = "live"
	faded  phase = "faded" // a read got this answer, but it is not released yet
	gone   phase = "gone"
)

// state is one memory between two operations. After an unanswered recall, it is unknown when the memory was
// accessed: from figures.accessed to latest.
type state struct {
	phase   phase
	figures figures // except for fades, which is derived
	latest  int64
}

// spec is the sequential specification of one memory. lifetime is its idle lifetime in milliseconds.
//
// An operation has a time between its call and its answer. A read that returns the memory can have run before
// the deadline, another read at the deadline or later; a recall's time is the lastAccessed in its answer.
// Once a caller learns that the memory is gone, it is gone for all.
type spec struct{ lifetime int64 }

// model returns the specification in porcupine's form, for the history of one memory.
func (s spec) model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{phase: absent} },
		Step: func(before, call, answered any) (bool, any) {
			ok, after := s.step(before.(state), call.(verb), answered.(answer)) //nolint:forcetypeassert // nothing else is put there
			return ok, after
		},
		DescribeOperation: func(call, answered any) string { return describe(call.(verb), answered.(answer)) },
		DescribeState:     func(at any) string { return s.describe(at.(state)) },
	}
}

// step reports whether a may be the answer to v in state m, and returns the state after it.
func (s spec) step(m state, v verb, a answer) (bool, state) {
	switch {
	case v == encode:
		f := a.figures
		fresh := f.count == 0 && f.accessed == f.created && f.created >= a.lo && f.created <= a.hi
		return m.phase == absent && fresh && s.wellMade(f), known(f)
	case a.outcome == unknown:
		return true, s.perhaps(m, v, a)
	case a.outcome == notFound && v == search:
		return s.notSeen(m, a), m
	case a.outcome == notFound:
		return s.missing(m, a)
	case v == fade:
		ok := (m.phase == live || m.phase == faded) && s.shows(m, a.figures) && a.figures.fades <= a.lo
		return ok, state{phase: gone}
	case m.phase != live:
		return false, m
	}
	return s.given(m, v, a)
}

// given reports whether v for a live memory may have been answered with a's figures.
func (s spec) given(m state, v verb, a answer) (bool, state) {
	f := a.figures
	next := m.figures // after v, except for the time of access
	refreshes := v == recall || v == unpin && m.figures.pinned
	switch v {
	case recall:
		next.count++
	case pin:
		next.pinned = true
	case unpin:
		next.pinned = false
	case change:
		next.ttl = 0
	}
	if v == forget || v == evict { // the journal has the figures before it
		ok := s.shows(m, f) && a.lo < f.fades
		if v == evict {
			ok = ok && !f.pinned && !f.crystallized
		}
		return ok, state{phase: gone}
	}
	if !refreshes {
		inTime := a.lo < s.deadline(m.figures, f.accessed) // according to the state before
		m.figures = next
		return inTime && s.shows(m, f), known(f)
	}
	inTime := f.accessed >= a.lo && f.accessed <= a.hi && f.accessed >= m.figures.accessed && f.accessed < s.deadline(m.figures, m.latest)
	return inTime && s.shows(state{figures: next, latest: never}, f), known(f)
}

// missing reports whether a call in state m may have been answered with not found.
func (s spec) missing(m state, a answer) (bool, state) {
	if m.phase != live {
		return true, m
	}
	if a.hi < s.deadline(m.figures, m.figures.accessed) {
		return false, m
	}
	if s.deadline(m.figures, m.latest) > a.hi { // so it was not accessed that late
		m.latest = a.hi - s.lifetime
	}
	m.phase = faded
	return true, m
}

// perhaps returns the state after v if v is carried out. (A call that is not carried out comes last in its
// history, and nothing depends on it.)
func (s spec) perhaps(m state, v verb, a answer) state {
	end := s.deadline(m.figures, m.latest)
	if m.phase != live || a.lo >= end {
		return m
	}
	switch {
	case v == forget:
		return state{phase: gone}
	case v == recall || v == unpin && m.figures.pinned:
		m.figures.accessed, m.latest = max(m.figures.accessed, a.lo), min(a.hi, end-1)
		if v == recall {
			m.figures.count++
		} else {
			m.figures.pinned = false
		}
	case v == pin:
		m.figures.pinned = true
	case v == change:
		m.figures.ttl = 0
	}
	return m
}

// shows reports whether f matches m, as far as m is known.
func (s spec) shows(m state, f figures) bool {
	want := m.figures
	want.accessed, want.fades = f.accessed, f.fades
	return f == want && f.accessed >= m.figures.accessed && f.accessed <= m.latest && s.wellMade(f)
}

// wellMade reports whether f's deadline follows from its other figures.
func (s spec) wellMade(f figures) bool { return f.fades == s.deadline(f, f.accessed) }

// deadline returns when a memory like f fades if it was accessed at a time.
func (s spec) deadline(f figures, accessed int64) int64 {
	end := int64(never)
	if !f.pinned && !f.crystallized && accessed < never-s.lifetime {
		end = accessed + s.lifetime
	}
	if f.ttl > 0 {
		end = min(end, f.created+f.ttl)
	}
	return end
}

// known returns the state of a live memory about which nothing is uncertain.
func known(f figures) state {
	latest := f.accessed
	f.fades = 0
	return state{phase: live, figures: f, latest: latest}
}

func describe(v verb, a answer) string {
	s := fmt.Sprintf("%s: %s", v, a.outcome)
	if a.figures != (figures{}) {
		s += " " + a.figures.String()
	}
	return fmt.Sprintf("%s, at %s to %s", s, clock(a.lo), clock(a.hi))
}

func (s spec) describe(m state) string {
	if m.phase == absent || m.phase == gone {
		return string(m.phase)
	}
	f := m.figures
	f.fades = s.deadline(f, f.accessed)
	text := fmt.Sprintf("%s %s", m.phase, f)
	if m.latest != f.accessed {
		text += fmt.Sprintf(", or accessed as late as %s", clock(m.latest))
	}
	return text
}

func (f figures) String() string {
	text := fmt.Sprintf("recalls %d, accessed %s, fades %s", f.count, clock(f.accessed), clock(f.fades))
	if f.ttl > 0 {
		text += fmt.Sprintf(", ttl %d ms", f.ttl)
	}
	for flag, set := range map[string]bool{"pinned": f.pinned, "crystallized": f.crystallized} {
		if set {
			text += ", " + flag
		}
	}
	return text
}

// clock formats a time, just long enough to distinguish the times of one history.
func clock(ms int64) string {
	if ms == never {
		return "never"
	}
	return strings.TrimPrefix(time.UnixMilli(ms).UTC().Format("15:04:05.000"), "00:")
}
