package words_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/sigil-dna/sigil/internal/words"
)

// terms returns the terms of a document in one line, in their order: (x) is a stop word, tag:x the marked term of a tag's word.
func terms(doc words.Document) string {
	var all []string
	for _, t := range doc.Terms {
		text := strings.TrimLeft(t.Text, "\x01\x02")
		if t.Stop || strings.HasPrefix(t.Text, "\x01\x02") {
			text = "(" + text + ")"
		}
		if t.Tag {
			text = "tag:" + text
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func analyzer(t testing.TB, s words.Settings) *words.Analyzer {
	t.Helper()
	a, err := words.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// text returns a memory's data that is one string.
func text(t testing.TB, s string) []byte {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestTerms shows which terms a text has.
func TestTerms(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		// Words are folded and stemmed. Stop words are marked.
		{"The foxes jumped over lazy dogs.", "(the) fox jump over lazi dog"},
		{"Don't! It's Caroline's; she'd say: “yes”…", "(don't) (it) carolin (she'd) say yes"},
		{"APIs and URLs", "api (and) url"},
		{"ＦＵＬＬ ﬁne Straße", "full fine strass"},
		{"co\u00adoperate soft\u200bware", "cooper soft ware"},
		{"dying making", "die dying make"},

		// Accents are kept and folded.
		{"Café", "cafe café"},
		{"naïve Łódź œuvre", "naiv naïv lodz łódź oeuvr œuvr"},
		{"Ёлка ёж й", "елка ёлка еж ёж й"},

		// Compounds are found whole and in their parts.
		{"state-of-the-art", "state (of) (the) art state-of-the-art"},
		{"snake_case", "snake case snake_case"},
		{"camelCase", "camel case camelcas"},
		{"HTTPServer2", "http server 2 httpserver2"},
		{"LGBTQ iPhone LoCoMo", "lgbtq (i) phone iphon lo co mo locomo"},
		{"v1.2.3", "v1 2 3 v1.2.3 1.2.3"},
		{"1.2.3-rc1", "1 2 3 1.2.3 rc rc1 1.2.3-rc1"},
		{"C++, C# and .NET", "c c++ c# (and) net .net"},
		{"R&D at O'Brien's", "r d r&d (at) o brien o'brien"},
		{"#tag @name $5", "tag #tag name @name 5 $5"},
		{"internal/words/main_test.go", "intern word main test go main_test.go internal/words/main_test.go"},
		{"/usr/local/bin/", "usr local bin usr/local/bin"},
		{`C:\Temp\a.txt`, `c temp (a) txt a.txt c:\temp\a.txt`},
		{"(see https://www.example.com/a-b/c?x=1#top).", "see https www exampl com www.example.com (a) b c x 1 top a-b https://www.example.com/a-b/c?x=1#top"},
		{"mail john.doe@example.com!", "mail john doe john.doe exampl com example.com john.doe@example.com"},
		{"550e8400-e29b-41d4-a716-446655440000", "550e8400 e29b 41d4 a716 446655440000 550e8400-e29b-41d4-a716-446655440000"},
		{"943ac35dQw4w9WgXcQ", "943ac35dqw4w9wgxcq"},
		{"issue-123", "issu 123 issue-123"},

		// Dates and numbers.
		{"2026-11-29", "2026 11 29 2026-11-29"},
		{"2026-11-29T10:30:00Z", "2026 11 29 10 30 00z 00 2026-11-29 10:30:00z 2026-11-29t10:30:00z"},
		{"-12.5 +7 3.14 1,000.50 1,000,000", "12 5 12.5 -12.5 7 +7 3 14 3.14 1000 50 1000.50 1000000"},
		{"18th 5pm 50%", "18th 18 5pm 5 50"},

		// Scripts without spaces are cut into pairs.
		{"東京都", "東京 京都 都"},
		{"猫", "猫"},
		{"한국어 공부", "한국 국어 어 공부 부"},
		{"iPhoneを買う", "(i) phone iphon を買 買う う"},
		{"ｶﾞｷﾞ", "ガギ ギ"},
		{"สวัสดี", "สวั วัส สดี ดี"},

		// Signs by themselves are nothing, symbols are words.
		{"-- ... + # / 🎉", "🎉"},
	} {
		a := analyzer(t, words.Settings{})
		if got := terms(a.Document(text(t, tt.text), nil, nil)); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

// TestData shows which values of a memory are searched.
func TestData(t *testing.T) {
	const data = `{"title":"Red \"fox\"\n\u00e9","n":[123,-1.5e3,true,null],"deep":{"a/b":[{"x~y":"blue"}]}}`
	for _, tt := range []struct {
		name     string
		settings words.Settings
		tags     []string
		want     string
	}{
		{"strings and numbers, at any depth", words.Settings{}, nil, "red fox e é 123 1 5e3 1.5e3 -1.5e3 blue"},
		{"tags come first, and twice", words.Settings{Exclude: []string{""}}, []string{"to do", "red"}, "(to) tag:(to) (do) tag:(do) red tag:red"},
		{"a member is excluded", words.Settings{Exclude: []string{"/title", "/de"}}, nil, "123 1 5e3 1.5e3 -1.5e3 blue"},
		{"elements and escaped names", words.Settings{Exclude: []string{"/n/1", "/deep/a~1b/0/x~0y"}}, nil, "red fox e é 123"},
		{"nothing", words.Settings{Off: true}, []string{"red"}, ""},
	} {
		if got := terms(analyzer(t, tt.settings).Document([]byte(data), tt.tags, nil)); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestLanguages shows that stems depend on the language, and that only English has stop words.
func TestLanguages(t *testing.T) {
	for _, tt := range []struct{ language, text, want string }{
		{"en", "the running dogs", "(the) run dog"},
		{"none", "the running dogs", "the running dogs"},
		{"de", "die Häuser laufen", "die haus lauf"},
		{"fr", "l'école mangées", "l ecol écol l'ecol l'écol mange mang"},
		{"ru", "красивая собака", "красив собак"},
	} {
		a := analyzer(t, words.Settings{Language: tt.language})
		if got := terms(a.Document(text(t, tt.text), nil, nil)); got != tt.want {
			t.Errorf("%s: %s\n got %s\nwant %s", tt.language, tt.text, got, tt.want)
		}
	}
}

// TestCounts shows what counts for rank.
func TestCounts(t *testing.T) {
	a := analyzer(t, words.Settings{})
	doc := a.Document([]byte(`["the cat saw the cats","snake_case state-of-the-art"]`), nil, nil)
	if doc.Length != 6 {
		t.Errorf("the length is %d, want cat, saw, cat, snake_case, state, art", doc.Length)
	}
	for _, term := range doc.Terms {
		want := map[string]int{"cat": 2, "\x02the": 3}[term.Text]
		if want > 0 && term.Count != want || term.Stop != (term.Text[0] == 2) {
			t.Errorf("%q: %+v", term.Text, term)
		}
	}
}

// TestBounds shows what happens to memories with too much text.
func TestBounds(t *testing.T) {
	a := analyzer(t, words.Settings{})
	var many strings.Builder
	for i := range words.MaxTerms + 1 {
		many.WriteString(" w" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + "0" + strings.Repeat("9", i/26%50) + "y" + strings.Repeat("z", i/1300))
	}
	if doc := a.Document(text(t, many.String()), []string{"tag"}, nil); !doc.Truncated || len(doc.Terms) != words.MaxTerms+1 {
		t.Errorf("truncated: %t, %d terms", doc.Truncated, len(doc.Terms))
	}
	long := strings.Repeat("é", 200)
	doc := a.Document(text(t, long), nil, nil)
	for _, term := range doc.Terms {
		if len(term.Text) > words.MaxTermBytes {
			t.Errorf("a term has %d bytes", len(term.Text))
		}
	}
	if doc.Truncated {
		t.Error("one long word is too much")
	}
	if q, err := a.Parse(long); err != nil || q.Words[0].Term != doc.Terms[0].Text {
		t.Errorf("a long word is not found: %v", err)
	}
}

func TestWrongSettings(t *testing.T) {
	for _, s := range []words.Settings{{Language: "xx"}, {Exclude: []string{"title"}}, {Exclude: []string{"/a~2"}}} {
		if _, err := words.New(s); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

// TestConcurrentUse analyzes, reads and matches from several goroutines, which must not see each other's work.
func TestConcurrentUse(t *testing.T) {
	a := analyzer(t, words.Settings{})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				own := fmt.Sprintf("fox%dx%d running", i, j)
				data := text(t, own)
				if got, want := terms(a.Document(data, nil, nil)), fmt.Sprintf("fox%dx%d run", i, j); got != want {
					t.Errorf("%s: %s", own, got)
				}
				q, err := a.Parse(own)
				if err != nil {
					t.Error(err)
					return
				}
				if matched, ok := q.Match(data, nil); !ok || len(matched) != 1 {
					t.Errorf("%s: %v", own, matched)
				}
			}
		})
	}
	all.Wait()
}
