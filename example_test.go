package sigil_test

import (
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
)

func ExamplePolicy() {
	p := sigil.DefaultClassic()
	fmt.Println(p)
	fmt.Println("lives for", p.Lifetime())
	for _, idle := range []time.Duration{0, 30 * time.Second, 95 * time.Second, time.Hour} {
		fmt.Printf("idle for %v: %.3f\n", idle, p.Decay(idle))
	}
	// Output:
	// classic rate=0.001 period=5s threshold=0.95
	// lives for 1m35s
	// idle for 0s: 0.000
	// idle for 30s: 0.105
	// idle for 1m35s: 0.950
	// idle for 1h0m0s: 1.000
}

func ExampleParsePolicy() {
	p, err := sigil.ParsePolicy("halflife h=168h")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Decay(168*time.Hour), p.Lifetime().Round(time.Hour))

	_, err = sigil.ParsePolicy("halflife h=-1h")
	fmt.Println(err)
	// Output:
	// 0.5 726h0m0s
	// invalid_policy: half-life: must be over 0
}

func ExampleMeta_Touch() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := sigil.Meta{CreatedAt: now, LastAccessed: now, Policy: sigil.DefaultClassic()}
	m.Reschedule()
	fmt.Println("fades at", m.FadesAt.Format(time.TimeOnly))

	m.Touch(m.Policy, now.Add(time.Minute)) // recalled
	fmt.Println("fades at", m.FadesAt.Format(time.TimeOnly))
	// Output:
	// fades at 12:01:35
	// fades at 12:02:35
}

func ExampleResonance() {
	a, b := sigil.Frequency(398), sigil.Frequency(420)
	r := sigil.Resonance(a.Value(), b.Value())
	fmt.Printf("%.3f %v\n", r, r >= sigil.ResonanceThreshold)
	fmt.Println("resonates with indexes at most", sigil.Span(sigil.ResonanceThreshold), "away")
	// Output:
	// 0.978 true
	// resonates with indexes at most 162 away
}

func ExampleState_Potential() {
	s := sigil.State{Phi: 0.862, Coherence: 0.85, Awareness: 0.8, EmotionalResonance: 0.5}
	fmt.Println(s.Potential(), s.Potential() > sigil.CrystallizeAbove)
	// Output: 0.7675875290086321 false
}

func ExampleState_Lattice() {
	s := sigil.State{Phi: 1, Coherence: 0.5, Awareness: 1, EmotionalResonance: 0.5}
	l := s.Lattice()
	fmt.Println(len(l.Nodes), "nodes,", len(l.Connections), "connections")
	// A hexagon's sides are as long as its radius, which is φ here: not nearer than φ.
	// Output: 6 nodes, 0 connections
}

func ExampleFormatDuration() {
	for _, text := range []string{"168h0m0s", "1d12h", "5400s", "1500ms"} {
		d, err := sigil.ParseDuration(text)
		fmt.Println(sigil.FormatDuration(d), err)
	}
	// Output:
	// 7d <nil>
	// 36h <nil>
	// 90m <nil>
	// 1.5s <nil>
}
