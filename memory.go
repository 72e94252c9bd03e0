package sigil

import (
	"encoding/json"
	"fmt"
	"time"
)

// MaxTTL is the maximum ttl: 100 years.
const MaxTTL = 100 * 365 * 24 * time.Hour

// Draft is a memory to be encoded.
type Draft struct {
	// Data is one JSON value (RFC 8259), required. It is stored as it was sent, without insignificant white space:
	// numbers keep their digits.
	Data json.RawMessage
	// State describes the memory; nil means [DefaultState].
	State *State
	// TTL is a hard end, counted from the encode. It applies even if the memory is recalled, pinned or crystallized. It
	// is rounded up to a millisecond; 0 means none. It must be from 0 to MaxTTL. It does not make the memory live
	// longer: untouched, a memory fades as its policy says, which may be before the TTL ends ([Meta.FadesBeforeTTL]).
	TTL time.Duration
	// Life is how long the memory lives untouched, instead of as long as its policy says: [Meta.Stretch] is set to what makes
	// it so. It is rounded up to a millisecond; 0 means none. It must be from 0 to MaxTTL. A policy's grace is a least life.
	Life time.Duration
	// Policy, if not nil, is the memory's own: it keeps it, whatever the policies of its tenant and of the engine.
	Policy Policy
	// Pinned keeps the memory from fading.
	Pinned bool
	// Tags are the caller's own labels.
	Tags []string
	// Vector, if not nil, is the caller's own vector of what the data means, of 1 to 4,096 finite numbers, not all of them 0. Only its
	// direction counts. A search by a vector compares it with those that have as many dimensions.
	Vector []float32
	// IdempotencyKey, if not empty, makes a repeated encode return the answer of the first.
	IdempotencyKey string
	// OnDuplicate is what happens if the tenant has a live memory with the same content; empty means [Keep].
	OnDuplicate OnDuplicate
	// Similar, if not 0, has the answer name live memories of the tenant whose vectors are near to this one's: those at a cosine of
	// at least so much, over 0 and at most 1. It changes nothing of what is stored.
	Similar float64
}

// Change is what is to be changed of a memory. A nil field leaves it as it is.
type Change struct {
	// Tags are all tags that the memory is to have, or none if empty.
	Tags *[]string
	// TTL is the hard end. As in a draft, it counts from the encode; 0 removes it. It must not have ended already.
	TTL *time.Duration
	// Life is how long the memory lives untouched, from the change on, as in a draft; 0 means as long as its policy says.
	Life *time.Duration
	// Pinned keeps the memory from fading. Once unpinned, its idleness starts anew.
	Pinned *bool
}

// Meta is a [Memory] without its content: everything that decides how long it lives. It is a value. Times are UTC in
// whole milliseconds.
type Meta struct {
	Key
	Frequency   Frequency
	Potential   float64 // in [0, 1]
	AccessCount uint64  // recalls so far
	Size        int     // bytes of Data
	CreatedAt   time.Time
	// LastAccessed is when it was encoded, last recalled or unpinned: idleness counts from here.
	LastAccessed time.Time
	// Stood is for how long the clock of its tenant has stood still since LastAccessed, in whole seconds: that is no idleness. It
	// is 0 unless the tenant's policy has an active span; see [WithActive].
	Stood time.Duration
	// FadesAt is the deadline: from then on no read returns the memory. It is zero if the memory never fades.
	FadesAt time.Time
	// Noticed reports that the journal has an entry of kind [Fading] about FadesAt.
	Noticed bool
	// TTL is the hard end, as a duration after CreatedAt; 0 means none.
	TTL          time.Duration
	Pinned       bool
	Crystallized bool
	// OwnPolicy is set if Policy is the memory's own: see [Draft.Policy]. It never changes.
	OwnPolicy bool
	// Stretch is how many times as slowly as its policy says the memory decays, and so how many times as long it lives
	// untouched; 0 means 1. It is set by [Draft.Life] and grows under [FSRS]. It stays if the memory gets another policy.
	Stretch float64
	// Policy is the policy that the memory fades under: the engine's when it was last encoded, recalled or unpinned. A
	// new policy does not reach it before its next recall or unpin. It is never nil.
	Policy Policy
}

// Memory is one JSON value that is kept, with what was computed from it. What it refers to must not be changed.
type Memory struct {
	Meta
	Hash  Hash
	State State
	Tags  []string
	Data  json.RawMessage
	// Supersedes is the memory that this one corrects, if that is still kept, or the zero id.
	Supersedes ID
	// DuplicateOf is set only in the answer to an encode: a memory of the tenant with the same content that was live when
	// this one was encoded. It is the memory's own ID if the encode reinforced it.
	DuplicateOf ID
	// Similar is set only in the answer to an encode that asked for it. The memory itself is never among them.
	Similar *Similar
}

// Reinforced reports whether m is the answer to an encode that recalled it, since it had the content already.
func (m *Memory) Reinforced() bool { return m.DuplicateOf == m.ID && m.ID != ID{} }

// Decay returns the decay at now, in [0, 1]. It depends only on the idle time, and is also computed for pinned and
// crystallized memories, which do not fade by it.
func (m *Meta) Decay(now time.Time) float64 {
	return DecayOf(m.Policy, m.Stretch, m.Idle(now))
}

// Idle returns how long m has been idle at now, without the time for which the tenant's clock stood still.
func (m *Meta) Idle(now time.Time) time.Duration { return now.Sub(m.LastAccessed) - m.Stood }

// Lifetime returns the idle time after which m fades by decay, or [Never]. It is also computed for pinned and crystallized
// memories.
func (m *Meta) Lifetime() time.Duration { return LifetimeOf(m.Policy, m.Stretch) }

// Formula returns the formula of the decay of m as text. FormulaAt returns it with the figures of an idle time filled in,
// and the result.
func (m *Meta) Formula() string {
	if m.Stretch == 0 {
		return m.Policy.Formula()
	}
	return fmt.Sprintf("%s, t = idle/%.6g", m.Policy.Formula(), m.Stretch)
}

// FormulaAt is described at Formula.
func (m *Meta) FormulaAt(idle time.Duration) string {
	return m.Policy.FormulaAt(divided(idle, factor(m.Stretch)))
}

// Due reports whether m is past its deadline at now.
func (m *Meta) Due(now time.Time) bool { return !m.FadesAt.IsZero() && !now.Before(m.FadesAt) }

// Evictable reports whether m may be evicted to free quota: it is neither pinned nor crystallized.
func (m *Meta) Evictable() bool { return !m.Pinned && !m.Crystallized }

// Touch marks m as accessed at now under p and moves its deadline. A now before LastAccessed does not change
// LastAccessed.
func (m *Meta) Touch(p Policy, now time.Time) {
	if now.After(m.LastAccessed) {
		m.LastAccessed, m.Stood = now, 0
	}
	m.Policy = p
	m.Reschedule()
}

// Recall marks m as recalled at now under p. If that is [FSRS], m becomes more stable.
func (m *Meta) Recall(p Policy, now time.Time) {
	if f, ok := Unbounded(p).(FSRS); ok {
		if growth := f.Growth(m.Stretch, m.Idle(now), m.AccessCount); growth != 1 {
			m.Stretch = factor(m.Stretch) * growth
		}
	}
	m.AccessCount++
	m.Touch(p, now)
}

// Reschedule computes FadesAt anew from the other fields. The TTL always applies; decay applies unless the memory is
// pinned or crystallized.
func (m *Meta) Reschedule() {
	var at time.Time
	if life := m.Lifetime(); m.Evictable() && life != Never {
		at = ceilMilli(m.LastAccessed.Add(m.Stood).Add(life))
	}
	if end := m.End(); !end.IsZero() && (at.IsZero() || end.Before(at)) {
		at = end
	}
	m.MoveDeadline(at)
}

// MoveDeadline sets FadesAt. If that is another deadline than before, m is not noticed.
func (m *Meta) MoveDeadline(at time.Time) {
	m.Noticed = m.Noticed && at.Equal(m.FadesAt)
	m.FadesAt = at
}

// FadesBeforeTTL reports whether m, if untouched, fades before its TTL ends.
func (m *Meta) FadesBeforeTTL() bool { return m.TTL != 0 && m.FadesAt.Before(m.End()) }

// Ended reports whether the TTL of m has ended at now.
func (m *Meta) Ended(now time.Time) bool { return m.TTL != 0 && !now.Before(m.End()) }

// Shift returns m with times on a clock that has stood still for longer, by stood: Stood and FadesAt are that much more, but
// FadesAt is at most the end of the TTL.
func (m Meta) Shift(stood time.Duration) Meta {
	m.Stood += stood
	if m.FadesAt.IsZero() {
		return m
	}
	m.FadesAt = m.FadesAt.Add(stood)
	if end := m.End(); stood > 0 && !end.IsZero() && end.Before(m.FadesAt) {
		m.FadesAt = end
	}
	return m
}

// FadeReason returns why m is due: "ttl" or "decay".
func (m *Meta) FadeReason() string {
	if end := m.End(); !end.IsZero() && !m.FadesAt.Before(end) {
		return ReasonTTL
	}
	return ReasonDecay
}

// End returns when the TTL of m ends, or the zero time if it has none.
func (m *Meta) End() time.Time {
	if m.TTL == 0 {
		return time.Time{}
	}
	return ceilMilli(m.CreatedAt.Add(m.TTL))
}
