package imports

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const claudeMemories = "memories.json"

// isConversations reports whether a file of a data export has conversations. There may be several: conversations-000.json, ….
func isConversations(base string) bool {
	return strings.HasPrefix(base, "conversations") && (strings.HasSuffix(base, ".json") || strings.HasSuffix(base, ".jsonl"))
}

// readClaude reads Claude's data export: the conversations, and what Claude itself remembers of them.
func readClaude(w *out, s *Source) error {
	n, err := s.each(isConversations, func(in *bufio.Reader, place string) error {
		return conversations(w, in, place, claudeConversation)
	})
	if err != nil {
		return err
	}
	if s.archive != nil {
		isMemories := func(base string) bool { return base == claudeMemories }
		if _, err := s.each(isMemories, func(in *bufio.Reader, place string) error { return claudeOwn(w, in, place) }); err != nil {
			return err
		}
		if n == 0 {
			return invalid("has no conversations.json")
		}
	}
	if err := s.others(w, func(base string) bool { return isConversations(base) || base == claudeMemories }); err != nil {
		return err
	}
	return w.note("", reasonTalks)
}

// conversations calls one for each conversation of a list, or of several values one after the other. one reads an object.
func conversations(w *out, in *bufio.Reader, file string, one func(w *out, p *parser, place string) error) error {
	p := newParser(in)
	element := func(n int) error {
		place := fmt.Sprintf("%sconversation %d", file, n)
		if p.kind() != '{' {
			if err := p.skip(); err != nil {
				return err
			}
			return w.left(place, "a conversation that is not an object")
		}
		return one(w, p, place)
	}
	if p.kind() == '[' {
		if err := p.array(element); err != nil {
			return err
		}
		return p.ends()
	}
	for n := 1; p.kind() != 0; n++ {
		if err := element(n); err != nil {
			return err
		}
	}
	return p.ends()
}

// claudeConversation reads a conversation. Its name and time are before its messages, which are not held.
func claudeConversation(w *out, p *parser, place string) error {
	t := &talk{w: w, place: place, extra: map[string]any{}}
	head := &record{values: map[string]jsontext.Value{}}
	err := p.object(func(name string) error {
		switch name {
		case "chat_messages":
			t.id, t.title, t.createdAt = head.text("uuid"), head.text("name"), head.when("created_at")
			if err := claudeSummary(t, head); err != nil {
				return err
			}
			return p.elements(func() error { return w.left(place, "a conversation whose messages are not a list") }, func(n int) error {
				v, err := p.value()
				if err != nil {
					return err
				}
				return claudeTurn(t, v, fmt.Sprintf("%s, message %d", place, n))
			})
		case "uuid", "name", "created_at", "summary":
			v, err := p.value()
			head.values[name] = v
			return err
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	return t.end()
}

// claudeSummary puts the summary of a conversation, if it has one, as a memory.
func claudeSummary(t *talk, head *record) error {
	text := head.text("summary")
	if text == "" {
		return nil
	}
	c := &content{Text: text, Title: t.title, CreatedAt: t.createdAt, Source: t.source()}
	c.Source["kind"] = "summary"
	return t.w.finish(head, c, Memory{ID: t.id, Place: t.place + ", summary"})
}

func claudeTurn(t *talk, v jsontext.Value, place string) error {
	r, problem := parse(v)
	if problem != "" {
		return t.w.left(place, problem)
	}
	var texts []string
	for _, b := range list(r.values["content"]) {
		block, problem := parse(b)
		if problem != "" {
			continue
		}
		kind := block.text("type")
		if text := block.text("text"); kind == "text" && text != "" {
			texts = append(texts, text)
			r.replaced = r.replaced || block.replaced
			continue
		}
		if kind != "text" {
			if err := t.w.left(place, "a part of a message that is not text: a thought, a tool's call or answer, a picture"); err != nil {
				return err
			}
		}
	}
	text := strings.Join(texts, "\n\n")
	if text == "" {
		text = r.text("text")
	}
	for _, name := range []string{"attachments", "files"} {
		for range list(r.values[name]) {
			if err := t.w.left(place, "a file that was attached"); err != nil {
				return err
			}
		}
	}
	role := r.text("sender", "role")
	if role == "human" {
		role = "user"
	}
	return t.add(turn{role: role, text: text, at: r.when("created_at"), id: r.text("uuid"), place: place, replaced: r.replaced})
}

// claudeOwn reads what Claude remembers across conversations, and in each project.
func claudeOwn(w *out, in *bufio.Reader, file string) error {
	p := newParser(in)
	one := func(n int) error {
		place := fmt.Sprintf("%smemory %d", file, n)
		v, err := p.value()
		if err != nil {
			return err
		}
		r, problem := parse(v)
		if problem != "" {
			return w.left(place, problem)
		}
		put := func(text, project, place string) error {
			c := &content{Text: text, Source: map[string]any{"format": Claude, "kind": "memory"}}
			if project != "" {
				c.Source["project"] = project
			}
			return w.finish(r, c, Memory{Place: place})
		}
		found := false
		if text := r.text("conversations_memory"); text != "" {
			found = true
			if err := put(text, "", place); err != nil {
				return err
			}
		}
		if projects, problem := parse(r.take("project_memories")); problem == "" {
			for _, project := range projects.names {
				if text, ok := r.string(projects.values[project]); ok && text != "" {
					found = true
					if err := put(text, project, place+", project "+project); err != nil {
						return err
					}
				}
			}
		}
		if !found {
			return w.left(place, "a memory of Claude's without text")
		}
		return nil
	}
	if err := p.elements(func() error { return w.left(file, "not a list") }, one); err != nil {
		return err
	}
	return p.ends()
}
