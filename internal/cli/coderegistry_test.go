package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sigil-dna/sigil/client"
)

// registryCommand is the command with a daemon, a key that it trusts, and a folder of files. around, if not nil, comes
// between the daemon and the command.
func registryCommand(t *testing.T, files int, around func(http.Handler) http.Handler) (c *command, src string) {
	t.Helper()
	c = newCommand(t, nil, around)
	dir := t.TempDir()
	c.env["XDG_CONFIG_HOME"] = filepath.Join(dir, "settings")
	c.withKey()
	for i := range files {
		writeFile(t, filepath.Join(dir, "src", fmt.Sprintf("f%03d.py", i)), fmt.Sprintf("print(%d)\n", i))
	}
	return c, filepath.Join(dir, "src")
}

// TestRegisteringIsMadeUpFor: a daemon that is lost while files are signed leaves them signed. Registering them later,
// twice, registers each once.
func TestRegisteringIsMadeUpFor(t *testing.T) {
	const files, before = 200, 20
	var registered atomic.Int64
	var lost atomic.Bool
	lost.Store(true)
	c, src := registryCommand(t, files, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Path == "/v1/code" && registered.Add(1) > before && lost.Load() {
				panic(http.ErrAbortHandler) // the connection breaks
			}
			h.ServeHTTP(w, r)
		})
	})
	code, _, words := c.in("", "sign", "--register", src)
	if code != 4 || !strings.Contains(words, ": signed, but not registered: ") || strings.Count(words, "\n") > 2 || !regexp.MustCompile(`signed \d+ files? .*; \d+ registered\n$`).MatchString(words) {
		t.Errorf("exit %d, %q", code, words)
	}
	lost.Store(false)
	c.must("sign", "--changed", src)
	for range 2 {
		if code, out, words := c.in("", "code", "register", src); code != 0 || out != "" || !strings.Contains(words, fmt.Sprintf("%d files: %d authentic", files, files)) || !strings.HasSuffix(words, fmt.Sprintf("; %d registered\n", files)) {
			t.Errorf("exit %d, %q, %q", code, out, words)
		}
	}
	if n := strings.Count(c.must("code", "list", "--all", "--quiet"), "\n"); n < files || n > files+before {
		t.Errorf("%d registered", n)
	}
}

// TestDaemonIsNotBelieved has a daemon answer with a signature that is not the file's, and with one that its key does not
// prove.
func TestDaemonIsNotBelieved(t *testing.T) {
	var change atomic.Pointer[func(v *client.CodeSignature)]
	c, src := registryCommand(t, 2, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			do := change.Load()
			if do == nil || r.URL.Path == "/v1/code" {
				h.ServeHTTP(w, r)
				return
			}
			answer := recorded{header: http.Header{}}
			h.ServeHTTP(&answer, r)
			var verdict client.CodeVerdict
			var page client.CodePage
			var v any = &verdict
			if r.Method == http.MethodGet {
				v = &page
			}
			if err := json.Unmarshal(answer.Bytes(), v); err != nil {
				t.Error(err)
			}
			for i := range page.Signatures {
				(*do)(&page.Signatures[i])
			}
			if verdict.Registered != nil {
				(*do)(verdict.Registered)
			}
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(v); err != nil {
				t.Error(err)
			}
		})
	})
	c.must("sign", "--register", src)
	file := filepath.Join(src, "f000.py")
	var other client.CodeSignature
	if err := json.Unmarshal([]byte(c.must("code", "show", "--json", filepath.Join(src, "f001.py"))), &other); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(v *client.CodeSignature){
		"another header": func(v *client.CodeSignature) { v.Header = strings.Replace(v.Header, "f000", "f001", 1) },
		"another name":   func(v *client.CodeSignature) { v.Name = "f001.py" },
		"another size":   func(v *client.CodeSignature) { v.Size++ },
		"another key": func(v *client.CodeSignature) {
			v.PublicKey = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
		},
		"no header": func(v *client.CodeSignature) { v.Header = "" },
		"no blocks": func(v *client.CodeSignature) { v.Blocks = "64 !" },
	} {
		t.Run(name, func(t *testing.T) {
			change.Store(&do)
			if code, out, words := c.in("", "verify", "--registry", "-v", file); code != 1 || out != "" || !strings.Contains(words, "f000.py: the daemon answered with another signature") {
				t.Errorf("verify: exit %d, %q, %q", code, out, words)
			}
			if code, out, words := c.in("", "code", "show", file); code != 1 || out != "" || strings.Count(words, "\n") != 1 {
				t.Errorf("show: exit %d, %q, %q", code, out, words)
			}
		})
	}
	swapped := func(v *client.CodeSignature) { *v = other }
	change.Store(&swapped)
	if code, out, words := c.in("", "verify", "--registry", "-v", file); code != 1 || out != "" || !strings.Contains(words, "the daemon answered with another signature") {
		t.Errorf("verify: exit %d, %q, %q", code, out, words)
	}
}

// TestNothingIsAuthenticWithoutAnAnswer loses the daemon after it has answered once.
func TestNothingIsAuthenticWithoutAnAnswer(t *testing.T) {
	c, src := registryCommand(t, 3, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/code:verify" {
				panic(http.ErrAbortHandler) // the connection breaks
			}
			h.ServeHTTP(w, r)
		})
	})
	c.must("sign", src)
	for _, args := range [][]string{{"verify", "--registry", "-v", src}, {"code", "register", "-v", src}} {
		if code, out, words := c.in("", args...); code != 4 || out != "" || !strings.Contains(words, "f000.py: ") {
			t.Errorf("%s: exit %d, %q, %q", args[0], code, out, words)
		}
	}
	c.must("verify", src)
}

// recorded is an answer that is not sent.
type recorded struct {
	bytes.Buffer
	header http.Header
}

func (r *recorded) Header() http.Header { return r.header }
func (r *recorded) WriteHeader(int)     {}

// TestNoFileIsSent verifies and registers beside a registry: the daemon gets hashes and signatures.
func TestNoFileIsSent(t *testing.T) {
	var sent atomic.Int64
	c, src := registryCommand(t, 0, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || bytes.Contains(body, []byte("secret")) || bytes.Contains(body, []byte("c2VjcmV0")) {
				t.Errorf("%q, %v", body, err)
			}
			sent.Add(int64(len(body)))
			r.Body = io.NopCloser(bytes.NewReader(body))
			h.ServeHTTP(w, r)
		})
	})
	writeFile(t, filepath.Join(src, "a.py"), "secret\n")
	writeFile(t, filepath.Join(src, "b.json"), `"secret"`)
	c.must("sign", "--register", "--in-place", "--detached", src)
	c.must("verify", "--registry", src)
	writeFile(t, filepath.Join(src, "b.json"), `"secret" `)
	if code, _, words := c.in("", "verify", "--registry", src); code != 6 || sent.Load() == 0 {
		t.Errorf("exit %d, %q", code, words)
	}
	if _, err := os.Stat(filepath.Join(src, "b.json.sigil")); err != nil {
		t.Error(err)
	}
}

// TestRegisteredByAnotherProgram: a signature that is registered without its blocks is no obstacle.
func TestRegisteredByAnotherProgram(t *testing.T) {
	c, src := registryCommand(t, 1, nil)
	file := filepath.Join(src, "f000.py")
	c.must("sign", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	header, body, _ := strings.Cut(string(text), "\n\n")
	var key struct{ PublicKey string }
	if err := json.Unmarshal([]byte(c.must("keys", "list", "--json")), &key); err != nil {
		t.Fatal(err)
	}
	other, err := client.New(c.env["SIGIL_ADDR"], nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.CloseIdleConnections()
	size := int64(len(body))
	if _, err := other.CodeRegister(t.Context(), client.CodeRegister{PublicKey: key.PublicKey, Header: header, Size: &size}); err != nil {
		t.Fatal(err)
	}
	c.must("code", "register", src)
	writeFile(t, file, strings.Replace(string(text), "print(0)", "print(1)", 1))
	if code, out, words := c.in("", "verify", "--registry", src); code != 6 || strings.Contains(out, "differs") {
		t.Errorf("exit %d, %q, %q", code, out, words)
	}
}
