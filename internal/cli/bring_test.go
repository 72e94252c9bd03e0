package cli_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// brought is a memory without what an import cannot bring back.
type brought struct {
	Data   json.RawMessage `json:"data"`
	State  json.RawMessage `json:"state"`
	Tenant string          `json:"tenant"`
	Hash   string          `json:"hash"`
	Tags   []string        `json:"tags"`
	Pinned bool            `json:"pinned"`
	TTL    *string         `json:"ttl"`
}

// memories returns what a tenant has, as lines.
func (c *command) memories(tenant string) (all []brought, lines string) {
	c.t.Helper()
	_, lines, _ = c.in("", "list", "--all", "--json", "--tenant", tenant)
	for line := range strings.Lines(lines) {
		var v brought
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b brought) int { return strings.Compare(string(a.Data), string(b.Data)) })
	return all, lines
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestExportComesBack: what list and export write is imported with its data, state, tags, pin and tenant; the end of a ttl stays where
// it was. The same import again encodes nothing again.
func TestExportComesBack(t *testing.T) {
	old := newCommand(t, nil, nil)
	old.in(`{"b":1.50,"a":12345678901234567890}`, "encode", "--tag", "x", "--tag", "y", "--state", `{"phi":0.9,"mood":"calm"}`)
	old.in(`"pinned"`, "encode", "--pin")
	old.in(`"twice"`, "encode")
	old.in(`"twice"`, "encode")
	old.in(`"ends"`, "encode", "--ttl", "7d")
	old.in(`"hers"`, "encode", "--tenant", "ada", "--pin")
	want, lines := old.memories("public")
	hers, more := old.memories("ada")

	c := newCommand(t, nil, nil)
	path := file(t, "memories.ndjson", lines+more)
	for i, summary := range []string{"encoded 6, failed 0 in ", "encoded 5, encoded before 1, failed 0 in "} {
		code, out, words := c.in("", "import", path)
		if code != 0 || out != "" || !strings.Contains(words, "it looks like sigil, and is read as that; --from chooses another format\n"+summary) ||
			!strings.Contains(words, "\nchanged 6: gets a new id; its age and its recalls start anew, under the daemon's own policy\n") {
			t.Errorf("import %d: %d, %s%s", i, code, out, words)
		}
	}
	for tenant, want := range map[string][]brought{"public": want, "ada": hers} {
		got, _ := c.memories(tenant)
		if len(got) != len(want) {
			t.Fatalf("%s has %d memories, want %d", tenant, len(got), len(want))
		}
		for i := range got {
			if (got[i].TTL == nil) != (want[i].TTL == nil) || got[i].TTL != nil && !strings.HasPrefix(*got[i].TTL, "6d23h59m") {
				t.Errorf("%s: ttl %v", got[i].Data, got[i].TTL)
			}
			got[i].TTL, want[i].TTL = nil, nil
			a, err1 := json.Marshal(got[i])
			b, err2 := json.Marshal(want[i])
			if err1 != nil || err2 != nil || string(a) != string(b) {
				t.Errorf("%s\nwant %s", a, b)
			}
		}
	}

	// A tenant that the user names gets all, and the report says so.
	one := newCommand(t, nil, nil)
	if code, _, words := one.in(lines+more, "import", "--from", "sigil", "--tenant", "bo", "-"); code != 0 ||
		!strings.Contains(words, "changed 6: is of another tenant than the one of --tenant, which it now has (line 1; line 2; line 3; and 3 more, which --json lists)\n") {
		t.Errorf("%d, %s", code, words)
	}
	if got, _ := one.memories("bo"); len(got) != 6 {
		t.Errorf("bo has %d memories", len(got))
	}
}

const graph = `{"type":"entity","name":"Ada","entityType":"person","observations":["takes tea at five","lives in Turin"]}
{"type":"note"}
{"type":"relation","from":"Ada","to":"Bo","relationType":"knows"}`

// TestImportOfGraph: a file of another system is recognized, and reported on. Twice is once.
func TestImportOfGraph(t *testing.T) {
	c := newCommand(t, nil, nil)
	path := file(t, "memory.jsonl", graph)
	const report = "left out 1: a line whose type is neither entity nor relation (line 2)\n" +
		"note 1: relation to an entity that is not in the file: it is kept (line 3)\n"
	code, out, words := c.in("", "import", "--dry-run", path)
	if code != 0 || out != "" || words != "it looks like mcp-memory, and is read as that; --from chooses another format\nwould encode 3, failed 0; nothing was sent\n"+report {
		t.Errorf("dry run: %d, %s%s", code, out, words)
	}
	if got := c.kept(); len(got) != 0 {
		t.Errorf("a dry run has encoded %v", got)
	}
	for range 2 {
		code, out, words = c.in("", "import", "--tag", "old", path)
		if code != 0 || out != "" || !strings.Contains(words, "encoded 3, failed 0 in ") || !strings.HasSuffix(words, report) {
			t.Errorf("%d, %s%s", code, out, words)
		}
	}
	got, _ := c.memories("public")
	if len(got) != 3 || string(got[0].Data) != `{"text":"Ada knows Bo","source":{"format":"mcp-memory","from":"Ada","relationType":"knows","to":"Bo"}}` || len(got[0].Tags) != 1 {
		t.Errorf("%v", got)
	}
}

// TestImportJSON: with --json each remark and each memory is a line, of a dry run with what would be encoded.
func TestImportJSON(t *testing.T) {
	c := newCommand(t, nil, nil)
	_, out, _ := c.in(graph, "import", "--dry-run", "--json")
	if want := `{"place":"line 1, observation 1","data":{"text":"takes tea at five","source":{"entity":"Ada","entityType":"person","format":"mcp-memory"}}}
{"place":"line 1, observation 2","data":{"text":"lives in Turin","source":{"entity":"Ada","entityType":"person","format":"mcp-memory"}}}
{"outcome":"left out","reason":"a line whose type is neither entity nor relation","place":"line 2","count":1}
{"place":"line 3","data":{"text":"Ada knows Bo","source":{"format":"mcp-memory","from":"Ada","relationType":"knows","to":"Bo"}}}
{"outcome":"note","reason":"relation to an entity that is not in the file: it is kept","place":"line 3","count":1}
`; out != want {
		t.Errorf("%s", out)
	}
	_, out, _ = c.in(graph, "import", "--json")
	if strings.Count(out, "\n") != 5 || !strings.Contains(out, `{"place":"line 3","id":"`) {
		t.Errorf("%s", out)
	}
	code, out, words := c.in("1\nx\n", "import", "--dry-run", "--json")
	if code != 5 || out != "{\"line\":1,\"data\":1}\n" || words != "sigil: line 2: data: is not valid JSON at its end\nwould encode 1, failed 1; nothing was sent\n" {
		t.Errorf("lines: %d, %s%s", code, out, words)
	}
}

// TestImportStops: an input that ends within a value says how far it came, what the daemon refuses is named by its place, and wrong usage
// is refused.
func TestImportStops(t *testing.T) {
	c := newCommand(t, nil, nil)
	code, _, words := c.in(`{"results":[{"id":"1","memory":"a"},{"id":"2","memory":"b","metadata":{"x":1,"x":2}},{"id"`, "import", "--from", "mem0")
	if code != 5 || !strings.HasPrefix(words, "sigil: results 2: data/source/metadata/x: occurs twice in its object") ||
		!strings.Contains(words, "encoded 1, failed 1 in ") || !strings.HasSuffix(words, "sigil: stopped at memory 2: ends within a value: it is not whole\n") {
		t.Errorf("%d, %s", code, words)
	}
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--from", "other"}, 2, "--from must be lines, sigil, "},
		{[]string{"--conversations", "all"}, 2, "--conversations must be turns or notes"},
		{[]string{t.TempDir()}, 5, "is a folder, and not a LevelDB"},
		{[]string{"--from", "claude", "../imports/leveldb/testdata/logonly"}, 5, "is a folder: give a file of it"},
	} {
		if code, _, words := c.in("", append([]string{"import"}, tt.args...)...); code != tt.code || !strings.Contains(words, tt.says) {
			t.Errorf("%q: %d, %s", tt.args, code, words)
		}
	}
	if code, _, words := c.in("", "import", "../imports/leveldb/testdata/logonly"); code != 0 || !strings.Contains(words, "encoded 6, failed 0") {
		t.Errorf("%d, %s", code, words)
	}
}

// TestImportPage runs the commands of docs/import.md, and compares what they print with what the page shows.
func TestImportPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	c := newCommand(t, nil, nil)
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "leveldb"), os.DirFS("../imports/leveldb/testdata/logonly")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	const talk = `[{"uuid":"c","name":"Tea","chat_messages":[{"sender":"human","text":"When?"}]}]`
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("conversations.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(talk)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"memory.jsonl": graph, "mem0.json": `{"results":[{"id":"1","memory":"tea"}]}`, "claude.zip": archive.String(), "conversations.json": talk,
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for i, block := range strings.Split(string(page), "```") {
		if i%2 == 0 {
			continue
		}
		for _, shown := range strings.Split(block, "\n$ sigil ")[1:] {
			command, want, _ := strings.Cut(shown, "\n")
			n++
			code, out, words := c.in("", strings.Fields(command)...)
			if code != 0 || want != "" && out+words != want+"\n" {
				t.Errorf("%s: %d, %s%s", command, code, out, words)
			}
		}
	}
	if n != 6 {
		t.Errorf("%d commands", n)
	}
}
