package sigil_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
)

func parsePolicy(t *testing.T, text string) sigil.Policy {
	t.Helper()
	p, err := sigil.ParsePolicy(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return p
}

func TestGraceIsALeastLifetime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"classic":            95 * time.Second,
		"classic grace=94s":  95 * time.Second,
		"classic grace=1h":   time.Hour,
		"power grace=60d":    60 * 24 * time.Hour,
		"halflife grace=1ms": sigil.DefaultPolicy().Lifetime(),
	} {
		p := parsePolicy(t, text)
		if p.Lifetime() != want {
			t.Errorf("%s: lives for %v, want %v", text, p.Lifetime(), want)
		}
		if d := p.Decay(want - 1); d >= p.Threshold() {
			t.Errorf("%s: decay %v before its lifetime ends", text, d)
		}
		if d := p.Decay(want); d < p.Threshold() {
			t.Errorf("%s: decay %v after its lifetime", text, d)
		}
	}
}

// Memories fade at strength 0.05 under halflife, and at 0.6 under power.
func TestFloorKeepsWhatWouldFadeUnderIt(t *testing.T) {
	last := time.UnixMilli(1_764_000_000_000)
	for text, fades := range map[string]bool{
		"halflife floor=0.049": true, "halflife floor=0.05": false, "halflife floor=0.3": false, "classic floor=0.05": false,
		"power floor=0.59": true, "power floor=0.6": false, "fsrs floor=0.9 grace=1h": false, "classic threshold=1 floor=1e-9": false,
	} {
		p := parsePolicy(t, text)
		if got := !sigil.Deadline(p, last).IsZero(); got != fades || (p.Lifetime() == sigil.Never) == fades {
			t.Errorf("%s: fades %v, lives for %v", text, got, p.Lifetime())
		}
		m := sigil.Meta{Policy: p, LastAccessed: last}
		if m.Reschedule(); m.Due(last.Add(sigil.MaxTTL)) != fades {
			t.Errorf("%s: its deadline is %v", text, m.FadesAt)
		}
		m.TTL, m.CreatedAt = time.Hour, last
		if m.Reschedule(); !m.FadesAt.Equal(last.Add(time.Hour)) || m.FadeReason() != sigil.ReasonTTL {
			t.Errorf("%s: with a ttl it fades at %v by %s", text, m.FadesAt, m.FadeReason())
		}
	}
	near(t, "decay", parsePolicy(t, "halflife floor=0.25").Decay(sigil.MaxTTL), 0.75)
	near(t, "decay above the floor", parsePolicy(t, "halflife floor=0.25").Decay(7*24*time.Hour), 0.5)
}

// A life of its own is exactly as long as was asked for, whatever the policy, if no bound is longer.
func TestStretchForALife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := sigil.Unbounded(policies().Draw(t, "policy"))
		life := time.Duration(rapid.Int64Range(1, sigil.MaxTTL.Milliseconds()).Draw(t, "life")) * time.Millisecond
		last := time.UnixMilli(rapid.Int64Range(0, 1<<41).Draw(t, "last accessed")).UTC()
		m := sigil.Meta{Policy: p, Stretch: sigil.StretchFor(p, life), LastAccessed: last}
		m.Reschedule()
		if m.Lifetime() != life || !m.FadesAt.Equal(last.Add(life)) {
			t.Fatalf("%v stretched by %v lives for %v, want %v", p, m.Stretch, m.Lifetime(), life)
		}
		grace, err := sigil.NewBounded(p, 2*time.Hour, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := sigil.LifetimeOf(grace, m.Stretch); got != max(life, 2*time.Hour) {
			t.Errorf("%v stretched by %v lives for %v, want %v", grace, m.Stretch, got, life)
		}
	})
}

func TestStretchedDecay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies().Draw(t, "policy")
		stretch := math.Pow(10, rapid.Float64Range(-9, 9).Draw(t, "log stretch"))
		life := sigil.LifetimeOf(p, stretch)
		if life < time.Millisecond {
			t.Errorf("%v stretched by %v lives for %v", p, stretch, life)
		}
		before, after := sigil.DecayOf(p, stretch, life-1), sigil.DecayOf(p, stretch, life)
		if before >= p.Threshold() || after < p.Threshold() {
			t.Errorf("%v stretched by %v has decay %v before its lifetime ends and %v after it", p, stretch, before, after)
		}
		a := time.Duration(rapid.Int64Range(math.MinInt64/2, math.MaxInt64).Draw(t, "idle"))
		b := time.Duration(rapid.Int64Range(int64(a), math.MaxInt64).Draw(t, "longer"))
		da, db := sigil.DecayOf(p, stretch, a), sigil.DecayOf(p, stretch, b)
		if !(0 <= da && da <= db && db <= 1) || a <= 0 && da != 0 {
			t.Errorf("%v stretched by %v has decay %v after %v and %v after %v", p, stretch, da, a, db, b)
		}
	})
}

func TestFormulasAreFilledIn(t *testing.T) {
	at := 4 * 24 * time.Hour
	for text, want := range map[string][2]string{
		"power":         {"decay(t) = 1 − R, R = (1 + F·t/s)^(−d), F = 0.9^(−1/d) − 1", "1 − (1 + 0.234568·345600/345600)^(−0.5) = 0.1"},
		"halflife h=4d": {"decay(t) = 1 − 2^(−t/h)", "1 − 2^(−345600/345600) = 0.5"},
		"fsrs s=1d grace=10d floor=0.25": {
			"decay(t) = 1 − R, R = (1 + F·t/s)^(−d), F = 0.9^(−1/d) − 1, grace=10d, floor=0.25",
			"1 − (1 + 0.234568·345600/86400)^(−0.5) = 0.281722",
		},
	} {
		m := sigil.Meta{Policy: parsePolicy(t, text)}
		if m.Formula() != want[0] || m.FormulaAt(at) != want[1] {
			t.Errorf("%s: %q, %q", text, m.Formula(), m.FormulaAt(at))
		}
	}
	m := sigil.Meta{Policy: parsePolicy(t, "halflife h=2d"), Stretch: 2}
	if m.Formula() != "decay(t) = 1 − 2^(−t/h), t = idle/2" || m.FormulaAt(at) != "1 − 2^(−172800/172800) = 0.5" {
		t.Errorf("stretched: %q, %q", m.Formula(), m.FormulaAt(at))
	}
}
