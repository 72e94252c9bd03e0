package httpapi

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

// draft reads {data, state?, ttl?, pinned?, tags?}. Of body it refers to the data alone, of which the engine
// makes a copy. What data may be is the engine's to say: here it
// is only known to be JSON.
func (a *API) draft(body []byte) (d sigil.Draft, err error) { return a.readDraft(body, false) }

// readDraft is like draft, and for an item of a batch also reads its idempotencyKey.
func (a *API) readDraft(body []byte, inBatch bool) (d sigil.Draft, err error) {
	err = a.object(body, func(name string, value []byte) (err error) {
		switch name {
		case "data":
			d.Data = value
		case "state":
			d.State, err = readState(value)
		case "ttl":
			d.TTL, err = readTTL(value)
		case "pinned":
			d.Pinned, err = readBool("pinned", value)
		case "tags":
			d.Tags, err = a.readTags(value)
		case "idempotencyKey":
			if !inBatch {
				return unknownField(name)
			}
			d.IdempotencyKey, err = readKey(value)
		default:
			err = unknownField(name)
		}
		return err
	})
	if err == nil && d.Data == nil {
		err = missingField("data")
	}
	return d, err
}

// quickDraft is [API.draft] for who asks [API.blamed] what an error of the engine's over the draft is.
func (a *API) quickDraft(body []byte) (sigil.Draft, error) {
	if data, ok := dataOnly(body); ok {
		return sigil.Draft{Data: data}, nil
	}
	return a.draft(body)
}

// blamed gives what is wrong with a body of which the engine has refused the draft: with the body itself, if
// anything, first.
func (a *API) blamed(body []byte, err error) error {
	if _, quick := dataOnly(body); quick && (errors.Is(err, sigil.ErrInvalid) || errors.Is(err, sigil.ErrTooLarge)) {
		if _, err := a.draft(body); err != nil {
			return err
		}
	}
	return err
}

// dataOnly returns the data of a body that is nothing but {"data":…}, as most are, if it is an object or an array.
// Whether it is JSON is left to the engine; if it is not, [API.draft] says what is wrong with the body.
func dataOnly(body []byte) (data []byte, ok bool) { return canon.OnlyMember(body, "data") }

// object reads one JSON object whose members are each as deep as data may be.
func (a *API) object(body []byte, take func(name string, value []byte) error) error {
	return canon.Members(body, a.engine.Limits().Depth+1, take)
}

func unknownField(name string) error {
	return sigil.NewInvalid("unknown_field", canon.Field(name), "is no member of this request")
}

func missingField(name string) error {
	return sigil.NewInvalid("missing_field", name, "is required")
}

func readState(raw []byte) (*sigil.State, error) {
	s := new(sigil.State)
	return s, s.UnmarshalJSON(bytes.Clone(raw)) // it keeps what it is not told of as it came
}

func readBool(name string, raw []byte) (bool, error) {
	switch jsontext.Value(raw).Kind() {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	}
	return false, sigil.NewInvalid("invalid_"+name, name, "must be true or false")
}

// readKey reads an idempotency key that is a member of a request.
func readKey(raw []byte) (string, error) {
	key, ok := canon.String(raw)
	if !ok || !validKey(key, maxKey) {
		return "", invalidKey("idempotencyKey", maxKey)
	}
	return key, nil
}

func (a *API) readTags(raw []byte) ([]string, error) {
	values, ok := canon.Array(raw)
	if !ok {
		return nil, sigil.NewInvalid("invalid_tags", "tags", "must be an array of strings")
	}
	if most := a.engine.Limits().Tags; len(values) > most {
		return nil, tooLarge("too_many_tags", "tags", "has more than %d tags", most)
	}
	tags := make([]string, len(values))
	for i, v := range values {
		if tags[i], ok = canon.String(v); !ok {
			return nil, sigil.NewInvalid("invalid_tag", "tags/"+strconv.Itoa(i), "must be a string")
		}
	}
	return tags, nil
}

// maxTTL keeps a deadline within what a duration and a calendar can hold.
const maxTTL = 100 * 365 * 24 * time.Hour

// readTTL reads a duration ("90s", "36h", "7d", "1d12h"), a number of seconds, or null for none. Answers show a
// duration as [sigil.FormatDuration] writes it.
func readTTL(raw []byte) (time.Duration, error) {
	var d time.Duration
	var ok bool
	switch jsontext.Value(raw).Kind() {
	case 'n':
		return 0, nil
	case '"':
		var s string
		if s, ok = canon.String(raw); ok {
			d, ok = parseDuration(s)
		}
	case '0':
		d, ok = parseSeconds(string(raw))
	}
	if !ok {
		return 0, sigil.NewInvalid("invalid_ttl", "ttl", `must be a duration such as "90s", "36h" or "7d", or a number of seconds`)
	}
	if d <= 0 || d > maxTTL {
		return 0, sigil.NewInvalid("invalid_ttl", "ttl", "must be over 0 and at most 36500d")
	}
	return d, nil
}

// parseSeconds gives more than maxTTL for whatever is more, and at least a nanosecond for what is over
// 0: none at all would mean no ttl.
func parseSeconds(s string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(s, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && seconds > 0 || seconds > maxTTL.Seconds():
		return maxTTL + 1, true
	case err != nil:
		return 0, false
	case seconds > 0:
		return max(1, time.Duration(math.Round(seconds*float64(time.Second)))), true
	}
	return 0, true
}

// parseDuration returns a duration over maxTTL for days that no duration can hold: they are out of range.
func parseDuration(s string) (time.Duration, bool) {
	d, err := sigil.ParseDuration(s)
	return d, err == nil || errors.Is(err, strconv.ErrRange)
}
