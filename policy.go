package sigil

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// DefaultThreshold is the decay θ at which a memory fades.
const DefaultThreshold = 0.95

// maxLifetime bounds the lifetime of a policy: a longer one is certainly a mistake, and nanoseconds overflow at 292
// years.
const maxLifetime = MaxTTL

// Policy decides how memories fade. Implementations are small comparable values, pure and safe for concurrent use.
// They are [Classic], [HalfLife], [Power] and [FSRS], each of which may be [Bounded]. Another one also needs a case in
// [ParsePolicy], because stores keep a policy as text.
type Policy interface {
	// Decay returns the decay, in [0, 1], of a memory that has been idle for that long. It never falls as idle grows. A
	// negative idle counts as 0.
	Decay(idle time.Duration) float64
	// Lifetime returns the idle time after which a memory fades, rounded up to a nanosecond: Decay(Lifetime()) is at
	// least Threshold(). It is [Never] if no memory fades by decay.
	Lifetime() time.Duration
	// Threshold returns the decay at which a memory fades.
	Threshold() float64
	// Formula returns the formula of Decay as text. FormulaAt returns it with the figures of an idle time filled in,
	// and the result.
	Formula() string
	FormulaAt(idle time.Duration) string
	// String returns a form that [ParsePolicy] reads back as an equal value.
	String() string
	// StoredForm returns the form that stores keep. It never changes, because older programs read it too and each
	// policy has only one form in a store. [ParsePolicy] reads it back as an equal value.
	StoredForm() string
}

// Deadline returns the moment at which a memory that was last accessed at lastAccessed fades under p. It is rounded up
// to a millisecond, so that the time in answers is exactly the one that decides. It is zero if it never fades.
func Deadline(p Policy, lastAccessed time.Time) time.Time {
	m := Meta{Policy: p, LastAccessed: lastAccessed}
	m.Reschedule()
	return m.FadesAt
}

func ceilMilli(t time.Time) time.Time {
	if up := t.Truncate(time.Millisecond); up.Before(t) {
		return up.Add(time.Millisecond)
	} else {
		return up
	}
}

// Classic is decay(t) = min(1, rate·t·(t+period)/(2·period)), t in seconds (spec 2): the sum that a sweep in every
// period reaches if each adds age·rate. Make it with [NewClassic].
type Classic struct {
	rate, threshold float64
	period          time.Duration
	lifetime        time.Duration // computed once, because every touch of a memory needs it
	text            string        // what String returns, kept because every memory in an answer names its policy
}

// DefaultPolicy returns halflife with h 168 h and threshold 0.95: an untouched memory lives for 30 days and 6 hours.
func DefaultPolicy() Policy { return defaultPolicy }

// DefaultClassic returns classic with the figures of the system that Sigil replaced: rate 0.001, period 5 s and
// threshold 0.95. An untouched memory lives for 95 s.
func DefaultClassic() Policy { return defaultClassic }

var ( // these figures are valid
	defaultPolicy, _  = NewHalfLife(168*time.Hour, DefaultThreshold)
	defaultClassic, _ = NewClassic(0.001, 5*time.Second, DefaultThreshold)
)

// NewClassic returns a Classic, or [ErrInvalid] unless rate and threshold are in (0, 1], period is over 0, and the
// lifetime is from a millisecond to 100 years.
func NewClassic(rate float64, period time.Duration, threshold float64) (Classic, error) {
	c := Classic{
		rate: rate, threshold: threshold, period: period,
		text: classicText(rate, FormatDuration(period), threshold),
	}
	if !(rate > 0 && rate <= 1) {
		return c, NewInvalid("invalid_policy", "rate", "must be over 0 and at most 1")
	}
	if period <= 0 {
		return c, NewInvalid("invalid_policy", "period", "must be over 0")
	}
	if err := checkCurve(threshold, c.LifetimeSeconds()); err != nil {
		return c, err
	}
	c.lifetime = lifetime(c.Decay, threshold, c.LifetimeSeconds())
	return c, nil
}

// Decay returns the result of the formula above. With the default figures, Decay(30 s) is 0.105.
func (c Classic) Decay(idle time.Duration) float64 {
	t, period := math.Max(0, idle.Seconds()), c.period.Seconds()
	return math.Min(1, c.rate*t*(t+period)/(2*period))
}

// LifetimeSeconds returns (−period + √(period² + 8·period·θ/rate))/2. With the default figures it is 95.
func (c Classic) LifetimeSeconds() float64 {
	// This is the formula multiplied by the conjugate: with a long period the difference in it is one of two nearly
	// equal numbers, which loses most digits.
	p := c.period.Seconds()
	x := 8 * p * c.threshold / c.rate
	return x / (p + math.Sqrt(p*p+x)) / 2
}

// Lifetime returns [Classic.LifetimeSeconds] as a duration.
func (c Classic) Lifetime() time.Duration { return c.lifetime }

// Threshold returns θ.
func (c Classic) Threshold() float64 { return c.threshold }

// Formula returns the formula as text.
func (c Classic) Formula() string { return "decay(t) = min(1, rate·t·(t + period)/(2·period))" }

// FormulaAt returns the formula with t seconds idle, such as "min(1, 0.001·30·(30 + 5)/(2·5)) = 0.105".
func (c Classic) FormulaAt(idle time.Duration) string {
	t, period := math.Max(0, idle.Seconds()), c.period.Seconds()
	return fmt.Sprintf("min(1, %v·%v·(%v + %v)/(2·%v)) = %v", c.rate, t, t, period, period, rounded(c.Decay(idle)))
}

// rounded rounds a decay to six decimals, for display.
func rounded(decay float64) float64 { return math.Round(decay*1e6) / 1e6 }

func (c Classic) String() string { return c.text }

// StoredForm returns the form with the period as [time.Duration] prints it.
func (c Classic) StoredForm() string { return classicText(c.rate, c.period.String(), c.threshold) }

func classicText(rate float64, period string, threshold float64) string {
	return fmt.Sprintf("classic rate=%v period=%s threshold=%v", rate, period, threshold)
}

// HalfLife is decay(t) = 1 − 2^(−t/h): what remains halves every h. Make it with [NewHalfLife].
type HalfLife struct {
	half      time.Duration
	threshold float64
	lifetime  time.Duration // computed once, like text
	text      string
}

// NewHalfLife returns a HalfLife, or [ErrInvalid] unless half is over 0, threshold is in (0, 1), and the lifetime is
// from a millisecond to 100 years.
func NewHalfLife(half time.Duration, threshold float64) (HalfLife, error) {
	h := HalfLife{half: half, threshold: threshold, text: halfLifeText(FormatDuration(half), threshold)}
	if half <= 0 {
		return h, NewInvalid("invalid_policy", "half-life", "must be over 0")
	}
	if threshold == 1 {
		return h, NewInvalid("invalid_policy", "threshold", "must be under 1: decay by half-life never reaches 1")
	}
	if err := checkCurve(threshold, h.LifetimeSeconds()); err != nil {
		return h, err
	}
	h.lifetime = lifetime(h.Decay, threshold, h.LifetimeSeconds())
	return h, nil
}

// Decay returns the result of the formula above. After one half-life it is 0.5.
func (h HalfLife) Decay(idle time.Duration) float64 {
	return 1 - math.Exp2(-math.Max(0, idle.Seconds())/h.half.Seconds())
}

// LifetimeSeconds returns −h·log₂(1−θ): 4.32 half-lives at the default threshold.
func (h HalfLife) LifetimeSeconds() float64 { return -h.half.Seconds() * math.Log2(1-h.threshold) }

// Lifetime returns [HalfLife.LifetimeSeconds] as a duration.
func (h HalfLife) Lifetime() time.Duration { return h.lifetime }

// Threshold returns θ.
func (h HalfLife) Threshold() float64 { return h.threshold }

// Formula returns the formula as text.
func (h HalfLife) Formula() string { return "decay(t) = 1 − 2^(−t/h)" }

// FormulaAt returns the formula with t seconds idle, such as "1 − 2^(−3600/3600) = 0.5".
func (h HalfLife) FormulaAt(idle time.Duration) string {
	return fmt.Sprintf("1 − 2^(−%v/%v) = %v", math.Max(0, idle.Seconds()), h.half.Seconds(), rounded(h.Decay(idle)))
}

func (h HalfLife) String() string { return h.text }

// StoredForm returns the form with the half-life as [time.Duration] prints it.
func (h HalfLife) StoredForm() string { return halfLifeText(h.half.String(), h.threshold) }

func halfLifeText(half string, threshold float64) string {
	return fmt.Sprintf("halflife h=%s threshold=%v", half, threshold)
}

func checkCurve(threshold, lifetimeSeconds float64) error {
	if !(threshold > 0 && threshold <= 1) {
		return NewInvalid("invalid_policy", "threshold", "must be over 0 and at most 1")
	}
	if !(lifetimeSeconds >= time.Millisecond.Seconds() && lifetimeSeconds <= maxLifetime.Seconds()) { // written so that NaN fails
		return NewInvalid("invalid_policy", "lifetime", "must be at least a millisecond and at most 100 years"+wouldBe(lifetimeSeconds))
	}
	return nil
}

// wouldBe returns how long a lifetime is that is too long, and which way its figures should go, or "" if that is not known.
func wouldBe(seconds float64) string {
	const year = 365 * 24 * 3600
	switch {
	case seconds > maxLifetime.Seconds() && seconds < 1e9*year:
		return fmt.Sprintf(", and would be some %.0f years: let decay be faster, or let memories fade with more left of them", seconds/year)
	case seconds > maxLifetime.Seconds():
		return ", and would be longer by far: let decay be faster, or let memories fade with more left of them"
	}
	return ""
}

// lifetime rounds the result of a policy's closed form up to a nanosecond, ignoring a rounding error. The closed form
// is right to within such errors; the definition decides: after the lifetime the decay has reached the threshold, to
// the last bit.
func lifetime(decay func(time.Duration) float64, threshold, seconds float64) time.Duration {
	d := time.Duration(math.Ceil(seconds*1e9 - 1e-3))
	for step := time.Duration(1); decay(d) < threshold; step *= 2 {
		d += step
	}
	return d
}

// ParsePolicy reads what a Policy's String or StoredForm returned, such as "classic rate=0.001 period=5s
// threshold=0.95", "halflife h=7d threshold=0.95", "power s=4d d=0.5 threshold=0.6" or "fsrs s=4d d=0.5 threshold=0.6
// grace=1d floor=0.1". Figures left out have their defaults (rate 0.001, period 5s, h 7d, s 4d, d 0.5, threshold 0.95, or
// 0.6 for power and fsrs, no grace, no floor, no active span). It returns [ErrInvalid] for anything else.
func ParsePolicy(s string) (Policy, error) {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return nil, NewInvalid("invalid_policy", "policy", "is empty; "+knownPolicies)
	}
	rate, exponent, threshold, floor := 0.001, defaultExponent, DefaultThreshold, 0.0
	period, half, stability, grace, active := 5*time.Second, 168*time.Hour, defaultStability, time.Duration(0), time.Duration(0)
	if fields[0] == "power" || fields[0] == "fsrs" {
		threshold = DefaultRetrievability
	}
	for _, f := range fields[1:] {
		name, value, _ := strings.Cut(f, "=")
		var err error
		switch fields[0] + " " + name {
		case "classic rate":
			rate, err = strconv.ParseFloat(value, 64)
		case "classic period":
			period, err = ParseDuration(value)
		case "halflife h":
			half, err = ParseDuration(value)
		case "power s", "fsrs s":
			stability, err = ParseDuration(value)
		case "power d", "fsrs d":
			exponent, err = strconv.ParseFloat(value, 64)
		case "classic threshold", "halflife threshold", "power threshold", "fsrs threshold":
			threshold, err = strconv.ParseFloat(value, 64)
		case "classic grace", "halflife grace", "power grace", "fsrs grace":
			grace, err = ParseDuration(value)
		case "classic floor", "halflife floor", "power floor", "fsrs floor":
			floor, err = strconv.ParseFloat(value, 64)
		case "classic active", "halflife active", "power active", "fsrs active":
			active, err = ParseDuration(value)
		default:
			return nil, NewInvalid("invalid_policy", "policy", "has an unknown figure; "+knownFigures)
		}
		if err != nil {
			return nil, NewInvalid("invalid_policy", name, "is not a number or duration")
		}
	}
	var p Policy
	var err error
	switch fields[0] {
	case "classic":
		p, err = NewClassic(rate, period, threshold)
	case "halflife":
		p, err = NewHalfLife(half, threshold)
	case "power":
		p, err = NewPower(stability, exponent, threshold)
	case "fsrs":
		p, err = NewFSRS(stability, exponent, threshold)
	default:
		return nil, NewInvalid("invalid_policy", "policy", "is unknown; "+knownPolicies)
	}
	if err == nil {
		p, err = NewBounded(p, grace, floor)
	}
	if err != nil {
		return nil, err
	}
	return WithActive(p, active)
}

const knownFigures = "classic has rate and period, halflife has h, power and fsrs have s and d, and all have threshold, grace, floor and active"

const knownPolicies = "classic, halflife, power and fsrs are known"
