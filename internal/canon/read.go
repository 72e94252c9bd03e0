// Package canon reads JSON from outside. [Read] returns the compact form, which is kept, and the SHA-256 of
// the canonical form (RFC 8785). [Members] and [Elements] split a request, and [OnlyMember] quickly finds the
// data of most requests.
//
// It owns all scanning of JSON by hand (fast.go, scan.go) and the error texts for invalid JSON. It is pure:
// it does not know memories, tenants or the time.
package canon

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
)

// Limits are the limits of Read.
type Limits struct {
	Bytes int // maximum length of the value as sent; at least 1
	Depth int // maximum depth of arrays and objects: [] has 1
}

// Read checks that raw is exactly one JSON value, within limits, without duplicate keys, invalid UTF-8, lone
// surrogates, or numbers that no float64 can hold. It returns the value without insignificant white space but
// with all digits, and the hash of its canonical form. It neither keeps nor changes raw.
//
// Errors are [sigil.ErrInvalid] and [sigil.ErrTooLarge]. Their Field is field, followed by a JSON pointer to
// the error if its place is known.
func Read(field string, raw []byte, limits Limits) ([]byte, sigil.Hash, error) {
	if len(raw) > limits.Bytes {
		return nil, sigil.Hash{}, sigil.NewTooLarge("data_too_large", field, "has "+strconv.Itoa(len(raw))+" bytes; at most "+strconv.Itoa(limits.Bytes)+" are allowed")
	}
	if compact, hash, ok := readFast(raw, limits.Depth); ok {
		return compact, hash, nil
	}
	return readSlow(field, raw, limits)
}

// readSlow is Read by the library, which decides what is canonical and reports all errors.
func readSlow(field string, raw []byte, limits Limits) ([]byte, sigil.Hash, error) {
	hash, err := canonicalHash(raw)
	if err != nil {
		if Deeper(raw, limits.Depth) { // the library's own limit would make it a syntax error
			return nil, sigil.Hash{}, tooDeep(field, limits.Depth)
		}
		return nil, sigil.Hash{}, Explain(field, raw, err)
	}
	compact, err := compactOf(field, raw, limits.Depth)
	if err != nil {
		return nil, sigil.Hash{}, err
	}
	return compact, hash, nil
}

// canonicals is a pool of buffers for canonical forms, which are not needed once they are hashed.
var canonicals = sync.Pool{New: func() any { return new(jsontext.Value) }}

// maxPooled is the maximum size of a buffer that a pool keeps.
const maxPooled = 64 << 10

func canonicalHash(raw []byte) (sigil.Hash, error) {
	canonical := canonicals.Get().(*jsontext.Value) //nolint:forcetypeassert // nothing else is put there
	defer func() {
		if cap(*canonical) <= maxPooled {
			canonicals.Put(canonical)
		}
	}()
	*canonical = append((*canonical)[:0], raw...)
	if err := canonical.Canonicalize(); err != nil {
		return sigil.Hash{}, err
	}
	return sha256.Sum256(*canonical), nil
}

// Explain turns an error of the library about raw into one that names the field and the mistake, but no
// value.
func Explain(field string, raw []byte, err error) *sigil.Error {
	if !utf8.Valid(raw) {
		return sigil.NewInvalid("invalid_utf8", field, "is not valid UTF-8")
	}
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return sigil.NewInvalid("invalid_json", field, "is not valid JSON")
	}
	field += clip(string(syntax.JSONPointer))
	at := " at byte " + strconv.FormatInt(syntax.ByteOffset, 10)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return sigil.NewInvalid("duplicate_key", field, "occurs twice in its object"+at)
	case strings.Contains(syntax.Err.Error(), "surrogate"):
		return sigil.NewInvalid("lone_surrogate", field, "has a lone UTF-16 surrogate"+at)
	case len(bytes.TrimSpace(raw)) == 0:
		return sigil.NewInvalid("invalid_json", field, "is empty")
	}
	return sigil.NewInvalid("invalid_json", field, "is not valid JSON"+at)
}

// maxPointer is the maximum length in bytes of a JSON pointer in an error: its names come from outside.
const maxPointer = 128

func clip(pointer string) string {
	if len(pointer) <= maxPointer {
		return pointer
	}
	return strings.ToValidUTF8(pointer[:maxPointer], "") + "…"
}

func tooDeep(field string, limit int) *sigil.Error {
	return sigil.NewInvalid("too_deep", field, "is nested deeper than "+strconv.Itoa(limit)+" levels")
}

// compactOf reads valid JSON once. It drops white space, checks the depth, and checks the range of numbers
// (the library accepts 1e400 as the largest float64).
func compactOf(field string, raw []byte, maxDepth int) ([]byte, error) {
	compact := make([]byte, 0, len(raw))
	depth := 0
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '"':
			end := endOfString(raw, i)
			compact = append(compact, raw[i:end]...)
			i = end
			continue
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(raw) && strings.IndexByte("0123456789+-.eE", raw[end]) >= 0 {
				end++
			}
			if _, err := strconv.ParseFloat(string(raw[i:end]), 64); err != nil {
				return nil, sigil.NewInvalid("number_out_of_range", field, "has a number beyond the range of a 64-bit float at byte "+strconv.Itoa(i))
			}
			compact = append(compact, raw[i:end]...)
			i = end
			continue
		case c == '[' || c == '{':
			depth++
			if depth > maxDepth {
				return nil, tooDeep(field, maxDepth)
			}
		case c == ']' || c == '}':
			depth--
		}
		compact = append(compact, raw[i])
		i++
	}
	return compact, nil
}

// Ordered returns a JSON value with the members of all objects in the order of RFC 8785, strings as RFC 8785
// writes them, and no white space. Unlike in the canonical form, numbers keep their digits. raw must be valid
// for [Read].
func Ordered(raw []byte) []byte {
	v := jsontext.Value(bytes.Clone(raw))
	if err := v.Format(jsontext.ReorderRawObjects(true)); err != nil {
		return raw // not valid, and so equal only to itself
	}
	return v
}
