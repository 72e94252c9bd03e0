// Package web serves the console: a single page, built from console/ into dist/ and embedded in the program.
//
// It owns the files and the rules under which a browser may use them: their types, their ETags and the
// content security policy. It does not know what the page requests: the page calls the API like any other
// client.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/sigil-dna/sigil/internal/coding"
)

// dist is built by npm ci && npm run build in console/.
//
//go:embed dist
var dist embed.FS

// policy lets the page use its own files and the daemon that served it, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// types has the media types of the embedded files. The system's MIME table has no influence.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
}

type file struct {
	kind   string
	etag   string
	plain  []byte
	zipped func() []byte // the content compressed by gzip on the first call
}

// as returns the content in a coding that the client accepts, and the ETag, which differs between codings.
func (f *file) as(zipped bool) (content []byte, etag string) {
	if zipped {
		return f.zipped(), strings.TrimSuffix(f.etag, `"`) + `-gzip"`
	}
	return f.plain, f.etag
}

// Console serves the page at / and its files under /assets/. Views are in the URL's fragment, so there is
// nothing else to serve: any other path is not found. [New] makes one.
type Console struct{ files map[string]file }

// New returns the console.
func New() *Console { return &Console{load()} }

// Has reports whether there is a file at path.
func (c *Console) Has(path string) bool {
	_, ok := c.files[path]
	return ok
}

func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", policy)
	f, ok := c.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	zipped := coding.AcceptsGzip(r.Header)
	content, etag := f.as(zipped)
	h.Set("Content-Type", f.kind)
	h.Set("ETag", etag)
	h.Set("Vary", "Accept-Encoding")
	// The names contain no hash, so a browser asks each time. Usually the answer is that nothing has changed.
	h.Set("Cache-Control", "no-cache")
	// http.ServeContent is not used: ranges and other conditions are not needed.
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
			h.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if zipped {
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(content) // the client may have left
	}
}

// load reads the embedded files, which cannot fail. It leaves out files of unknown types; a test of this
// package detects those.
func load() map[string]file {
	files := make(map[string]file)
	_ = fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		kind, known := types[path.Ext(name)]
		if err != nil || entry.IsDir() || !known {
			return err
		}
		content, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		url := strings.TrimPrefix(name, "dist")
		if url == "/index.html" {
			url = "/"
		}
		files[url] = file{plain: content, zipped: sync.OnceValue(func() []byte { return zip(content) }), kind: kind, etag: `"` + hex.EncodeToString(sum[:16]) + `"`}
		return nil
	})
	return files
}

// zip compresses content. Its result is used many times.
func zip(content []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = w.Write(content)                               // into memory: it cannot fail
	_ = w.Close()
	return b.Bytes()
}
