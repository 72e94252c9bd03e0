package imports

import (
	"bufio"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// zep reads what Zep's API answers, since Zep has no export of its own: lists of messages, facts, edges, nodes and episodes, of one
// session or of several.
type zep struct {
	w *out
	p *parser
}

// zepLists are the members that have records, and what one of them is called.
var zepLists = map[string]string{
	"messages": "message", "relevant_messages": "message", "facts": "fact", "relevant_facts": "fact", "edges": "edge", "nodes": "node",
	"episodes": "episode", "sessions": "session", "threads": "thread", "users": "user", "results": "record",
}

func readZep(w *out, s *Source) error {
	_, err := s.each(func(string) bool { return false }, func(in *bufio.Reader, _ string) error {
		z := &zep{w: w, p: newParser(in)}
		n := 0
		for ; z.p.kind() != 0; n++ { // one value, or one a line
			place := ""
			if n > 0 {
				place = fmt.Sprintf("value %d", n+1)
			}
			if z.p.kind() == '[' {
				err := z.p.array(func(n int) error { return z.value(within(place, fmt.Sprintf("record %d", n)), "") })
				if err != nil {
					return err
				}
				continue
			}
			if err := z.value(place, ""); err != nil {
				return err
			}
		}
		return z.p.ends()
	})
	return err
}

// value reads an object: a record, or one with lists of them. session is the session that it is in.
func (z *zep) value(place, session string) error {
	if z.p.kind() != '{' {
		v, err := z.p.value()
		if err != nil {
			return err
		}
		return z.fact(v, place, session)
	}
	r := &record{values: map[string]jsontext.Value{}}
	lists := false
	err := z.p.object(func(name string) error {
		kind, isList := zepLists[name]
		if !isList || z.p.kind() != '[' {
			v, err := z.p.value()
			if _, twice := r.values[name]; !twice && err == nil {
				r.names = append(r.names, name)
			}
			r.values[name] = v
			return err
		}
		lists = true
		inner := session
		if id, ok := r.string(r.values["session_id"]); ok {
			inner = id
		} else if id, ok := r.string(r.values["thread_id"]); ok {
			inner = id
		}
		return z.p.array(func(n int) error {
			return z.value(within(place, fmt.Sprintf("%s %d", kind, n)), inner)
		})
	})
	if err != nil {
		return err
	}
	if place == "" {
		place = "the whole"
	}
	if known, err := z.record(r, place, session); err != nil || known || lists {
		return err
	}
	return z.w.left(place, "a record that has neither content nor a fact nor a summary")
}

// within returns a place in another one, which may be "".
func within(place, at string) string {
	if place == "" {
		return at
	}
	return place + ", " + at
}

// fact reads a fact that is only a text.
func (z *zep) fact(v jsontext.Value, place, session string) error {
	r := &record{}
	text, ok := r.string(v)
	if !ok || text == "" {
		return z.w.left(place, "not a record")
	}
	source := map[string]any{"format": Zep}
	if session != "" {
		source["session"] = session
	}
	return z.w.finish(r, &content{Text: text, Source: source}, Memory{Place: place})
}

// record puts a record, if it is one.
func (z *zep) record(r *record, place, session string) (known bool, err error) {
	found := Memory{Place: place}
	c := &content{}
	switch {
	case r.values["content"].Kind() == '"':
		c.Role, c.Text = r.text("role_type", "role"), r.text("content")
		c.CreatedAt = r.when("created_at")
		if c.Role == "system" || c.Role == "tool" || c.Role == "function" {
			return true, z.w.left(place, reasonSystem)
		}
	case r.values["fact"].Kind() == '"':
		if r.has("invalid_at") || r.has("expired_at") {
			return true, z.w.left(place, "a fact that no longer holds")
		}
		c.Text, c.CreatedAt = r.text("fact"), r.when("valid_at", "created_at")
	case r.values["summary"].Kind() == '"':
		c.Title, c.Text, c.CreatedAt = r.text("name"), r.text("summary"), r.when("created_at")
		if c.Text == "" {
			c.Text, c.Title = c.Title, ""
		}
	case r.values["summary"].Kind() == '{': // of a session
		if s, problem := parse(r.values["summary"]); problem == "" {
			c.Text, c.CreatedAt = s.text("content"), s.when("created_at")
			r = s
		}
	default:
		return false, nil
	}
	if c.Text == "" {
		return true, z.w.left(place, "a record without text")
	}
	found.ID = r.text("uuid")
	r.drop("embedding", "token_count", "score", "rating", "processed")
	c.Source = r.source(Zep)
	if found.ID != "" {
		c.Source["id"] = found.ID
	}
	if session != "" {
		c.Source["session"] = session
	}
	return true, z.w.finish(r, c, found)
}
