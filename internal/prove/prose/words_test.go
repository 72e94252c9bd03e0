package prose_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/scanner"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var keep = flag.Bool("keep", false, "write counts that have fallen to the baseline")

// baseline has how often each phrase is still in the tree. Counts may only fall.
const baseline = "testdata/worn.txt"

// worn is a phrase that reads like a translation.
type worn struct {
	name, instead string
	phrase        *regexp.Regexp
	doc           bool // only at the beginning of a comment
}

var phrases = []worn{
	{name: "X-gives", doc: true, phrase: regexp.MustCompile(`^\w+ gives\b`), instead: `"X returns"`},
	{name: "X-tells", doc: true, phrase: regexp.MustCompile(`^\w+ tells\b`), instead: `"X reports whether", "X returns"`},
	{name: "X-says", doc: true, phrase: regexp.MustCompile(`^\w+ says\b`), instead: `"X reports", "X returns"`},
	{name: "bare-who", phrase: regexp.MustCompile(`(?:^|[.:;] )Who [a-z]|\b(?:[Ff]or|to|of|by|from|than|as|and|or) who [a-z]`), instead: `"a caller that", "clients that"`},
	{name: "where-for-if", phrase: regexp.MustCompile(`(?:^|[.:;] )Where [a-z]|\bwhere (?:there (?:is|are|was|were)|nobody|somebody|none|nothing|(?:it|he|they|that|one) (?:(?:is|are|was|were|has|have|does|do|may) not|cannot))\b`), instead: `"if", "when"`},
	{name: "is-nobody", phrase: regexp.MustCompile(`\b(?:nil|0|zero|"") is (?:nobody|none|nothing|no one)\b`), instead: `"X, or nil"`},
	{name: "of-before", phrase: regexp.MustCompile(`\bof (?:before|now|then)\b`), instead: `"former", "current", or the date`},
	{name: "in-place-of", phrase: regexp.MustCompile(`\bin place of\b`), instead: `"instead of"`},
	{name: "in-turns", phrase: regexp.MustCompile(`\b[Ii]n turns\b`), instead: `"in alternating runs"`},
	{name: "lets-go-of", phrase: regexp.MustCompile(`\blets? go of\b`), instead: `"releases"`},
	{name: "as-has-it", phrase: regexp.MustCompile(`\bas (?:the |its )?\w+ (?:has|have) (?:it|them)\b`), instead: `"as in"`},
	{name: "what-is-asked", phrase: regexp.MustCompile(`\bwho asks?\b`), instead: `"the caller"`},
}

// place is the place of a phrase.
type place struct {
	file string
	line int
	text string
}

// TestWords counts worn phrases in the comments of Go code, in the texts that commands print, and in pages. It fails
// if there are more of one than the baseline has, and names the places, those in the files changed last first. To take
// over counts that have fallen: go test ./internal/prove/prose -run Words -keep.
func TestWords(t *testing.T) {
	found := map[string][]place{}
	for _, name := range files(t, ".go") {
		if !strings.HasPrefix(name, "internal/prove/prose/") {
			inCode(t, name, []byte(read(t, name)), found)
		}
	}
	for _, name := range append(pages(t), "internal/httpapi/openapi.yaml") {
		text := withoutCode(read(t, name))
		line := 1
		for paragraph := range strings.SplitSeq(text, "\n\n") {
			inText(name, line, paragraph, false, found)
			line += strings.Count(paragraph, "\n") + 2
		}
	}
	allowed := readBaseline(t)
	for _, w := range phrases {
		most, known := allowed[w.name]
		n := len(found[w.name])
		switch {
		case !known:
			t.Errorf("%s is not in %s: it stands %d times", w.name, baseline, n)
		case n > most:
			t.Errorf("%s stands %d times, and the baseline is %d. Write %s instead. Of the places, by the files changed last:\n%s",
				w.name, n, most, w.instead, lines(newest(t, found[w.name])))
		case n < most:
			allowed[w.name] = n
			if !*keep {
				t.Logf("%s stands %d times, and the baseline is %d: take that over with -keep", w.name, n, most)
			}
		}
	}
	if *keep && !t.Failed() {
		writeBaseline(t, allowed)
	}
}

// TestWordsAreFound makes sure that each phrase is found in a comment or a text, and that plain English is not.
func TestWordsAreFound(t *testing.T) {
	const code = `package p
// F gives
// the number.
func F() {} // it is for who asks, where there is one
// G returns the number, or nil if it is not there. A caller that waits is told; who that is does not matter.
func G() {}
`
	found := map[string][]place{}
	inCode(t, "engine/p.go", []byte(code), found)
	inText("docs/p.md", 1, "Who waits lets go of it in place of programs of before: nil is nobody,\nas the wire has it, in turns.", false, found)
	inText("engine/p.go", 1, "F tells whether.", true, found)
	inText("engine/p.go", 1, "F says why.", true, found)
	for _, w := range phrases {
		want := 1
		if w.name == "bare-who" {
			want = 2
		}
		if got := found[w.name]; len(got) != want {
			t.Errorf("%s was found at %v, want %d places", w.name, got, want)
		}
	}
}

// inCode searches the comments of a file, and the texts of commands and flags.
func inCode(t *testing.T, name string, src []byte, found map[string][]place) {
	t.Helper()
	set := token.NewFileSet()
	file := set.AddFile(name, set.Base(), len(src))
	var s scanner.Scanner
	s.Init(file, src, func(at token.Position, text string) { t.Errorf("%v: %s", at, text) }, scanner.ScanComments)
	says := strings.HasPrefix(name, "internal/cli/") || strings.HasPrefix(name, "internal/daemon/")
	var comment []string // lines of one comment, which are lines one after the other
	first, last := 0, 0
	flush := func() {
		if len(comment) > 0 {
			inText(name, first, strings.Join(comment, "\n"), true, found)
		}
		comment = nil
	}
	for {
		pos, tok, text := s.Scan()
		line := file.Line(pos)
		switch tok {
		case token.EOF:
			flush()
			return
		case token.COMMENT:
			if line != last+1 {
				flush()
				first = line
			}
			last = line
			comment = append(comment, strings.TrimPrefix(strings.TrimPrefix(text, "//"), " "))
		case token.STRING:
			if value, err := strconv.Unquote(text); err == nil && says {
				inText(name, line, value, false, found)
			}
		}
	}
}

// inText searches one text, which begins at a line of a file. Phrases may continue on the next line.
func inText(name string, line int, text string, doc bool, found map[string][]place) {
	flat := strings.ReplaceAll(text, "\n", " ")
	for _, w := range phrases {
		if w.doc && !doc {
			continue
		}
		for _, m := range w.phrase.FindAllStringIndex(flat, -1) {
			shown := flat[max(0, m[0]-20):min(len(flat), m[1]+40)]
			found[w.name] = append(found[w.name], place{name, line - 1 + lineOf(text, m[0]), shown})
		}
	}
}

// newest returns at most 20 places, those in the files that were changed last first.
func newest(t *testing.T, places []place) []place {
	t.Helper()
	changed := map[string]time.Time{}
	for _, p := range places {
		info, err := os.Stat(filepath.Join(top, p.file))
		if err != nil {
			t.Fatal(err)
		}
		changed[p.file] = info.ModTime()
	}
	slices.SortStableFunc(places, func(a, b place) int { return changed[b.file].Compare(changed[a.file]) })
	return places[:min(len(places), 20)]
}

func lines(places []place) string {
	var b strings.Builder
	for _, p := range places {
		fmt.Fprintf(&b, "  %s:%d: … %s …\n", p.file, p.line, p.text)
	}
	return b.String()
}

// readBaseline reads lines of a phrase's name and a count.
func readBaseline(t *testing.T) map[string]int {
	t.Helper()
	b, err := os.ReadFile(baseline)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(b)) {
		name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("%s: %q: %v", baseline, line, err)
		}
		counts[name] = n
	}
	return counts
}

func writeBaseline(t *testing.T, counts map[string]int) {
	t.Helper()
	var b strings.Builder
	for _, name := range slices.SortedFunc(maps.Keys(counts), cmp.Compare[string]) {
		fmt.Fprintf(&b, "%s %d\n", name, counts[name])
	}
	if err := os.WriteFile(baseline, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
