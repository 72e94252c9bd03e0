package imports

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// record is the members of an object. What a reader takes is no longer among the rest.
type record struct {
	names  []string
	values map[string]jsontext.Value
	// replaced is whether a text that was taken had something that is not Unicode.
	replaced bool
}

// parse takes an object apart. problem is why it cannot be, or "".
func parse(raw jsontext.Value) (r *record, problem string) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), lenient...)
	if dec.PeekKind() != '{' {
		return nil, "not an object"
	}
	_, _ = dec.ReadToken() // it was there
	r = &record{values: map[string]jsontext.Value{}}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, "not an object"
		}
		member := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, "not an object"
		}
		if _, twice := r.values[member]; twice {
			return nil, "an object in which a member occurs twice"
		}
		r.names, r.values[member] = append(r.names, member), bytes.Clone(value)
	}
	return r, ""
}

// has reports whether a member is there and not null.
func (r *record) has(name string) bool {
	v, found := r.values[name]
	return found && v.Kind() != 'n'
}

// take returns a member and removes it from the rest; nil if it is not there.
func (r *record) take(name string) jsontext.Value {
	v := r.values[name]
	if v != nil {
		delete(r.values, name)
		r.names = slices.DeleteFunc(r.names, func(n string) bool { return n == name })
	}
	return v
}

// drop removes members from the rest: those that only describe what is kept anyhow.
func (r *record) drop(names ...string) {
	for _, name := range names {
		r.take(name)
	}
}

// text takes the first of the members that is a text; "" if none is.
func (r *record) text(names ...string) string {
	for _, name := range names {
		if s, ok := r.string(r.values[name]); ok {
			r.take(name)
			return s
		}
	}
	return ""
}

// string returns the text that a value is.
func (r *record) string(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	s, err := jsontext.AppendUnquote(nil, v)
	if err != nil { // it has what is not Unicode, which is replaced
		r.replaced = true
	}
	return strings.ToValidUTF8(string(s), string(utf8.RuneError)), true
}

// when takes the first of the members that is a time, and returns it as RFC 3339 in UTC; "" if none is. A member that is not a time
// stays in the rest.
func (r *record) when(names ...string) string {
	for _, name := range names {
		if t, ok := r.time(name); ok {
			r.take(name)
			return stamp(t)
		}
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// layouts are the forms of a time in text. One without a zone is in UTC: the systems that write it mean that.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02"}

// time returns a time in text, or in seconds or milliseconds since 1970.
func (r *record) time(name string) (time.Time, bool) {
	v := r.values[name]
	switch v.Kind() {
	case '"':
		s, _ := (&record{}).string(v)
		for _, layout := range layouts {
			if t, err := time.Parse(layout, s); err == nil && t.Year() >= 0 && t.Year() <= 9999 {
				return t, true
			}
		}
	case '0':
		seconds, err := strconv.ParseFloat(string(v), 64)
		if err != nil || !(seconds > 0) {
			return time.Time{}, false
		}
		if seconds >= 1e11 { // the year 5138 in seconds, 1973 in milliseconds
			seconds /= 1000
		}
		if seconds > 2e11 {
			return time.Time{}, false
		}
		whole, part := math.Modf(seconds)
		return time.Unix(int64(whole), int64(math.Round(part*1e6))*1000).UTC(), true
	}
	return time.Time{}, false
}

// texts takes a member that is a list of texts. A member that is anything else stays.
func (r *record) texts(name string) []string {
	v := r.values[name]
	if v.Kind() != '[' {
		return nil
	}
	var raw []jsontext.Value
	if json.Unmarshal(v, &raw) != nil {
		return nil
	}
	all := make([]string, 0, len(raw))
	for _, one := range raw {
		s, ok := r.string(one)
		if !ok {
			return nil
		}
		all = append(all, s)
	}
	r.take(name)
	return all
}

// list returns the elements of a value that is an array; nil if it is none.
func list(v jsontext.Value) (all []jsontext.Value) {
	if v.Kind() != '[' || json.Unmarshal(v, &all) != nil {
		return nil
	}
	return all
}

// source returns what goes into the data beside the text: the format, and the rest of the record, without null and empty members.
func (r *record) source(f Format) map[string]any {
	s := map[string]any{"format": f}
	for _, name := range r.names {
		switch v := r.values[name]; string(v) {
		case "null", `""`, "{}", "[]":
		default:
			if name == "format" {
				name = "itsFormat"
			}
			s[name] = json.RawMessage(v)
		}
	}
	return s
}

// content is the data of a memory that is imported from another system. Text is first, since it is what people read; the rest says
// where it is from.
type content struct {
	Text      string         `json:"text,omitempty"`
	Title     string         `json:"title,omitempty"`
	Role      string         `json:"role,omitempty"`
	Turns     []turnContent  `json:"turns,omitempty"`
	CreatedAt string         `json:"createdAt,omitempty"` // RFC 3339, UTC: when it was made there
	Source    map[string]any `json:"source"`
}

// turnContent is a turn of a conversation that is one memory.
type turnContent struct {
	Role string `json:"role,omitempty"`
	Text string `json:"text"`
	At   string `json:"at,omitempty"`
}

// marshal returns c as JSON. It cannot fail for what readers put into it: text, and JSON that was read.
func (c *content) marshal() json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return nil
	}
	return bytes.TrimSpace(b.Bytes())
}

// The limits of tags that a daemon has unless it is told otherwise.
const (
	maxTags = 32
	maxTag  = 128
)

// tags returns labels as tags. Those that a tag cannot be, and those over the limit, stay in the source, and changed is true.
func tags(labels []string, source map[string]any) (all []string, changed bool) {
	for _, label := range labels {
		switch {
		case slices.Contains(all, label):
		case label == "" || len(label) > maxTag || len(all) == maxTags:
			source["labels"], changed = labels, true
		default:
			all = append(all, label)
		}
	}
	return all, changed
}

const (
	reasonReplaced = "had characters that are not Unicode: they are replaced"
	reasonTags     = "has labels that cannot be tags: they are in its data, as source.labels"
)

// finish puts a memory whose data is c, with remarks about what was changed in it.
func (w *out) finish(r *record, c *content, m Memory) error {
	if r.replaced {
		if err := w.changed(m.Place, reasonReplaced); err != nil {
			return err
		}
	}
	m.Data = c.marshal()
	return w.memory(m)
}
