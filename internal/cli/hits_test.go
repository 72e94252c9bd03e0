package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/cli"
	"github.com/sigil-dna/sigil/wire"
)

// hit returns a hit whose text has the words "kettle" and "attic".
func hit(text string, tags ...string) *client.Hit {
	id, err := sigil.ParseID("01890a5d-ac96-774b-bcce-b302099a8057")
	if err != nil {
		panic(err)
	}
	data, err := json.Marshal(map[string]string{"content": text})
	if err != nil {
		panic(err)
	}
	h := &client.Hit{Score: 1, Memory: client.Memory{ID: id, Data: data, Tags: tags}}
	var ranges [][2]int
	for _, word := range []string{"kettle", "attic"} {
		if before, _, ok := strings.Cut(text, word); ok {
			from := len([]rune(before))
			ranges = append(ranges, [2]int{from, from + len(word)})
		}
	}
	h.Matched = []client.Matched{{Pointer: "/content", Ranges: ranges}}
	return h
}

// TestHitFits prints hits on terminals of 80 and 120 columns: no line is longer, and no tag or word is cut in two.
func TestHitFits(t *testing.T) {
	long := strings.Repeat("nothing to see here, ", 10)
	explained := hit("the kettle is in the attic")
	explained.Parts = wire.ScoreParts{Words: 0.75, Meaning: 0.5, Freshness: 1}
	explained.Score = 0.6625
	explained.Explanation = &client.ScoreExplanation{Weights: wire.ScoreParts{Words: 0.65, Meaning: 0.35}}
	explained.Explanation.Words = []client.ScoreShare{{Name: "bm25", Value: 7.95, Best: 15.9, Factor: 0.5}, {Name: "near", Value: 8, Best: 8, Factor: 0.5}}
	explained.Explanation.Meaning = &client.ScoreCosines{Query: 0.25, Moved: 0.5, Least: 0.35}
	explained.Explanation.BM25 = &client.ScoreBM25{Memories: 3000, AverageLength: 17.2, Length: 10, Terms: []wire.ScoreTerm{
		{Term: "payment-service", Count: 4, Memories: 104, IDF: 3.36, Weight: 0.5, Score: 2.54},
		{Term: "kettl", Count: 1, Memories: 38, IDF: 4.356, Weight: 1, Score: 5.41},
	}}
	for name, tt := range map[string]struct {
		hit      *client.Hit
		at80     []string // lines, without the indent
		at120    []string
		explains bool
	}{
		"short": {
			hit:  hit("the kettle is in the attic", "home"),
			at80: []string{"1.00  01890a5d-ac96-774b-bcce-b302099a8057  fades never  home", "/content the kettle is in the attic"},
		},
		"tags that do not fit": {
			hit:   hit("the kettle", "incident", "payment-service", strings.Repeat("x", 70), "y"),
			at80:  []string{"1.00  01890a5d-ac96-774b-bcce-b302099a8057  fades never", "incident, payment-service,", strings.Repeat("x", 70) + ", y", "/content the kettle"},
			at120: []string{"1.00  01890a5d-ac96-774b-bcce-b302099a8057  fades never", "incident, payment-service, " + strings.Repeat("x", 70) + ", y", "/content the kettle"},
		},
		"words near the beginning": {
			hit:  hit("Please note that the kettle is in the attic, wrapped in newspaper, and nowhere else"),
			at80: []string{"", "/content Please note that the kettle is in the attic, wrapped in newspape…"},
		},
		"words near the end": {
			hit:  hit(long + "and the kettle is in the attic"),
			at80: []string{"", "/content …to see here, nothing to see here, and the kettle is in the attic"},
		},
		"words in the middle": {
			hit:  hit(long + "and the kettle is here. " + long),
			at80: []string{"", "/content …here, and the kettle is here. nothing to see here, nothing to s…"},
		},
		"white space": {
			hit:  hit("for {\n\t\tput(kettle)\n}"),
			at80: []string{"", "/content for { put(kettle) }"},
		},
		"words beside what it says": {
			hit: &client.Hit{
				Memory:  client.Memory{ID: hit("").Memory.ID, Data: json.RawMessage(`{"source":{"entity":"kettle"},"text":"on the shelf over the stove"}`)},
				Matched: []client.Matched{{Pointer: "/source/entity", Ranges: [][2]int{{0, 6}}}},
			},
			at80: []string{"", "/text on the shelf over the stove", "/source/entity kettle"},
		},
		"none of the words": {
			hit:  &client.Hit{Memory: client.Memory{ID: hit("").Memory.ID, Data: json.RawMessage(`"a teapot"`)}, Parts: wire.ScoreParts{Meaning: 0.5}},
			at80: []string{"", `by meaning "a teapot"`},
		},
		"arithmetic": {
			hit: explained,
			at80: []string{
				"", "/content the kettle is in the attic", "score 0.662 = 0.65 × words 0.750 + 0.35 × meaning 0.500; no weight: freshness 1.000, strength 0.000",
				"words 0.750 = 0.500 × bm25 7.950 of 15.900 + 0.500 × near 8.000 of 8.000",
				"meaning cosine 0.250 with the query, 0.500 after it was moved toward the best; by itself it finds over 0.35",
				"term payment-service: 4 of 10 words, in 104 of 3000 memories; idf 3.360 × 0.50 → 2.540",
				"term kettl: 1 of 10 words, in 38 of 3000 memories; idf 4.356 → 5.410",
				"bm25 7.950, at 17.2 words a memory",
			},
			explains: true,
		},
	} {
		for columns, want := range map[int][]string{80: tt.at80, 120: tt.at120} {
			text := cli.PrintHit(columns, tt.hit)
			for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
				if w := cli.Width(line); w > columns && !tt.explains {
					t.Errorf("%s: a line of %d columns on %d: %s", name, w, columns, line)
				}
				if want != nil && (i >= len(want) || want[i] != "" && strings.TrimSpace(line) != want[i]) {
					t.Errorf("%s, %d columns: line %d is %q, want %q", name, columns, i, line, want)
				}
			}
		}
	}
}
