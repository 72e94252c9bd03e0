package main

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOfflineCommandsCompleteTheirFlags compares what a shell offers after a command with what its help shows.
func TestOfflineCommandsCompleteTheirFlags(t *testing.T) {
	said := func(args ...string) string {
		var out bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), &out, io.Discard, nil); code != 0 {
			t.Fatalf("%q: exit code %d", args, code)
		}
		return out.String()
	}
	shown := regexp.MustCompile(`(?m)^ +(--[a-z-]+) `)
	for command, fewest := range map[string]int{"serve": 40, "export": 3, "check": 2, "migrate": 4} {
		want := []string{"--help"}
		for _, m := range shown.FindAllStringSubmatch(said(command, "--help"), -1) {
			want = append(want, m[1])
		}
		if len(want) <= fewest {
			t.Fatalf("sigil %s --help shows %d flags", command, len(want)-1)
		}
		var got []string
		for line := range strings.Lines(said("__complete", command, "--")) {
			if flag, _, ok := strings.Cut(line, "\t"); ok {
				got = append(got, flag)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("sigil %s: a shell offers %q, want %q", command, got, want)
		}
	}
}
