package shape

import (
	"fmt"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// Explanation returns the shape of x, with a sentence for people about why the memory is alive or gone.
func Explanation(x *engine.Explanation) wire.Explanation {
	m, idle := &x.Memory, x.Idle()
	v := wire.Explanation{
		ID: m.ID, Live: x.Live, Policy: m.Policy.String(), Threshold: m.Policy.Threshold(),
		IdleSeconds: idle.Seconds(), Decay: m.Decay(x.At), FadesAt: deadline(m.FadesAt),
		Formula: m.Formula(), Worked: m.FormulaAt(idle),
		History: make([]wire.Event, len(x.History)), HistoryComplete: x.HistoryComplete,
	}
	for i := range x.History {
		v.History[i] = Event(&x.History[i])
		v.LastEvent = &v.History[i]
	}
	if m.Evictable() {
		v.LifetimeSeconds = lifetimeSeconds(m.Lifetime())
	}
	if !x.Live {
		v.Reason = gone(&x.History[len(x.History)-1])
		return v
	}
	outline := Outline(m, x.At)
	v.Memory, v.Reason = &outline, alive(&m.Meta, v.Decay)
	if !m.FadesAt.IsZero() {
		left := max(0, m.FadesAt.Sub(x.At).Seconds())
		v.SecondsLeft = &left
	}
	return v
}

func alive(m *sigil.Meta, decay float64) string {
	var keeps []string
	if m.Pinned {
		keeps = append(keeps, "it is pinned")
	}
	if m.Crystallized {
		keeps = append(keeps, "it is crystallized")
	}
	if m.Lifetime() == sigil.Never {
		keeps = append(keeps, "its policy has a floor")
	}
	switch {
	case keeps != nil && m.FadesAt.IsZero():
		return fmt.Sprintf("It does not fade: %s.", strings.Join(keeps, " and "))
	case keeps != nil:
		return fmt.Sprintf("Decay does not end it, since %s; its ttl does, at %s.", strings.Join(keeps, " and "), moment(m.FadesAt))
	case m.FadeReason() == sigil.ReasonTTL:
		return fmt.Sprintf("Its decay %.4g is under the threshold %v. Its ttl ends it at %s, recalled or not.", decay, m.Policy.Threshold(), moment(m.FadesAt))
	}
	return fmt.Sprintf("Its decay %.4g is under the threshold %v. It fades at %s unless it is recalled before.%s", decay, m.Policy.Threshold(), moment(m.FadesAt), still(m))
}

func gone(e *sigil.Event) string {
	m, at := &e.Memory, moment(e.Time)
	switch e.Kind {
	case sigil.Forgotten:
		return fmt.Sprintf("It was forgotten at %s by a request.", at)
	case sigil.Evicted:
		return fmt.Sprintf("It was evicted at %s: the tenant's limit of %s was reached, and it was the nearest to its deadline.", at, e.Reason)
	case sigil.Corrected:
		return fmt.Sprintf("It was corrected at %s: the memory %s has taken its place. Its history can be listed.", at, e.SupersededBy)
	case sigil.Faded:
		if e.Reason == sigil.ReasonTTL {
			return fmt.Sprintf("It faded: its ttl ended at %s. Its release was journaled at %s.", moment(m.FadesAt), at)
		}
		return fmt.Sprintf("It faded: untouched since %s, its decay reached the threshold %v at %s. Its release was journaled at %s.%s",
			moment(m.LastAccessed), m.Policy.Threshold(), moment(m.FadesAt), at, still(m))
	}
	return "It is past its deadline, but no sweep has journaled that yet. The figures are from its last journal entry and do not include later recalls."
}

// still returns a sentence about the time for which the clock of the tenant stood still, if it did.
func still(m *sigil.Meta) string {
	if m.Stood == 0 {
		return ""
	}
	return fmt.Sprintf(" Since its last access, the clock of its tenant stood still for %s, while it was not used.", sigil.FormatDuration(m.Stood))
}

func moment(t time.Time) string { return wire.Timestamp{Time: t}.String() }
