package draft

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

// UnknownField returns the error for a member that a request must not have.
func UnknownField(name string) error {
	return sigil.NewInvalid("unknown_field", canon.Field(name), "is not a member of this request")
}

// MissingField returns the error for a member that is missing.
func MissingField(name string) error {
	return sigil.NewInvalid("missing_field", name, "is required")
}

// State reads a state.
func State(raw []byte) (*sigil.State, error) {
	s := new(sigil.State)
	return s, s.UnmarshalJSON(bytes.Clone(raw)) // it keeps references to the extra values
}

// Bool reads true or false.
func Bool(name string, raw []byte) (bool, error) { return boolean("invalid_parameter", name, raw) }

func boolean(code, name string, raw []byte) (bool, error) {
	switch jsontext.Value(raw).Kind() {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	}
	return false, sigil.NewInvalid(code, name, "must be true or false")
}

// Policy reads the text of a policy.
func Policy(raw []byte) (sigil.Policy, error) {
	text, ok := canon.String(raw)
	if !ok {
		return nil, sigil.NewInvalid("invalid_policy", "policy", `must be a string, such as "halflife h=7d threshold=0.95"`)
	}
	return sigil.ParsePolicy(text)
}

func readBool(name string, raw []byte) (bool, error) { return boolean("invalid_"+name, name, raw) }

func readOnDuplicate(raw []byte) (sigil.OnDuplicate, error) {
	s, ok := canon.String(raw)
	choice := sigil.OnDuplicate(s)
	if !ok || s == "" {
		choice = "?" // whatever is no choice
	}
	return choice, choice.Check()
}

// readSimilar reads a cosine. In a draft 0 means that nothing is asked for, which a request says by leaving it out.
func readSimilar(raw []byte) (float64, error) {
	x, err := strconv.ParseFloat(string(raw), 64)
	if jsontext.Value(raw).Kind() != '0' || err != nil || x <= 0 || x > 1 {
		return 0, sigil.NewInvalid("invalid_similar", "similar", "must be a number over 0 and at most 1")
	}
	return x, nil
}

// MaxKey is the maximum length of an idempotency key, in bytes, the same as the engine's.
const MaxKey = 255

// Key reads an idempotency key from a member of a request.
func Key(raw []byte) (string, error) {
	key, ok := canon.String(raw)
	if !ok || !ValidKey(key, MaxKey) {
		return "", InvalidKey("idempotencyKey", MaxKey)
	}
	return key, nil
}

// ValidKey reports whether key may be an idempotency key of at most max bytes.
func ValidKey(key string, max int) bool {
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return false
		}
	}
	return key != "" && len(key) <= max
}

// InvalidKey returns the error for a key that is not valid.
func InvalidKey(field string, max int) error {
	return sigil.NewInvalid("invalid_idempotency_key", field, "must be one of 1 to "+strconv.Itoa(max)+" printable ASCII characters")
}

// maxVector is the most numbers of a vector that are read; the engine judges the rest.
const maxVector = 4096

// Vector reads a vector.
func Vector(raw []byte) ([]float32, error) {
	values, ok := canon.Array(raw)
	if !ok || len(values) == 0 || len(values) > maxVector {
		return nil, sigil.NewInvalid("invalid_vector", "vector", "must be an array of 1 to "+strconv.Itoa(maxVector)+" numbers")
	}
	v := make([]float32, len(values))
	for i, value := range values {
		x, err := strconv.ParseFloat(string(value), 32)
		if jsontext.Value(value).Kind() != '0' || err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, sigil.NewInvalid("invalid_vector", "vector/"+strconv.Itoa(i), "must be a number")
		}
		if math.IsInf(x, 0) {
			return nil, sigil.NewInvalid("invalid_vector", "vector/"+strconv.Itoa(i), "is too large")
		}
		v[i] = float32(x)
	}
	return v, nil
}

func (r Reader) readTags(raw []byte) ([]string, error) {
	values, ok := canon.Array(raw)
	if !ok {
		return nil, sigil.NewInvalid("invalid_tags", "tags", "must be an array of strings")
	}
	if most := r.Tags; len(values) > most {
		return nil, sigil.NewTooLarge("too_many_tags", "tags", "has more than "+strconv.Itoa(most)+" tags")
	}
	tags := make([]string, len(values))
	for i, v := range values {
		if tags[i], ok = canon.String(v); !ok {
			return nil, sigil.NewInvalid("invalid_tag", "tags/"+strconv.Itoa(i), "must be a string")
		}
	}
	return tags, nil
}
