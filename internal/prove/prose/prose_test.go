// Package prose_test checks what people read: that comments and pages do not fall back into worn phrases
// (words_test.go), that links and references lead somewhere (links_test.go), and that records of decisions have
// their form (decisions_test.go). It owns the phrases and their baseline; it does not know the code.
package prose_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// top is the module's folder, seen from here.
const top = "../../.."

// files returns the files of the repository whose names end with one of some endings, relative to top, by name.
func files(t *testing.T, endings ...string) (all []string) {
	t.Helper()
	skipped := []string{"bin", "dist", "node_modules", "testdata"}
	err := filepath.WalkDir(top, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if at != top && (strings.HasPrefix(name, ".") || slices.Contains(skipped, name)) {
				return fs.SkipDir
			}
			return nil
		}
		if slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(name, ending) }) {
			relative, err := filepath.Rel(top, at)
			all = append(all, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("no files %v: nothing was judged", endings)
	}
	return all
}

// pages returns the Markdown files that describe the present state: all but the changelog.
func pages(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(files(t, ".md"), func(name string) bool { return name == "CHANGELOG.md" })
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(top, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// withoutCode blanks fenced code in a page. Lines keep their numbers.
func withoutCode(page string) string {
	lines := strings.Split(page, "\n")
	fenced := false
	for i, line := range lines {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if fence || fenced {
			lines[i] = ""
		}
		if fence {
			fenced = !fenced
		}
	}
	return strings.Join(lines, "\n")
}

// lineOf returns the number of the line that has the byte at an offset.
func lineOf(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }
