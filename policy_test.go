package sigil_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
)

// policies draws a policy of any kind, with or without bounds, that its constructor accepts. Their floor keeps no memory.
func policies() *rapid.Generator[sigil.Policy] {
	return rapid.Custom(func(t *rapid.T) sigil.Policy {
		threshold := rapid.Float64Range(1e-6, 1).Draw(t, "threshold")
		var p sigil.Policy
		var err error
		stability := func() time.Duration {
			return time.Duration(rapid.Int64Range(1, int64(10_000*time.Hour)).Draw(t, "stability"))
		}
		exponent := func() float64 { return rapid.Float64Range(0.05, 1).Draw(t, "exponent") }
		switch rapid.SampledFrom([]string{"classic", "halflife", "power", "fsrs"}).Draw(t, "kind") {
		case "classic":
			p, err = sigil.NewClassic(
				math.Pow(10, rapid.Float64Range(-9, 0).Draw(t, "log rate")),
				time.Duration(rapid.Int64Range(1, int64(1000*time.Hour)).Draw(t, "period")), threshold)
		case "halflife":
			p, err = sigil.NewHalfLife(time.Duration(rapid.Int64Range(1, int64(100_000*time.Hour)).Draw(t, "half-life")), threshold)
		case "power":
			p, err = sigil.NewPower(stability(), exponent(), threshold)
		case "fsrs":
			p, err = sigil.NewFSRS(stability(), exponent(), threshold)
		}
		if err == nil && rapid.Bool().Draw(t, "bounded") {
			p, err = sigil.NewBounded(p, time.Duration(rapid.Int64Range(0, int64(10_000*time.Hour)).Draw(t, "grace")),
				rapid.Float64Range(0, 0.999).Draw(t, "part")*(1-p.Threshold()))
		}
		if err == nil && rapid.Bool().Draw(t, "active") {
			p, err = sigil.WithActive(p, time.Duration(rapid.Int64Range(60, 1_000_000).Draw(t, "span"))*time.Second)
		}
		if err != nil {
			t.Skip("no policy:", err)
		}
		return p
	})
}

func TestPolicyStringIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies().Draw(t, "policy")
		for _, text := range []string{p.String(), p.StoredForm()} {
			got, err := sigil.ParsePolicy(text)
			if err != nil || got != p {
				t.Fatalf("%v is read back from %q as %v, %v", p, text, got, err)
			}
		}
	})
}

// Stores of earlier versions have these texts, and earlier versions read only these.
func TestStoredPoliciesStayAsTheyAre(t *testing.T) {
	for text, stored := range map[string]string{
		"halflife h=7d threshold=0.95":                                     "halflife h=168h0m0s threshold=0.95",
		"halflife h=36h threshold=0.9":                                     "halflife h=36h0m0s threshold=0.9",
		"classic rate=0.001 period=5s threshold=0.95":                      "classic rate=0.001 period=5s threshold=0.95",
		"classic rate=1e-09 period=90s threshold=0.5":                      "classic rate=1e-09 period=1m30s threshold=0.5",
		"classic rate=0.001 period=1.5µs threshold=0.95":                   "classic rate=0.001 period=1.5µs threshold=0.95",
		"power s=4d d=0.5 threshold=0.6":                                   "power s=96h0m0s d=0.5 threshold=0.6",
		"fsrs s=36h d=0.1542 threshold=0.9":                                "fsrs s=36h0m0s d=0.1542 threshold=0.9",
		"halflife h=7d threshold=0.95 grace=1d floor=0.01":                 "halflife h=168h0m0s threshold=0.95 grace=24h0m0s floor=0.01",
		"power s=4d d=0.5 threshold=0.6 active=3d":                         "power s=96h0m0s d=0.5 threshold=0.6 active=72h0m0s",
		"classic rate=0.001 period=5s threshold=0.95 floor=0.01 active=1m": "classic rate=0.001 period=5s threshold=0.95 floor=0.01 active=1m0s",
	} {
		p, err := sigil.ParsePolicy(stored)
		if err != nil {
			t.Errorf("%q: %v", stored, err)
			continue
		}
		if p.String() != text || p.StoredForm() != stored {
			t.Errorf("%q is shown as %q and stored as %q, want %q", stored, p, p.StoredForm(), text)
		}
	}
}

// A memory fades when its decay has reached the threshold, and not a millisecond before.
func TestDeadlineIsWhereDecayReachesTheThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies().Draw(t, "policy")
		last := time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "last accessed")).UTC()
		deadline := sigil.Deadline(p, last)
		idle := deadline.Sub(last)
		if deadline.Location() != time.UTC || deadline.Truncate(time.Millisecond) != deadline {
			t.Errorf("deadline %v is not in whole milliseconds of UTC", deadline)
		}
		if idle < p.Lifetime() || idle-p.Lifetime() >= time.Millisecond {
			t.Errorf("idle for %v at the deadline, lifetime %v", idle, p.Lifetime())
		}
		if d := p.Decay(p.Lifetime()); d < p.Threshold() {
			t.Errorf("decay after the lifetime of %v: %v, under %v", p.Lifetime(), d, p.Threshold())
		}
		// If the curve is almost flat, a millisecond is less than a rounding error of the decay.
		if before := idle - time.Millisecond; before > 0 && p.Decay(before) >= p.Threshold()*(1+1e-12) {
			t.Errorf("decay a millisecond before the deadline, after %v: %v", before, p.Decay(before))
		}
	})
}

func TestDecayNeverFallsAndStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies().Draw(t, "policy")
		a := time.Duration(rapid.Int64Range(math.MinInt64/2, math.MaxInt64).Draw(t, "idle"))
		b := time.Duration(rapid.Int64Range(int64(a), math.MaxInt64).Draw(t, "longer"))
		da, db := p.Decay(a), p.Decay(b)
		if !(0 <= da && da <= db && db <= 1) {
			t.Errorf("decay after %v: %v, after %v: %v", a, da, b, db)
		}
		if a <= 0 && da != 0 {
			t.Errorf("decay after %v: %v", a, da)
		}
	})
}

func TestDefaultPolicyLivesFor95Seconds(t *testing.T) {
	p := sigil.DefaultClassic()
	if p.Lifetime() != 95*time.Second || p.Threshold() != 0.95 {
		t.Errorf("lifetime %v to threshold %v", p.Lifetime(), p.Threshold())
	}
	if d := p.Decay(95 * time.Second); d != 0.95 {
		t.Errorf("decay after 95 s: %v", d)
	}
	if d := p.Decay(95*time.Second - time.Millisecond); d >= 0.95 {
		t.Errorf("decay a millisecond earlier: %v", d)
	}
}

func TestHalfLifeHalves(t *testing.T) {
	p, err := sigil.NewHalfLife(168*time.Hour, sigil.DefaultThreshold)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "after one", p.Decay(168*time.Hour), 0.5)
	near(t, "after three", p.Decay(3*168*time.Hour), 0.875)
	near(t, "lifetime in half-lives", p.LifetimeSeconds()/(168*3600), math.Log2(20))
}

func TestParsePolicyFillsInDefaults(t *testing.T) {
	halfLife, err := sigil.NewHalfLife(168*time.Hour, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	slow, err := sigil.NewClassic(1e-9, time.Minute, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	power, err := sigil.NewPower(4*24*time.Hour, 0.5, 0.6)
	if err != nil {
		t.Fatal(err)
	}
	fsrs, err := sigil.NewFSRS(4*24*time.Hour, 0.5, 0.6)
	if err != nil {
		t.Fatal(err)
	}
	bounded, err := sigil.NewBounded(halfLife, 24*time.Hour, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	active, err := sigil.WithActive(halfLife, 3*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]sigil.Policy{
		"classic":                    sigil.DefaultClassic(),
		"  classic  threshold=0.95 ": sigil.DefaultClassic(),
		"classic rate=0.001 period=5s threshold=0.95": sigil.DefaultClassic(),
		"classic period=1m rate=1e-9":                 slow,
		"halflife":                                    halfLife,
		"halflife h=168h0m0s threshold=0.95":          halfLife,
		"halflife h=7d":                               halfLife,
		"power":                                       power,
		"power s=96h":                                 power,
		"fsrs threshold=0.6 d=0.5":                    fsrs,
		"halflife grace=1d floor=0.1":                 bounded,
		"halflife floor=0.1 h=7d grace=24h":           bounded,
		"halflife grace=0s floor=0":                   halfLife,
		"halflife active=72h":                         active,
		"halflife active=0s":                          halfLife,
		sigil.DefaultPolicy().String():                sigil.DefaultPolicy(),
		sigil.DefaultClassic().String():               sigil.DefaultClassic(),
	} {
		if got, err := sigil.ParsePolicy(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	for text, field := range map[string]string{
		"": "policy", "linear": "policy", "Classic": "policy", "classic speed=1": "policy", "classic h=5s": "policy",
		"halflife rate=1": "policy", "classic rate": "rate", "classic rate=fast": "rate", "classic rate=0": "rate",
		"classic rate=-1": "rate", "classic rate=1.1": "rate", "classic rate=NaN": "rate", "classic period=5": "period",
		"classic period=0s": "period", "classic period=-5s": "period", "classic threshold=0": "threshold",
		"classic threshold=1.01": "threshold", "classic threshold=NaN": "threshold", "halflife h=0s": "half-life",
		"halflife h=-1h": "half-life", "halflife threshold=1": "threshold", "halflife threshold=2": "threshold",
		"halflife threshold=-1": "threshold", "halflife threshold=NaN": "threshold", "halflife h=1000000h": "lifetime", "classic rate=5e-324": "lifetime",
		"power s=0s": "stability", "fsrs s=-1s": "stability", "power d=0": "exponent", "power d=1.1": "exponent", "fsrs d=NaN": "exponent",
		"power threshold=0": "threshold", "fsrs threshold=1": "threshold", "power threshold=NaN": "threshold", "power h=1h": "policy",
		"power d=0.1542 threshold=0.1": "lifetime", "power d=1e-300": "lifetime", "fsrs s=x": "s", "halflife grace=-1s": "grace",
		"halflife grace=100000d": "grace", "halflife floor=1": "floor", "halflife floor=-0.1": "floor", "classic floor=NaN": "floor",
		"power floor=Inf": "floor", "power grace=1": "grace", "halflife active=59s": "active", "fsrs active=-1h": "active", "classic active=1m0.5s": "active", "power active=4000d": "active",
		"classic rate=1e-300": "lifetime", "classic rate=1 period=1ns threshold=0.000001": "lifetime",
	} {
		_, err := sigil.ParsePolicy(text)
		wantInvalid(t, text, err, "invalid_policy", field)
	}
}

// TestLifetimeTooLong checks that a policy whose tail is too long is refused with what it comes to.
func TestLifetimeTooLong(t *testing.T) {
	for text, want := range map[string]string{
		"power s=4d d=0.1542 threshold=0.1": "would be some 34156 years", "halflife h=30000d": "would be some 355 years", "classic rate=1e-200": "longer by far",
	} {
		_, err := sigil.ParsePolicy(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "let decay be faster") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := sigil.ParsePolicy("classic rate=1 period=1ns threshold=0.000001"); err == nil || strings.Contains(err.Error(), "would be") {
		t.Errorf("too short: %v", err)
	}
}

// wantInvalid asserts an ErrInvalid with code about field.
func wantInvalid(t *testing.T, what string, err error, code, field string) {
	t.Helper()
	var e *sigil.Error
	if !errors.Is(err, sigil.ErrInvalid) || !errors.As(err, &e) || e.Code != code || e.Field != field {
		t.Errorf("%q: got error %v, want %s about %s", what, err, code, field)
	}
}
