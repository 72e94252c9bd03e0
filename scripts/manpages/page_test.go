package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPage makes a page of a small help text.
func TestPage(t *testing.T) {
	help := `Brew makes tea.

.teapot is read first.

Usage:
  sigil brew [flags]

Examples:
  # tea
  sigil brew 'a\b'

  sigil brew --hot

Some words after the examples.

Flags:
      --hot        boil it
  -q, --quiet-ly   say nothing

Use "sigil [command] --help" for more information about a command.
`
	want := `.TH SIGIL\-BREW 1 "2026-01-02" "sigil v1" "Sigil"
.SH NAME
sigil\-brew \- make tea
.SH SYNOPSIS
.nf
sigil brew [flags]
.fi
.SH DESCRIPTION
Brew makes tea.
.PP
\&.teapot is read first.
.PP
Some words after the examples.
.SH EXAMPLES
.nf
# tea
sigil brew \(aqa\eb\(aq

sigil brew \-\-hot
.fi
.SH OPTIONS
.TP
\fB\-\-hot\fR
boil it
.TP
\fB\-q, \-\-quiet\-ly\fR
say nothing
.SH SEE ALSO
\fBsigil\fR(1)
`
	if got := page("sigil-brew", "make tea", "v1", "2026-01-02", help); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestPagesOfTheProgram compares the pages of the real program with what a shell is offered: each command has a page, and
// each of its flags an entry there.
func TestPagesOfTheProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sigil")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/sigil").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	pages, err := pagesOf(t.Context(), program, "v1.2.3", "2026-01-02")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 34 {
		t.Errorf("only %d pages", len(pages))
	}
	flags := 0
	references := regexp.MustCompile(`\\fB([a-z\\-]+)\\fR\(1\)`)
	for name, text := range pages {
		for _, m := range references.FindAllStringSubmatch(text, -1) {
			if to := strings.ReplaceAll(m[1], `\-`, "-") + ".1"; pages[to] == "" {
				t.Errorf("%s refers to %s, which is not there", name, to)
			}
		}
		args := []string{"__complete"}
		_, command, ok := strings.Cut(strings.TrimSuffix(name, ".1"), "-")
		if ok {
			args = append(args, strings.Split(command, "-")...)
		}
		offered, err := output(t.Context(), program, append(args, "--")...)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(--[a-z-]+)\t`).FindAllStringSubmatch(offered, -1) {
			if m[1] == "--help" && slices.Contains([]string{"serve", "export", "migrate", "check", "backup-restore", "backup-verify"}, command) {
				continue // their help does not list it
			}
			flags++
			if !regexp.MustCompile(`(?m)^\\fB(\\-., )?` + regexp.QuoteMeta(escape(m[1])) + `( .*)?\\fR$`).MatchString(text) {
				t.Errorf("%s has no entry for %s", name, m[1])
			}
		}
		for _, part := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "OPTIONS"} {
			_, body, ok := strings.Cut(text, "\n.SH "+part+"\n")
			if !ok || strings.HasPrefix(strings.TrimPrefix(body, ".nf\n"), ".SH") || strings.HasPrefix(body, ".nf\n.fi") {
				t.Errorf("%s: %s is empty or not there", name, part)
			}
		}
	}
	if flags < 100 {
		t.Errorf("only %d flags were compared", flags)
	}
}
