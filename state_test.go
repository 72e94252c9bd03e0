package sigil_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
)

func TestStateReadsWhatWasSent(t *testing.T) {
	half := sigil.DefaultState()
	for text, want := range map[string]sigil.State{
		`{}`:                          half,
		`{"phi":1,"coherence":0}`:     {Phi: 1, Coherence: 0, Awareness: 0.5, EmotionalResonance: 0.5},
		`{"awareness":1e-3,"x":null}`: {Phi: 0.5, Coherence: 0.5, Awareness: 0.001, EmotionalResonance: 0.5, Extra: map[string]json.RawMessage{"x": json.RawMessage("null")}},
		`{"Phi":7}`:                   {Phi: 0.5, Coherence: 0.5, Awareness: 0.5, EmotionalResonance: 0.5, Extra: map[string]json.RawMessage{"Phi": json.RawMessage("7")}},
	} {
		var got sigil.State
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestStateRefuses(t *testing.T) {
	for text, field := range map[string]string{
		`[]`: "state", `"x"`: "state", `7`: "state", `{"phi":1.1}`: "state.phi", `{"phi":-0.1}`: "state.phi", `{"phi":null}`: "state.phi",
		`{"phi":"0.5"}`: "state.phi", `{"coherence":2}`: "state.coherence", `{"awareness":[]}`: "state.awareness",
		`{"emotionalResonance":1e400}`: "state.emotionalResonance",
	} {
		var s sigil.State
		wantInvalid(t, text, s.UnmarshalJSON([]byte(text)), "invalid_state", field)
	}
	wantInvalid(t, "null", (&sigil.State{}).UnmarshalJSON([]byte("null")), "invalid_state", "state")
	for field, s := range map[string]sigil.State{
		"state.phi":                {Phi: math.NaN()},
		"state.coherence":          {Coherence: math.Inf(1)},
		"state.awareness":          {Awareness: -1e-300},
		"state.emotionalResonance": {EmotionalResonance: math.Nextafter(1, 2)},
	} {
		wantInvalid(t, field, s.Check(), "invalid_state", field)
	}
	twice := sigil.State{Extra: map[string]json.RawMessage{"phi": json.RawMessage("1")}}
	wantInvalid(t, "phi twice", twice.Check(), "invalid_state", "state.phi")
}

func TestStateJSONIsReadBack(t *testing.T) {
	unit := rapid.Float64Range(0, 1)
	rapid.Check(t, func(t *rapid.T) {
		s := sigil.State{
			Phi: unit.Draw(t, "phi"), Coherence: unit.Draw(t, "coherence"), Awareness: unit.Draw(t, "awareness"),
			EmotionalResonance: unit.Draw(t, "emotional resonance"),
		}
		for name, value := range rapid.MapOf(rapid.StringMatching(`x[a-z"\\<&]*`), rapid.Int()).Draw(t, "extra") {
			if s.Extra == nil {
				s.Extra = map[string]json.RawMessage{}
			}
			s.Extra[name], _ = json.Marshal(value)
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got sigil.State
		if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, s) {
			t.Fatalf("%s is read back as %+v, %v", b, got, err)
		}
		if p := s.Potential(); !(p >= 0 && p <= 1) {
			t.Errorf("potential %v", p)
		}
	})
}

func TestLatticeStaysInBounds(t *testing.T) {
	unit := rapid.Float64Range(0, 1)
	// So small a circle has nodes so near that 1/distance is more than a float64 holds.
	awareness := rapid.OneOf(unit, rapid.SampledFrom([]float64{0, 5e-324, 1e-310, 1e-300}))
	rapid.Check(t, func(t *rapid.T) {
		s := sigil.State{Phi: unit.Draw(t, "phi"), Coherence: unit.Draw(t, "coherence"), Awareness: awareness.Draw(t, "awareness"), EmotionalResonance: 1}
		l := s.Lattice()
		if l.Nodes == nil || l.Connections == nil || len(l.Nodes) > 12 || len(l.Connections) > 66 {
			t.Errorf("%d nodes, %d connections", len(l.Nodes), len(l.Connections))
		}
		if _, err := json.Marshal(l); err != nil {
			t.Errorf("not JSON: %v", err)
		}
	})
}
