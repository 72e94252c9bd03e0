package imports

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// lettaMessages is how many messages Letta writes into an agent file at the most: the newest ones.
const lettaMessages = 50

const (
	reasonSystem   = "a message of the system or of a tool"
	reasonThoughts = "thoughts of the agent"
)

// letta reads an agent file.
type letta struct {
	w *out
	p *parser
}

// readLetta reads an agent file of Letta, in both of its forms, and a list of exported passages. Of an agent, its blocks of memory and
// its messages are imported.
func readLetta(w *out, s *Source) error {
	_, err := s.each(func(string) bool { return false }, func(in *bufio.Reader, _ string) error {
		l := &letta{w: w, p: newParser(in)}
		if l.p.kind() == '[' {
			if err := l.p.array(func(n int) error { return l.value(fmt.Sprintf("passage %d", n), l.passage) }); err != nil {
				return err
			}
			return l.p.ends()
		}
		if err := l.file(); err != nil {
			return err
		}
		if err := l.p.ends(); err != nil {
			return err
		}
		if err := w.note("", "the settings of agents, and what their systems tell them, are not memories"); err != nil {
			return err
		}
		return w.note("", "an agent file has no archival memory: export its passages and import them, too")
	})
	return err
}

func (l *letta) value(place string, do func(r *record, place string) error) error {
	v, err := l.p.value()
	if err != nil {
		return err
	}
	r, problem := parse(v)
	if problem != "" {
		return l.w.left(place, problem)
	}
	return do(r, place)
}

// file reads an agent file: agents and their blocks, or in the older form one agent.
func (l *letta) file() error {
	t := &talk{w: l.w, place: "agent 1"}
	n := 0
	err := l.p.object(func(name string) error {
		switch name {
		case "agents":
			return l.p.elements(l.notList(name), func(n int) error { return l.agent(fmt.Sprintf("agent %d", n)) })
		case "blocks", "core_memory":
			return l.p.elements(l.notList(name), func(n int) error { return l.value(fmt.Sprintf("block %d", n), l.block) })
		case "messages":
			return l.messages(t, &n)
		case "name":
			return l.name(t)
		case "tools", "files", "sources", "groups", "mcp_servers", "skills":
			return l.p.elements(func() error { return nil }, func(n int) error {
				if err := l.p.skip(); err != nil {
					return err
				}
				return l.w.left(fmt.Sprintf("%s %d", name, n), "a part of an agent that is not memory: a tool, a file, a group")
			})
		}
		return l.p.skip()
	})
	if err != nil {
		return err
	}
	return l.ended(t, n)
}

func (l *letta) notList(name string) func() error {
	return func() error { return l.w.left(name, "not a list") }
}

func (l *letta) name(t *talk) error {
	v, err := l.p.value()
	if name, ok := (&record{}).string(v); ok && name != "" {
		t.title = name
		t.extra = map[string]any{"agent": name}
	}
	return err
}

func (l *letta) agent(place string) error {
	if l.p.kind() != '{' {
		if err := l.p.skip(); err != nil {
			return err
		}
		return l.w.left(place, "an agent that is not an object")
	}
	t := &talk{w: l.w, place: place}
	n := 0
	err := l.p.object(func(name string) error {
		switch name {
		case "messages":
			return l.messages(t, &n)
		case "memory_blocks":
			return l.p.elements(func() error { return nil }, func(n int) error { return l.value(fmt.Sprintf("%s, block %d", place, n), l.block) })
		case "name":
			return l.name(t)
		}
		return l.p.skip()
	})
	if err != nil {
		return err
	}
	return l.ended(t, n)
}

func (l *letta) ended(t *talk, messages int) error {
	if messages == lettaMessages {
		if err := l.w.note(t.place, "exactly 50 messages: Letta writes only the newest 50 into an agent file, so there may be more"); err != nil {
			return err
		}
	}
	return t.end()
}

func (l *letta) messages(t *talk, count *int) error {
	return l.p.elements(l.notList("messages"), func(n int) error {
		*count = n
		return l.value(fmt.Sprintf("%s, message %d", t.place, n), func(r *record, place string) error { return l.message(t, r, place) })
	})
}

// block reads a block of core memory.
func (l *letta) block(r *record, place string) error {
	text := r.text("value")
	if text == "" {
		return l.w.left(place, "a block that is empty")
	}
	c := &content{Text: text, Title: r.text("label"), CreatedAt: r.when("created_at")}
	id := r.text("id")
	r.drop("limit", "is_template", "read_only", "preserve_on_migration", "template_name", "hidden")
	c.Source = r.source(Letta)
	c.Source["kind"] = "block"
	if id != "" {
		c.Source["id"] = id
	}
	return l.w.finish(r, c, Memory{ID: id, Place: place})
}

// passage reads a passage of archival memory.
func (l *letta) passage(r *record, place string) error {
	text := r.text("text")
	if text == "" {
		return l.w.left(place, "a passage without text")
	}
	c := &content{Text: text, CreatedAt: r.when("created_at")}
	found := Memory{ID: r.text("id"), Place: place}
	labels := r.texts("tags")
	r.drop("embedding", "embedding_config")
	c.Source = r.source(Letta)
	if found.ID != "" {
		c.Source["id"] = found.ID
	}
	var changed bool
	if found.Tags, changed = tags(labels, c.Source); changed {
		if err := l.w.changed(place, reasonTags); err != nil {
			return err
		}
	}
	return l.w.finish(r, c, found)
}

// message reads a message. Users' messages may be wrapped in JSON, and in older agents what an agent says is in its calls of
// send_message.
func (l *letta) message(t *talk, r *record, place string) error {
	said := turn{role: r.text("role"), at: r.when("created_at"), id: r.text("id"), place: place}
	switch said.role {
	case "user":
		said.text = l.text(r)
		if wrapped, problem := parse(jsontext.Value(said.text)); problem == "" && wrapped.has("type") {
			kind := wrapped.text("type")
			said.text = wrapped.text("message")
			if kind != "user_message" {
				return l.w.left(place, reasonSystem)
			}
		}
	case "assistant":
		said.text = l.text(r)
		var sent []string
		for _, v := range list(r.values["tool_calls"]) {
			text, ok := sentMessage(v)
			if !ok {
				if err := l.w.left(place, "a call of a tool"); err != nil {
					return err
				}
				continue
			}
			sent = append(sent, text)
		}
		if len(sent) > 0 {
			if said.text != "" {
				if err := l.w.left(place, reasonThoughts); err != nil {
					return err
				}
			}
			said.text = strings.Join(sent, "\n\n")
		}
	default:
		return l.w.left(place, reasonSystem)
	}
	said.replaced = r.replaced
	return t.add(said)
}

// text returns the text of a message: a string, or the parts that are text.
func (l *letta) text(r *record) string {
	if s, ok := r.string(r.values["content"]); ok {
		return s
	}
	var texts []string
	for _, v := range list(r.values["content"]) {
		if part, problem := parse(v); problem == "" && part.text("type") == "text" {
			texts = append(texts, part.text("text"))
			r.replaced = r.replaced || part.replaced
		}
	}
	if texts == nil {
		return r.text("text")
	}
	return strings.Join(texts, "\n\n")
}

// sentMessage returns what a call of send_message says.
func sentMessage(call jsontext.Value) (string, bool) {
	var c struct {
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	}
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(call, &c) != nil || c.Function.Name != "send_message" || json.Unmarshal([]byte(c.Function.Arguments), &said) != nil {
		return "", false
	}
	return said.Message, true
}
