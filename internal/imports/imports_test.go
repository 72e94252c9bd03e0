package imports_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/imports"
)

var now = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)

// lines returns what a source has: a memory as its place and data with what else it has, a remark as its outcome, place and reason.
func lines(s *imports.Source) (all []string) {
	for item, err := range s.All() {
		switch {
		case err != nil:
			all = append(all, "error: "+err.Error())
		case item.Memory != nil:
			m := item.Memory
			line := m.Place + ": " + string(m.Data)
			if len(m.Tags) > 0 {
				line += fmt.Sprintf(" tags %q", m.Tags)
			}
			if m.State != nil {
				line += fmt.Sprintf(" phi %v", m.State.Phi)
			}
			if m.Vector != nil {
				line += fmt.Sprintf(" vector %v", m.Vector)
			}
			if m.Pinned {
				line += " pinned"
			}
			if !m.Ends.IsZero() {
				line += " until " + m.Ends.UTC().Format(time.RFC3339)
			}
			if m.Life != 0 {
				line += " life " + sigil.FormatDuration(m.Life)
			}
			if m.Tenant != "" {
				line += " of " + m.Tenant
			}
			all = append(all, line)
		default:
			r := item.Remark
			line := string(r.Outcome) + ", " + r.Place + ": " + r.Reason
			if r.Count != 1 {
				line += fmt.Sprintf(" (%d)", r.Count)
			}
			all = append(all, line)
		}
	}
	return all
}

// check opens a file with content and compares what it has. The format must be recognized, too, unless given is set.
func check(t *testing.T, format imports.Format, given bool, o *imports.Options, name, content, want string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if o == nil {
		o = &imports.Options{}
	}
	o.Now = now
	for _, f := range []imports.Format{format, ""} {
		if f == "" && given {
			continue
		}
		s, err := imports.Open(path, f, o)
		if err != nil || s == nil || s.Format != format || s.Guessed != (f == "") {
			t.Fatalf("as %q: %+v, %v", f, s, err)
		}
		if got := strings.Join(lines(s), "\n"); got != strings.TrimSpace(want) {
			t.Errorf("as %q:\n%s\nwant\n%s", f, got, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if strings.HasSuffix(name, ".zip") {
		return
	}
	s, err := imports.Stream(bufio.NewReaderSize(strings.NewReader(content), 64<<10), format, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(lines(s), "\n"); got != strings.TrimSpace(want) {
		t.Errorf("as a stream:\n%s", got)
	}
}

// zipped returns an archive of files, given as name and content.
func zipped(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		content := files[i+1]
		if strings.HasSuffix(files[i], ".gz") {
			var packed bytes.Buffer
			g := gzip.NewWriter(&packed)
			if _, err := g.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			content = packed.String()
		}
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMCPMemory(t *testing.T) {
	check(t, imports.MCPMemory, false, nil, "memory.jsonl", `{"type":"entity","name":"Ada","entityType":"person","observations":["takes tea at five","lives in Turin"]}
{"type":"entity","name":"kettle","entityType":"thing","observations":[]}

{"type":"entity","name":"Ada","entityType":"person","observations":["has a cat",7]}
{"type":"relation","from":"Ada","to":"kettle","relationType":"owns"}
{"type":"relation","from":"Ada","to":"Bo","relationType":"knows"}
{"type":"note","text":"x"}
{"type":"entity","entityType":"person"}
{"type":"entity","name":"cut
{"type":"relation","from":"Cy","to":"Ada","relationType":"greets"}
{"type":"entity","name":"Cy","observations":["is \ud83d new"]}`, `
line 1, observation 1: {"text":"takes tea at five","source":{"entity":"Ada","entityType":"person","format":"mcp-memory"}}
line 1, observation 2: {"text":"lives in Turin","source":{"entity":"Ada","entityType":"person","format":"mcp-memory"}}
note, line 2: entity without observations: its name and type are kept
line 2: {"text":"kettle (thing)","source":{"entity":"kettle","entityType":"thing","format":"mcp-memory"}}
note, line 4: entity whose name occurred before: it is kept, too
line 4, observation 1: {"text":"has a cat","source":{"entity":"Ada","entityType":"person","format":"mcp-memory"}}
left out, line 4, observation 2: an observation that is not a text
line 5: {"text":"Ada owns kettle","source":{"format":"mcp-memory","from":"Ada","relationType":"owns","to":"kettle"}}
line 6: {"text":"Ada knows Bo","source":{"format":"mcp-memory","from":"Ada","relationType":"knows","to":"Bo"}}
left out, line 7: a line whose type is neither entity nor relation
left out, line 8: an entity without a name
left out, line 9: a line that is not JSON
line 10: {"text":"Cy greets Ada","source":{"format":"mcp-memory","from":"Cy","relationType":"greets","to":"Ada"}}
changed, line 11, observation 1: had characters that are not Unicode: they are replaced
line 11, observation 1: {"text":"is � new","source":{"entity":"Cy","format":"mcp-memory"}}
note, line 6: relation to an entity that is not in the file: it is kept`)
}

func TestMem0(t *testing.T) {
	const results = `{"results":[
{"id":"a1","memory":"Takes tea at five","hash":"x","metadata":{"k":[1.50]},"created_at":"2025-02-03T04:05:06.5-07:00","updated_at":null,"user_id":"u"},
{"id":"a2","content":"Has a cat","createdAt":1738555506,"categories":["pets","pets",""],"score":0.5},
{"id":"a3","memory":""}, 7,
{"id":"a4","memory":"gone","state":"deleted"},
{"id":"a5","memory":"old","expiration_date":"2026-11-29"},
{"id":"a6","memory":"soon over","expiration_date":"2026-11-30"},
{"id":"a7","memory":"kept","state":"archived","created_at":"when?"},
{"id":"a8","memory":"twice","memory":"twice"}],
"relations":[{"source":"ada","relationship":"owns","target":"cat"}],"entities":[{"name":"ada"}],"count":9,"previous":null,"next":"page2"}`
	check(t, imports.Mem0, false, nil, "mem0.json", results, `
results 1: {"text":"Takes tea at five","createdAt":"2025-02-03T11:05:06.5Z","source":{"format":"mem0","id":"a1","metadata":{"k":[1.50]},"user_id":"u"}}
changed, results 2: has labels that cannot be tags: they are in its data, as source.labels
results 2: {"text":"Has a cat","createdAt":"2025-02-03T04:05:06Z","source":{"format":"mem0","id":"a2","labels":["pets","pets",""]}} tags ["pets"]
left out, results 3: a record without a text
left out, results 4: not an object
left out, results 5: deleted there
left out, results 6: its end has passed
results 7: {"text":"soon over","source":{"expiration_date":"2026-11-30","format":"mem0","id":"a6"}} until 2026-12-01T00:00:00Z
note, results 8: archived or paused there: it is kept, and its data has source.state
results 8: {"text":"kept","source":{"created_at":"when?","format":"mem0","id":"a7","state":"archived"}}
left out, results 9: an object in which a member occurs twice
relations 1: {"text":"ada owns cat","source":{"format":"mem0","from":"ada","relationship":"owns","to":"cat"}}
left out, entities: a member that is not read: memories are in results, memories and relations
note, next: this is one page of several: import the others, too`)

	check(t, imports.Mem0, false, nil, "mem0.json", `[{"id":"1","memory":"a","user_id":"u"}]`, `
record 1: {"text":"a","source":{"format":"mem0","id":"1","user_id":"u"}}`)
	check(t, imports.Mem0, false, nil, "mem0.jsonl", "{\"id\":\"1\",\"memory\":\"a\",\"user_id\":\"u\"}\nnope\n{\"id\":\"2\",\"memory\":\"b\"}", `
line 1: {"text":"a","source":{"format":"mem0","id":"1","user_id":"u"}}
left out, line 2: a line that is not JSON
line 3: {"text":"b","source":{"format":"mem0","id":"2"}}`)
	check(t, imports.Mem0, true, nil, "mem0.json", `{"results":[{"memory":"a"},`, `
results 1: {"text":"a","source":{"format":"mem0"}}
error: invalid_json: ends within a value: it is not whole`)

	tables := `{"user":{},"apps":[],"categories":[{"id":"c1","name":"home"}],"memories":[{"id":"m1","content":"Tea","state":"active","category_ids":["c1","c2"],"created_at":"2025-01-01T00:00:00+00:00"}],"status_history":[]}`
	check(t, imports.Mem0, false, nil, "export.zip", zipped(t, "memories.json", tables, "memories.jsonl.gz", `{"id":"m1","content":"Tea","metadata":{},"created_at":"2025-01-01T00:00:00+00:00","state":"active","app":"x","categories":["home"]}`+"\n"), `
memories.jsonl.gz: line 1: {"text":"Tea","createdAt":"2025-01-01T00:00:00Z","source":{"app":"x","format":"mem0","id":"m1","state":"active"}} tags ["home"]
note, memories.json: users, apps, access rules and the history of states are not memories`)
	check(t, imports.Mem0, false, nil, "export.zip", zipped(t, "memories.json", tables), `
memories.json: memories 1: {"text":"Tea","createdAt":"2025-01-01T00:00:00Z","source":{"format":"mem0","id":"m1","state":"active"}} tags ["home" "c2"]
note, memories.json: users, apps, access rules and the history of states are not memories`)
}

// TestMem0Twenty: get_all returns 20 records unless it is told otherwise, so 20 are a reason to look again, and 19 or 21 are none.
func TestMem0Twenty(t *testing.T) {
	for _, n := range []int{19, 20, 21} {
		records := strings.TrimSuffix(strings.Repeat(`{"memory":"a"},`, n), ",")
		s, err := imports.Stream(bufio.NewReaderSize(strings.NewReader(`{"results":[`+records+`]}`), 64<<10), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := lines(s)
		if warned := strings.Contains(got[len(got)-1], "exactly 20 records"); warned != (n == 20) {
			t.Errorf("%d records: %q", n, got[len(got)-1])
		}
	}
}

func TestLetta(t *testing.T) {
	check(t, imports.Letta, false, nil, "agent.af", `{"agents":[{"name":"Iris","messages":[
{"role":"system","content":[{"type":"text","text":"You are"}]},
{"role":"user","id":"message-1","content":[{"type":"text","text":"I take tea at five"}],"created_at":"2025-05-01T10:00:00+00:00"},
{"role":"assistant","content":[{"type":"text","text":"They like tea"}],"tool_calls":[{"function":{"name":"send_message","arguments":"{\"message\":\"Noted.\"}"}},{"function":{"name":"search","arguments":"{}"}}]},
{"role":"tool","content":"ok"},
{"role":"user","content":"{\"type\":\"heartbeat\",\"reason\":\"x\"}"},
{"role":"user","content":"{\"type\":\"user_message\",\"message\":\"Thanks\"}"}]}],
"groups":[],"blocks":[{"id":"block-0","label":"human","value":"Name: Ada","limit":5000,"metadata":{}},{"id":"block-1","label":"persona","value":""}],
"tools":[{"name":"search"}],"created_at":"2025-06-01"}`, `
left out, agent 1, message 1: a message of the system or of a tool
agent 1, message 2: {"text":"I take tea at five","title":"Iris","role":"user","createdAt":"2025-05-01T10:00:00Z","source":{"agent":"Iris","format":"letta","turn":"message-1"}}
left out, agent 1, message 3: a call of a tool
left out, agent 1, message 3: thoughts of the agent
agent 1, message 3: {"text":"Noted.","title":"Iris","role":"assistant","source":{"agent":"Iris","format":"letta"}}
left out, agent 1, message 4: a message of the system or of a tool
left out, agent 1, message 5: a message of the system or of a tool
agent 1, message 6: {"text":"Thanks","title":"Iris","role":"user","source":{"agent":"Iris","format":"letta"}}
block 1: {"text":"Name: Ada","title":"human","source":{"format":"letta","id":"block-0","kind":"block"}}
left out, block 2: a block that is empty
left out, tools 1: a part of an agent that is not memory: a tool, a file, a group
note, : the settings of agents, and what their systems tell them, are not memories
note, : an agent file has no archival memory: export its passages and import them, too`)

	check(t, imports.Letta, false, &imports.Options{Notes: true}, "old.af", `{"agent_type":"memgpt","core_memory":[{"label":"human","value":"Ada"}],"name":"Old","messages":[`+
		strings.TrimSuffix(strings.Repeat(`{"role":"user","text":"hi"},`, 50), ",")+`]}`, `
block 1: {"text":"Ada","title":"human","source":{"format":"letta","kind":"block"}}
note, agent 1: exactly 50 messages: Letta writes only the newest 50 into an agent file, so there may be more
agent 1: {"title":"Old","turns":[`+strings.TrimSuffix(strings.Repeat(`{"role":"user","text":"hi"},`, 50), ",")+`],"source":{"agent":"Old","format":"letta"}}
note, : the settings of agents, and what their systems tell them, are not memories
note, : an agent file has no archival memory: export its passages and import them, too`)

	check(t, imports.Letta, false, nil, "passages.json", `[{"id":"passage-1","text":"Tea at five","tags":["tea"],"created_at":"2025-05-01T10:00:00Z","archive_id":"a"},{"id":"p2","text":""}]`, `
passage 1: {"text":"Tea at five","createdAt":"2025-05-01T10:00:00Z","source":{"archive_id":"a","format":"letta","id":"passage-1"}} tags ["tea"]
left out, passage 2: a passage without text`)
}

func TestZep(t *testing.T) {
	check(t, imports.Zep, false, nil, "zep.json", `{"session_id":"s1","messages":[{"uuid":"u1","role":"Ada","role_type":"user","content":"Tea at five","created_at":"2025-01-01T00:00:00Z","token_count":3},
{"role_type":"system","content":"You are"}],"facts":["Ada takes tea",""],"relevant_facts":[{"uuid":"f1","fact":"Ada lives in Turin","rating":0.5,"valid_at":"2024-01-01"},{"fact":"Ada lives in Rome","invalid_at":"2024-01-01"}],
"summary":{"uuid":"x","content":"About tea"}}`, `
message 1: {"text":"Tea at five","role":"user","createdAt":"2025-01-01T00:00:00Z","source":{"format":"zep","id":"u1","role":"Ada","session":"s1"}}
left out, message 2: a message of the system or of a tool
fact 1: {"text":"Ada takes tea","source":{"format":"zep","session":"s1"}}
left out, fact 2: not a record
fact 1: {"text":"Ada lives in Turin","createdAt":"2024-01-01T00:00:00Z","source":{"format":"zep","id":"f1","session":"s1"}}
left out, fact 2: a fact that no longer holds
the whole: {"text":"About tea","source":{"format":"zep","id":"x"}}`)

	check(t, imports.Zep, false, nil, "sessions.json", `{"sessions":[{"session_id":"s1","messages":[{"role_type":"user","content":"a"}]},{"session_id":"s2"}]}`, `
session 1, message 1: {"text":"a","role":"user","source":{"format":"zep","session":"s1"}}
left out, session 2: a record that has neither content nor a fact nor a summary`)

	check(t, imports.Zep, true, nil, "graph.jsonl", `{"edges":[{"uuid":"e","fact":"A knows B","name":"KNOWS"}]}
{"nodes":[{"name":"A","summary":"A person","labels":["Entity"]},{"name":"B","summary":""}]}`, `
edge 1: {"text":"A knows B","source":{"format":"zep","id":"e","name":"KNOWS"}}
value 2, node 1: {"text":"A person","title":"A","source":{"format":"zep","labels":["Entity"]}}
value 2, node 2: {"text":"B","source":{"format":"zep"}}`)
}

func TestSigilExport(t *testing.T) {
	const memory = `{"id":"01a226af-32ad-7000-b6e9-82a264324c21","tenant":"ada","data":%s,"state":{"phi":%s,"coherence":0.5,"awareness":0.5,"emotionalResonance":0.5},"hash":"x","frequency":1.2,"pattern":124,"potential":0.5,"decay":0.1,"createdAt":"2026-11-20T00:00:00Z","lastAccessed":"2026-11-20T00:00:00Z","accessCount":0,"fadesAt":null,"ttl":%s,"pinned":%s,"crystallized":false,"policy":"halflife","tags":%s}`
	line := func(parts ...any) string { return fmt.Sprintf(memory, parts...) + "\n" }
	check(t, imports.Sigil, false, nil, "memories.ndjson",
		line(`{"b":1.50,"a":2}`, "0.5", "null", "false", "[]")+
			line(`"tea"`, "0.9", `"30d"`, "true", `["a","b"]`)+
			line(`"over"`, "0.5", `"7d"`, "false", "[]")+
			strings.Replace(line(`1`, "0.5", "null", "false", "[]"), `"tags"`, `"vector":[3,-4],"tags"`, 1)+
			"{\"other\":1}\n"+
			strings.Replace(line(`2`, "0.5", "null", "false", "[]"), `"tags"`, `"stretch":2,"tags"`, 1)+
			strings.Replace(line(`3`, "0.5", "null", "false", "[]"), `"tags"`, `"stretch":-2,"tags"`, 1), `
line 1: {"b":1.50,"a":2} of ada
line 2: "tea" tags ["a" "b"] phi 0.9 pinned until 2026-12-20T00:00:00Z of ada
left out, line 3: its end has passed
line 4: 1 vector [3 -4] of ada
left out, line 5: not a memory as sigil export writes it
line 6: 2 life 60d12h10m4.224s of ada
left out, line 7: a memory whose stretch or policy is wrong
changed, : gets a new id; its age and its recalls start anew, under the daemon's own policy (4)`)
	check(t, imports.Sigil, false, nil, "memories.json", "["+line(`1`, "0.5", "null", "false", "[]")+","+line(`2`, "0.5", `"x"`, "false", "[]")+"]", `
element 1: 1 of ada
left out, element 2: a memory whose ttl is wrong
changed, : gets a new id; its age and its recalls start anew, under the daemon's own policy`)
}

func TestSigilDNA(t *testing.T) {
	const want = `
key sigil:0001: {"note":"kettle garden 1","round":1,"pad":"%s"} phi 0.1`
	s, err := imports.Open("leveldb/testdata/logonly", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := lines(s)
	if s.Format != imports.SigilDNA || len(got) != 9 ||
		got[0] != "left out, key crystal:1: a record that is not a memory: crystals, patterns and networks are computed anew" ||
		got[2] != strings.TrimSpace(fmt.Sprintf(want, strings.Repeat("kettle", 20))) ||
		got[8] != "changed, : gets a new id; its age and its recalls start anew, under the daemon's own policy (6)" {
		t.Errorf("%s: %s", s.Format, strings.Join(got, "\n"))
	}

	check(t, imports.SigilDNA, false, nil, "dump.ndjson", `{"key":"k1","value":{"data":{"a":1},"consciousnessState":{"phi":0.25},"metadata":{"by":"x"}}}
{"key":"k2","value":{"data":{"a":1},"consciousnessState":{"phi":25},"tags":["a"],"tenantId":7,"decay":0}}
{"key":"k3","value":"{\"data\":\"text\",\"resonanceFrequency\":1}"}
{"key":"k4","value":"plain"}
{"value":1}`, `
changed, line 1: had metadata, which a memory cannot have: it is not kept
line 1: {"a":1} phi 0.25
changed, line 2: had a state outside 0 to 1, or none that is an object: it gets the default one
changed, line 2: had a tenant that is not a text: it gets that of the request
changed, line 2: tags: had members that a memory cannot have: they are not kept
line 2: {"a":1}
line 3: "text"
left out, line 4: a record that is not a memory: crystals, patterns and networks are computed anew
left out, line 5: neither a memory nor {"key":…,"value":…}
changed, : gets a new id; its age and its recalls start anew, under the daemon's own policy (3)`)
}

// TestJSONOfTheReplacedStack reads memories of the replaced stack from a JSON file: a list, an object with a member for each, and lines.
func TestJSONOfTheReplacedStack(t *testing.T) {
	const one, other = `{"id":"m1","data":{"a":1},"consciousnessState":{"phi":0.25},"decay":0}`, `{"data":"text","resonanceFrequency":0.5,"tenantId":"ann"}`
	want := `
%[1]s 1: {"a":1} phi 0.25
%[1]s 2: "text" of ann
left out, %[1]s 3: a record that is not a memory: crystals, patterns and networks are computed anew
changed, : gets a new id; its age and its recalls start anew, under the daemon's own policy (2)`
	check(t, imports.SigilDNA, false, nil, "memories.json", "[\n"+one+",\n"+other+",\n{\"stability\":1}]", fmt.Sprintf(want, "element"))
	check(t, imports.SigilDNA, false, nil, "memories.ndjson", one+"\n"+other+"\n{\"stability\":1}", fmt.Sprintf(want, "line"))
	check(t, imports.SigilDNA, false, nil, "map.json", "{\"k1\": "+one+", \"k2\": "+other+", \"k3\": {\"stability\":1}}", strings.NewReplacer(
		"member 1", "member k1", "member 2", "member k2", "member 3", "member k3").Replace(fmt.Sprintf(want, "member")))
	check(t, imports.SigilDNA, true, nil, "dump.json", `[{"key":"k1","value":`+one+`}, 7]`, `
element 1: {"a":1} phi 0.25
left out, element 2: neither a memory nor {"key":…,"value":…}
changed, : gets a new id; its age and its recalls start anew, under the daemon's own policy`)
}

// TestDamagedLevelDB: of a folder of which one byte is wrong, nothing is imported, and the message says what can be done.
func TestDamagedLevelDB(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("leveldb/testdata/tables")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "000014.ldb")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[2000] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := imports.Open(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(s); len(got) != 1 || !strings.HasPrefix(got[0], "error: invalid_import: 000014.ldb: the checksum of the block at byte ") || !strings.Contains(got[0], "nothing of it is imported. Open and close it once with level") {
		t.Errorf("%q", got)
	}
}

// TestNoFormat: what is none of the formats is not taken for one, above all lines of JSON of any kind.
func TestNoFormat(t *testing.T) {
	for _, content := range []string{"", "7\n", "{}\n", `{"note":"tea"}`, `{"memory":"x"}`, `{"key":"a","value":{"data":1}}`, `[1,2]`, "[\n {\"n\": 1}]", `{"text":"a"}`, `{"id":1,"content":"x","created_at":"2025-01-01"}`, "nope", `{"messages":[{"role":"user","content":"x"}]}`} {
		in := bufio.NewReaderSize(strings.NewReader(content), 64<<10)
		if s, err := imports.Stream(in, "", nil); s != nil || err != nil {
			t.Errorf("%s: %+v, %v", content, s, err)
		}
		if rest, err := in.Peek(len(content)); string(rest) != content {
			t.Errorf("%s: %q is left of the stream, %v", content, rest, err)
		}
	}
	for name, want := range map[string]string{"x.zip": "of no format that is known", "x.gz": "decompress it first"} {
		path := filepath.Join(t.TempDir(), name)
		content := zipped(t, "a.txt", "x")
		if name == "x.gz" {
			var b bytes.Buffer
			g := gzip.NewWriter(&b)
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			content = b.String()
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := imports.Open(path, "", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := imports.Open(t.TempDir(), "", nil); err == nil || !strings.Contains(err.Error(), "is a folder, and not a LevelDB") {
		t.Errorf("a folder: %v", err)
	}
}

// TestStreamWaitsForNoMore opens a stream whose second line comes only after the first has been read.
func TestStreamWaitsForNoMore(t *testing.T) {
	in, writer := io.Pipe()
	opened := make(chan struct{})
	go func() {
		defer writer.Close()
		_, _ = io.WriteString(writer, "1\n")
		<-opened
		_, _ = io.WriteString(writer, "2\n")
	}()
	buffered := bufio.NewReaderSize(in, 64<<10)
	s, err := imports.Stream(buffered, "", nil)
	close(opened)
	if s != nil || err != nil {
		t.Fatalf("lines of numbers are %v, %v", s, err)
	}
	if all, err := io.ReadAll(buffered); err != nil || string(all) != "1\n2\n" {
		t.Errorf("left %q, %v", all, err)
	}
}
