package cli_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/archive"
)

// exported returns an export of some tenants of c's daemon, as sigil export writes it.
func exported(t *testing.T, c *command, tenants ...string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.NewWriter(&b, archive.Head{At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range tenants {
		from, err := client.New(c.env["SIGIL_ADDR"], &client.Options{Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		defer from.CloseIdleConnections()
		policy, err := from.Policy(t.Context())
		if err == nil && policy.Own {
			err = w.Write(archive.Policy, tenant, map[string]string{"tenant": tenant, "policy": policy.Policy})
		}
		if err != nil {
			t.Fatal(err)
		}
		for m, err := range from.ExportAll(t.Context()) {
			if err == nil {
				err = w.Write(archive.Memory, tenant, m)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		page, err := from.ExportVersions(t.Context(), "", 1000)
		for i := range page.Memories {
			err = errors.Join(err, w.Write(archive.Former, tenant, page.Memories[i]))
		}
		if err != nil {
			t.Fatal(err)
		}
		for s, err := range from.AllCodes(t.Context(), client.CodeQuery{}) {
			if err == nil {
				err = w.Write(archive.Signature, tenant, s)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// between returns the lines of an export between header and footer.
func between(export string) []string {
	lines := strings.Split(strings.TrimSpace(export), "\n")
	return lines[1 : len(lines)-1]
}

// TestImportGoesOn: an import that breaks off at its second request is run again, and the result is the whole export,
// with signatures, revoked or not. Then it is compressed, and nothing is to be done.
func TestImportGoesOn(t *testing.T) {
	from, src := registryCommand(t, 2, nil)
	var memories strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&memories, "{\"n\":%d}\n", i)
	}
	from.in(memories.String(), "import", "--pin", "--tag", "a")
	from.in(memories.String()[:1000], "import", "--tenant", "acme")
	from.must("sign", "--register", src)
	from.must("code", "revoke", "--yes", "--reason", "mistake", filepath.Join(src, "f000.py"))
	export := exported(t, from, "acme", "public")
	if n := len(between(export)); n < 1502 {
		t.Fatalf("%d lines", n)
	}

	var requests atomic.Int64
	to := newCommand(t, nil, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ":import") && requests.Add(1) == 2 {
				panic(http.ErrAbortHandler) // the connection breaks
			}
			h.ServeHTTP(w, r)
		})
	})
	file := filepath.Join(t.TempDir(), "export.ndjson")
	writeFile(t, file, export)
	code, _, words := to.in("", "import", file)
	if code != 4 || !strings.Contains(words, "stopped before line ") || !strings.Contains(words, "run it again to go on") {
		t.Errorf("exit %d, %s", code, words)
	}
	code, _, words = to.in("", "import", file)
	if code != 0 || !strings.Contains(words, "conflicts 0, refused 0\nnote 2: signatures of code") || !strings.Contains(words, "\nverified: ") {
		t.Errorf("exit %d, %s", code, words)
	}
	again := between(exported(t, to, "acme", "public"))
	for i, line := range between(export) {
		if strings.HasPrefix(line, `{"sigil":"signature"`) { // when it was registered is new
			if !strings.Contains(line, `"revokedAt":null`) && !strings.Contains(again[i], `"reason":"mistake"`) {
				t.Errorf("got %s, want %s", again[i], line)
			}
		} else if again[i] != line {
			t.Errorf("got %s, want %s", again[i], line)
		}
	}

	packed := file + ".gz"
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(export)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packed, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, words := to.in("", "import", packed); code != 0 || !strings.HasPrefix(words, "inserted 0, there already ") {
		t.Errorf("exit %d, %s", code, words)
	}
}

// TestImportOfAStream: standard input cannot be verified first. What comes is imported, and the end says what was wrong.
func TestImportOfAStream(t *testing.T) {
	from := newCommand(t, nil, nil)
	from.in("1\n2\n", "import", "--pin")
	export := exported(t, from, "public")
	cut := export[:strings.LastIndex(export, `{"sigil":"end"`)]
	to := newCommand(t, nil, nil)
	if code, _, words := to.in(cut, "import"); code == 0 || !strings.HasPrefix(words, "inserted 2, ") || strings.Contains(words, "verified") || !strings.Contains(words, "the export is cut off") {
		t.Errorf("exit %d, %s", code, words)
	}
	if code, out, _ := to.in(export, "import", "--json"); code != 0 || !strings.HasPrefix(out, `{"inserted":0,"same":2,`) {
		t.Errorf("exit %d, %s", code, out)
	}
	// Another memory under the same id is a conflict, and told with its line.
	other := strings.Replace(export, `"tags":[]`, `"tags":["new"]`, 1)
	if code, _, words := to.in(other, "import"); code == 0 || !strings.Contains(words, "sigil: line 2: tags: is not that of the memory that is here under this id\n") || !strings.Contains(words, "conflicts 1, ") {
		t.Errorf("exit %d, %s", code, words)
	}
	if code, _, words := to.in(export, "import", "--ttl", "7d", "--pin"); code != 2 || !strings.Contains(words, "give --pin or --ttl only with --as-new") {
		t.Errorf("exit %d, %s", code, words)
	}
	// The memories can also be new ones.
	if code, _, words := to.in(export, "import", "--as-new", "--tag", "x"); code != 0 || !strings.Contains(words, "encoded 2, ") {
		t.Errorf("exit %d, %s", code, words)
	}
	if code, _, words := to.in(export, "encode"); code != 5 || !strings.Contains(words, "stopped at line 1: this is a memory, as sigil export") {
		t.Errorf("exit %d, %s", code, words)
	}
	if got := to.kept(); got["1"] != 2 || got["2"] != 2 {
		t.Errorf("%v", got)
	}
}
