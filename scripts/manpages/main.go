// Command manpages writes a page of section 1 for the program and for each of its commands, made from the
// help that the program prints:
//
//	manpages -program ./sigil -version v1.2.3 -date 2026-01-02 -to DIR
//
// So the pages cannot differ from the help, and the program contains no generator.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	program := flag.String("program", "bin/sigil", "the `program` whose help to use")
	version := flag.String("version", "dev", "its version, for the foot of each page")
	date := flag.String("date", "", "its date, for the foot of each page")
	to := flag.String("to", "man", "the `folder` to write to, which is created")
	flag.Parse()
	pages, err := pagesOf(context.Background(), *program, *version, *date)
	if err == nil {
		err = write(*to, pages)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

func write(dir string, pages map[string]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pages are for everybody
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // pages are for everybody
			return err
		}
	}
	return nil
}

// pagesOf returns the pages of a program by their file names. It asks the program for its commands like a
// shell does.
func pagesOf(ctx context.Context, program, version, date string) (map[string]string, error) {
	offered, err := output(ctx, program, "__complete", "")
	if err != nil {
		return nil, err
	}
	pages := map[string]string{}
	var add func(name, short string, args ...string) error
	add = func(name, short string, args ...string) error {
		help, err := output(ctx, program, append(args, "--help")...)
		if err != nil {
			return err
		}
		pages[name+".1"] = page(name, short, version, date, help)
		for command, short := range subcommands(help) {
			if err := add(name+"-"+command, short, append(slices.Clone(args), command)...); err != nil {
				return err
			}
		}
		return nil
	}
	err = add("sigil", "memories that fade unless recalled")
	for line := range strings.Lines(offered) {
		command, short, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok && err == nil {
			err = add("sigil-"+command, short, command)
		}
	}
	if err == nil && len(pages) == 1 {
		err = errors.New("the program names no commands")
	}
	return pages, err
}

// output returns what the program prints. Its environment has only a home folder: the help contains defaults,
// which must be the same wherever pages are made.
func output(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // what the caller named
	cmd.Env = []string{"HOME=$HOME"}
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), err)
	}
	return string(out), nil
}
