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

// Members reads body as exactly one JSON object, nested at most depth levels, and calls take for each member in turn.
// It refuses duplicate keys at any level, invalid UTF-8, lone surrogates and anything after the object. The values are
// parts of body.
//
// Errors are those of take, or [sigil.ErrInvalid] with the path of the place as Field, or "body".
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

// Elements is like Members, for an array. It is lenient with the values: one with a duplicate key or invalid UTF-8
// spoils none of its neighbors. Whoever reads them judges them.
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

// begin reads the opening bracket. For another value than wanted, the error differs from the one for what is no JSON.
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

// readValue returns the next value as a part of body: the decoder's own is valid until its next read.
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

// maxReader is how deep the library reads.
const maxReader = 10_000

// explainBody is [Explain] with the path from the top of body as the field.
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

// tooDeepMember returns an error that names the member of body that is deeper than depth. It reads no further than that.
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

// Field returns how an error names a member whose name comes from outside: the empty one in quotes, so that it is seen.
func Field(name string) string {
	if name == "" {
		return `""`
	}
	return name
}

// Array returns the elements of a value that is known to be JSON, unless it is no array.
func Array(value []byte) (elements []json.RawMessage, ok bool) {
	if jsontext.Value(value).Kind() != '[' {
		return nil, false
	}
	err := json.Unmarshal(value, &elements)
	return elements, err == nil
}

// String returns the text of a value that is known to be JSON, unless it is no string.
func String(value []byte) (string, bool) {
	if jsontext.Value(value).Kind() != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, value)
	return string(b), err == nil
}
