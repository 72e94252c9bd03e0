package cli_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestAnotherServer calls a server that is not a daemon: the error names the address and does not blame the input.
func TestAnotherServer(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"not found":   http.NotFound,
		"bad request": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "what?", http.StatusBadRequest) },
		"a page":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCommand(t, nil, func(http.Handler) http.Handler { return answer })
			for _, args := range [][]string{{"encode", `{"a":1}`}, {"list"}, {"stats"}} {
				code, out, words := c.in("", args...)
				if code != 4 || out != "" || !strings.Contains(words, "sigil daemon") || !strings.Contains(words, "; --addr or SIGIL_ADDR names another address") {
					t.Errorf("%s: exit %d, %q, %q", args[0], code, out, words)
				}
			}
		})
	}
}

// TestHelpDefaults checks that no help shows a default that is nothing.
func TestHelpDefaults(t *testing.T) {
	c := newCommand(t, nil, nil)
	for _, name := range []string{"correct", "encode", "events", "import", "list", "related", "removed", "restore", "search"} {
		if code, out, _ := c.in("", "help", name); code != 0 || strings.Contains(out, "(default )") {
			t.Errorf("%s: exit %d, %s", name, code, out)
		}
	}
}

// TestHeldClock checks that an error about a held clock names the command that confirms it, and no time after which to try again.
func TestHeldClock(t *testing.T) {
	c := newCommand(t, nil, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"title":"Service Unavailable","status":503,"detail":"if it is right, confirm it","code":"clock_held"}`))
		})
	})
	if code, _, words := c.in("", "sweep", "decay"); code != 1 || words != "sigil: if it is right, confirm it: sigil clock confirm\n" {
		t.Errorf("exit %d, %q", code, words)
	}
}

// TestEmptyLists checks that an empty list is reported on standard error only.
func TestEmptyLists(t *testing.T) {
	c := newCommand(t, nil, nil)
	for what, args := range map[string][]string{
		"no memories\n": {"list"}, "no crystals\n": {"crystals"}, "no patterns\n": {"patterns"}, "no entries\n": {"events", "--last", "3"},
	} {
		code, out, words := c.in("", args...)
		if code != 0 || out != "" || !strings.Contains(words, what) {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, words)
		}
	}
	if code, out, words := c.in("", "list", "--quiet"); code != 0 || out != "" || words != "" {
		t.Errorf("quiet: exit %d, %q, %q", code, out, words)
	}
}

// TestForgetJSON forgets two memories and one that does not exist.
func TestForgetJSON(t *testing.T) {
	c := newCommand(t, nil, nil)
	var ids []string
	for range 2 {
		_, id, _ := c.in("", "encode", "--quiet", `1`)
		ids = append(ids, strings.TrimSpace(id))
	}
	const nobody = "01890a5d-ac96-774b-bcce-b302099a8057"
	code, out, words := c.in("", "forget", "--yes", "--json", ids[0], nobody, ids[1])
	want := `{"forgotten":"` + ids[0] + `"}` + "\n" + `{"forgotten":"` + ids[1] + `"}` + "\n"
	if code != 3 || out != want || !strings.Contains(words, nobody) {
		t.Errorf("exit %d, %q, want %q; %q", code, out, want, words)
	}
}
