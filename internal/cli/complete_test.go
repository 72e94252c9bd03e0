package cli_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestCompletionOfIDsIsSilent has daemons that cannot offer ids: the shell gets none, and no message.
func TestCompletionOfIDsIsSilent(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"slow":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"another": http.NotFound,
		"broken":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCommand(t, nil, func(http.Handler) http.Handler { return answer })
			code, out, words := c.in("", "__complete", "recall", "--timeout", "20ms", "")
			if code != 0 || out != ":36\n" || strings.Contains(words, "sigil") {
				t.Errorf("exit %d, %q, %q", code, out, words)
			}
		})
	}
}

// TestCompletionOffersTheNewestIDs keeps more memories than a shell is offered.
func TestCompletionOffersTheNewestIDs(t *testing.T) {
	c := newCommand(t, nil, nil)
	_, kept, _ := c.in(strings.Repeat("1\n", 30), "encode", "--quiet")
	ids := strings.Fields(kept)
	_, out, _ := c.in("", "__complete", "recall", "")
	lines := strings.Split(strings.TrimSuffix(out, "\n:36\n"), "\n")
	if len(lines) != 20 || !strings.HasPrefix(lines[0], ids[29]) || !strings.HasPrefix(lines[19], ids[10]) {
		t.Errorf("%d lines:\n%s", len(lines), out)
	}
}
