package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func get(t *testing.T, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	New().ServeHTTP(w, r)
	return w
}

func TestPageAndItsFiles(t *testing.T) {
	page := get(t, http.MethodGet, "/")
	if page.Code != http.StatusOK || page.Header().Get("Content-Type") != types[".html"] {
		t.Fatalf("/: %d, %q", page.Code, page.Header().Get("Content-Type"))
	}
	refs := regexp.MustCompile(`(?:src|href)="\./([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(refs) < 3 {
		t.Fatalf("the page names %d files, want script, style and icon", len(refs))
	}
	for _, ref := range refs {
		w := get(t, http.MethodGet, "/"+ref[1])
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d with %d bytes", ref[1], w.Code, w.Body.Len())
		}
	}
}

func TestEveryFileIsServed(t *testing.T) {
	n := 0
	err := fs.WalkDir(dist, "dist", func(_ string, e fs.DirEntry, err error) error {
		if !e.IsDir() {
			n++
		}
		return err
	})
	if err != nil || n != len(load()) {
		t.Errorf("%d files, %d served, %v: is one of a type that is not in types?", n, len(load()), err)
	}
}

func TestHeaders(t *testing.T) {
	for _, path := range []string{"/", "/assets/console.js", "/none"} {
		h := get(t, http.MethodGet, path).Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, h)
		}
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

func TestUnchangedIsNotSentAgain(t *testing.T) {
	first := get(t, http.MethodGet, "/assets/console.js").Header()
	if first.Get("Cache-Control") != "no-cache" || first.Get("ETag") == "" {
		t.Fatalf("headers %v", first)
	}
	w := get(t, http.MethodGet, "/assets/console.js", "If-None-Match", first.Get("ETag"))
	if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("%d with %d bytes, want 304 and none", w.Code, w.Body.Len())
	}
}

func TestNothingElse(t *testing.T) {
	for _, path := range []string{"/index.html", "/assets/", "/assets", "/assets/../web.go", "/memory/1", "/dist/index.html"} {
		if w := get(t, http.MethodGet, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
	if w := get(t, http.MethodPost, "/"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d", w.Code)
	}
	if w := get(t, http.MethodHead, "/"); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD /: %d with %d bytes", w.Code, w.Body.Len())
	}
}

// Everything else in a request is ignored: ranges, and conditions that are not needed.
func TestWholeFiles(t *testing.T) {
	etag := get(t, http.MethodGet, "/").Header().Get("ETag")
	for _, tt := range []struct {
		name, value string
		want        int
	}{
		{"Range", "bytes=5-9", http.StatusOK},
		{"Range", "a=b; c=d", http.StatusOK},
		{"If-Match", `"x"`, http.StatusOK},
		{"If-None-Match", `"x"`, http.StatusOK},
		{"If-None-Match", `"x", W/` + etag, http.StatusNotModified},
		{"If-None-Match", "*", http.StatusNotModified},
	} {
		w := get(t, http.MethodGet, "/", tt.name, tt.value)
		if w.Code != tt.want || (w.Body.Len() > 0) != (tt.want == http.StatusOK) || w.Header().Get("ETag") != etag {
			t.Errorf("%s: %s: %d, %d bytes", tt.name, tt.value, w.Code, w.Body.Len())
		}
	}
	if w := get(t, http.MethodHead, "/"); w.Body.Len() > 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("HEAD: %d bytes, %v", w.Body.Len(), w.Header())
	}
}

func TestCompressed(t *testing.T) {
	plain, zipped := get(t, http.MethodGet, "/assets/console.js"), get(t, http.MethodGet, "/assets/console.js", "Accept-Encoding", "gzip, br")
	if h := zipped.Header(); h.Get("Content-Encoding") != "gzip" || h.Get("Content-Length") != strconv.Itoa(zipped.Body.Len()) {
		t.Errorf("headers %v", h)
	}
	if zipped.Body.Len() > plain.Body.Len()/2 {
		t.Errorf("%d bytes of %d", zipped.Body.Len(), plain.Body.Len())
	}
	for _, w := range []*httptest.ResponseRecorder{plain, zipped} {
		if w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Vary is %q", w.Header().Get("Vary"))
		}
	}
	r, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, plain.Body.Bytes()) {
		t.Errorf("not the same file: %v", err)
	}
	etag := zipped.Header().Get("ETag")
	if etag == plain.Header().Get("ETag") {
		t.Error("two codings have one ETag")
	}
	if w := get(t, http.MethodGet, "/assets/console.js", "Accept-Encoding", "gzip", "If-None-Match", etag); w.Code != http.StatusNotModified {
		t.Errorf("%d, want 304", w.Code)
	}
}
