package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/cli"
)

// TestLastEvents reads a journal of five entries from its end.
func TestLastEvents(t *testing.T) {
	c := newCommand(t, nil, nil)
	c.in("1\n2\n3\n4\n5\n", "encode")
	for _, tt := range []struct {
		args string
		want []uint64
	}{
		{"--last 2", []uint64{4, 5}},
		{"--last 5", []uint64{1, 2, 3, 4, 5}},
		{"--last 9", []uint64{1, 2, 3, 4, 5}},
		{"--last 2 --reverse", []uint64{5, 4}},
		{"--reverse", []uint64{5, 4, 3, 2, 1}},
		{"--reverse --limit 3", []uint64{5, 4, 3}},
	} {
		args := append([]string{"events"}, strings.Fields(tt.args)...)
		code, out, words := c.in("", append(args, "--json")...)
		var got []uint64
		for line := range strings.Lines(out) {
			got = append(got, position(t, line))
		}
		if code != 0 || words != "" || !slices.Equal(got, tt.want) {
			t.Errorf("%s: exit %d, positions %v, want %v; %q", tt.args, code, got, tt.want, words)
		}
	}
	code, out, words := c.in("", "events", "--last", "2", "--reverse")
	lines := strings.Split(out, "\n")
	if code != 0 || words != "" || len(lines) != 4 || !strings.HasPrefix(lines[0], "POSITION ") || !strings.HasPrefix(lines[1], "5 ") || !strings.HasPrefix(lines[2], "4 ") {
		t.Errorf("exit %d, %q:\n%s", code, words, out)
	}
}

func position(t *testing.T, line string) uint64 {
	t.Helper()
	var e struct{ Position uint64 }
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	return e.Position
}

// TestLastEventsThenWhatComes follows the journal after its newest entries. One more comes between the two.
func TestLastEventsThenWhatComes(t *testing.T) {
	var c *command
	c = newCommand(t, nil, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
				c.in("", "encode", "4")
			}
			h.ServeHTTP(w, r)
		})
	})
	c.in("1\n2\n3\n", "encode")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		env := func(name string) string { return c.env[name] }
		ended <- cli.Run(ctx, []string{"events", "--last", "2", "--follow", "--json"}, strings.NewReader(""), in, io.Discard, env, "")
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	for want := uint64(2); want <= 4; want++ {
		if !lines.Scan() {
			t.Fatalf("it ended before position %d, exit code %d", want, <-ended)
		}
		if got := position(t, lines.Text()); got != want {
			t.Errorf("position %d, want %d", got, want)
		}
	}
	cancel()
	if lines.Scan() {
		t.Errorf("it went on: %s", lines.Text())
	}
	if code := <-ended; code != 1 { // interrupted
		t.Errorf("exit code %d", code)
	}
}

// TestEventsAfterAToken continues after tokens, and after one whose entry the store has no more, as after a restore of an older copy.
func TestEventsAfterAToken(t *testing.T) {
	c := newCommand(t, nil, nil)
	c.in("1\n2\n3\n", "encode")
	_, _, words := c.in("", "events", "--limit", "2")
	_, token, ok := strings.Cut(strings.TrimSpace(words), "there may be more: --after ")
	if !ok || !strings.HasPrefix(token, "2-") {
		t.Fatalf("after a page: %q", words)
	}
	for _, more := range [][]string{nil, {"--follow", "--limit", "1"}} {
		code, out, words := c.in("", append([]string{"events", "--json", "--after", token}, more...)...)
		if code != 0 || words != "" || position(t, out) != 3 || !strings.Contains(out, `"token":"3-`) {
			t.Errorf("%v: exit %d, %q, %q", more, code, out, words)
		}
		code, out, words = c.in("", append([]string{"events", "--after", "2-0000000000000001"}, more...)...)
		if code != 5 || out != "" || !strings.Contains(words, "restored from an older copy") || !strings.Contains(words, "sigil events --after 3, or all again: sigil events --after 0") {
			t.Errorf("%v, replaced: exit %d, %q, %q", more, code, out, words)
		}
	}
}

// TestLastEventsRefusesWhatContradicts checks that contradictory flags are refused.
func TestLastEventsRefusesWhatContradicts(t *testing.T) {
	c := &command{t: t} // nothing is asked of a daemon
	for args, want := range map[string]string{
		"--last 0":              "--last must be at least 1",
		"--last -3":             "--last must be at least 1",
		"--last 2 --after 1":    "--last cannot be combined with --after or --limit",
		"--last 2 --limit 1":    "--last cannot be combined with --after or --limit",
		"--reverse --after 1":   "--reverse cannot be combined with --follow or --after",
		"--reverse --follow":    "--reverse cannot be combined with --follow or --after",
		"--reverse --limit 0":   "--limit must be at least 1",
		"--after -1":            "--after must be a position",
		"--after 2-":            "--after must be a position",
		"--last 2 --limit 1000": "--last cannot be combined",
	} {
		code, out, words := c.in("", append([]string{"events"}, strings.Fields(args)...)...)
		if code != 2 || out != "" || !strings.Contains(words, want) {
			t.Errorf("%s: exit %d, %q, %q, want %q", args, code, out, words, want)
		}
	}
}
