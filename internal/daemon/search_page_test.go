package daemon_test

import (
	"encoding/json"
	"maps"
	"math"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/wire"
)

// section returns the part of a page that follows a heading, up to the next one.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, after, ok := strings.Cut(page, heading+"\n")
	if !ok {
		t.Fatalf("the page has no %q", heading)
	}
	before, _, _ := strings.Cut(after, "\n## ")
	return before
}

// spans returns the code spans of a text: of the first column of a table if of is "| ", otherwise all.
func spans(text, of string) (all []string) {
	for _, m := range regexp.MustCompile("(?m)"+of+"`([^`]+)`").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// TestSearchPage tries what docs/search.md shows: the ways to ask, queries, filters and settings. It fails for one that it does
// not know.
func TestSearchPage(t *testing.T) {
	content, err := os.ReadFile("../../docs/search.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	l := config(t)
	if l.MaxPage != 1000 || l.MaxPageBytes != 8<<20 {
		t.Errorf("pages have at most %d hits and %d bytes", l.MaxPage, l.MaxPageBytes)
	}
	d := start(t, l, nil)
	for _, draft := range []string{
		`{"data":{"note":"Green tea is in the attic"},"tags":["kitchen"],"pinned":true}`,
		`{"data":{"note":"Tea with sugar, from the old kettle","place":"attic"}}`,
		`{"data":"The kitchen is green"}`,
	} {
		if status, answer := ask(t, d, "POST", "/v1/sigils", draft); status != 201 {
			t.Fatalf("%d %s", status, answer)
		}
	}
	// finds returns what a request finds: the first words of each hit.
	finds := func(method, path, body string) (found []string, all wire.SearchPage) {
		t.Helper()
		status, answer := ask(t, d, method, path, body)
		if err := json.Unmarshal([]byte(answer), &all); status != 200 || err != nil {
			t.Fatalf("%s %s %s: %d %s", method, path, body, status, answer)
		}
		for _, hit := range all.Hits {
			for name, of := range map[string]string{"tea": "Green tea", "sugar": "sugar", "green": "kitchen is"} {
				if strings.Contains(string(hit.Memory.Data), of) {
					found = append(found, name)
				}
			}
		}
		return found, all
	}

	queries := map[string][]string{
		`green tea`: {"tea", "green", "sugar"}, `"green tea"`: {"tea"}, `-sugar`: {"green", "tea"},
		`ket*`: {"sugar"}, `/note:attic`: {"tea"}, `tag:kitchen`: {"tea"},
	}
	shown := spans(section(t, page, "## Queries"), `^\| `)
	if !slices.Equal(slices.Sorted(slices.Values(shown)), slices.Sorted(maps.Keys(queries))) {
		t.Errorf("the page has the queries %q", shown)
	}
	for _, q := range shown {
		got, _ := finds("GET", "/v1/sigils:search?q="+url.QueryEscape(q), "")
		if want := queries[q]; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) || len(got) > 0 && q == "green tea" && got[0] != "tea" {
			t.Errorf("%s finds %q, want %q", q, got, want)
		}
	}

	top, _, _ := strings.Cut(page, "\n## ")
	rest := regexp.MustCompile("`(POST|GET) ([^`]+)`(?: with `([^`]+)`)?").FindAllStringSubmatch(top[:strings.Index(top, "```")], -1)
	if len(rest) != 2 {
		t.Errorf("the page has the requests %q", rest)
	}
	for _, r := range rest {
		if got, _ := finds(r[1], r[2], r[3]); len(got) != 3 || got[0] != "tea" {
			t.Errorf("%s finds %q", r[0], got)
		}
	}

	filters := map[string]struct {
		value, parameter string
		finds            int
	}{
		"tags": {`["kitchen"]`, "tag=kitchen", 1}, "anyTags": {`["attic","kitchen"]`, "anyTag=attic&anyTag=kitchen", 1}, "notTags": {`["kitchen"]`, "notTag=kitchen", 2},
		"pinned": {`true`, "pinned=true", 1}, "crystallized": {`true`, "crystallized=true", 0},
		"createdAfter": {`"2020-01-01T00:00:00Z"`, "createdAfter=2020-01-01T00:00:00Z", 3}, "createdBefore": {`"2020-01-01T00:00:00Z"`, "createdBefore=2020-01-01T00:00:00Z", 0},
		"fadingAfter":  {`"2020-01-01T00:00:00Z"`, "fadingAfter=2020-01-01T00:00:00Z", 2},
		"fadingBefore": {`"2100-01-01T00:00:00Z"`, "fadingBefore=2100-01-01T00:00:00Z", 2}, "minScore": {`0.8`, "minScore=0.8", 1},
	}
	shown = spans(section(t, page, "## Filters"), "")
	known := append(slices.Collect(maps.Keys(filters)), "pattern", // which is below
		"tag", "anyTag", "notTag")
	if !slices.Equal(slices.Sorted(slices.Values(shown)), slices.Sorted(slices.Values(known))) {
		t.Errorf("the page has the filters %q", shown)
	}
	for name, f := range filters {
		got, _ := finds("POST", "/v1/sigils:search", `{"query":"green tea","`+name+`":`+f.value+`}`)
		again, _ := finds("GET", "/v1/sigils:search?q=green+tea&"+f.parameter, "")
		if len(got) != f.finds || !slices.Equal(got, again) {
			t.Errorf("%s: the POST finds %q, the GET %q, want %d", name, got, again, f.finds)
		}
	}
	_, all := finds("POST", "/v1/sigils:search", `{"query":"green tea","weights":{"words":0.5,"freshness":0.25,"strength":1}}`)
	pattern, _ := json.Marshal(all.Hits[0].Memory.Pattern)
	if got, _ := finds("POST", "/v1/sigils:search", `{"query":"green tea","pattern":`+string(pattern)+`}`); len(got) == 0 {
		t.Errorf("no memory of pattern %s", pattern)
	}
	for _, h := range all.Hits {
		if want := 0.5*h.Parts.Words + 0.35*h.Parts.Meaning + 0.25*h.Parts.Freshness + h.Parts.Strength; math.Abs(h.Score-want) > 1e-9 {
			t.Errorf("score %v of %+v", h.Score, h.Parts)
		}
	}

	values := map[string]string{"--search off": "", "--meaning off": "", "--search-language": "de", "--search-exclude": "/private"}
	shown = spans(section(t, page, "## Settings"), `^\| `)
	if !slices.Equal(slices.Sorted(slices.Values(shown)), slices.Sorted(maps.Keys(values))) {
		t.Errorf("the page has the settings %q", shown)
	}
	for setting, value := range values {
		if _, err := daemon.Load(append(strings.Fields(setting), strings.Fields(value)...), home); err != nil {
			t.Errorf("%s: %v", setting, err)
		}
	}
	off := start(t, config(t, "--search=off"), nil)
	if status, answer := ask(t, off, "GET", "/v1/sigils:search?q=x", ""); status != 409 || !strings.Contains(answer, `"search_off"`) {
		t.Errorf("--search off: %d %s", status, answer)
	}
}
