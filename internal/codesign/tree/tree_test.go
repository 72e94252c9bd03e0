package tree_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/internal/codesign/tree"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lay writes files, whose folders are made.
func lay(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// names returns those of the files under paths, with what is known of their signatures.
func names(t *testing.T, dir, root string, paths ...string) (all []string) {
	t.Helper()
	for i := range paths {
		paths[i] = filepath.Join(dir, paths[i])
	}
	for f, err := range tree.Files(paths, root) {
		name := f.Name
		if f.Signature != "" {
			name += " by " + filepath.Base(f.Signature)
		}
		if f.Orphan {
			name += " orphan"
		}
		if !f.Rooted {
			name += " here"
		}
		if err != nil {
			name = "error: " + filepath.Base(f.Path)
		}
		all = append(all, name)
	}
	return all
}

func TestFiles(t *testing.T) {
	dir := lay(t, map[string]string{
		"r/.git/config": "", "r/.gitignore": "*.o\n/build/\n.gitignore\n", "r/a.go": "", "r/a.o": "", "r/build/x.go": "",
		"r/b/build/y.go": "", "r/b/.sigilignore": "skip*\n", "r/b/skip.go": "", "r/b/data.json": "{}", "r/b/data.json.sigil": "",
		"r/b/data.json.minisig": "", "r/b/gone.bin.sigil": "", "r/b/old.bin.minisig": "", "r/node_modules/m.js": "",
		"r/sub/.git": "gitdir: elsewhere", "r/sub/c/d.go": "", "r/sub/e.o": "", "plain/x/y.py": "",
	})
	if err := os.Symlink("a.go", filepath.Join(dir, "r/link.go")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".", filepath.Join(dir, "r/loop")); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		root  string
		paths []string
		want  []string
	}{
		{"", []string{"r"}, []string{
			".gitignore", "a.go", "b/.sigilignore", "b/build/y.go", "b/data.json by data.json.sigil", "b/gone.bin.sigil orphan", "c/d.go", "e.o",
		}},
		{"", []string{"r/b"}, []string{"b/.sigilignore", "b/build/y.go", "b/data.json by data.json.sigil", "b/gone.bin.sigil orphan"}},
		{"", []string{"r/a.o", "r/link.go", "r/sub/c/d.go"}, []string{"a.o", "a.go", "c/d.go"}},
		{"r", []string{"r/sub"}, []string{"sub/c/d.go"}},
		{"", []string{"plain", "plain/x/y.py", "plain/none"}, []string{"x/y.py here", "y.py here", "error: none"}},
		{"plain", []string{"plain/x", "r/a.go"}, []string{"x/y.py", "error: a.go"}},
	} {
		if x.root != "" {
			x.root = filepath.Join(dir, x.root)
		}
		if got := names(t, dir, x.root, slices.Clone(x.paths)...); !slices.Equal(got, x.want) {
			t.Errorf("%s %v:\n got %q\nwant %q", x.root, x.paths, got, x.want)
		}
	}
}

// TestIgnoreRulesAreGits has git itself say what many patterns leave out.
func TestIgnoreRulesAreGits(t *testing.T) {
	random := rand.New(rand.NewPCG(24, 1))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	var files []string
	laid := map[string]string{}
	for range 60 {
		path := pick("a", "b", "foo", "#x", "a b", "!n")
		for range random.IntN(3) {
			path += "/" + pick("a", "b", "foo", "c.d")
		}
		path += "/" + pick("a.go", "b.txt", "foo.o", "x-y", "a1", "z ", "[q]", `w\`)
		if laid[path] == "" {
			laid[path] = "x"
			files = append(files, path)
		}
	}
	slices.Sort(files)
	dir := lay(t, laid)
	git := func(stdin string, args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...)
		c.Stdin = strings.NewReader(stdin)
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+dir, "XDG_CONFIG_HOME="+dir)
		out, err := c.Output()
		if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 1) {
			t.Fatal(err)
		}
		return string(out)
	}
	git("", "init", "-q")
	patternFile := func() string {
		var b strings.Builder
		for range 1 + random.IntN(4) {
			b.WriteString(pick("", "", "", "!", "/"))
			for i := range 1 + random.IntN(3) {
				if i > 0 {
					b.WriteString(pick("/", "/**/", "/"))
				}
				b.WriteString(pick("a", "b", "foo", "*", "**", "*.o", "a*", "?", "[ab]", "[!a]", "[a-c]*", "c.d", "*.[gt]*", `\#x`, "a b", "x-y", "a[0-9]", "[[:digit:]]", `\!n`, "z ", `z\ `, "[q]", `\[q\]`, `w\\`, "[]a]", "[^f]oo", "[a", "#x", "[]-]*", `[\]q[]*`, "*[x-]*"))
			}
			b.WriteString(pick("", "", "", "/", "/**", " "))
			b.WriteString("\n")
		}
		return b.String()
	}
	compared := 0
	for range 60 {
		ignore := map[string]string{".gitignore": patternFile(), "a/.gitignore": patternFile()}
		for name, content := range ignore {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want := strings.Split(git("", "ls-files", "-z", "--others", "--exclude-standard"), "\x00")
		want = slices.DeleteFunc(want, func(s string) bool { return s == "" || strings.HasSuffix(s, ".gitignore") })
		slices.Sort(want)
		var got []string
		for _, name := range names(t, dir, "", ".") {
			if !strings.HasSuffix(name, ".gitignore") {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		compared += len(files)
		if !slices.Equal(got, want) {
			t.Fatalf("%q\nonly here: %q\nonly in git: %q", ignore, minus(got, want), minus(want, got))
		}
	}
	t.Logf("%d verdicts are git's", compared)
}

func minus(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func TestReplace(t *testing.T) {
	dir := lay(t, map[string]string{"a": "old"})
	path := filepath.Join(dir, "a")
	if err := os.Chmod(path, 0o751); err != nil {
		t.Fatal(err)
	}
	was, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Replace(path, []byte("new"), was, 0); err != nil {
		t.Fatal(err)
	}
	now, err := os.Lstat(path)
	if err != nil || now.Mode() != was.Mode() {
		t.Errorf("%v, %v", now.Mode(), err)
	}
	// was is no longer what is there.
	if err := tree.Replace(path, []byte("newer"), was, 0); !errors.Is(err, tree.ErrChanged) {
		t.Error(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "new" {
		t.Errorf("%q, %v", content, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func numbered(n int) iter.Seq2[tree.File, error] {
	return func(yield func(tree.File, error) bool) {
		for i := range n {
			var err error
			if i%7 == 3 {
				err = os.ErrPermission
			}
			if !yield(tree.File{Path: fmt.Sprint(i)}, err) {
				return
			}
		}
	}
}

func TestEachKeepsTheOrder(t *testing.T) {
	for _, n := range []int{0, 1, 2, 33, 1000} {
		var got bytes.Buffer
		i := 0
		err := tree.Each(t.Context(), numbered(n), func(f tree.File) string { return "<" + f.Path }, func(f tree.File, r string, err error) error {
			if (err != nil) != (i%7 == 3) || err == nil && r != "<"+f.Path || f.Path != fmt.Sprint(i) {
				t.Errorf("%d: %q, %q, %v", i, f.Path, r, err)
			}
			i++
			return nil
		})
		if err != nil || i != n {
			t.Errorf("%d of %d, %v\n%s", i, n, err, got.String())
		}
	}
}

func TestEachEndsAtOnce(t *testing.T) {
	stop := errors.New("stop")
	var running atomic.Int32
	do := func(tree.File) int { running.Add(1); defer running.Add(-1); return 1 }
	err := tree.Each(t.Context(), numbered(1e6), do, func(f tree.File, _ int, _ error) error {
		if f.Path == "100" {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || running.Load() != 0 {
		t.Error(err, running.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = tree.Each(ctx, numbered(1e6), do, func(f tree.File, _ int, _ error) error {
		if f.Path == "100" {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || running.Load() != 0 {
		t.Error(err, running.Load())
	}
}
