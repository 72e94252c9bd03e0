package httpapi

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
)

// readSearch reads the body of a search. content reports whether the answer should have the content of the memories.
func (a *API) readSearch(body []byte) (q engine.SearchQuery, content bool, err error) {
	content, asked := true, false
	err = a.drafts.Object(body, func(name string, value []byte) (err error) {
		switch name {
		case "query":
			asked = true
			if q.Text, err = bodyText("invalid_query", name, value); err == nil && strings.TrimSpace(q.Text) == "" {
				err = sigil.NewInvalid("invalid_query", name, emptyQuery) // also beside a vector or an id
			}
		case "vector":
			asked = true
			q.Vector, err = draft.Vector(value)
		case "like":
			asked = true
			q.Like, err = bodyID(name, value)
		case "limit":
			if q.Limit, err = bodyWhole("invalid_limit", name, value); err == nil && q.Limit < 1 {
				err = sigil.NewInvalid("invalid_limit", name, "must be a whole number from 1")
			}
		case "cursor":
			q.Cursor, err = bodyText("invalid_cursor", name, value)
		case "weights":
			q.Weights, err = a.readWeights(value)
		case "minScore":
			q.MinScore, err = bodyNumber("invalid_min", name, value)
		case "maxBytes":
			var n int
			n, err = bodyWhole("invalid_max_bytes", name, value)
			q.MaxBytes = int64(n)
		case "recall":
			q.Recall, err = draft.Bool(name, value)
		case "highlight":
			q.Highlight, err = draft.Bool(name, value)
		case "explain":
			q.Explain, err = draft.Bool(name, value)
		case "content":
			content, err = draft.Bool(name, value)
		default:
			err = readFilter(&q, name, value)
		}
		return err
	})
	if err == nil && !asked {
		err = draft.MissingField("query")
	}
	return q, content, err
}

// readFilter reads a member that selects memories.
func readFilter(q *engine.SearchQuery, name string, value []byte) (err error) {
	f := &q.Filter
	switch name {
	case "tags":
		f.Tags, err = bodyTags(name, value)
	case "anyTags":
		f.AnyTags, err = bodyTags(name, value)
	case "notTags":
		f.NotTags, err = bodyTags(name, value)
	case "pinned":
		f.Pinned = new(bool)
		*f.Pinned, err = draft.Bool(name, value)
	case "crystallized":
		f.Crystallized = new(bool)
		*f.Crystallized, err = draft.Bool(name, value)
	case "pattern":
		f.Pattern = new(int)
		*f.Pattern, err = bodyWhole("invalid_pattern", name, value)
	case "createdAfter":
		f.CreatedAfter, err = bodyMoment(name, value)
	case "createdBefore":
		f.CreatedBefore, err = bodyMoment(name, value)
	case "fadingAfter":
		f.FadingAfter, err = bodyMoment(name, value)
	case "fadingBefore":
		f.FadingBefore, err = bodyMoment(name, value)
	default:
		err = draft.UnknownField(name)
	}
	return err
}

// readWeights reads the weights of a score. What is left out has its default.
func (a *API) readWeights(raw []byte) (*engine.Weights, error) {
	if jsontext.Value(raw).Kind() != '{' {
		return nil, sigil.NewInvalid("invalid_weights", "weights", "must be an object")
	}
	w := new(engine.Weights)
	*w = a.engine.DefaultWeights()
	return w, a.drafts.Object(raw, func(name string, value []byte) (err error) {
		path := "weights." + name
		switch name {
		case "words":
			w.Words, err = bodyNumber("invalid_weights", path, value)
		case "meaning":
			w.Meaning, err = bodyNumber("invalid_weights", path, value)
		case "freshness":
			w.Freshness, err = bodyNumber("invalid_weights", path, value)
		case "strength":
			w.Strength, err = bodyNumber("invalid_weights", path, value)
		default:
			err = draft.UnknownField(path)
		}
		return err
	})
}

func bodyText(code, name string, raw []byte) (string, error) {
	s, ok := canon.String(raw)
	if !ok {
		return "", sigil.NewInvalid(code, name, "must be a string")
	}
	return s, nil
}

func bodyID(name string, raw []byte) (sigil.ID, error) {
	s, _ := canon.String(raw)
	id, err := sigil.ParseID(s)
	if err != nil {
		return id, sigil.NewInvalid("invalid_id", name, "is not a UUID of 36 characters")
	}
	return id, nil
}

func bodyWhole(code, name string, raw []byte) (int, error) {
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		return 0, sigil.NewInvalid(code, name, "must be a whole number")
	}
	return n, nil
}

func bodyNumber(code, name string, raw []byte) (f float64, err error) {
	if jsontext.Value(raw).Kind() != '0' || json.Unmarshal(raw, &f) != nil {
		return 0, sigil.NewInvalid(code, name, "must be a number")
	}
	return f, nil
}

func bodyMoment(name string, raw []byte) (time.Time, error) {
	s, _ := canon.String(raw)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.IsZero() {
		return t, sigil.NewInvalid("invalid_parameter", name, "must be a time in RFC 3339 form, such as 2026-01-31T12:00:00Z")
	}
	return t, nil
}

func bodyTags(name string, raw []byte) ([]string, error) {
	values, ok := canon.Array(raw)
	if !ok {
		return nil, sigil.NewInvalid("invalid_tags", name, "must be an array of strings")
	}
	all := make([]string, len(values))
	for i, v := range values {
		if all[i], ok = canon.String(v); !ok {
			return nil, sigil.NewInvalid("invalid_tag", name+"/"+strconv.Itoa(i), "must be a string")
		}
	}
	return all, nil
}
