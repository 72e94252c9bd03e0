package sigil_test

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// golden is testdata/sigil.json: figures computed without this code. The canonical forms of its encode part are tested
// in package canon.
type golden struct {
	Encode []struct {
		SHA256             string
		ResonanceFrequency float64
		Pattern            []wire.SpiralPoint
	}
	Potential []struct {
		State     sigil.State
		Potential float64
	}
	Lattice []struct {
		State sigil.State
		wire.Lattice
	}
	Decay []struct {
		IdleSeconds, Rate, Period, Decay float64
	}
	Lifetime []struct {
		Rate, Period, Threshold, LifetimeSeconds float64
	}
	Resonance []struct {
		A, B, Resonance float64
	}
}

func readGolden(t *testing.T) golden {
	t.Helper()
	b, err := os.ReadFile("testdata/sigil.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Encode) < 25 || len(g.Potential) < 5 || len(g.Lattice) < 5 || len(g.Decay) < 12 || len(g.Lifetime) < 3 || len(g.Resonance) < 5 {
		t.Fatal("testdata/sigil.json: a part is missing")
	}
	return g
}

// near asserts that got is want to 1e-12: relative, and absolute if want is about 0.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*math.Max(1, math.Abs(want))) || math.Abs(want) > 1e-12 && math.Abs(got/want-1) > 1e-12 {
		t.Errorf("%s: got %.17g, want %.17g", what, got, want)
	}
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }

func TestGoldenFrequencyAndSpiral(t *testing.T) {
	for _, g := range readGolden(t).Encode {
		var h sigil.Hash
		if n, err := hex.Decode(h[:], []byte(g.SHA256)); err != nil || n != len(h) {
			t.Fatal(g.SHA256, err)
		}
		if h.String() != g.SHA256 {
			t.Errorf("%s: String returns %s", g.SHA256, h)
		}
		near(t, g.SHA256+": frequency", h.Frequency().Value(), g.ResonanceFrequency)
		spiral := h.Spiral()
		if len(g.Pattern) != len(spiral) {
			t.Fatalf("%s: %d points", g.SHA256, len(g.Pattern))
		}
		for i, want := range g.Pattern {
			near(t, "angle", spiral[i].Angle, want.Angle)
			near(t, "radius", spiral[i].Radius, want.Radius)
			near(t, "intensity", spiral[i].Intensity, want.Intensity)
			near(t, "weight", spiral[i].Weight, want.Weight)
		}
	}
}

func TestGoldenPotential(t *testing.T) {
	for _, g := range readGolden(t).Potential {
		near(t, "potential", g.State.Potential(), g.Potential)
	}
}

func TestGoldenLattice(t *testing.T) {
	for _, g := range readGolden(t).Lattice {
		got := g.State.Lattice()
		near(t, "resonance field", got.ResonanceField, g.ResonanceField)
		if len(got.Nodes) != len(g.Nodes) || len(got.Connections) != len(g.Connections) {
			t.Fatalf("%+v: %d nodes and %d connections, want %d and %d",
				g.State, len(got.Nodes), len(got.Connections), len(g.Nodes), len(g.Connections))
		}
		for i, want := range g.Nodes {
			node := got.Nodes[i]
			if node.ID != want.ID {
				t.Errorf("node %d: id %d, want %d", i, node.ID, want.ID)
			}
			near(t, "x", node.X, want.X)
			near(t, "y", node.Y, want.Y)
			near(t, "z", node.Z, want.Z)
			near(t, "node resonance", node.Resonance, want.Resonance)
			near(t, "weight", node.Weight, want.Weight)
		}
		for i, want := range g.Connections {
			edge := got.Connections[i]
			if edge.From != want.From || edge.To != want.To {
				t.Errorf("connection %d: %d to %d, want %d to %d", i, edge.From, edge.To, want.From, want.To)
			}
			near(t, "strength", edge.Strength, want.Strength)
			near(t, "connection resonance", edge.Resonance, want.Resonance)
		}
	}
}

func TestGoldenDecay(t *testing.T) {
	for _, g := range readGolden(t).Decay {
		policy, err := sigil.NewClassic(g.Rate, seconds(g.Period), sigil.DefaultThreshold)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "decay", policy.Decay(seconds(g.IdleSeconds)), g.Decay)
	}
}

func TestGoldenLifetime(t *testing.T) {
	for _, g := range readGolden(t).Lifetime {
		policy, err := sigil.NewClassic(g.Rate, seconds(g.Period), g.Threshold)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "lifetime", policy.LifetimeSeconds(), g.LifetimeSeconds)
	}
}

func TestGoldenResonance(t *testing.T) {
	for _, g := range readGolden(t).Resonance {
		near(t, "resonance", sigil.Resonance(g.A, g.B), g.Resonance)
		near(t, "the other way round", sigil.Resonance(g.B, g.A), g.Resonance)
	}
}
