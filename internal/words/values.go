package words

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// values goes through the strings and numbers of a JSON text, without the names of members. The text must be valid
// JSON: of any other, some of its strings are returned.
type values struct {
	data    []byte
	at      int
	exclude []string
	track   bool // keep path; always if there is something to exclude
	path    []byte
	open    []container
	decoded []byte // of a string with escapes
}

// container is an object or an array that is open.
type container struct {
	base  int // length of its own path
	index int // of the current element; -1 in an object
}

func (v *values) reset(data []byte, exclude []string, track bool) {
	*v = values{
		data: data, exclude: exclude, track: track || len(exclude) > 0,
		path: v.path[:0], open: v.open[:0], decoded: v.decoded[:0],
	}
}

// next returns the next string, decoded, or the next number, as it is written. It is valid until the next call.
func (v *values) next() (text []byte, ok bool) {
	for v.at < len(v.data) {
		switch c := v.data[v.at]; {
		case c == '"':
			text = v.text()
			if v.isName() {
				if v.track {
					v.enter(text)
				}
				continue
			}
			if !v.excluded() {
				return text, true
			}
		case c == '-' || c >= '0' && c <= '9':
			text = v.number()
			if !v.excluded() {
				return text, true
			}
		default:
			v.at++
			if v.track {
				v.structure(c)
			}
		}
	}
	return nil, false
}

// pointer returns the JSON pointer of the value that next returned last.
func (v *values) pointer() string { return string(v.path) }

// structure follows brackets and commas.
func (v *values) structure(c byte) {
	switch c {
	case '{':
		v.open = append(v.open, container{base: len(v.path), index: -1})
	case '[':
		v.open = append(v.open, container{base: len(v.path)})
		v.path = append(v.path, "/0"...)
	case ',':
		if n := len(v.open); n > 0 && v.open[n-1].index >= 0 {
			top := &v.open[n-1]
			top.index++
			v.path = strconv.AppendInt(append(v.path[:top.base], '/'), int64(top.index), 10)
		}
	case '}', ']':
		if n := len(v.open); n > 0 {
			v.path = v.path[:v.open[n-1].base]
			v.open = v.open[:n-1]
		}
	}
}

// enter puts the name of a member at the end of the path.
func (v *values) enter(name []byte) {
	if n := len(v.open); n > 0 {
		v.path = v.path[:v.open[n-1].base]
	}
	v.path = append(v.path, '/')
	for _, c := range name {
		switch c {
		case '~':
			v.path = append(v.path, "~0"...)
		case '/':
			v.path = append(v.path, "~1"...)
		default:
			v.path = append(v.path, c)
		}
	}
}

func (v *values) excluded() bool {
	for _, p := range v.exclude {
		if within(p, v.path) {
			return true
		}
	}
	return false
}

// within reports whether the value at a path is the one that pointer names, or is in it.
func within(pointer string, path []byte) bool {
	return len(path) >= len(pointer) && string(path[:len(pointer)]) == pointer &&
		(len(path) == len(pointer) || path[len(pointer)] == '/')
}

// isName reports whether a string that was just read is the name of a member.
func (v *values) isName() bool {
	i := v.at
	for i < len(v.data) && (v.data[i] == ' ' || v.data[i] == '\n' || v.data[i] == '\t' || v.data[i] == '\r') {
		i++
	}
	return i < len(v.data) && v.data[i] == ':'
}

func (v *values) number() []byte {
	from := v.at
	for v.at < len(v.data) && strings.IndexByte("+-.0123456789Ee", v.data[v.at]) >= 0 {
		v.at++
	}
	return v.data[from:v.at]
}

// text reads a string, whose opening quote is at v.at.
func (v *values) text() []byte {
	rest := v.data[v.at+1:]
	end := bytes.IndexByte(rest, '"')
	if end >= 0 && bytes.IndexByte(rest[:end], '\\') < 0 {
		v.at += end + 2
		return rest[:end]
	}
	v.decoded = v.decoded[:0]
	i := 0
	for i < len(rest) && rest[i] != '"' {
		if rest[i] != '\\' {
			v.decoded = append(v.decoded, rest[i])
			i++
			continue
		}
		i = v.escape(rest, i+1)
	}
	v.at += min(i+2, len(rest)+1)
	return v.decoded
}

// escape decodes what follows a backslash at i-1 and returns the index after it.
func (v *values) escape(rest []byte, i int) int {
	if i >= len(rest) {
		return i
	}
	if rest[i] != 'u' {
		c := rest[i]
		if k := strings.IndexByte("bfnrt", c); k >= 0 {
			c = "\b\f\n\r\t"[k]
		}
		v.decoded = append(v.decoded, c)
		return i + 1
	}
	r, i := hex4(rest, i+1), min(i+5, len(rest))
	if utf16.IsSurrogate(r) && bytes.HasPrefix(rest[i:], []byte(`\u`)) {
		if r = utf16.DecodeRune(r, hex4(rest, i+2)); r != utf8.RuneError {
			i = min(i+6, len(rest))
		}
	}
	v.decoded = utf8.AppendRune(v.decoded, r)
	return i
}

// hex4 returns the character with the code in four digits at i, or U+FFFD.
func hex4(text []byte, i int) rune {
	if i+4 <= len(text) {
		if code, err := strconv.ParseUint(string(text[i:i+4]), 16, 16); err == nil {
			return rune(code)
		}
	}
	return utf8.RuneError
}
