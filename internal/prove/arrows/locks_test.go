package arrows_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// TestMarksOfLocks holds structs with +checklocks marks to one field on each line: the analyzer of gVisor (2026-09-05) takes a mark
// that stands below "x, y int" for one of y, and does not guard the marked field (findings/checklocks-field-list.sh).
func TestMarksOfLocks(t *testing.T) {
	for _, p := range load(t) {
		for _, at := range p.shared {
			t.Errorf("%s: fields share a line in a struct with +checklocks marks: give each a line of its own", at)
		}
	}
}

// TestSharedLinesAreFound tests the search itself.
func TestSharedLinesAreFound(t *testing.T) {
	for src, want := range map[string]string{
		"type t struct {\n mu int\n a, b int\n // +checklocks:mu\n c int\n}": "x.go:4:2",
		"type t struct {\n mu int\n // +checklocks:mu\n a, b int\n}":         "x.go:5:2",
		"type t struct {\n mu int\n a int\n // +checklocks:mu\n b int\n}":    "",
		"type t struct {\n a, b int\n}":                                      "",
	} {
		p := pkg{imports: map[string]string{}}
		if err := p.add("x.go", "x", []byte("package x\n"+src)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.shared, " "); got != want {
			t.Errorf("of %q it finds %q, want %q", src, got, want)
		}
	}
}

// sharedLines returns where several fields share a line in a struct that has marks of locks.
func sharedLines(set *token.FileSet, file *ast.File) (at []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		marked, shared := false, []string(nil)
		for _, f := range s.Fields.List {
			for _, group := range []*ast.CommentGroup{f.Doc, f.Comment} {
				if group != nil {
					for _, c := range group.List {
						marked = marked || strings.Contains(c.Text, "+checklocks")
					}
				}
			}
			if len(f.Names) > 1 {
				shared = append(shared, set.Position(f.Pos()).String())
			}
		}
		if marked {
			at = append(at, shared...)
		}
		return true
	})
	return at
}
