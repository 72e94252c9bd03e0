package sigil

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Never is the lifetime under a policy that no memory fades by.
const Never time.Duration = math.MaxInt64

// Bounded is a policy with bounds. Make it with [NewBounded].
//
//   - Grace: a memory does not fade before it has been idle for so long. Until then its decay stays under the threshold.
//   - Floor: strength, which is 1 − decay, never falls under the floor. If the floor is at least the strength at which
//     memories fade, none ever fades by decay: [Bounded.Lifetime] returns [Never].
//   - Active span: see [WithActive].
//
// A [Meta.Stretch] does not change them.
type Bounded struct {
	p     Policy
	grace time.Duration
	floor float64
	// active changes no decay: it is for the clock of a tenant that has the policy.
	active time.Duration
}

// NewBounded returns p with grace and floor, 0 for none; without both, it returns p. It returns [ErrInvalid] unless grace
// is from 0 to 100 years and floor is in [0, 1). If p is Bounded, its grace and floor are replaced.
func NewBounded(p Policy, grace time.Duration, floor float64) (Policy, error) {
	if grace < 0 || grace > maxLifetime {
		return nil, NewInvalid("invalid_policy", "grace", "must be from 0 to 100 years")
	}
	if !(floor >= 0 && floor < 1) { // written so that NaN fails
		return nil, NewInvalid("invalid_policy", "floor", "must be from 0 to under 1")
	}
	return Bounded{p: Unbounded(p), grace: grace, floor: math.Abs(floor), active: ActiveSpan(p)}.simplest(), nil // Abs, because −0 has another text
}

// simplest returns b, or the policy within if that has no bounds.
func (b Bounded) simplest() Policy {
	if b.grace == 0 && b.floor == 0 && b.active == 0 {
		return b.p
	}
	return b
}

// MinActive is the shortest active span.
const MinActive = time.Minute

// WithActive returns p with an active span, or without one if span is 0: as the policy of a tenant, it has the tenant's clock stand
// still once the tenant has not been used for that long, until it is used again. Nothing decays meanwhile; a [Meta.TTL] goes on. As the
// own policy of a memory, a span has no effect. WithActive returns [ErrInvalid] unless span is 0, or in whole seconds from [MinActive] to 10 years.
func WithActive(p Policy, span time.Duration) (Policy, error) {
	if span != 0 && (span < MinActive || span > maxActive || span%time.Second != 0) {
		return nil, NewInvalid("invalid_policy", "active", "must be whole seconds, from 1m to 10 years")
	}
	b, ok := p.(Bounded)
	if !ok {
		b.p = p
	}
	b.active = span
	return b.simplest(), nil
}

const maxActive = 10 * 365 * 24 * time.Hour

// ActiveSpan returns the active span of p, or 0 if it has none: see [WithActive].
func ActiveSpan(p Policy) time.Duration {
	b, _ := p.(Bounded)
	return b.active
}

// Unbounded returns p without its bounds.
func Unbounded(p Policy) Policy {
	if b, ok := p.(Bounded); ok {
		return b.p
	}
	return p
}

// Decay returns the decay of the policy within the bounds.
func (b Bounded) Decay(idle time.Duration) float64 { return DecayOf(b, 0, idle) }

// Lifetime returns the longer of the policy's lifetime and the grace, or [Never].
func (b Bounded) Lifetime() time.Duration { return LifetimeOf(b, 0) }

// Threshold returns the policy's.
func (b Bounded) Threshold() float64 { return b.p.Threshold() }

// Formula returns the policy's formula and the bounds.
func (b Bounded) Formula() string {
	return b.p.Formula() + strings.ReplaceAll(b.bounds(FormatDuration), " ", ", ")
}

// FormulaAt returns the policy's, without the bounds.
func (b Bounded) FormulaAt(idle time.Duration) string { return b.p.FormulaAt(idle) }

func (b Bounded) String() string { return b.p.String() + b.bounds(FormatDuration) }

// StoredForm returns the policy's, and the bounds, with the grace as [time.Duration] prints it.
func (b Bounded) StoredForm() string { return b.p.StoredForm() + b.bounds(time.Duration.String) }

func (b Bounded) bounds(format func(time.Duration) string) string {
	var s strings.Builder
	if b.grace != 0 {
		s.WriteString(" grace=" + format(b.grace))
	}
	if b.floor != 0 {
		s.WriteString(" floor=" + strconv.FormatFloat(b.floor, 'g', -1, 64))
	}
	if b.active != 0 {
		s.WriteString(" active=" + format(b.active))
	}
	return s.String()
}

// forever reports whether the floor keeps all memories.
func (b Bounded) forever() bool { return b.floor != 0 && 1-b.floor <= b.p.Threshold() }

// LifetimeOf returns the idle time after which a memory with that [Meta.Stretch] fades under p, or [Never]. Unless
// stretch is 0, it is in whole milliseconds, at most [MaxTTL] or the grace of p.
func LifetimeOf(p Policy, stretch float64) time.Duration {
	b, bounded := p.(Bounded)
	if bounded {
		p = b.p
	}
	life := p.Lifetime()
	if stretch != 0 {
		// Rounded up, except for a rounding error: so the lifetime is exactly the one that StretchFor was asked for.
		ms := math.Ceil(float64(life)/1e6*stretch - 1e-3)
		life = time.Duration(math.Min(math.Max(ms, 1), float64(MaxTTL.Milliseconds()))) * time.Millisecond
	}
	switch {
	case bounded && b.forever():
		return Never
	case bounded:
		return max(life, b.grace)
	}
	return life
}

// StretchFor returns the stretch with which a memory lives for life under p, bounds apart. A life is in whole
// milliseconds, up to [MaxTTL].
func StretchFor(p Policy, life time.Duration) float64 {
	return float64(life) / float64(Unbounded(p).Lifetime())
}

// DecayOf returns the decay, in [0, 1], of a memory with that [Meta.Stretch] that has been idle for that long. It is the
// decay that p has after idle/stretch, within the bounds of p. It never falls as idle grows.
func DecayOf(p Policy, stretch float64, idle time.Duration) float64 {
	b, bounded := p.(Bounded)
	if !bounded && stretch == 0 {
		return p.Decay(idle)
	}
	curve := Unbounded(p)
	decay := curve.Decay(divided(idle, factor(stretch)))
	// Rounding must not put decay on the other side of the threshold than the deadline, nor must a grace.
	if bounded && b.forever() {
		return math.Min(decay, 1-b.floor)
	}
	if threshold := curve.Threshold(); idle < LifetimeOf(p, stretch) {
		decay = math.Min(decay, math.Nextafter(threshold, 0))
	} else {
		decay = math.Max(decay, threshold)
	}
	return math.Min(decay, 1-b.floor)
}

// factor returns the factor that a stretch stands for.
func factor(stretch float64) float64 {
	if stretch == 0 {
		return 1
	}
	return stretch
}

// divided returns idle/by, or the longest duration if that is longer.
func divided(idle time.Duration, by float64) time.Duration {
	if by == 1 {
		return idle
	}
	ns := float64(max(idle, 0)) / by
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}
