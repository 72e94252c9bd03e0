package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
)

// Members reads body as exactly one JSON object, nested at most depth levels, and calls take for each member
// in order. It refuses duplicate keys at any level, invalid UTF-8, lone surrogates and anything after the
// object. The values are parts of body.
//
// Errors are those of take, or [sigil.ErrInvalid] with the path of the error as Field, or "body".
func Members(body []byte, depth int, take func(name string, value []byte) error) error {
	if Deeper(body, depth) {
		return tooDeepMember(body, depth)
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	if err := begin(dec, '{', body, "must be a JSON object"); err != nil {
		return err
	}
	for {
		name, err := dec.ReadToken()
		if err != nil {
			return explainBody(body, err)
		}
		if name.Kind() == '}' {
			break
		}
		key := name.String()
		value, err := readValue(dec, body)
		if err != nil {
			return explainBody(body, err)
		}
		if err := take(key, value); err != nil {
			return err
		}
	}
	return end(dec, body)
}

// Elements is like Members, for an array. It does not check the values: a duplicate key or invalid UTF-8 in
// one does not affect the others. The code that reads a value checks it.
func Elements(body []byte, take func(value []byte) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := begin(dec, '[', body, "must be a JSON array"); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		value, err := readValue(dec, body)
		if err != nil {
			return explainBody(body, err)
		}
		if err := take(value); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return explainBody(body, err)
	}
	return end(dec, body)
}

// begin reads the opening bracket. The error for a value of another kind differs from the error for invalid
// JSON.
func begin(dec *jsontext.Decoder, bracket jsontext.Kind, body []byte, wanted string) error {
	if dec.PeekKind() == bracket {
		_, err := dec.ReadToken()
		return err
	}
	if err := dec.SkipValue(); err != nil {
		return explainBody(body, err)
	}
	return sigil.NewInvalid("invalid_body", "body", wanted)
}

// readValue returns the next value as a part of body. The decoder's own value is valid only until its next
// read.
func readValue(dec *jsontext.Decoder, body []byte) ([]byte, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	to := dec.InputOffset()
	return body[to-int64(len(value)) : to], nil
}

// end returns an error if something follows the one value that body should be.
func end(dec *jsontext.Decoder, body []byte) error {
	if _, err := dec.ReadToken(); errors.Is(err, io.EOF) {
		return nil
	}
	return sigil.NewInvalid("invalid_json", "body", "goes on after its JSON value, at byte "+strconv.FormatInt(dec.InputOffset(), 10))
}

// maxReader is the depth to which the library reads.
const maxReader = 10_000

// explainBody is like [Explain], with the path from the top of body as the field.
func explainBody(body []byte, err error) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return sigil.NewInvalid("invalid_json", "body", "is empty")
	}
	if Deeper(body, maxReader) {
		return sigil.NewInvalid("too_deep", "body", "is nested too deeply to be read")
	}
	e := Explain("", body, err)
	if syntax := (*jsontext.SyntacticError)(nil); e.Field == "" && errors.As(err, &syntax) {
		e.Field = string(syntax.JSONPointer)
	}
	if e.Field == "" {
		e.Field = "body"
	} else {
		e.Field = Field(strings.TrimPrefix(e.Field, "/"))
	}
	return e
}

// tooDeepMember returns an error that names the member of body that is deeper than depth. It stops reading
// there.
func tooDeepMember(body []byte, depth int) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	for dec.StackDepth() <= depth {
		if _, err := dec.ReadToken(); err != nil {
			return explainBody(body, err)
		}
	}
	field := "body"
	if kind, _ := dec.StackIndex(1); kind == '{' {
		for member := range dec.StackPointer().Tokens() {
			field = Field(member)
			break
		}
	}
	return tooDeep(field, depth-1)
}

// Field returns the form in which an error shows a member's name. The empty name is shown as two quotes, so
// that it is visible.
func Field(name string) string {
	if name == "" {
		return `""`
	}
	return name
}

// Array returns the elements of a value that is known to be JSON. ok is false if it is not an array.
func Array(value []byte) (elements []json.RawMessage, ok bool) {
	if jsontext.Value(value).Kind() != '[' {
		return nil, false
	}
	err := json.Unmarshal(value, &elements)
	return elements, err == nil
}

// String returns the text of a value that is known to be JSON, or false if it is not a string.
func String(value []byte) (string, bool) {
	if jsontext.Value(value).Kind() != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, value)
	return string(b), err == nil
}
