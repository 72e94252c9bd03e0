package assistants

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

var errJSON = errors.New("is not a JSON object, so it is left as it is")

// enterJSON enters value as the server's member of the list. Text may have comments and trailing commas.
func enterJSON(text []byte, list, value string) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return []byte("{\n  \"" + list + "\": {\n    \"" + server + "\": " + value + "\n  }\n}\n"), nil
	}
	whole, err := readObject(text, 0)
	if err != nil {
		return nil, err
	}
	if rest := whole.end; skip(text, rest) != len(text) {
		return nil, errJSON
	}
	in, found, err := whole.member(list)
	if err != nil {
		return nil, err
	}
	if !found {
		return whole.insert(list, "{\n"+whole.indent()+whole.indent()+`"`+server+`": `+value+"\n"+whole.indent()+"}"), nil
	}
	servers, err := readObject(text, in.from)
	if err != nil {
		return nil, fmt.Errorf("%s %w", list, err)
	}
	old, found, err := servers.member(server)
	if err != nil {
		return nil, err
	}
	if found {
		return bytes.Join([][]byte{text[:old.from], []byte(value), text[old.to:]}, nil), nil
	}
	return servers.insert(server, value), nil
}

// jsonObject is an object in a text.
type jsonObject struct {
	text    []byte
	begin   int // of its brace
	end     int // after its closing brace
	members []jsonMember
	comma   bool // it ends with a comma
}

type jsonMember struct {
	name     string
	at       int // of its name
	from, to int // of its value
}

// readObject reads the object that begins at i, after space.
func readObject(text []byte, i int) (o jsonObject, err error) {
	o = jsonObject{text: text, begin: skip(text, i)}
	if o.begin >= len(text) || text[o.begin] != '{' {
		return o, errJSON
	}
	for i = skip(text, o.begin+1); ; {
		if i < len(text) && text[i] == '}' {
			o.end = i + 1
			return o, nil
		}
		if len(o.members) > 0 && !o.comma {
			return o, errJSON
		}
		m := jsonMember{at: i}
		if i >= len(text) || text[i] != '"' {
			return o, errJSON
		}
		if i = pastString(text, i); i < 0 {
			return o, errJSON
		}
		m.name = string(text[m.at+1 : i-1])
		if i = skip(text, i); i >= len(text) || text[i] != ':' {
			return o, errJSON
		}
		m.from = skip(text, i+1)
		if m.to = pastValue(text, m.from); m.to <= m.from {
			return o, errJSON
		}
		o.members = append(o.members, m)
		i, o.comma = skip(text, m.to), false
		if i < len(text) && text[i] == ',' {
			i, o.comma = skip(text, i+1), true
		}
	}
}

// member returns the member of a name. Two of that name are an error, since it is unknown which counts.
func (o *jsonObject) member(name string) (m jsonMember, found bool, err error) {
	for _, each := range o.members {
		if each.name != name {
			continue
		}
		if found {
			return m, true, fmt.Errorf("has %q twice, so it is left as it is", name)
		}
		m, found = each, true
	}
	return m, found, nil
}

// insert returns the text with a member at the object's end. A comment after the last member stays in its line.
func (o *jsonObject) insert(name, value string) []byte {
	line := o.indent() + `"` + name + `": ` + value
	if len(o.members) == 0 {
		at := o.begin + 1
		return bytes.Join([][]byte{o.text[:at], []byte("\n" + line + "\n" + strings.TrimSuffix(o.indent(), unit(o.text))), o.text[at:]}, nil)
	}
	at := o.members[len(o.members)-1].to
	rest, _, _ := bytes.Cut(o.text[at:o.end], []byte("\n"))
	comment, comma := bytes.Contains(rest, []byte("//")), []byte(",")
	if o.comma && !comment { // the comma that was last still is
		return bytes.Join([][]byte{o.text[:at], []byte(",\n" + line), o.text[at:]}, nil)
	}
	if !comment {
		rest = nil
	}
	if o.comma {
		line, comma = line+",", nil
	}
	return bytes.Join([][]byte{o.text[:at], comma, rest, []byte("\n" + line), o.text[at+len(rest):]}, nil)
}

// indent returns the space before a member of the object.
func (o *jsonObject) indent() string {
	if len(o.members) > 0 {
		return before(o.text, o.members[0].at)
	}
	return before(o.text, o.begin) + unit(o.text)
}

// before returns the space at the start of the line of an offset.
func before(text []byte, at int) string {
	line := text[bytes.LastIndexByte(text[:at], '\n')+1 : at]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// unit returns the space by which the text's first member is indented, or two spaces.
func unit(text []byte) string {
	if _, rest, ok := bytes.Cut(text, []byte("\n")); ok {
		if space := rest[:len(rest)-len(bytes.TrimLeft(rest, " \t"))]; len(space) > 0 {
			return string(space)
		}
	}
	return "  "
}

// skip returns the offset after space and comments.
func skip(text []byte, i int) int {
	for i < len(text) {
		switch {
		case bytes.IndexByte([]byte(" \t\r\n"), text[i]) >= 0:
			i++
		case bytes.HasPrefix(text[i:], []byte("\xef\xbb\xbf")):
			i += 3
		case bytes.HasPrefix(text[i:], []byte("//")):
			n := bytes.IndexByte(text[i:], '\n')
			if n < 0 {
				return len(text)
			}
			i += n
		case bytes.HasPrefix(text[i:], []byte("/*")):
			n := bytes.Index(text[i+2:], []byte("*/"))
			if n < 0 {
				return len(text)
			}
			i += n + 4
		default:
			return i
		}
	}
	return i
}

// pastString returns the offset after the string at i, or -1.
func pastString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n':
			return -1
		}
	}
	return -1
}

// pastValue returns the offset after the value at i, or -1. It looks only for where the value ends.
func pastValue(text []byte, i int) int {
	depth := 0
	for i < len(text) {
		switch c := text[i]; c {
		case '"':
			if i = pastString(text, i); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',':
			i++
		default:
			start := i
			for i < len(text) && bytes.IndexByte([]byte(" \t\r\n,:{}[]\"/"), text[i]) < 0 {
				i++
			}
			if i == start { // a colon, or a slash
				i++
			}
		}
		if depth < 0 {
			return -1
		}
		if depth == 0 {
			return i
		}
		i = skip(text, i)
	}
	return -1
}
