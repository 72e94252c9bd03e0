package cli_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// corrects has a chain of the contents of a tenant, and returns the newest memory.
func corrects(t *testing.T, c *command, tenant string, contents ...string) client.Memory {
	t.Helper()
	to, err := client.New(c.env["SIGIL_ADDR"], &client.Options{Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
	defer to.CloseIdleConnections()
	m, err := to.Encode(t.Context(), sigil.Draft{Data: json.RawMessage(contents[0]), Tags: []string{"a"}})
	for _, content := range contents[1:] {
		if err == nil {
			m, err = to.Correct(t.Context(), m.ID, sigil.Draft{Data: json.RawMessage(content)})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestImportOfChainsAndPolicies brings former versions and the policy of a tenant back, twice, and once more in a dry run.
func TestImportOfChainsAndPolicies(t *testing.T) {
	from := newCommand(t, nil, nil)
	from.must("policy", "set", "halflife h=30d threshold=0.9", "--tenant", "acme", "--yes")
	newest := corrects(t, from, "acme", `"one"`, `"two"`, `"three"`)
	corrects(t, from, "public", `1`, `2`)
	export := exported(t, from, "acme", "public")
	file := filepath.Join(t.TempDir(), "export.ndjson")
	writeFile(t, file, export)
	to := newCommand(t, nil, nil)
	for _, run := range []struct{ flag, want string }{
		{"--dry-run", "would insert 2, there already 0, faded 0, conflicts 0, refused 0; nothing was changed\n" +
			"former versions: would insert 3, there already 0\npolicies of tenants: would set 1, set already 0\n"},
		{"--yes", "inserted 2, there already 0, faded 0, conflicts 0, refused 0\nformer versions: inserted 3, there already 0\npolicies of tenants: set 1, set already 0\n"},
		{"--yes", "inserted 0, there already 2, faded 0, conflicts 0, refused 0\nformer versions: inserted 0, there already 3\npolicies of tenants: set 0, set already 1\n"},
	} {
		if code, _, words := to.in("", "import", file, run.flag); code != 0 || !strings.HasPrefix(words, run.want) || !strings.Contains(words, "verified: ") {
			t.Errorf("exit %d, %s\nwant %s", code, words, run.want)
		}
	}
	for i, line := range between(exported(t, to, "acme", "public")) {
		if want := between(export)[i]; line != want {
			t.Errorf("got %s\nwant %s", line, want)
		}
	}
	if out := to.must("history", newest.ID.String(), "--tenant", "acme", "--json"); strings.Count(out, "\n") != 3 {
		t.Errorf("history: %s", out)
	}
	// What was corrected here since stays so. Another policy stays, and is a conflict.
	to.must("correct", newest.ID.String(), "--tenant", "acme", `"four"`)
	to.must("policy", "set", "halflife h=31d threshold=0.9", "--tenant", "acme", "--yes")
	code, _, words := to.in("", "import", file)
	if code != 5 || !strings.Contains(words, "left out 1: memories that were corrected here since, and stay so\n") || !strings.Contains(words, "conflicts 1, ") ||
		!strings.Contains(words, "line 2: the tenant acme has another policy here, halflife h=31d threshold=0.9, which stays") {
		t.Errorf("exit %d, %s", code, words)
	}
	// New memories are made of live ones only.
	code, _, words = to.in("", "import", file, "--as-new")
	if code != 0 || !strings.Contains(words, "encoded 2, ") || !strings.Contains(words, "left out 3: a former version of a memory") || !strings.Contains(words, "left out 1: a policy of a tenant") {
		t.Errorf("exit %d, %s", code, words)
	}
}

// TestAPolicyByWhichMemoriesWouldFadeIsNotSet imports the policy of a tenant that has memories which would not live that long under it.
func TestAPolicyByWhichMemoriesWouldFadeIsNotSet(t *testing.T) {
	from := newCommand(t, nil, nil)
	from.must("policy", "set", "halflife h=1ms threshold=0.5", "--yes")
	export := exported(t, from, "public")
	to := newCommand(t, nil, nil)
	to.in("1\n2\n", "import")
	code, _, words := to.in(export, "import")
	if code != 5 || !strings.Contains(words, "2 memories that the tenant public has here would fade at once; it is not set") {
		t.Errorf("exit %d, %s", code, words)
	}
	if out := to.must("policy"); strings.Contains(out, "1ms") {
		t.Errorf("policy: %s", out)
	}
}

// TestADryRunKnowsWhatVersionsWouldBeOf has an export whose memory has faded: what it superseded is left out with it.
func TestADryRunKnowsWhatVersionsWouldBeOf(t *testing.T) {
	from := newCommand(t, nil, nil)
	corrects(t, from, "public", `"one"`, `"two"`, `"three"`)
	lines := strings.SplitAfter(exported(t, from, "public"), "\n")
	lines[1] = strings.Replace(lines[1], `"hash":"`, `"hash":"0`, 1) // it is refused
	for _, flag := range []string{"--dry-run", "--yes"} {
		to := newCommand(t, nil, nil)
		_, _, words := to.in(strings.Join(lines[:4], ""), "import", flag)
		if !strings.Contains(words, "refused 1") || !strings.Contains(words, "left out 2: former versions of memories that are not here\n") {
			t.Errorf("%s: %s", flag, words)
		}
	}
}
