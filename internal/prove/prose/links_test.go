package prose_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	link    = regexp.MustCompile(`\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	// pageName is how comments, scripts and pages name a page without a link.
	pageName = regexp.MustCompile(`\bdocs/[\w/-]+\.md\b`)
	// decision is how they name a record.
	decision = regexp.MustCompile(`(?i)\bdecisions?\s+(\d+)\b`)
)

// TestLinks follows every relative link of every page to a file and, if it has an anchor, to a heading.
func TestLinks(t *testing.T) {
	all := files(t, ".md")
	for _, page := range all {
		for _, broken := range brokenLinks(page, read(t, page)) {
			t.Error(broken)
		}
	}
	if !slices.Contains(all, "README.md") || !slices.Contains(all, "docs/design.md") {
		t.Errorf("README.md or docs/design.md was not looked at: %v", all)
	}
}

// TestBrokenLinksAreFound tests the check itself.
func TestBrokenLinksAreFound(t *testing.T) {
	page := "# A page\n[a](nothing.md) [b](design.md#nothing) [c](#nothing)\n```\n[d](nothing.md)\n```\n" +
		"[e](design.md) [f](#a-page) [g](https://example.org/nothing) ![h](nothing.webp)\n"
	if broken := brokenLinks("docs/page.md", page); len(broken) != 4 {
		t.Errorf("found %q, want those of a, b, c and h", broken)
	}
}

// brokenLinks returns a sentence for each link of a page that leads nowhere.
func brokenLinks(page, text string) (broken []string) {
	prose := withoutCode(text)
	for _, m := range link.FindAllStringSubmatchIndex(prose, -1) {
		target := prose[m[4]:m[5]]
		to, err := url.Parse(target)
		if err == nil && (to.Scheme != "" || to.Host != "") {
			continue
		}
		if err == nil {
			err = leads(page, text, to)
		}
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s:%d: the link to %s: %v", page, lineOf(prose, m[0]), target, err))
		}
	}
	return broken
}

// leads returns an error unless a relative link of a page leads to a file, and to a heading in it.
func leads(page, text string, to *url.URL) error {
	if to.Path != "" {
		name := filepath.Join(top, path.Dir(page), to.Path)
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return errors.New("there is no such file")
		}
		if err != nil {
			return err
		}
		if to.Fragment == "" || info.IsDir() || filepath.Ext(name) != ".md" {
			return nil
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text = string(b)
	}
	if to.Fragment != "" && !slices.Contains(anchors(text), to.Fragment) {
		return errors.New("there is no such heading")
	}
	return nil
}

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(text string) (all []string) {
	seen := map[string]int{}
	for _, m := range heading.FindAllStringSubmatch(withoutCode(text), -1) {
		title := link.ReplaceAllString(m[1], "$1")
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title)
		n := seen[anchor]
		seen[anchor]++
		if n > 0 {
			anchor = fmt.Sprintf("%s-%d", anchor, n)
		}
		all = append(all, anchor)
	}
	return all
}

// TestReferences checks references in code, scripts and pages that are not links: the page exists, and so does the
// record of a decision.
func TestReferences(t *testing.T) {
	numbers := map[string]bool{}
	for _, r := range records(t) {
		numbers[fmt.Sprint(r.number)] = true
	}
	found := 0
	// Scripts are left out, since they also name pages that they write.
	for _, name := range append(files(t, ".go", ".md", ".yaml", ".yml", ".sql", ".ts", ".tsx"), "Makefile") {
		if strings.HasPrefix(name, "internal/prove/prose/") {
			continue
		}
		text := read(t, name)
		for _, m := range pageName.FindAllStringIndex(text, -1) {
			found++
			if _, err := os.Stat(filepath.Join(top, text[m[0]:m[1]])); err != nil {
				t.Errorf("%s:%d: there is no %s", name, lineOf(text, m[0]), text[m[0]:m[1]])
			}
		}
		for _, m := range decision.FindAllStringSubmatchIndex(text, -1) {
			found++
			if number := text[m[2]:m[3]]; !numbers[number] {
				t.Errorf("%s:%d: there is no record of decision %s", name, lineOf(text, m[0]), number)
			}
		}
	}
	if found == 0 {
		t.Error("no reference was found: nothing was judged")
	}
}

// TestNamesOfTests checks that the tests that pages name exist.
func TestNamesOfTests(t *testing.T) {
	declared := map[string]bool{}
	for _, name := range files(t, ".go") {
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`).FindAllStringSubmatch(read(t, name), -1) {
			declared[m[1]] = true
		}
	}
	for _, page := range pages(t) {
		text := read(t, page)
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`").FindAllStringSubmatchIndex(text, -1) {
			if name := text[m[2]:m[3]]; !declared[name] {
				t.Errorf("%s:%d: there is no test %s", page, lineOf(text, m[0]), name)
			}
		}
	}
}

// TestWalk checks that docs/reading.md names declarations of the files that it links to.
func TestWalk(t *testing.T) {
	const page = "docs/reading.md"
	text := read(t, page)
	walked := 0
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		name, file := strings.Trim(m[1], "`"), path.Join("docs", m[2])
		if path.Ext(file) != ".go" {
			continue
		}
		walked++
		declared := regexp.MustCompile(`(?m)^(?:func (?:\([^)]*\) )?|type |const |var )` + regexp.QuoteMeta(name) + `\b`)
		if !declared.MatchString(read(t, file)) {
			t.Errorf("%s: %s declares no %s", page, file, name)
		}
	}
	if walked == 0 {
		t.Errorf("%s links to no Go file", page)
	}
}
