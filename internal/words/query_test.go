package words_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/words"
)

// show returns a query in one line: what ranks, what must be there (+), and what must not (-); ? is what Match must verify.
func show(q *words.Query) string {
	mark := func(s string) string {
		rest, tag := strings.CutPrefix(s, "\x01")
		if word, stop := strings.CutPrefix(rest, "\x02"); stop {
			rest = "(" + word + ")"
		}
		if tag {
			rest = "tag:" + rest
		}
		return rest
	}
	var all []string
	for _, w := range q.Words {
		s := mark(w.Term)
		if w.Prefix != "" {
			s = w.Prefix + "*"
		}
		if w.Weight != 1 {
			s += fmt.Sprintf("^%g", w.Weight)
		}
		all = append(all, s)
	}
	for i, c := range append(append([]words.Clause(nil), q.Must...), q.Not...) {
		var parts []string
		for _, choice := range c.All {
			s := make([]string, len(choice.Terms))
			for i, term := range choice.Terms {
				s[i] = mark(term)
			}
			if choice.Prefix != "" {
				s = append(s, mark(choice.Prefix)+"*")
			}
			parts = append(parts, strings.Join(s, "|"))
		}
		sign := "+"
		if i >= len(q.Must) {
			sign = "-"
		}
		verify := ""
		if c.Verify {
			verify = "?"
		}
		all = append(all, sign+"["+strings.Join(parts, " ")+"]"+verify)
	}
	return strings.Join(all, " ")
}

// TestParse shows how queries are read.
func TestParse(t *testing.T) {
	a := analyzer(t, words.Settings{})
	for _, tt := range []struct{ query, want string }{
		// Words rank; stop words only if there is nothing else.
		{"When did the foxes jump?", "fox jump"},
		{"to be or not to be", "(to)^2 (be)^2 (or) (not)"},
		{"jump jumping", "jump^2"},
		{"café", "cafe café"},
		{"state-of-the-art", "state art state-of-the-art^0.5"},
		{"HTTPServer", "http server httpserver^0.5"},
		{"東京都 猫", "東京 京都 猫*"},

		// Phrases, with the stop words in them.
		{`"state of the art" city`, "state art citi +[state (of) (the) art]?"},
		{`"fox"`, "fox +[fox]"},
		{`"the café"`, "cafe café +[(the) cafe|café]?"},
		{`"C++ code"`, "c++ code +[c++ code]?"},
		{`"東京都 x"`, "東京 京都 都* x +[東京 京都 都* x]?"},
		{`"to be"`, "(to) (be) +[(to) (be)]?"},

		// Prefixes.
		{"deploy*", "deploy*"},
		{"2026-11* snake_c*", "2026-11* snake_c*"},
		{".gi* /usr/lo*", ".gi* usr/lo*"},

		// Without.
		{"fox -dog -\"lazy dog\" -do*", "fox -[dog] -[lazi dog]? -[do*]?"},
		{"-dog", "-[dog]"},
		{"-state-of-the-art", "-[state (of) (the) art]?"},

		// Pointers and tags.
		{`/title:fox /a/0:"red fox" -/b:x*y`, "fox^2 red +[fox]? +[red fox]? -[x y]?"},
		{`tag:work tag:"to do" -tag:old tag:proj*`, "+[tag:work] +[tag:(to) tag:(do)]? +[tag:proj*]? -[tag:old]"},
		{"/title:fo*", "fo* +[fo*]?"},

		// Everything else is words.
		{`"unclosed fox`, "unclos fox"},
		{`- -- -"" tag: /title: tag:... /usr/bin *`, "tag^2 titl usr bin usr/bin^0.5"},
		{"--verbose x* don't*", "verbos x don't*"},
		{"!!! …", ""},
		{"a:b http://x.org", "b a:b^0.5 http x org x.org^0.5 http://x.org^0.5"},
	} {
		q, err := a.Parse(tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		if got := show(q); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.query, got, tt.want)
		}
	}
}

// TestQueryErrors shows the only errors.
func TestQueryErrors(t *testing.T) {
	a := analyzer(t, words.Settings{})
	for _, text := range []string{"", " \n\u00a0"} {
		if _, err := a.Parse(text); !errors.Is(err, words.ErrEmpty) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, what := range map[string]string{
		strings.Repeat("a ", words.MaxQueryBytes/2) + "b": "bytes",
		strings.Repeat("-a ", words.MaxClauses+1):         "clauses",
	} {
		var tooLong *words.TooLongError
		if _, err := a.Parse(text); !errors.As(err, &tooLong) || tooLong.What != what {
			t.Errorf("%.10q…: %v", text, err)
		}
	}
	if _, err := a.Parse(strings.Repeat("a ", words.MaxQueryBytes/2)); err != nil {
		t.Error(err)
	}
	if q, err := a.Parse(`"` + strings.Repeat("ab ", 100) + `"`); err != nil || len(q.Must) > 0 || len(q.Words) != 1 {
		t.Errorf("a long phrase is not read as words: %v", err)
	}
}

// TestMarksAreBounded queries a memory that has a word more often than is marked. The clauses are judged by all of it.
func TestMarksAreBounded(t *testing.T) {
	a := analyzer(t, words.Settings{})
	data, err := json.Marshal([]string{strings.Repeat("fox ", words.MaxRanges-1), strings.Repeat("fox ", 9) + "lazy dog"})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]bool{`fox "lazy dog"`: true, `fox -"lazy dog"`: false} {
		q, err := a.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		matched, ok := q.Match(data, nil)
		ranges := 0
		for _, m := range matched {
			ranges += len(m.Ranges)
		}
		if ok != want || ok && ranges != words.MaxRanges {
			t.Errorf("%s: %t, %d ranges", query, ok, ranges)
		}
	}
}

// TestMatch shows what satisfies a query, and where its words stand.
func TestMatch(t *testing.T) {
	a := analyzer(t, words.Settings{Exclude: []string{"/secret"}})
	const data = `{"title":"Das Café: state-of-the-art","list":["The cat ran.",{"n":123}],"secret":"hidden","a/b":"running HTTPServer2"}`
	tags := []string{"to do", "Café-bar"}
	for _, tt := range []struct{ query, want string }{
		{"cafe", `tags/1:0-4 /title:4-8`},
		{"nothing", ""},
		{"hidden cat", "/list/0:4-7"},
		{"123", "/list/1/n:0-3"},
		{"runs", "/a~1b:0-7"},
		{"runni*", "/a~1b:0-7"},
		{"stat* http*", "/title:10-26 /a~1b:8-19"},
		{`"state of the art"`, "/title:10-26"},
		{`"the cat"`, "/list/0:0-7"},
		{`"cat the"`, ""},
		{`"art the"`, ""},
		{`"the cat" the art`, "/title:23-26 /list/0:0-7"},
		{`"http server"`, "/a~1b:8-18"},
		{`"httpserver2"`, "/a~1b:8-19"},
		{`/title:cafe`, "/title:4-8"},
		{`/list:cat`, "/list/0:4-7"},
		{`/li:cat`, ""},
		{`/list/0:123`, ""},
		{`/a~1b:runni*`, "/a~1b:0-7"},
		{`tag:do`, "tags/0:3-5"},
		{`tag:"to do"`, "tags/0:0-5"},
		{`tag:cat`, ""},
		{`cat -tag:do`, ""},
		{`cat -"the cat"`, ""},
		{`cat -"cat the"`, "/list/0:4-7"},
		{`cat -/title:cat`, "/list/0:4-7"},
		{`cat -runni*`, ""},
		{`cat -runner*`, "/list/0:4-7"},
		{`-dog`, "yes"},
		{`-cat`, ""},
		{`of`, "/title:16-18"},
	} {
		q, err := a.Parse(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		matched, ok := q.Match([]byte(data), tags)
		for _, m := range matched {
			s := m.Pointer + ":"
			if m.Tag {
				s = "tags" + s
			}
			for i, r := range m.Ranges {
				if i > 0 {
					s += ","
				}
				s += fmt.Sprintf("%d-%d", r[0], r[1])
			}
			got = append(got, s)
		}
		if ok && len(matched) == 0 {
			got = []string{"yes"}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.query, s, tt.want)
		}
	}
}
