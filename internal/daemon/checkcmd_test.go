package daemon_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// checkOf runs a check, and returns its exit code and what it printed.
func checkOf(t *testing.T, args ...string) (code int, out, words string) {
	t.Helper()
	var o, w bytes.Buffer
	code = daemon.Check(t.Context(), args, &o, &w, nil)
	return code, o.String(), w.String()
}

// TestCheckOfDatabase checks a database beside a daemon that uses it, finds what was damaged, and repairs what is derived.
func TestCheckOfDatabase(t *testing.T) {
	url := pgtest.Start(t, pgtest.Fast).URL("postgres")
	d := start(t, config(t, "--store="+url), nil)
	for _, body := range []string{`{"data":{"text":"tea at five"}}`, `{"data":"coffee"}`} {
		if status, answer := ask(t, d, "POST", "/v1/sigils", body); status != 201 {
			t.Fatal(status, answer)
		}
	}
	damage := func(sql string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context()) // nothing is lost
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	metrics := filepath.Join(t.TempDir(), "check.prom")
	code, out, words := checkOf(t, "--store", url, "--metrics", metrics)
	if code != 0 || words != "" || !strings.HasPrefix(out, "2 memories (") || !strings.HasSuffix(out, ": 0 problems\n") {
		t.Errorf("exit %d: %s%s", code, out, words)
	}

	damage(`update sigil.words set terms = replace(terms, 'tea', 'tee'); update sigil.tenants set memories = 7, words = 7`)
	code, out, words = checkOf(t, "--store", url, "--json", "--metrics", metrics)
	var said struct {
		Memories, Problems int
		Checks, Repaired   map[string]int
		Found              []struct{ Check, Problem string }
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatal(err)
	}
	if code != 1 || said.Memories != 2 || said.Problems != 3 || said.Checks["words"] != 1 || said.Checks["counters"] != 2 || len(said.Checks) < 15 || len(said.Found) != 3 ||
		!strings.Contains(words, "sigil check: words: ") || !strings.Contains(words, "--repair") || strings.Contains(words, "tee") {
		t.Errorf("exit %d: %s%s", code, out, words)
	}
	text, err := os.ReadFile(metrics)
	if err != nil || !strings.Contains(string(text), `sigil_check_problems{check="counters",store="`) || !strings.Contains(string(text), "} 2\n") {
		t.Errorf("%s, %v", text, err)
	}

	code, out, words = checkOf(t, "--store", url, "--repair")
	if code != 0 || words != "" || !strings.HasPrefix(out, "repaired: counters 1, words 1\n2 memories") {
		t.Errorf("exit %d: %s%s", code, out, words)
	}
	if status, answer := ask(t, d, "GET", "/v1/sigils:search?q=tea", ""); status != 200 || !strings.Contains(answer, "five") {
		t.Errorf("after the repair: %d %s", status, answer)
	}

	damage(`update sigil.memories set data = replace(data, 'coffee', 'koffee')`)
	code, out, words = checkOf(t, "--store", url, "--repair")
	if code != 1 || !strings.HasPrefix(out, "repaired: nothing\n") || !strings.Contains(out, ": 1 problems (content 1)\n") || !strings.Contains(words, "sigil check: content: ") {
		t.Errorf("exit %d: %s%s", code, out, words)
	}
	stop(t, d)

	if code, _, words := checkOf(t, "--store", "postgres://sigil:secret@127.0.0.1:1/sigil"); code != 1 || strings.Contains(words, "secret") || words == "" {
		t.Errorf("exit %d: %s", code, words)
	}
	if code, _, words := checkOf(t, "--store", "elsewhere"); code != 2 || !strings.Contains(words, "--data names a data folder") {
		t.Errorf("exit %d: %s", code, words)
	}
}
