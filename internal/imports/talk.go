package imports

import "fmt"

// noteBytes is the size of texts after which a conversation that becomes one memory is continued in another: a daemon accepts 1 MiB of
// data unless it is told otherwise.
const noteBytes = 256 << 10

// turn is what somebody said in a conversation.
type turn struct {
	role, text string
	at         string // RFC 3339, or ""
	id, place  string
	replaced   bool
}

// talk is a conversation, whose turns become a memory each, or together one.
type talk struct {
	w                    *out
	id, title, createdAt string
	place                string
	extra                map[string]any // what else its memories have in source

	turns []turnContent
	size  int
	parts int
}

const (
	reasonNoText = "a turn without text"
	reasonTalks  = "of conversations, titles, roles, times and ids are kept beside the text; models, ratings and settings are not"
	reasonSplit  = "a conversation of more than 256 KiB: it is several memories, with source.part"
)

// add takes the next turn.
func (t *talk) add(next turn) error {
	if next.text == "" {
		return t.w.left(next.place, reasonNoText)
	}
	if next.replaced {
		if err := t.w.changed(next.place, reasonReplaced); err != nil {
			return err
		}
	}
	if t.w.notes {
		if t.size > 0 && t.size+len(next.text) > noteBytes {
			if t.parts == 0 {
				if err := t.w.note(t.place, reasonSplit); err != nil {
					return err
				}
			}
			t.parts++
			if err := t.flush(); err != nil {
				return err
			}
		}
		t.turns = append(t.turns, turnContent{next.role, next.text, next.at})
		t.size += len(next.text)
		return nil
	}
	c := &content{Text: next.text, Title: t.title, Role: next.role, CreatedAt: next.at, Source: t.source()}
	if next.at == "" {
		c.CreatedAt = t.createdAt
	}
	if next.id != "" {
		c.Source["turn"] = next.id
	}
	return t.w.memory(Memory{Data: c.marshal(), ID: next.id, Place: next.place})
}

func (t *talk) source() map[string]any {
	s := map[string]any{"format": t.w.format}
	if t.id != "" {
		s["conversation"] = t.id
	}
	for name, v := range t.extra {
		s[name] = v
	}
	return s
}

// end puts what has been collected of the conversation.
func (t *talk) end() error {
	if t.parts > 0 {
		t.parts++
	}
	return t.flush()
}

func (t *talk) flush() error {
	if len(t.turns) == 0 {
		return nil
	}
	c := &content{Title: t.title, Turns: t.turns, CreatedAt: t.createdAt, Source: t.source()}
	place := t.place
	if t.parts > 0 {
		c.Source["part"] = t.parts
		place = fmt.Sprintf("%s, part %d", place, t.parts)
	}
	t.turns, t.size = nil, 0
	return t.w.memory(Memory{Data: c.marshal(), ID: t.id, Place: place})
}
