package httpapi

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

// members reads body as exactly one JSON object, nested at most depth levels, and hands take each
// member in turn. Duplicate keys at any level, invalid UTF-8, lone surrogates and anything after the
// object are refused. The values are parts of body.
func members(body []byte, depth int, take func(name string, value []byte) error) error {
	if nesting(body) > depth {
		return tooDeep(body, depth)
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	if err := begin(dec, '{', body, "must be a JSON object"); err != nil {
		return err
	}
	for {
		name, err := dec.ReadToken()
		if err != nil {
			return explain(body, err)
		}
		if name.Kind() == '}' {
			break
		}
		key := name.String()
		value, err := readValue(dec, body)
		if err != nil {
			return explain(body, err)
		}
		if err := take(key, value); err != nil {
			return err
		}
	}
	return end(dec, body)
}

// elements reads body as exactly one JSON array of at most max values and gives them, as parts of
// body. It is lenient with the values: one with a duplicate key or invalid UTF-8 spoils none of its
// neighbors. Whoever reads them judges them.
func elements(body []byte, max int) ([][]byte, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := begin(dec, '[', body, "must be a JSON array"); err != nil {
		return nil, err
	}
	var values [][]byte
	for dec.PeekKind() != ']' {
		value, err := readValue(dec, body)
		if err != nil {
			return nil, explain(body, err)
		}
		if len(values) == max {
			return nil, batchTooLarge(max)
		}
		values = append(values, value)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, explain(body, err)
	}
	return values, end(dec, body)
}

// begin reads the opening bracket. Another value than wanted is told from what is no JSON at all.
func begin(dec *jsontext.Decoder, bracket jsontext.Kind, body []byte, wanted string) error {
	if dec.PeekKind() == bracket {
		_, err := dec.ReadToken()
		return err
	}
	if err := dec.SkipValue(); err != nil {
		return explain(body, err)
	}
	return sigil.NewInvalid("invalid_body", "body", wanted)
}

// readValue gives the next value as a part of body: the decoder's own is good until its next read.
func readValue(dec *jsontext.Decoder, body []byte) ([]byte, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	to := dec.InputOffset()
	return body[to-int64(len(value)) : to], nil
}

// end reports whatever follows the one value that body should be.
func end(dec *jsontext.Decoder, body []byte) error {
	if _, err := dec.ReadToken(); errors.Is(err, io.EOF) {
		return nil
	}
	return invalidf("invalid_json", "body", "goes on after its JSON value, at byte %d", dec.InputOffset())
}

// explain turns an error of the JSON reader into one that names the field, as a path from the top of
// body.
func explain(body []byte, err error) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return sigil.NewInvalid("invalid_json", "body", "is empty")
	}
	if nesting(body) > maxReader {
		return sigil.NewInvalid("too_deep", "body", "is nested too deeply to be read")
	}
	e := canon.Explain("", body, err)
	if syntax := (*jsontext.SyntacticError)(nil); e.Field == "" && errors.As(err, &syntax) {
		e.Field = string(syntax.JSONPointer)
	}
	if e.Field == "" {
		e.Field = "body"
	} else {
		e.Field = named(strings.TrimPrefix(e.Field, "/"))
	}
	return e
}

// maxReader is how deep the JSON reader goes.
const maxReader = 10_000

// nesting gives how many levels of arrays and objects raw opens, whether or not it is JSON: a look at
// the brackets, before any work is done for it.
func nesting(raw []byte) int {
	deepest, depth := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth--
		}
	}
	return deepest
}

// tooDeep names the member of body that goes deeper than depth. It reads no further than that.
func tooDeep(body []byte, depth int) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	for dec.StackDepth() <= depth {
		if _, err := dec.ReadToken(); err != nil {
			return explain(body, err)
		}
	}
	field := "body"
	if kind, _ := dec.StackIndex(1); kind == '{' {
		for member := range dec.StackPointer().Tokens() {
			field = named(member)
			break
		}
	}
	return invalidf("too_deep", field, "is nested deeper than %d levels", depth-1)
}
