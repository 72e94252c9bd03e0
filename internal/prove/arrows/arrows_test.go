// Package arrows_test checks the direction of imports between packages: each package may import what its row
// of the table below has, and nothing else. It owns the table and checks the code that ships; tests may
// import anything.
package arrows_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/sigil-dna/sigil"
	root   = "sigil" // how the table calls the root package
)

// table has a row for every package: what it may import besides the standard library. A package of ours is
// named by its folder and means just that one; a third-party module is a prefix and means all its packages
// and versions. A row may exist before its package does.
var table = map[string][]string{
	// Nouns.
	root: {"github.com/google/uuid"},

	// Pure.
	"wire":              {root},
	"internal/canon":    {root, "github.com/go-json-experiment/json"},
	"internal/receipt":  {root, "internal/canon"},
	"internal/bus":      {root},
	"internal/meaning":  {"golang.org/x/text"},
	"internal/datadir":  {},
	"internal/outbound": {},
	"internal/clock":    {"golang.org/x/sys"},
	"internal/words":    {"github.com/blevesearch/snowballstem", "github.com/clipperhouse/uax29", "golang.org/x/text"},
	"scheduler":         {"github.com/netresearch/go-cron"},

	"internal/imports/leveldb": {"github.com/golang/snappy"},

	// Code signatures.
	"internal/codesign":      {root, "aead.dev/minisign", "filippo.io/edwards25519", "golang.org/x/crypto"},
	"internal/codesign/tree": {},

	// Keeping. Only a driver knows its database.
	"store":                              {root, "internal/clock", "internal/meaning", "internal/words"},
	"store/storetest":                    {root, "store", "internal/clock", "internal/meaning", "internal/words", "store/internal/clocks", "store/internal/record", "store/internal/wake", "pgregory.net/rapid", "go.uber.org/goleak", "github.com/anishathalye/porcupine"},
	"store/internal/audit":               {root, "store", "internal/canon"},
	"store/internal/clocks":              {"store"},
	"store/internal/keylock":             {root, "store"},
	"store/internal/record":              {root, "store"},
	"store/internal/wake":                {},
	"store/pgstore":                      {root, "store", "internal/clock", "internal/meaning", "internal/words", "store/internal/audit", "store/internal/clocks", "store/internal/keylock", "store/internal/record", "store/internal/wake", "github.com/jackc/pgx", "github.com/pressly/goose"},
	"store/pebblestore":                  {root, "store", "internal/clock", "internal/meaning", "internal/words", "store/pebblestore/internal/backup", "store/pebblestore/internal/search", "store/pebblestore/internal/disk", "store/pebblestore/internal/index", "store/pebblestore/internal/layout", "store/pebblestore/internal/salvage", "store/internal/audit", "store/internal/clocks", "store/internal/keylock", "store/internal/record", "store/internal/wake", "github.com/cockroachdb/pebble", "github.com/maypok86/otter"},
	"store/pebblestore/internal/disk":    {root, "store", "internal/datadir", "store/pebblestore/internal/layout", "store/internal/record", "github.com/cockroachdb/pebble", "github.com/google/uuid"},
	"store/pebblestore/internal/backup":  {root, "store", "store/pebblestore/internal/disk", "store/pebblestore/internal/layout", "store/internal/record", "github.com/cockroachdb/pebble"},
	"store/pebblestore/internal/salvage": {root, "store", "store/pebblestore/internal/disk", "store/pebblestore/internal/layout", "store/internal/record", "github.com/cockroachdb/pebble"},
	"store/pebblestore/internal/index":   {root, "store", "store/internal/keylock", "store/internal/record", "store/pebblestore/internal/layout", "github.com/tidwall/btree"},
	"store/pebblestore/internal/search":  {root},
	"store/pebblestore/internal/layout":  {root, "store", "internal/datadir", "store/internal/record", "github.com/cockroachdb/pebble"},

	// Verbs.
	"engine": {root, "store", "internal/clock", "internal/canon", "internal/meaning", "internal/receipt", "internal/words", "github.com/google/uuid"},

	// Edges. None of them reaches past the engine.
	"client":                 {root, "wire", "github.com/coder/websocket", "github.com/go-json-experiment/json"},
	"internal/httpapi":       {root, "engine", "internal/bus", "internal/canon", "internal/codesign", "internal/coding", "internal/httpapi/draft", "internal/httpapi/live", "internal/httpapi/shape", "wire", "github.com/goccy/go-yaml", "github.com/go-json-experiment/json"},
	"internal/httpapi/draft": {root, "internal/canon", "github.com/go-json-experiment/json"},
	"internal/httpapi/live":  {root, "engine", "internal/bus", "internal/canon", "internal/httpapi/draft", "internal/httpapi/shape", "wire", "github.com/coder/websocket", "github.com/go-json-experiment/json"},
	"internal/httpapi/shape": {root, "engine", "internal/codesign", "wire"},
	"internal/coding":        {},
	"internal/front":         {root, "internal/front/lane", "golang.org/x/sys"},
	"internal/handover":      {root, "github.com/coreos/go-systemd", "golang.org/x/sys"},
	"internal/front/lane":    {},
	"internal/web":           {"internal/coding"},
	"internal/webhook":       {root, "internal/outbound"},
	"internal/embedder":      {root, "internal/meaning", "internal/outbound"},
	"internal/mcp":           {root, "engine", "internal/canon", "internal/httpapi/draft", "internal/httpapi/shape", "github.com/google/jsonschema-go", "github.com/modelcontextprotocol/go-sdk"},
	"internal/relay":         {},
	"internal/assistants":    {},
	"internal/archive":       {root},
	"internal/imports":       {root, "internal/imports/leveldb", "github.com/go-json-experiment/json"},
	"internal/metrics":       {root, "engine", "github.com/prometheus"},
	"internal/cli":           {root, "client", "internal/archive", "internal/codesign", "internal/codesign/tree", "internal/assistants", "internal/datadir", "internal/imports", "internal/receipt", "internal/relay", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term", "github.com/schollz/progressbar"},

	// Wiring. Here, and in the benchmarks, which are a module of their own, a driver is chosen.
	"internal/daemon": {
		root, "client", "engine", "store", "store/pebblestore", "store/pgstore", "scheduler",
		"internal/archive", "internal/clock", "internal/codesign", "internal/datadir", "internal/embedder", "internal/front", "internal/handover", "internal/httpapi", "internal/meaning", "internal/httpapi/shape", "internal/mcp", "internal/metrics", "internal/migrate", "internal/web", "internal/webhook", "github.com/goccy/go-yaml", "github.com/spf13/pflag",
		"github.com/coreos/go-systemd", "golang.org/x/sys",
	},
	"cmd/sigil": {"internal/cli", "internal/daemon"},
	"local":     {root, "engine", "scheduler", "store", "store/pebblestore"},

	// Proof. A driver's test passes in how to open it; the package names none.
	"internal/prove/model":      {root, "client", "engine", "internal/codesign", "internal/httpapi/shape", "internal/meaning", "internal/receipt", "internal/words", "store", "store/storetest", "pgregory.net/rapid", "github.com/anishathalye/porcupine"},
	"internal/prove/campaign":   {root, "client", "internal/codesign"},
	"internal/prove/ninety":     {root, "engine", "internal/clock", "store"},
	"internal/prove/forgeteval": {"internal/receipt"},
	"internal/prove/apitest":    {root, "store"},
	"internal/prove/apifuzz":    {},
	"internal/prove/pgtest":     {"github.com/jackc/pgx"},
	"internal/prove/lifecycle":  {"go.uber.org/goleak"},
	"internal/prove/arrows":     {},
	"internal/prove/prose":      {},

	// Our own tools.
	"internal/migrate":    {root, "store"},
	"scripts/aptjson":     {},
	"scripts/front":       {},
	"scripts/manpages":    {},
	"scripts/wordvectors": {"internal/meaning"},
}

// drivers may be imported only by choosers, whatever a row says.
var (
	drivers  = []string{"store/pebblestore", "store/pgstore"}
	choosers = []string{"internal/daemon", "local"}
)

// speakers are the only packages that may import wire, the shapes of the API's JSON, including the packages
// inside them, whatever a row says. Others have values, or use client.
var speakers = []string{"client", "internal/httpapi"}

func speaks(name string) bool {
	return slices.ContainsFunc(speakers, func(speaker string) bool {
		return name == speaker || strings.HasPrefix(name, speaker+"/")
	})
}

// sole are third-party modules that only one package, or the packages inside it, may import, whatever a row says.
var sole = map[string]string{
	"github.com/cockroachdb/pebble": "store/pebblestore",
	"github.com/prometheus":         "internal/metrics",
}

// drawers are names that do not tell what a package owns, so that everything ends up there.
var drawers = []string{"util", "utils", "common", "helper", "helpers", "manager", "service"}

// pkg is a package as it ships: its name as the table writes it, and its imports, each with a file
// that has it.
type pkg struct {
	name    string
	imports map[string]string
	inits   []string // where it declares func init
	starts  string   // where it first starts a goroutine; "" if it does not
	shared  []string // where fields share a line in a struct with marks of locks
}

func TestArrows(t *testing.T) {
	for _, wrong := range wrongs(load(t), table) {
		t.Error(wrong)
	}
}

// wrongs returns one sentence for each deviation from the table.
func wrongs(graph []pkg, table map[string][]string) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }

	for name, row := range table {
		for _, to := range row {
			if slices.Contains(drivers, to) && !slices.Contains(choosers, name) {
				say("the row of %s allows the driver %s: only %s choose one", name, to, strings.Join(choosers, " and "))
			}
			if to == "wire" && !speaks(name) {
				say("the row of %s allows wire: only %s speak it", name, strings.Join(speakers, " and "))
			}
			if name == root && own(to) {
				say("the row of the root allows %s: the root imports nothing of ours", to)
			}
		}
	}
	for _, p := range graph {
		if last := path.Base(p.name); slices.Contains(drawers, last) {
			say("%s: name the package for what it owns, not %q", p.name, last)
		}
		for _, at := range p.inits {
			say("%s: func init: let who needs it call it", at)
		}
		row, ok := table[p.name]
		if !ok {
			say("%s has no row in the table of internal/prove/arrows/arrows_test.go: "+
				"add one, on purpose, with no more than the package needs", p.name)
			continue
		}
		for to, file := range p.imports {
			for module, owner := range sole {
				inside := p.name == owner || strings.HasPrefix(p.name, owner+"/internal/")
				if !inside && allowed(to, []string{module}) {
					say("%s: %s must not import %s: only %s knows it", file, p.name, to, owner)
				}
			}
			if !allowed(to, row) {
				say("%s: %s must not import %s (if it should, change its row in internal/prove/arrows/arrows_test.go, on purpose)",
					file, p.name, to)
			}
		}
	}
	slices.Sort(found)
	return found
}

func allowed(to string, row []string) bool {
	if own(to) {
		return slices.Contains(row, to)
	}
	return slices.ContainsFunc(row, func(prefix string) bool {
		return to == prefix || strings.HasPrefix(to, prefix+"/")
	})
}

// own reports whether a package, in the table's spelling, is ours: the first element of a third-party one is a host,
// which has a dot.
func own(name string) bool {
	host, _, _ := strings.Cut(name, "/")
	return !strings.Contains(host, ".")
}

// short returns the table's spelling of an import path, and "" for the standard library.
func short(importPath string) string {
	if importPath == module {
		return root
	}
	if rest, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return rest
	}
	if own(importPath) {
		return ""
	}
	return importPath
}

// load reads the packages of the module. It gets their list from `go list` and parses the files itself, including
// those of other systems: a wrong arrow may be in a file that is not built here. Since the test opens every file that
// its verdict depends on, a cached "ok" of it is valid.
func load(t *testing.T) []pkg {
	t.Helper()
	top, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	watchFolders(t, top)

	// -find: no need to resolve what is imported; a missing dependency is the compiler's to report.
	cmd := exec.CommandContext(t.Context(), "go", "list", "-buildvcs=false", "-find",
		"-json=ImportPath,Name,Dir,GoFiles,CgoFiles,IgnoredGoFiles", "./...")
	cmd.Dir = top
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	} else if err != nil {
		t.Fatalf("go list: %v", err)
	}

	var graph []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var listed struct {
			ImportPath, Name, Dir             string
			GoFiles, CgoFiles, IgnoredGoFiles []string
		}
		if err := dec.Decode(&listed); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		p := pkg{name: short(listed.ImportPath), imports: map[string]string{}}
		for _, file := range slices.Concat(listed.GoFiles, listed.CgoFiles, listed.IgnoredGoFiles) {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			shown, err := filepath.Rel(top, filepath.Join(listed.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			src, err := os.ReadFile(filepath.Join(listed.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.add(filepath.ToSlash(shown), listed.Name, src); err != nil {
				t.Fatal(err)
			}
		}
		graph = append(graph, p)
	}
	if len(graph) == 0 {
		t.Fatal("go list found no packages: nothing was judged")
	}
	return graph
}

// add records what a file imports, and where it declares an init, starts a goroutine or has fields that share a line. A program that merely lies in the same folder
// (//go:build ignore, package main) is not part of the package and is skipped.
func (p *pkg) add(shown, name string, src []byte) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, shown, src, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return err
	}
	if file.Name.Name != name {
		return nil
	}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if to := short(importPath); to != "" {
			p.imports[to] = shown
		}
	}
	if p.starts == "" {
		p.starts = firstStart(set, file)
	}
	p.shared = append(p.shared, sharedLines(set, file)...)
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			p.inits = append(p.inits, set.Position(f.Pos()).String())
		}
	}
	return nil
}

// watchFolders opens every folder that may contain a package, so that the go command knows that a new file
// there makes the cached result of this test stale.
func watchFolders(t *testing.T, top string) {
	t.Helper()
	err := filepath.WalkDir(top, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || at == top {
			return err
		}
		base := entry.Name()
		if strings.HasPrefix(base, ".") || slices.Contains([]string{"bin", "node_modules", "testdata"}, base) {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWrongArrowIsFound tests the check itself, on a small graph.
func TestWrongArrowIsFound(t *testing.T) {
	rows := map[string][]string{
		root:                                {},
		"store":                             {root},
		"store/pebblestore":                 {root, "store", "github.com/cockroachdb/pebble"},
		"store/pebblestore/internal/layout": {"github.com/cockroachdb/pebble"},
		"engine":                            {root, "store"},
		"scripts/demo":                      {"github.com/cockroachdb/pebble", "github.com/prometheus"},
		"internal/daemon":                   {"engine", "store/pebblestore"},
		"wire":                              {root},
		"client":                            {root, "wire"},
		"internal/httpapi/shape":            {root, "engine", "wire"},
		"not/there/yet":                     {root},
	}
	file := func(name, imports, rest string) string {
		return "package " + name + "\n" + imports + "\n" + rest
	}
	tests := []struct {
		name string
		pkg  string            // the package to judge
		src  string            // its file; its package clause says "x"
		row  map[string]string // a row to put in place first: package → one allowed import
		want string            // part of the one sentence said; "" for none
	}{
		{"right arrow", "engine", file("x", `import "`+module+`/store"`, ""), nil, ""},
		{"right arrow to the root", "store", file("x", `import "`+module+`"`, ""), nil, ""},
		{"standard library", "engine", file("x", `import ("net/http"; "C")`, ""), nil, ""},
		{"third party, any version", "store/pebblestore", file("x", `import "github.com/cockroachdb/pebble/v2/vfs"`, ""), nil, ""},
		{"database inside its driver", "store/pebblestore/internal/layout", file("x", `import "github.com/cockroachdb/pebble/v2"`, ""), nil, ""},
		{"driver in the daemon", "internal/daemon", file("x", `import "`+module+`/store/pebblestore"`, ""), nil, ""},
		{"program beside the package", "engine", file("main", `import "`+module+`/internal/daemon"`, "func init() {}"), nil, ""},
		{"method called init", "engine", file("x", "", "type t int; func (t) init() {}"), nil, ""},

		{"database where a row allows it", "scripts/demo", file("x", `import "github.com/cockroachdb/pebble/v2"`, ""), nil, "scripts/demo must not import github.com/cockroachdb/pebble/v2: only store/pebblestore"},
		{"metrics where a row allows them", "scripts/demo", file("x", `import "github.com/prometheus/client_golang/prometheus"`, ""), nil, "only internal/metrics"},
		{"root's row", root, file("x", "", ""), map[string]string{root: "store"}, "the root imports nothing of ours"},
		{"driver in the engine", "engine", file("x", `import "`+module+`/store/pebblestore"`, ""), nil, "engine must not import store/pebblestore"},
		{"upward arrow", "store", file("x", `import "`+module+`/engine"`, ""), nil, "store must not import engine"},
		{"root imports ours", root, file("x", `import "`+module+`/store"`, ""), nil, "sigil must not import store"},
		{"row of a folder is not of those below", "engine", file("x", `import "`+module+`/store/storetest"`, ""), nil, "engine must not import store/storetest"},
		{"renamed import", "engine", file("x", `import _ "`+module+`/internal/daemon"`, ""), nil, "engine must not import internal/daemon"},
		{"third party unasked", "engine", file("x", `import "github.com/tidwall/btree"`, ""), nil, "engine must not import github.com/tidwall/btree"},
		{"third party with a like name", "store/pebblestore", file("x", `import "github.com/cockroachdb/pebblesque"`, ""), nil, "must not import github.com/cockroachdb/pebblesque"},
		{"no row", "internal/surprise", file("x", "", ""), nil, "internal/surprise has no row"},
		{"func init", "engine", file("x", "", "func init() {}"), nil, "engine/x.go:3:1: func init"},
		{"drawer", "internal/util", file("x", "", ""), map[string]string{"internal/util": root}, "name the package for what it owns"},
		{"shapes where JSON is written", "internal/httpapi/shape", file("x", `import "`+module+`/wire"`, ""), nil, ""},
		{"shapes where JSON is read", "client", file("x", `import "`+module+`/wire"`, ""), nil, ""},
		{"shapes in the engine", "engine", file("x", `import "`+module+`/wire"`, ""), nil, "engine must not import wire"},
		{"row that allows the shapes", "engine", file("x", "", ""), map[string]string{"engine": "wire"}, "allows wire: only client and internal/httpapi"},
		{"row that allows a driver", "engine", file("x", "", ""), map[string]string{"engine": "store/pgstore"}, "allows the driver store/pgstore"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := maps.Clone(rows)
			for name, to := range tt.row {
				table[name] = []string{to}
			}
			p := pkg{name: tt.pkg, imports: map[string]string{}}
			if err := p.add(tt.pkg+"/x.go", "x", []byte(tt.src)); err != nil {
				t.Fatal(err)
			}
			got := wrongs([]pkg{p}, table)
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("found where there is nothing: %q", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("got %q, want one sentence with %q", got, tt.want)
			}
		})
	}
}
