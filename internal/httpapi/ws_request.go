package httpapi

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
)

// liveRequest is a request, read strictly.
type liveRequest struct {
	id     json.RawMessage
	op     string
	draft  []byte
	key    string
	memory sigil.ID
	after  *uint64
	has    map[string]bool
}

// wants are the members that an operation needs, and may have.
var wants = map[string]struct{ needs, may string }{
	sigil.LiveEncode:      {"sigil", "idempotencyKey"},
	sigil.LiveRecall:      {"memory", ""},
	sigil.LiveForget:      {"memory", ""},
	sigil.LiveSubscribe:   {"", "after"},
	sigil.LiveUnsubscribe: {"", ""},
}

func (a *API) liveRequest(message []byte) (r liveRequest, err error) {
	r.has = map[string]bool{}
	err = members(message, a.engine.Limits().Depth+2, func(name string, value []byte) (err error) {
		r.has[name] = true
		switch name {
		case "id":
			kind := jsontext.Value(value).Kind()
			if kind != '"' && kind != '0' || len(value) > maxLiveID {
				return sigil.Invalid("invalid_request_id", "id", "must be a string or number of at most 64 bytes")
			}
			r.id = value
		case "op":
			r.op, _ = readString(value)
		case "sigil":
			r.draft = value
		case "idempotencyKey":
			var ok bool
			if r.key, ok = readString(value); !ok || !validKey(r.key, maxKey) {
				err = invalidKey("idempotencyKey", maxKey)
			}
		case "memory":
			text, _ := readString(value)
			if r.memory, err = sigil.ParseID(text); err != nil {
				err = sigil.Invalid("invalid_id", "memory", "is not a UUID of 36 characters")
			}
		case "after":
			r.after = new(uint64)
			if json.Unmarshal(value, r.after) != nil || jsontext.Value(value).Kind() != '0' {
				err = sigil.Invalid("invalid_parameter", "after", "must be a position of the journal: a whole number from 0")
			}
		default:
			err = unknownField(name)
		}
		return err
	})
	if err != nil {
		return r, err
	}
	want, known := wants[r.op]
	switch {
	case r.id == nil:
		return r, missingField("id")
	case !known:
		return r, sigil.Invalid("invalid_op", "op", "must be encode, recall, forget, subscribe or unsubscribe")
	case want.needs != "" && !r.has[want.needs]:
		return r, missingField(want.needs)
	}
	for name := range r.has {
		if name != "id" && name != "op" && name != want.needs && name != want.may {
			return r, unknownField(name)
		}
	}
	return r, nil
}
