package arrows_test

import (
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// starters are the packages that ship and may start goroutines, by the go statement or by a WaitGroup. CONTRIBUTING.md
// names the same ones. Each place says who waits for its goroutine.
var starters = []string{
	"client", "engine", "internal/bus", "internal/cli", "internal/codesign/tree", "internal/daemon", "internal/embedder", "internal/front", "internal/front/lane",
	"internal/handover", "internal/httpapi/live", "internal/relay", "internal/webhook", "scheduler", "store/pebblestore",
	"store/pebblestore/internal/index", "store/pgstore",
}

// TestGoroutines holds starters to the source, and CONTRIBUTING.md to starters.
func TestGoroutines(t *testing.T) {
	found := map[string]string{} // the first place of each package
	for _, p := range load(t) {
		if p.starts != "" && !strings.HasPrefix(p.name, "internal/prove/") && p.name != "store/storetest" {
			found[p.name] = p.starts
		}
	}
	for name, at := range found {
		if !slices.Contains(starters, name) {
			t.Errorf("%s: %s starts a goroutine: if it must, add it to starters, and to the line of CONTRIBUTING.md", at, name)
		}
	}
	if names := slices.Sorted(maps.Keys(found)); len(names) < len(starters) {
		t.Errorf("only %q start goroutines: take the others out of starters", names)
	}

	guide, err := os.ReadFile(filepath.Join("..", "..", "..", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, row, _ := strings.Cut(string(guide), "| the `go` statement")
	row, _, _ = strings.Cut(row, "\n")
	var named []string
	for i, part := range strings.Split(row, "`") {
		if i%2 == 1 && part != "WaitGroup.Go" {
			named = append(named, part)
		}
	}
	if slices.Sort(named); !slices.Equal(named, starters) {
		t.Errorf("CONTRIBUTING.md names %q, want %q", named, starters)
	}
}

// TestGoroutinesAreFound tests the search itself.
func TestGoroutinesAreFound(t *testing.T) {
	for src, want := range map[string]string{
		"func f() { go f() }":                                                                  "x.go:2:12",
		"func f() { func() { go f() }() }":                                                     "x.go:2:21",
		`import "sync"; var wg sync.WaitGroup; func f() { wg.Go(f) }`:                          "x.go:2:50",
		`import "sync"; type t struct { sync.WaitGroup }; func f(v t) { v.WaitGroup.Go(nil) }`: "x.go:2:64",
		"func f() { f() } // go f()":                                                           "",
	} {
		p := pkg{imports: map[string]string{}}
		if err := p.add("x.go", "x", []byte("package x\n"+src)); err != nil {
			t.Fatal(err)
		}
		if p.starts != want {
			t.Errorf("of %q it finds %q, want %q", src, p.starts, want)
		}
	}
}

// firstStart returns where a file first starts a goroutine, or "". Every method called Go counts.
func firstStart(set *token.FileSet, file *ast.File) string {
	var at token.Pos
	ast.Inspect(file, func(n ast.Node) bool {
		if at != token.NoPos {
			return false
		}
		switch n := n.(type) {
		case *ast.GoStmt:
			at = n.Pos()
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Go" {
				at = n.Pos()
			}
		}
		return at == token.NoPos
	})
	if at == token.NoPos {
		return ""
	}
	return set.Position(at).String()
}
