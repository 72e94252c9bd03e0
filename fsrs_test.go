package sigil_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
)

// reference is testdata/fsrs.json, which scripts/fsrs/vectors.mjs makes with ts-fsrs.
type reference struct {
	Source    string
	Curve     []referenceCurve
	Histories []referenceHistory
	Midnight  referenceHistory
}

type referenceCurve struct{ Exponent, Stability, IdleSeconds, Retrievability float64 }

type referenceHistory struct {
	Stability, Exponent float64
	Recalls             []struct{ IdleSeconds, Retrievability, Stability, Difficulty float64 }
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	b, err := os.ReadFile("testdata/fsrs.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Curve) == 0 || len(r.Histories) == 0 {
		t.Fatal("testdata/fsrs.json has no vectors")
	}
	return r
}

// about compares with the reference, which rounds each result to eight decimals.
func about(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Max(1e-2, math.Abs(want)) {
		t.Errorf("%s: got %v, the reference has %v", what, got, want)
	}
}

func inDays(d float64) time.Duration { return time.Duration(d * float64(24*time.Hour)) }

func TestPowerIsTheCurveOfTheReference(t *testing.T) {
	for _, v := range readReference(t).Curve {
		p, err := sigil.NewPower(inDays(v.Stability), v.Exponent, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		about(t, p.String(), 1-p.Decay(seconds(v.IdleSeconds)), v.Retrievability)
	}
}

// The intervals are whole days, so that the reference, which counts dates, and FSRS count the same. The stability of a
// memory is s times its stretch.
func TestRecallsGrowStabilityAsInTheReference(t *testing.T) {
	for _, h := range readReference(t).Histories {
		p, err := sigil.NewFSRS(inDays(h.Stability), h.Exponent, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		now := time.UnixMilli(1_764_000_000_000)
		m := sigil.Meta{Policy: p, LastAccessed: now}
		for i, want := range h.Recalls {
			now = now.Add(seconds(want.IdleSeconds))
			about(t, "retrievability", 1-m.Decay(now), want.Retrievability)
			m.Recall(p, now)
			stretch := m.Stretch
			if stretch == 0 {
				stretch = 1
			}
			about(t, "stability", h.Stability*stretch, want.Stability)
			if m.AccessCount != uint64(i+1) || m.LastAccessed != now {
				t.Fatalf("after %d recalls: %d, the last at %v", i+1, m.AccessCount, m.LastAccessed)
			}
			if t.Failed() {
				t.Fatalf("%v, recall %d of %+v", p, i+1, h)
			}
		}
	}
}

// The reference counts four minutes across midnight as a day, after which stability is almost six times what it was. FSRS
// counts four minutes.
func TestMidnightIsNoDay(t *testing.T) {
	h := readReference(t).Midnight
	p, err := sigil.NewFSRS(inDays(h.Stability), h.Exponent, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	idle := seconds(h.Recalls[0].IdleSeconds)
	near(t, "growth after four minutes", p.Growth(0, idle, 0), math.Exp(0.5425*0.0912))
	about(t, "stability after a day", h.Stability*p.Growth(0, 24*time.Hour, 0), h.Recalls[0].Stability)
}

// What users see of it: recalls at once change almost nothing, and spaced ones make a memory live much longer.
func TestSpacedRecallsCount(t *testing.T) {
	p, err := sigil.ParsePolicy("fsrs")
	if err != nil {
		t.Fatal(err)
	}
	start := time.UnixMilli(1_764_000_000_000)
	crammed, spaced := sigil.Meta{Policy: p, LastAccessed: start}, sigil.Meta{Policy: p, LastAccessed: start}
	for i := range 10 {
		crammed.Recall(p, start.Add(time.Duration(i)*time.Minute))
	}
	for _, days := range []int{3, 10, 30} {
		spaced.Recall(p, start.AddDate(0, 0, days))
	}
	if crammed.Stretch != 0 || crammed.Lifetime() != p.Lifetime() {
		t.Errorf("ten recalls in ten minutes make stability %v times as high", crammed.Stretch)
	}
	if spaced.Lifetime() < 10*p.Lifetime() {
		t.Errorf("after recalls on days 3, 10 and 30 it lives for %v, at first %v", spaced.Lifetime(), p.Lifetime())
	}
}

func TestStabilityStaysInBounds(t *testing.T) {
	for _, text := range []string{"fsrs s=1ms", "fsrs s=1s", "fsrs", "fsrs s=36500d d=1 threshold=0.95"} {
		policy, err := sigil.ParsePolicy(text)
		if err != nil {
			t.Fatal(err)
		}
		p := policy.(sigil.FSRS)
		for _, stretch := range []float64{1e-9, 0, 1, 1000, 1e9} {
			for _, idle := range []time.Duration{-time.Hour, 0, time.Hour, 24 * time.Hour, sigil.MaxTTL} {
				for _, recalls := range []uint64{0, 1, 1000, math.MaxUint64} {
					if g := p.Growth(stretch, idle, recalls); !(g >= 1 && g < 1000) {
						t.Errorf("%s, stretch %v, idle for %v, recalled %d times: grows by %v", text, stretch, idle, recalls, g)
					}
				}
			}
		}
	}
}
