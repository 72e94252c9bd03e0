package words_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil/internal/words"
)

// shapes are what drawn texts are made of: words of each kind, joined by signs of each kind.
var (
	shapes = []string{
		"fox", "Foxes", "running", "happy", "dying", "making", "the", "of", "don't", "Caroline's", "O'Brien's", "l'école", "café", "naïve",
		"Straße", "Ёлка", "camelCase", "HTTPServer2", "snake_case", "v1.2.3", "12.5", "1,000", "2026-11-29", "10:30", "18th", "e29b",
		"550e8400", "C++", "C#", ".NET", "東京都", "猫", "한국어", "を買う", "ｶﾞｷﾞ", "สวัสดี", "🎉", "e\u0301", "soft\u00adware", "x", "I", "A",
	}
	signs = []string{" ", " ", " ", "-", "_", ".", "/", "://", "@", ":", ", ", ",", "?", "#", "+", "=", "…", "(", ")", "'", "’", "", "\u2011", "\n"}
)

func drawText(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(1, 8).Draw(t, "words") {
		b.WriteString(rapid.SampledFrom(shapes).Draw(t, "word"))
		b.WriteString(rapid.SampledFrom(signs).Draw(t, "sign"))
	}
	return b.String()
}

// stops reports whether a word is a stop word, or is part of one (don't).
func stops(a *words.Analyzer, w string) bool {
	return slices.ContainsFunc(a.Document([]byte(`"`+w+` `+w+`'t"`), nil, nil).Terms, func(t words.Term) bool { return t.Stop })
}

// TestEveryWordIsFound draws memories, and queries each stretch between white space: as a word, as a phrase, and by each of its
// beginnings.
func TestEveryWordIsFound(t *testing.T) {
	for _, language := range []string{"en", "none", "fr", "de"} {
		a := analyzer(t, words.Settings{Language: language})
		rapid.Check(t, func(t *rapid.T) {
			memory := drawText(t)
			data, err := json.Marshal(map[string]any{"a": []string{memory}})
			if err != nil {
				t.Fatal(err)
			}
			x := indexed(a.Document(data, nil, nil))
			found := func(query string) {
				q, err := a.Parse(query)
				if err != nil {
					t.Fatalf("%q: %v", query, err)
				}
				if len(q.Words)+len(q.Must) == 0 {
					return // only signs
				}
				if !x.candidate(q) {
					t.Errorf("%s: the index does not have %q of %q: %s", language, query, memory, show(q))
				}
				if matched, ok := q.Match(data, nil); !ok || len(matched) != 1 || matched[0].Pointer != "/a/0" {
					t.Errorf("%s: %q does not match %q: %s: %v", language, query, memory, show(q), matched)
				}
			}
			for _, w := range strings.Fields(memory) {
				if strings.Contains(w, `"`) {
					continue
				}
				found(`"` + w + `"`)
				if w[0] == '-' || w[0] == '/' {
					continue
				}
				found(w)
			}
			for _, w := range strings.FieldsFunc(memory, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Cf) }) {
				if w[0] < 'A' || stops(a, w) {
					continue // the thousands of a number are not apart, and no prefix finds a stop word
				}
				for i := 2; i <= len(w); i++ {
					if strings.IndexFunc(w, func(r rune) bool { return r > 'z' }) < 0 {
						found(w[:i] + "*")
					}
				}
			}
		})
	}
}

// TestIndexAndContentAgree draws memories and queries: what Match finds, the index finds, and nothing else unless Verify says so.
func TestIndexAndContentAgree(t *testing.T) {
	a := analyzer(t, words.Settings{})
	rapid.Check(t, func(t *rapid.T) {
		data, err := json.Marshal(map[string]string{"a": drawText(t), "b": drawText(t)})
		if err != nil {
			t.Fatal(err)
		}
		tags := []string{drawText(t)}
		var query strings.Builder
		for range rapid.IntRange(1, 3).Draw(t, "clauses") {
			query.WriteString(rapid.SampledFrom([]string{"", "", "-"}).Draw(t, "not"))
			query.WriteString(rapid.SampledFrom([]string{"", "", "tag:", "/a:", "/b:"}).Draw(t, "field"))
			w := strings.ReplaceAll(drawText(t), `"`, "")
			switch rapid.SampledFrom([]string{"word", "phrase", "prefix"}).Draw(t, "kind") {
			case "phrase":
				query.WriteString(`"` + w + `"`)
			case "prefix":
				w = strings.TrimSpace(w)
				for !utf8.RuneStart((w + "x")[len(w)/2]) {
					w += "x"
				}
				query.WriteString(w[:len(w)/2] + "*")
			default:
				query.WriteString(w)
			}
			query.WriteString(" ")
		}
		q, err := a.Parse(query.String())
		if err != nil {
			t.Skip()
		}
		agree(t, a, q, data, tags)
	})
}

// agree compares the index with Match, and checks the ranges.
func agree(t interface{ Errorf(string, ...any) }, a *words.Analyzer, q *words.Query, data []byte, tags []string) {
	candidate := indexed(a.Document(data, tags, nil)).candidate(q)
	matched, ok := q.Match(data, tags)
	if ok && !candidate || candidate && !ok && !q.Verify {
		t.Errorf("%s: the index says %t, Match %t, of %s %q", show(q), candidate, ok, data, tags)
	}
	for _, m := range matched {
		if len(m.Ranges) == 0 || !slices.IsSortedFunc(m.Ranges, func(a, b [2]int) int { return a[0] - b[0] }) {
			t.Errorf("%s: the ranges of %s are %v", show(q), m.Pointer, m.Ranges)
		}
		for i, r := range m.Ranges {
			if r[0] >= r[1] || i > 0 && r[0] < m.Ranges[i-1][1] {
				t.Errorf("%s: the ranges of %s are %v", show(q), m.Pointer, m.Ranges)
			}
		}
	}
}

// TestCompounds queries compounds by their parts and parts' compounds.
func TestCompounds(t *testing.T) {
	a := analyzer(t, words.Settings{})
	for memory, queries := range map[string]string{
		"state-of-the-art":                     "state of the art state-of-the-art",
		"snake_case":                           "snake case snake_case",
		"camelCase":                            "camel case camelCase camelcase CamelCase",
		"HTTPServer2":                          "http server 2 httpserver2",
		"v1.2.3":                               "v1.2.3 1.2.3 v1 2 3",
		"C++":                                  "C++ c++ c",
		"C#":                                   "c# c",
		".NET":                                 ".net net",
		"/usr/lib/my_file.tar.gz":              "/usr/lib/my_file.tar.gz usr lib my_file.tar.gz my file tar gz",
		`C:\Temp\a.txt`:                        `temp a.txt txt`,
		"https://www.example.com/a-b/c?x=1":    "https://www.example.com/a-b/c?x=1 www.example.com example a-b b",
		"Jo.Doe@example.com":                   "jo.doe@example.com jo.doe jo doe example.com example",
		"550e8400-e29b-41d4-a716-446655440000": "550e8400-e29b-41d4-a716-446655440000 550e8400 e29b",
		"943ac35":                              "943ac35",
		"2026-11-29":                           "2026-11-29 2026 11 29 2026-11* 2026-1*",
		"2026-11-29T10:30:00Z":                 "2026-11-29 2026-11-29T10:30:00Z 10 30",
		"-12.5":                                `"-12.5" 12.5 12 5`,
		"1,000.50":                             "1,000.50 1000.50 1000",
		"issue-123":                            "issue-123 issue 123",
	} {
		data := text(t, "see "+memory+", please")
		x := indexed(a.Document(data, nil, nil))
		for _, query := range strings.Fields(queries) {
			q, err := a.Parse(query)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := q.Match(data, nil); !ok || !x.candidate(q) {
				t.Errorf("%s is not found by %s", memory, query)
			}
		}
	}
}
