package imports

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxConversation is the maximum size of the texts of one conversation of ChatGPT: it is a tree, of which the branch is only known at
// the end, so it is held. Longer ones lose their later turns, with a remark for each.
const maxConversation = 64 << 20

// readChatGPT reads ChatGPT's data export.
func readChatGPT(w *out, s *Source) error {
	n, err := s.each(isConversations, func(in *bufio.Reader, place string) error {
		return conversations(w, in, place, chatGPTConversation)
	})
	if err != nil {
		return err
	}
	if n == 0 {
		return invalid("has no conversations.json")
	}
	if err := s.others(w, isConversations); err != nil {
		return err
	}
	return w.note("", reasonTalks)
}

// node is a node of the tree of a conversation.
type node struct {
	turn
	parent string
	left   string // why it is no turn, or ""
	seen   bool
}

// tree is a conversation while it is read.
type tree struct {
	w     *out
	place string
	nodes map[string]*node
	order []string
	size  int
	head  *record
}

func chatGPTConversation(w *out, p *parser, place string) error {
	t := &tree{w: w, place: place, nodes: map[string]*node{}, head: &record{values: map[string]jsontext.Value{}}}
	err := p.object(func(name string) error {
		switch name {
		case "mapping":
			if p.kind() != '{' {
				if err := p.skip(); err != nil {
					return err
				}
				return w.left(place, "a conversation whose mapping is not an object")
			}
			n := 0
			return p.object(func(id string) error {
				n++
				v, err := p.value()
				if err != nil {
					return err
				}
				return t.add(id, v, fmt.Sprintf("%s, message %d", place, n))
			})
		case "title", "create_time", "current_node", "conversation_id", "id":
			v, err := p.value()
			t.head.values[name] = v
			return err
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	return t.end()
}

// add takes a node.
func (t *tree) add(id string, v jsontext.Value, place string) error {
	r, problem := parse(v)
	if problem != "" {
		return t.w.left(place, problem)
	}
	if t.nodes[id] != nil {
		return t.w.left(place, "a message whose id occurs twice")
	}
	n := &node{parent: r.text("parent")}
	n.id, n.place = id, place
	t.nodes[id] = n
	t.order = append(t.order, id)
	if !r.has("message") { // the root
		return nil
	}
	m, problem := parse(r.values["message"])
	if problem != "" {
		n.left = problem
		return nil
	}
	if author, problem := parse(m.values["author"]); problem == "" {
		n.role = author.text("role")
	}
	n.at = m.when("create_time")
	if metadata, problem := parse(m.values["metadata"]); problem == "" && string(metadata.values["is_visually_hidden_from_conversation"]) == "true" {
		n.left = "a message that ChatGPT does not show"
		return nil
	}
	if n.role != "user" && n.role != "assistant" {
		n.left = "a message of the system or of a tool"
		return nil
	}
	if to, ok := m.string(m.values["recipient"]); ok && to != "all" {
		n.left = "a call of a tool"
		return nil
	}
	if err := t.text(n, m.values["content"]); err != nil {
		return err
	}
	if t.size += len(n.text); t.size > maxConversation {
		n.text, n.left = "", "a turn after the first 64 MiB of a conversation"
	}
	return nil
}

// text sets the text of a message.
func (t *tree) text(n *node, v jsontext.Value) error {
	c, problem := parse(v)
	if problem != "" {
		n.left = reasonNoText
		return nil
	}
	switch kind := c.text("content_type"); kind {
	case "text", "multimodal_text":
	case "user_editable_context":
		n.left = "the instructions that each conversation begins with"
		return nil
	default:
		n.left = "a message that is not text: a thought, code for a tool, a quotation"
		return nil
	}
	var texts []string
	for _, part := range list(c.values["parts"]) {
		text, ok := c.string(part)
		if !ok {
			if inner, problem := parse(part); problem == "" && inner.text("content_type") == "audio_transcription" {
				text, ok = inner.text("text"), true
			}
		}
		switch {
		case !ok:
			if err := t.w.left(n.place, "a picture, a recording or a file in a message"); err != nil {
				return err
			}
		case text != "":
			texts = append(texts, text)
		}
	}
	n.text, n.replaced = strings.Join(texts, "\n\n"), c.replaced
	if n.text == "" {
		n.left = reasonNoText
	}
	return nil
}

// end puts the branch that was shown last, and remarks on all the rest.
func (t *tree) end() error {
	talk := &talk{w: t.w, place: t.place, title: t.head.text("title"), createdAt: t.head.when("create_time"), id: t.head.text("conversation_id", "id")}
	current := t.head.text("current_node")
	if t.nodes[current] == nil && len(t.order) > 0 {
		current = t.order[len(t.order)-1]
		if err := t.w.note(t.place, "a conversation that does not say which branch was shown last: the one of its last message is taken"); err != nil {
			return err
		}
	}
	var branch []*node
	for n := t.nodes[current]; n != nil && !n.seen; n = t.nodes[n.parent] {
		n.seen = true
		branch = append(branch, n)
	}
	for i := len(branch) - 1; i >= 0; i-- {
		n := branch[i]
		switch {
		case n.left != "":
			if err := t.w.left(n.place, n.left); err != nil {
				return err
			}
		case n.text != "":
			if err := talk.add(n.turn); err != nil {
				return err
			}
		}
	}
	for _, id := range t.order {
		n := t.nodes[id]
		if n.seen || n.text == "" && n.left == "" {
			continue
		}
		if err := t.w.left(n.place, "a message of a branch that was not shown last"); err != nil {
			return err
		}
	}
	return talk.end()
}
