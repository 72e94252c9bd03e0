package prose_test

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
)

// decisions is where the records are.
const decisions = "docs/decisions/"

// record is a decision, as written on its page.
type record struct {
	number            int
	file, title, text string
}

var recordName = regexp.MustCompile(`^(\d{3})-[a-z0-9-]+\.md$`)

// records returns the records of all decisions, by number.
func records(t *testing.T) (all []record) {
	t.Helper()
	for _, name := range files(t, ".md") {
		if !strings.HasPrefix(name, decisions) || name == decisions+"README.md" {
			continue
		}
		r := record{file: path.Base(name), text: read(t, name)}
		if !recordName.MatchString(r.file) {
			t.Errorf("%s: name it NNN-its-name.md", name)
			continue
		}
		if _, err := fmt.Sscanf(r.file, "%03d", &r.number); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		title, _, _ := strings.Cut(r.text, "\n")
		r.title = strings.TrimPrefix(title, fmt.Sprintf("# %d. ", r.number))
		if r.title == title {
			t.Errorf("%s: the first line is %q, and has to begin with \"# %d. \"", name, title, r.number)
		}
		all = append(all, r)
	}
	return all
}

// TestDecisions checks the form of the records: numbers without gap or repeat, the four parts, a date and a commit of the
// evidence, a status, and a line in the list.
func TestDecisions(t *testing.T) {
	dated := regexp.MustCompile(`\b20\d\d-\d\d-\d\d\b`)
	commit := regexp.MustCompile(`\b[0-9a-f]{7,12}\b`)
	list := read(t, decisions+"README.md")
	all := records(t)
	for i, r := range all {
		if r.number != i+1 {
			t.Errorf("%s is number %d of the records: a number is missing or there twice", r.file, i+1)
		}
		parts := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(r.text, -1)
		var names []string
		for _, p := range parts {
			names = append(names, p[1])
		}
		if got := strings.Join(names, ", "); got != "Context, Decision, Evidence, Status" {
			t.Errorf("%s has the parts %s", r.file, got)
			continue
		}
		_, evidence, _ := strings.Cut(r.text, "\n## Evidence\n")
		evidence, status, _ := strings.Cut(evidence, "\n## Status\n\n")
		if !dated.MatchString(evidence) || !commit.MatchString(evidence) {
			t.Errorf("%s: the evidence has no date and commit", r.file)
		}
		word := "kept"
		switch {
		case strings.HasPrefix(status, "Withdrawn"):
			word = "withdrawn"
		case !strings.HasPrefix(status, "Kept."):
			t.Errorf("%s: the status is %q; begin with Kept or Withdrawn", r.file, status)
		}
		if line := fmt.Sprintf("| %d | [%s](%s) | %s |\n", r.number, r.title, r.file, word); !strings.Contains(list, line) {
			t.Errorf("%sREADME.md has no line %s", decisions, line)
		}
	}
	if len(all) == 0 {
		t.Error("there are no records")
	}
}
