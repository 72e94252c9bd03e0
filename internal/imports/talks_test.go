package imports_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/imports"
)

const claude = `[{"uuid":"c1","name":"About tea","summary":"On tea","created_at":"2025-03-01T09:00:00.000000Z","chat_messages":[
{"uuid":"m1","text":"When do I take tea?","content":[{"type":"text","text":"When do I take tea?"}],"sender":"human","created_at":"2025-03-01T09:00:01Z","attachments":[{"file_name":"a.txt"}],"files":[]},
{"uuid":"m2","text":"At five.","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"At five."},{"type":"tool_use","name":"x"}],"sender":"assistant","created_at":"2025-03-01T09:00:02Z"},
{"uuid":"m3","text":"","content":[],"sender":"human"}]},
{"uuid":"c2","name":"","chat_messages":[]}, 7]`

func TestClaude(t *testing.T) {
	check(t, imports.Claude, false, nil, "conversations.json", claude, `
conversation 1, summary: {"text":"On tea","title":"About tea","createdAt":"2025-03-01T09:00:00Z","source":{"conversation":"c1","format":"claude","kind":"summary"}}
left out, conversation 1, message 1: a file that was attached
conversation 1, message 1: {"text":"When do I take tea?","title":"About tea","role":"user","createdAt":"2025-03-01T09:00:01Z","source":{"conversation":"c1","format":"claude","turn":"m1"}}
left out, conversation 1, message 2: a part of a message that is not text: a thought, a tool's call or answer, a picture
left out, conversation 1, message 2: a part of a message that is not text: a thought, a tool's call or answer, a picture
conversation 1, message 2: {"text":"At five.","title":"About tea","role":"assistant","createdAt":"2025-03-01T09:00:02Z","source":{"conversation":"c1","format":"claude","turn":"m2"}}
left out, conversation 1, message 3: a turn without text
left out, conversation 3: a conversation that is not an object
note, : of conversations, titles, roles, times and ids are kept beside the text; models, ratings and settings are not`)

	check(t, imports.Claude, false, &imports.Options{Notes: true}, "export.zip", zipped(t, "users.json", "[]", "conversations.json", claude,
		"memories.json", `[{"conversations_memory":"Ada takes tea at five","project_memories":{"p1":"A garden"},"account_uuid":"u"},{}]`), `
conversations.json: conversation 1, summary: {"text":"On tea","title":"About tea","createdAt":"2025-03-01T09:00:00Z","source":{"conversation":"c1","format":"claude","kind":"summary"}}
left out, conversations.json: conversation 1, message 1: a file that was attached
left out, conversations.json: conversation 1, message 2: a part of a message that is not text: a thought, a tool's call or answer, a picture
left out, conversations.json: conversation 1, message 2: a part of a message that is not text: a thought, a tool's call or answer, a picture
left out, conversations.json: conversation 1, message 3: a turn without text
conversations.json: conversation 1: {"title":"About tea","turns":[{"role":"user","text":"When do I take tea?","at":"2025-03-01T09:00:01Z"},{"role":"assistant","text":"At five.","at":"2025-03-01T09:00:02Z"}],"createdAt":"2025-03-01T09:00:00Z","source":{"conversation":"c1","format":"claude"}}
left out, conversations.json: conversation 3: a conversation that is not an object
memories.json: memory 1: {"text":"Ada takes tea at five","source":{"format":"claude","kind":"memory"}}
memories.json: memory 1, project p1: {"text":"A garden","source":{"format":"claude","kind":"memory","project":"p1"}}
left out, memories.json: memory 2: a memory of Claude's without text
left out, users.json: a file of the archive without memories
note, : of conversations, titles, roles, times and ids are kept beside the text; models, ratings and settings are not`)
}

const chatGPT = `[{"title":"Tea","create_time":1740819600.5,"mapping":{
"root":{"id":"root","message":null,"parent":null,"children":["s"]},
"s":{"id":"s","message":{"author":{"role":"system"},"content":{"content_type":"text","parts":[""]},"metadata":{"is_visually_hidden_from_conversation":true}},"parent":"root","children":["a"]},
"a":{"id":"a","message":{"author":{"role":"user"},"create_time":1740819601,"content":{"content_type":"multimodal_text","parts":[{"content_type":"image_asset_pointer"},"Which tea is this?"]},"recipient":"all"},"parent":"s","children":["b","c"]},
"b":{"id":"b","message":{"author":{"role":"assistant"},"content":{"content_type":"text","parts":["Black."]},"recipient":"all"},"parent":"a","children":[]},
"c":{"id":"c","message":{"author":{"role":"assistant"},"content":{"content_type":"code","text":"search()"},"recipient":"web"},"parent":"a","children":["d"]},
"d":{"id":"d","message":{"author":{"role":"assistant"},"create_time":1740819603.25,"content":{"content_type":"text","parts":["Green."]},"recipient":"all"},"parent":"c","children":[]}},
"current_node":"d","conversation_id":"g1"}]`

func TestChatGPT(t *testing.T) {
	const want = `
left out, conversation 1, message 3: a picture, a recording or a file in a message
left out, conversation 1, message 2: a message that ChatGPT does not show
conversation 1, message 3: {"text":"Which tea is this?","title":"Tea","role":"user","createdAt":"2025-03-01T09:00:01Z","source":{"conversation":"g1","format":"chatgpt","turn":"a"}}
left out, conversation 1, message 5: a call of a tool
conversation 1, message 6: {"text":"Green.","title":"Tea","role":"assistant","createdAt":"2025-03-01T09:00:03.25Z","source":{"conversation":"g1","format":"chatgpt","turn":"d"}}
left out, conversation 1, message 4: a message of a branch that was not shown last`
	const end = "\nnote, : of conversations, titles, roles, times and ids are kept beside the text; models, ratings and settings are not"
	check(t, imports.ChatGPT, false, nil, "conversations.json", chatGPT, want+end)
	check(t, imports.ChatGPT, false, nil, "export.zip", zipped(t, "chat.html", "x", "conversations-000.json", chatGPT),
		strings.ReplaceAll(want, "conversation 1", "conversations-000.json: conversation 1")+"\nleft out, chat.html: a file of the archive without memories"+end)
	check(t, imports.ChatGPT, false, nil, "conversations.json", strings.Replace(chatGPT, `"current_node":"d"`, `"current_node":"gone"`, 1),
		strings.Replace(want, "message 3: a picture, a recording or a file in a message", "message 3: a picture, a recording or a file in a message\nnote, conversation 1: a conversation that does not say which branch was shown last: the one of its last message is taken", 1)+end)
	// A tree that is a circle ends.
	check(t, imports.ChatGPT, false, nil, "conversations.json", `[{"title":"","mapping":{"a":{"parent":"b","message":null},"b":{"parent":"a","message":null}},"current_node":"a"}]`, end)
}

// TestLongConversation: a conversation that would be too long for one memory becomes several.
func TestLongConversation(t *testing.T) {
	message := `{"sender":"human","text":"` + strings.Repeat("x", 100<<10) + `"}`
	in := `[{"uuid":"c","name":"n","chat_messages":[` + strings.TrimSuffix(strings.Repeat(message+",", 5), ",") + `]}]`
	s, err := imports.Stream(bufio.NewReaderSize(strings.NewReader(in), 64<<10), imports.Claude, &imports.Options{Notes: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range lines(s) {
		got = append(got, line[:min(len(line), 28)])
	}
	if fmt.Sprint(got) != fmt.Sprint([]string{"note, conversation 1: a conv", "conversation 1, part 1: {\"ti", "conversation 1, part 2: {\"ti", "conversation 1, part 3: {\"ti", "note, : of conversations, ti"}) {
		t.Errorf("%q", got)
	}
}

// endless is many conversations, made while they are read.
type endless struct {
	left  int
	begun bool
	text  []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.text) == 0 {
		if e.left == 0 {
			return 0, io.EOF
		}
		e.left--
		e.text = append(e.text, map[bool]string{false: "[", true: ","}[e.begun]...)
		e.begun = true
		e.text = append(e.text, `{"uuid":"c","name":"n","chat_messages":[{"sender":"human","text":"`+strings.Repeat("tea ", 8<<10)+`"}]}`...)
		if e.left == 0 {
			e.text = append(e.text, ']')
		}
	}
	n := copy(p, e.text)
	e.text = e.text[n:]
	return n, nil
}

// TestBounded: an export of 32 MB is read with a few MB of memory.
func TestBounded(t *testing.T) {
	const conversations = 1 << 10
	s, err := imports.Stream(bufio.NewReaderSize(&endless{left: conversations}, 64<<10), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	n, most := 0, uint64(0)
	var stats runtime.MemStats
	for item, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		if item.Memory == nil {
			continue // the remark at the end
		}
		if n++; n%256 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapAlloc)
		}
	}
	if n != conversations || most > 16<<20 {
		t.Errorf("%d memories, %d bytes of memory", n, most)
	}
}

// FuzzImport reads anything as each format: it must end, without a panic, and each memory must be JSON.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		claude, chatGPT, `{"results":[{"memory":"a"}],"relations":[{}]}`, `{"type":"entity","name":"a","observations":["b"]}`,
		`{"agents":[{"messages":[{"role":"user","content":"x"}]}],"blocks":[{"value":"x"}]}`, `{"messages":[{"role_type":"user","content":"x"}],"facts":["x"],"summary":{"content":"x"}}`,
		`{"key":"k","value":{"data":1,"consciousnessState":{}}}`, `{"id":"","tenant":"","data":1,"createdAt":"2026-01-01","lastAccessed":"","fadesAt":null,"ttl":"1d","pinned":true,"policy":"","tags":[],"vector":[1]}`,
	} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, content []byte, notes bool) {
		for _, format := range append(imports.Formats(), "") {
			s, err := imports.Stream(bufio.NewReaderSize(strings.NewReader(string(content)), 64<<10), imports.Format(format), &imports.Options{Notes: notes, Now: now})
			if s == nil || err != nil {
				continue
			}
			for item, err := range s.All() {
				if err == nil && item.Memory != nil && len(item.Memory.Data) == 0 {
					t.Errorf("%s: %+v has no data", format, item.Memory)
				}
			}
		}
	})
}

// FuzzArchive opens anything as a file.
func FuzzArchive(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := t.TempDir() + "/x"
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := imports.Open(path, "", nil)
		if s == nil || err != nil {
			return
		}
		_ = lines(s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
