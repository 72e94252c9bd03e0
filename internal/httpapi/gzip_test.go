package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/metrics"
	"github.com/sigil-dna/sigil/internal/web"
)

func unzip(t testing.TB, b []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// TestCompressedAnswers asks for every long answer with and without gzip.
func TestCompressedAnswers(t *testing.T) {
	f := newFace(t, config{api: httpapi.Options{Console: web.New(), Metrics: metrics.New("dev").Handler()}})
	batch := "[" + strings.Repeat(`{"data":{"note":"a note that is said again and again"}},`, 50) + `{"data":1}]`
	id := f.encode(`{"data":{"note":"` + strings.Repeat("long ", 500) + `"}}`).ID.String()
	for _, tt := range []struct{ method, target, body string }{
		{"POST", "/v1/sigils:batch", batch},
		{"GET", "/v1/sigils", ""},
		{"GET", "/v1/sigils/" + id, ""},
		{"GET", "/v1/sigils/" + id + "/related?min=0", ""},
		{"GET", "/v1/events", ""},
		{"GET", "/v1/forecast", ""},
		{"GET", "/api/consciousness/sigils", ""},
		{"GET", "/metrics", ""},
		{"GET", "/openapi.json", ""},
		{"GET", "/docs", ""},
		{"GET", "/assets/console.js", ""},
	} {
		plain := f.do(tt.method, tt.target, tt.body).want(http.StatusOK)
		if coding := plain.header.Get("Content-Encoding"); coding != "" {
			t.Errorf("%s: not asked for, and %s", tt.target, coding)
		}
		got := f.do(tt.method, tt.target, tt.body, "Accept-Encoding", "gzip").want(http.StatusOK)
		if got.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s is not compressed: %v", tt.target, got.header)
			continue
		}
		for _, r := range []reply{plain, got} {
			if vary := strings.Join(r.header.Values("Vary"), ", "); !strings.Contains(vary, "Accept-Encoding") {
				t.Errorf("%s: Vary is %q", tt.target, vary)
			}
		}
		whole := unzip(t, got.body)
		if len(got.body) > len(whole)/2 {
			t.Errorf("%s: %d bytes of %d", tt.target, len(got.body), len(whole))
		}
		if tt.method == "GET" && tt.target != "/metrics" && !bytes.Equal(whole, plain.body) {
			t.Errorf("%s: something else in gzip", tt.target)
		}
	}
}

// Short answers and streams are not compressed.
func TestAnswersThatAreNotCompressed(t *testing.T) {
	f := newFace(t, config{})
	id := f.encode(`{"data":1}`).ID.String()
	for _, target := range []string{"/v1/sigils/" + id, "/livez", "/v1/sigils/none"} {
		got := f.do("GET", target, "", "Accept-Encoding", "gzip")
		if got.header.Get("Content-Encoding") != "" || got.header.Get("Vary") != "" {
			t.Errorf("%s: %v", target, got.header)
		}
	}
}

// A compressed body is refused, and the answer says which coding is accepted (RFC 9110, 15.5.16).
func TestCompressedRequests(t *testing.T) {
	f := newFace(t, config{})
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(`{"data":1}`))
	_ = w.Close()
	for _, path := range []string{"/v1/sigils", "/v1/sigils:batch", "/v1/sigils:recall", "/api/consciousness/sigils"} {
		got := f.do("POST", path, b.String(), "Content-Encoding", "gzip").want(http.StatusUnsupportedMediaType)
		if got.header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s: %v", path, got.header)
		}
	}
	got := f.do("POST", "/v1/sigils", "data=1", "Content-Type", "text/plain")
	if got.problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type"); got.header.Get("Accept") != "application/json" {
		t.Errorf("Accept is %q", got.header.Get("Accept"))
	}
	f.nothingStored()
}
