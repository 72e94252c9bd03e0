package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRetrieval asks two questions of every contender that is there.
func TestRetrieval(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for name, text := range map[string]string{
		"memories.jsonl": `{"group":"talk-1","id":"a","text":"The kettle boils at five.","who":"Ann"}
{"group":"talk-1","id":"b","text":"Rain is expected in Bern."}
{"group":"talk-2","id":"a","text":"A kettle without a lid."}
{"group":"note-1","id":"x","text":"Metric units, please."}
`,
		"questions.jsonl": `{"group":"talk-1","query":"When does the kettle boil?","relevant":{"a":2}}
{"group":"note-1","query":"What is unknown?","relevant":{"x":1,"y":0}}
`,
		"docs.md": "<!-- bench:retrieval -->\n<!-- /bench:retrieval -->\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := bench{lenient: true, sigil: buildSigil(t)}
	docs := filepath.Join(dir, "docs.md")
	if err := b.retrieval(t.Context(), dir, docs); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| note, 1 | Sigil in process, default | 0.000 | 0.000 |", "| talk, 1 | Sigil in process, words alone | 1.000 | 1.000 |",
		"| talk, 1 | Sigil over HTTP, default | 1.000 | 1.000 |", "| talk, 1 | bleve | 1.000 | 1.000 |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s, want %s", text, want)
		}
	}
}

func TestQuality(t *testing.T) {
	relevant := map[string]float64{"a": 2, "b": 1}
	for _, tt := range []struct {
		ids          []string
		recall, ndcg float64
	}{
		{[]string{"a", "b"}, 1, 1},
		{[]string{"c", "a"}, 0.5, 2 / math.Log2(3) / (2 + 1/math.Log2(3))},
		{nil, 0, 0},
	} {
		if got := recallOf(tt.ids, relevant); got != tt.recall {
			t.Errorf("recall of %v: got %v, want %v", tt.ids, got, tt.recall)
		}
		if got := ndcgOf(tt.ids, relevant); math.Abs(got-tt.ndcg) > 1e-12 {
			t.Errorf("nDCG of %v: got %v, want %v", tt.ids, got, tt.ndcg)
		}
	}
}
