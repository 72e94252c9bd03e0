package draft

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

// requiredOfExported are the members that every exported memory has.
var requiredOfExported = []string{
	"id", "tenant", "createdAt", "lastAccessed", "accessCount", "fadesAt", "ttl", "pinned", "crystallized", "policy", "hash", "frequency", "potential",
	"state", "tags", "data",
}

// Exported is a memory of an export, with the fields of the engine's type.
type Exported struct {
	sigil.Memory
	Vector       []int8
	SupersededBy sigil.ID
	SupersededAt time.Time
}

// Exported reads a line of an export for a memory, or for a former version. What it returns refers to the data in body. Exported checks the
// forms of the members; the engine judges whether they go together.
func (r Reader) Exported(body []byte) (m Exported, err error) {
	var found []string
	err = r.Object(body, func(name string, value []byte) (err error) {
		found = append(found, name)
		switch name {
		case "sigil": // the kind of line in a file
			if kind, _ := canon.String(value); kind != "memory" && kind != "version" {
				err = wrongFigure(name, `must be "memory" or "version"`)
			}
		case "id":
			m.ID, err = readID(value)
		case "tenant":
			var ok bool
			if m.Tenant, ok = canon.String(value); !ok {
				err = wrongFigure(name, "must be the name of a tenant")
			}
		case "createdAt":
			m.CreatedAt, err = readTime(name, value)
		case "lastAccessed":
			m.LastAccessed, err = readTime(name, value)
		case "accessCount":
			m.AccessCount, err = readCount(name, value)
		case "stoodSeconds":
			m.Stood, err = readSeconds(name, value)
		case "fadesAt":
			if jsontext.Value(value).Kind() != 'n' {
				m.FadesAt, err = readTime(name, value)
			}
		case "ttl":
			m.TTL, err = readTTL(name, value)
		case "stretch":
			if m.Stretch, err = readNumber(name, value); err == nil && !(m.Stretch > 0) {
				err = wrongFigure(name, "must be over 0")
			}
		case "pinned":
			m.Pinned, err = readBool(name, value)
		case "crystallized":
			m.Crystallized, err = readBool(name, value)
		case "policy":
			m.Policy, err = readPolicy(value)
		case "ownPolicy":
			m.OwnPolicy, err = readBool(name, value)
		case "hash":
			m.Hash, err = readHash(value)
		case "frequency":
			m.Frequency, err = readFrequency(value)
		case "potential":
			m.Potential, err = readNumber(name, value)
		case "state":
			var state *sigil.State
			if state, err = State(value); err == nil {
				m.State = *state
			}
		case "tags":
			m.Tags, err = r.readTags(value)
		case "vector":
			m.Vector, err = readCompact(value)
		case "supersededBy":
			m.SupersededBy, err = readID(value)
		case "supersededAt":
			m.SupersededAt, err = readTime(name, value)
		case "data":
			m.Data = value
		default:
			err = UnknownField(name)
		}
		return err
	})
	if err != nil {
		return m, err
	}
	required := requiredOfExported
	if slices.Contains(found, "supersededBy") || slices.Contains(found, "supersededAt") {
		required = append(slices.Clone(required), "supersededBy", "supersededAt")
	}
	for _, name := range required {
		if !slices.Contains(found, name) {
			return m, MissingField(name)
		}
	}
	return m, nil
}

// wrongFigure returns the error for a member of an exported memory that cannot be what it is.
func wrongFigure(name, detail string) error { return sigil.NewInvalid("invalid_figure", name, detail) }

func readID(raw []byte) (sigil.ID, error) {
	text, _ := canon.String(raw) // a value that is not a string is not an id
	return sigil.ParseID(text)
}

// readTime reads a time in the form of answers, of the years 1970 to 9999.
func readTime(name string, raw []byte) (time.Time, error) {
	text, _ := canon.String(raw)
	t, err := time.Parse(time.RFC3339Nano, text)
	if t = t.UTC(); err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return t, wrongFigure(name, `must be a time such as "2026-03-01T12:00:00.250Z", from 1970 on`)
	}
	return t, nil
}

func readCount(name string, raw []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(raw), 10, 63)
	if err != nil {
		return 0, wrongFigure(name, "must be a whole number from 0")
	}
	return n, nil
}

// readSeconds reads a whole number of seconds, which may be negative.
func readSeconds(name string, raw []byte) (time.Duration, error) {
	n, err := strconv.ParseInt(string(raw), 10, 32)
	if err != nil {
		return 0, wrongFigure(name, "must be a whole number of seconds")
	}
	return time.Duration(n) * time.Second, nil
}

func readNumber(name string, raw []byte) (float64, error) {
	x, err := strconv.ParseFloat(string(raw), 64)
	if jsontext.Value(raw).Kind() != '0' || err != nil {
		return 0, wrongFigure(name, "must be a number")
	}
	return x, nil
}

// readFrequency reads one of the 1,000 frequencies.
func readFrequency(raw []byte) (sigil.Frequency, error) {
	x, err := readNumber("frequency", raw)
	if err != nil {
		return 0, err
	}
	if i := math.Round(x / sigil.Phi * sigil.NumFrequencies); i >= 0 && i < sigil.NumFrequencies && sigil.Frequency(i).Value() == x {
		return sigil.Frequency(i), nil
	}
	return 0, wrongFigure("frequency", "must be a whole number of thousandths of 1.618033988749895")
}

func readPolicy(raw []byte) (sigil.Policy, error) {
	text, ok := canon.String(raw)
	policy, err := sigil.ParsePolicy(text)
	if !ok || err != nil {
		return nil, sigil.NewInvalid("invalid_policy", "policy", "must be a policy that this service knows, in the form of answers")
	}
	return policy, nil
}

func readHash(raw []byte) (h sigil.Hash, err error) {
	text, _ := canon.String(raw)
	b, err := hex.DecodeString(text)
	if copy(h[:], b); err != nil || len(b) != len(h) || h.String() != text {
		return h, sigil.NewInvalid("invalid_hash", "hash", "must be a SHA-256 as 64 hexadecimal digits in lower case")
	}
	return h, nil
}

// readCompact reads a vector in compact form.
func readCompact(raw []byte) ([]int8, error) {
	numbers, err := Vector(raw)
	if err != nil {
		return nil, err
	}
	vector := make([]int8, len(numbers))
	for i, x := range numbers {
		if vector[i] = int8(max(-127, min(127, x))); float32(vector[i]) != x {
			return nil, sigil.NewInvalid("invalid_vector", "vector/"+strconv.Itoa(i), "must be a whole number from -127 to 127")
		}
	}
	return vector, nil
}
