package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/wire"
)

// liveRequest is a request on a WebSocket.
type liveRequest struct {
	id     json.RawMessage
	op     string
	draft  []byte
	change sigil.Change
	key    string
	memory sigil.ID
	after  *sigil.Token
	// recalls reports whether a subscription includes recalls.
	recalls bool
	has     map[string]bool
	quick   []byte // the message, if plainEncode read it
}

// wants has the members that each operation needs, and those that it may have.
var wants = map[string]struct{ needs, may []string }{
	wire.LiveEncode:      {[]string{"sigil"}, []string{"idempotencyKey"}},
	wire.LiveRecall:      {[]string{"memory"}, nil},
	wire.LiveForget:      {[]string{"memory"}, nil},
	wire.LiveRestore:     {[]string{"memory"}, nil},
	wire.LiveChange:      {[]string{"memory", "change"}, nil},
	wire.LiveCorrect:     {[]string{"memory", "sigil"}, []string{"idempotencyKey"}},
	wire.LiveSubscribe:   {nil, []string{"after", "recalls"}},
	wire.LiveUnsubscribe: {nil, nil},
}

// readRequest reads a request. If it is an encode and the engine refuses the draft, the caller gets the right
// error from blame.
func readRequest(drafts draft.Reader, message []byte) (liveRequest, error) {
	if id, body, ok := plainEncode(message); ok {
		return liveRequest{id: id, op: wire.LiveEncode, draft: body, quick: message}, nil
	}
	return strictRequest(drafts, message)
}

// read returns the draft of an encode.
func (r *liveRequest) read(drafts draft.Reader) (sigil.Draft, error) {
	d, err := drafts.Quick(r.draft)
	d.IdempotencyKey = r.key
	return d, err
}

// blame returns the error for a request whose draft the engine refused with err. An error of the message
// itself, if there is one, takes precedence.
func (r *liveRequest) blame(drafts draft.Reader, err error) error {
	if r.quick != nil && (errors.Is(err, sigil.ErrInvalid) || errors.Is(err, sigil.ErrTooLarge)) {
		if _, err := strictRequest(drafts, r.quick); err != nil {
			return err
		}
	}
	return drafts.Blame(r.draft, err)
}

// plainEncode returns id and draft of a message of the form {"id":…,"op":"encode","sigil":{"data":…}} without
// white space in between, as most messages. It checks the id. In the draft it only looks for the end, like
// [canon.OnlyMember]; the code that takes the data checks the JSON.
func plainEncode(message []byte) (id, body []byte, ok bool) {
	rest, ok := bytes.CutPrefix(message, []byte(`{"id":`))
	if !ok {
		return nil, nil, false
	}
	id = rest[:canon.Scalar(rest[:min(len(rest), maxLiveID)])]
	body, ok = bytes.CutPrefix(rest[len(id):], []byte(`,"op":"encode","sigil":`))
	if !ok || len(id) == 0 || !bytes.HasSuffix(body, []byte("}")) {
		return nil, nil, false
	}
	body = body[:len(body)-1]
	_, ok = canon.OnlyMember(body, "data")
	return id, body, ok
}

// strictRequest reads any request, and returns an error if it is invalid.
func strictRequest(drafts draft.Reader, message []byte) (r liveRequest, err error) {
	r.has = map[string]bool{}
	err = canon.Members(message, drafts.Depth+2, func(name string, value []byte) (err error) {
		r.has[name] = true
		switch name {
		case "id":
			kind := jsontext.Value(value).Kind()
			if kind != '"' && kind != '0' || len(value) > maxLiveID {
				return sigil.NewInvalid("invalid_request_id", "id", "must be a string or number of at most 64 bytes")
			}
			r.id = value
		case "op":
			r.op, _ = canon.String(value)
		case "sigil":
			r.draft = value
		case "change":
			r.change, err = drafts.Change(value)
		case "idempotencyKey":
			r.key, err = draft.Key(value)
		case "memory":
			text, _ := canon.String(value)
			if r.memory, err = sigil.ParseID(text); err != nil {
				err = sigil.NewInvalid("invalid_id", "memory", "is not a UUID of 36 characters")
			}
		case "after":
			r.after = new(sigil.Token)
			err = r.after.UnmarshalJSON(value)
		case "recalls":
			if json.Unmarshal(value, &r.recalls) != nil || value[0] == 'n' {
				err = sigil.NewInvalid("invalid_parameter", "recalls", "must be true or false")
			}
		default:
			err = draft.UnknownField(name)
		}
		return err
	})
	if err != nil {
		return r, err
	}
	want, known := wants[r.op]
	switch {
	case r.id == nil:
		return r, draft.MissingField("id")
	case !known:
		return r, sigil.NewInvalid("invalid_op", "op", "must be encode, recall, forget, restore, correct, change, subscribe or unsubscribe")
	}
	for _, name := range want.needs {
		if !r.has[name] {
			return r, draft.MissingField(name)
		}
	}
	for name := range r.has {
		if name != "id" && name != "op" && !slices.Contains(want.needs, name) && !slices.Contains(want.may, name) {
			return r, draft.UnknownField(name)
		}
	}
	return r, nil
}
