package sigil

import (
	"encoding/json"
	"math"
)

// State is the caller's description of a memory when it was encoded ("consciousnessState" in the replaced system). Each
// figure is in [0, 1]. The zero State is all zeros; an encode without a state gets [DefaultState].
type State struct {
	Phi                float64
	Coherence          float64
	Awareness          float64
	EmotionalResonance float64
	// Extra holds the keys that the caller sent in addition to the four, unchanged. It is nil if there are none. It is
	// read-only.
	Extra map[string]json.RawMessage
}

// DefaultState returns a State with 0.5 for each figure. A figure that is left out also defaults to 0.5.
func DefaultState() State {
	return State{Phi: 0.5, Coherence: 0.5, Awareness: 0.5, EmotionalResonance: 0.5}
}

// Check returns [ErrInvalid], naming the field, if a figure is outside [0, 1] or not a number, or if an extra key has
// the name of a figure, which would make that name occur twice in the JSON.
func (s *State) Check() error {
	for _, f := range []struct {
		name  string
		value float64
	}{{"phi", s.Phi}, {"coherence", s.Coherence}, {"awareness", s.Awareness}, {"emotionalResonance", s.EmotionalResonance}} {
		if !(f.value >= 0 && f.value <= 1) { // written so that NaN fails
			return NewInvalid("invalid_state", "state."+f.name, "must be a number from 0 to 1")
		}
		if _, twice := s.Extra[f.name]; twice {
			return NewInvalid("invalid_state", "state."+f.name, "is also among the extra keys")
		}
	}
	return nil
}

// CrystallizeAbove is the potential above which a memory crystallizes when it is encoded, and the mean potential above
// which a pattern does.
const CrystallizeAbove = 0.9

// Potential returns the crystallization potential p = (phi·φ + coherence + awareness + emotionalResonance) / (3 + φ),
// in [0, 1] (spec 2). With 0.862, 0.85, 0.8 and 0.5 it is 0.7675875290086321.
func (s *State) Potential() float64 {
	p := (s.Phi*Phi + s.Coherence + s.Awareness + s.EmotionalResonance) / (3 + Phi)
	return math.Min(p, 1) // all ones may sum to a little over 1
}
