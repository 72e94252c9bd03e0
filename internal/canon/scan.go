package canon

import (
	"bytes"
	"math"
)

// Scans find where something ends in text that may not be JSON: a look at it before any work is done for it. They
// report no mistakes. The function that then takes the text does.

// crossing returns the place of the first bracket in raw, outside strings, after which the depth is over most or is
// least, and -1 if there is none. A string without an end is the last thing it looks at.
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

// endOfString returns the place after the string that begins at from, or -1 if it has no end.
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

// escaped reports whether a backslash at the end of text escapes what follows it.
func escaped(text []byte) bool {
	n := len(text)
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	return (len(text)-n)%2 == 1
}

// Deeper reports whether raw opens more than limit levels of arrays and objects.
func Deeper(raw []byte, limit int) bool { return crossing(raw, math.MinInt, limit) >= 0 }

// OnlyMember returns the value in body, as a part of it, and true, if body is spelled {"name":value} without white space around
// the value, and the value is an object or an array. It only finds where the value ends: if [Read] takes the value,
// body is an object with this one member; if not, [Members] says what is wrong with body.
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

// Scalar returns the length of the number or string that raw begins with, if it is a plain one: a whole number from 0,
// or a string of printable ASCII without escapes. Of anything else it returns 0.
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

// digits returns the length of the whole number that raw begins with, or 0.
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
