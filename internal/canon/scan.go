package canon

import (
	"bytes"
	"math"
)

// The scans in this file find the end of something in text that may not be JSON, before any work is done for
// it. They report no errors: the function that later reads the text does.

// crossing returns the index of the first bracket in raw, outside strings, after which the depth is over most
// or equal to least, or -1 if there is none. It stops at a string that does not end.
func crossing(raw []byte, least, most int) int {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			end := endOfString(raw, i)
			if end < 0 {
				return -1
			}
			i = end - 1
		case '[', '{':
			if depth++; depth > most {
				return i
			}
		case ']', '}':
			if depth--; depth == least {
				return i
			}
		}
	}
	return -1
}

// endOfString returns the index after the string that begins at from, or -1 if it does not end.
func endOfString(raw []byte, from int) int {
	for i := from + 1; ; {
		n := bytes.IndexByte(raw[i:], '"')
		if n < 0 {
			return -1
		}
		i += n + 1
		if !escaped(raw[from+1 : i-1]) {
			return i
		}
	}
}

// escaped reports whether text ends with a backslash that escapes the next character.
func escaped(text []byte) bool {
	n := len(text)
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	return (len(text)-n)%2 == 1
}

// Deeper reports whether raw opens more than limit levels of arrays and objects.
func Deeper(raw []byte, limit int) bool { return crossing(raw, math.MinInt, limit) >= 0 }

// OnlyMember returns the value in body, as a part of body, if body has the form {"name":value} without white
// space around the value, and the value is an object or an array. It only looks for the value's end. If
// [Read] accepts the value, body is an object with this one member; otherwise [Members] returns the error of
// body.
func OnlyMember(body []byte, name string) (value []byte, ok bool) {
	const open, colon = `{"`, `":`
	at := len(open) + len(name) + len(colon)
	if len(body) < at+len(`[]}`) || string(body[:len(open)]) != open || string(body[len(open):at-len(colon)]) != name ||
		string(body[at-len(colon):at]) != colon || body[at] != '[' && body[at] != '{' || body[len(body)-1] != '}' {
		return nil, false
	}
	value = body[at : len(body)-1]
	return value, crossing(value, 0, math.MaxInt) == len(value)-1
}

// Scalar returns the length of the number or string at the start of raw, if it is a whole number from 0 or a
// string of printable ASCII without escapes. For anything else it returns 0.
func Scalar(raw []byte) int {
	if len(raw) == 0 || raw[0] != '"' {
		return digits(raw)
	}
	for i, c := range raw[1:] {
		switch {
		case c == '"':
			return 1 + i + 1
		case c < ' ' || c > '~' || c == '\\':
			return 0
		}
	}
	return 0
}

// digits returns the length of the whole number at the start of raw, or 0.
func digits(raw []byte) int {
	n := 0
	for n < len(raw) && raw[n] >= '0' && raw[n] <= '9' {
		n++
	}
	if n > 1 && raw[0] == '0' {
		return 0
	}
	return n
}
