package sigil

import (
	"bytes"
	"encoding/json"
)

// MarshalJSON returns one object: the four figures, then the extra keys sorted by name, with their values unchanged.
func (s State) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(struct {
		Phi                float64 `json:"phi"`
		Coherence          float64 `json:"coherence"`
		Awareness          float64 `json:"awareness"`
		EmotionalResonance float64 `json:"emotionalResonance"`
	}{s.Phi, s.Coherence, s.Awareness, s.EmotionalResonance}); err != nil || len(s.Extra) == 0 {
		return bytes.TrimSpace(b.Bytes()), err
	}
	b.Truncate(b.Len() - len("}\n"))
	b.WriteByte(',')
	extra := b.Len()
	if err := e.Encode(s.Extra); err != nil {
		return nil, err
	}
	all := b.Bytes()
	return bytes.TrimSpace(append(all[:extra], all[extra+1:]...)), nil // without the second brace
}

// UnmarshalJSON reads an object: missing figures are 0.5, unknown keys go to Extra. It returns [ErrInvalid] if the
// input is not an object, or if a figure is not a number in [0, 1]. It does not detect duplicate keys; a caller that
// reads untrusted input checks for them first.
func (s *State) UnmarshalJSON(b []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil || members == nil {
		return NewInvalid("invalid_state", "state", "must be an object")
	}
	*s = DefaultState()
	for _, f := range []struct {
		name  string
		value *float64
	}{{"phi", &s.Phi}, {"coherence", &s.Coherence}, {"awareness", &s.Awareness}, {"emotionalResonance", &s.EmotionalResonance}} {
		raw, ok := members[f.name]
		if !ok {
			continue
		}
		if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, f.value) != nil {
			return NewInvalid("invalid_state", "state."+f.name, "must be a number from 0 to 1")
		}
		delete(members, f.name)
	}
	if len(members) > 0 {
		s.Extra = members
	}
	return s.Check()
}
