package sigil

import (
	"fmt"
	"math"
	"time"
)

// DefaultRetrievability is the retrievability under which a memory fades under [Power] and [FSRS].
const DefaultRetrievability = 0.6

// The defaults of [Power] and [FSRS]. With them an untouched memory lives for 30 days and 7.6 hours, about as long as
// under [DefaultPolicy].
const (
	defaultStability = 4 * day
	defaultExponent  = 0.5
)

// Power is decay(t) = 1 − R(t), where R(t) = (1 + F·t/s)^(−d) and F = 0.9^(−1/d) − 1: the curve of FSRS. R is the
// retrievability. It falls quickly at first and ever more slowly later. After the stability s it is 0.9, whatever the
// exponent d is. Make it with [NewPower].
//
// A memory fades when R has fallen to the threshold θ, which is after (s/F)·(θ^(−1/d) − 1). The smaller d is, the longer
// the tail: with d 0.1542, which FSRS-6 has for people, R reaches 0.1 after 3.1 million times s.
type Power struct {
	stability   time.Duration
	exponent    float64
	retrievable float64       // θ, a retrievability
	factor      float64       // F
	lifetime    time.Duration // computed once, like text
	keyword     string        // what its texts begin with
	text        string
}

// NewPower returns a Power, or [ErrInvalid] unless stability is over 0, exponent is in (0, 1], threshold is in (0, 1), and
// the lifetime is from a millisecond to 100 years. The threshold is a retrievability.
func NewPower(stability time.Duration, exponent, threshold float64) (Power, error) {
	return newPower("power", stability, exponent, threshold)
}

func newPower(keyword string, stability time.Duration, exponent, threshold float64) (Power, error) {
	p := Power{
		stability: stability, exponent: exponent, retrievable: threshold, factor: math.Expm1(-math.Log(0.9) / exponent),
		keyword: keyword, text: powerText(keyword, FormatDuration(stability), exponent, threshold),
	}
	if stability <= 0 {
		return p, NewInvalid("invalid_policy", "stability", "must be over 0")
	}
	if !(exponent > 0 && exponent <= 1) { // written so that NaN fails
		return p, NewInvalid("invalid_policy", "exponent", "must be over 0 and at most 1")
	}
	if !(threshold > 0 && threshold < 1) {
		return p, NewInvalid("invalid_policy", "threshold", "is a retrievability and must be over 0 and under 1")
	}
	if err := checkCurve(p.Threshold(), p.LifetimeSeconds()); err != nil {
		return p, err
	}
	p.lifetime = lifetime(p.Decay, p.Threshold(), p.LifetimeSeconds())
	return p, nil
}

// Decay returns 1 − R. After the stability it is 0.1.
func (p Power) Decay(idle time.Duration) float64 {
	return math.Max(0, -math.Expm1(-p.exponent*math.Log1p(p.factor*math.Max(0, idle.Seconds())/p.stability.Seconds())))
}

// LifetimeSeconds returns (s/F)·(θ^(−1/d) − 1): 7.58 times the stability at the default figures.
func (p Power) LifetimeSeconds() float64 {
	return p.stability.Seconds() / p.factor * math.Expm1(-math.Log(p.retrievable)/p.exponent)
}

// Lifetime returns [Power.LifetimeSeconds] as a duration.
func (p Power) Lifetime() time.Duration { return p.lifetime }

// Threshold returns 1 − θ, the decay at which retrievability is θ.
func (p Power) Threshold() float64 { return 1 - p.retrievable }

// Formula returns the formula as text.
func (p Power) Formula() string {
	return "decay(t) = 1 − R, R = (1 + F·t/s)^(−d), F = 0.9^(−1/d) − 1"
}

// FormulaAt returns the formula with t seconds idle, such as "1 − (1 + 0.234568·345600/345600)^(−0.5) = 0.1".
func (p Power) FormulaAt(idle time.Duration) string {
	return fmt.Sprintf("1 − (1 + %v·%v/%v)^(−%v) = %v", rounded(p.factor), math.Max(0, idle.Seconds()), p.stability.Seconds(), p.exponent, rounded(p.Decay(idle)))
}

func (p Power) String() string { return p.text }

// StoredForm returns the form with the stability as [time.Duration] prints it.
func (p Power) StoredForm() string {
	return powerText(p.keyword, p.stability.String(), p.exponent, p.retrievable)
}

func powerText(keyword, stability string, exponent, threshold float64) string {
	return fmt.Sprintf("%s s=%s d=%v threshold=%v", keyword, stability, exponent, threshold)
}
