package httpapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/prove/apitest"
	"github.com/sigil-dna/sigil/wire"
)

func TestCrossOrigin(t *testing.T) {
	f := newFace(t, config{})
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
	} {
		f.do("POST", "/v1/sigils", `{"data":1}`, headers...).problem(403, "cross_origin", "Origin")
		f.do("DELETE", "/v1/sigils/x", "", headers...).problem(403, "cross_origin", "Origin")
		f.do("POST", apitest.OldPaths[0], `{"data":1}`, headers...).want(403)
	}
	f.nothingStored()
	f.do("GET", "/v1/stats", "", "Sec-Fetch-Site", "cross-site").want(200) // its page cannot read the answer
	f.do("POST", "/v1/sigils", `{"data":1}`, "Sec-Fetch-Site", "same-origin").want(201)
	f.do("POST", "/v1/sigils", `{"data":1}`, "Origin", "http://example.com").want(201) // httptest's own host
}

func TestLoopbackOnly(t *testing.T) {
	f := newFace(t, config{api: httpapi.Options{LoopbackOnly: true}})
	for host, ok := range map[string]bool{
		"localhost": true, "LocalHost:7433": true, "127.0.0.1": true, "127.9.8.7:80": true, "[::1]": true, "[::1]:7433": true, "::1": true,
		"evil.example": false, "evil.example:7433": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"192.168.0.1": false, "0.0.0.0": false, "[::]": false, "": false, "localhost:80:80": false, "2130706433": false,
	} {
		got := f.do("GET", "/v1/stats", "", "Host", host)
		if ok {
			got.want(200)
		} else {
			got.problem(403, "forbidden_host", "Host")
			f.do("GET", "/", "", "Host", host).want(403)
		}
	}
	newFace(t, config{}).do("GET", "/v1/stats", "", "Host", "sigil.example").want(200)
}

// TestAllowedHosts checks that the hosts which a proxy passes on are accepted, and probes under any host or none.
func TestAllowedHosts(t *testing.T) {
	f := newFace(t, config{api: httpapi.Options{LoopbackOnly: true, AllowedHosts: []string{"sigil.example", "10.0.0.1"}}})
	for host, status := range map[string]int{
		"sigil.example": 200, "Sigil.Example:443": 200, "10.0.0.1:7433": 200, "localhost": 200,
		"": 403, "a.sigil.example": 403, "sigil.example.evil.example": 403, "10.0.0.2": 403,
	} {
		f.do("GET", "/v1/stats", "", "Host", host).want(status)
		for _, path := range []string{"/livez", "/readyz", "/healthz"} {
			f.do("GET", path, "", "Host", host).want(200)
			f.do("HEAD", path, "", "Host", host).want(200)
		}
		f.do("GET", "/metrics", "", "Host", "other.example").want(403)
	}
}

func TestRequestID(t *testing.T) {
	f := newFace(t, config{})
	for in, kept := range map[string]bool{
		"abc-1._Z": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "": false, "a b": false, "a\"b": false, "ü": false,
	} {
		got := f.do("GET", "/v1/nothing", "", "X-Request-Id", in)
		id := parse[wire.Problem](got).RequestID
		if (id == in) != kept || id == "" || id != got.header.Get("X-Request-Id") {
			t.Errorf("%q became %q", in, id)
		}
	}
	if a, b := f.do("GET", "/livez", "").header.Get("X-Request-Id"), f.do("GET", "/livez", "").header.Get("X-Request-Id"); a == b {
		t.Error("two requests have one id")
	}
}

func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{&sigil.Error{Kind: sigil.ErrFull, Code: "disk_full"}, 507, "disk_full"},
		{&sigil.Error{Kind: sigil.ErrFull, Code: "quota_full"}, 409, "quota_full"},
		{&sigil.Error{Kind: sigil.ErrFull, Code: "policies_full"}, 409, "policies_full"},
		{&sigil.Error{Kind: sigil.ErrFull, Code: "signatures_full"}, 409, "signatures_full"},
		{fmt.Errorf("later: %w", &sigil.Error{Kind: sigil.ErrUnavailable, Code: "unavailable", Err: errors.New("hush")}), 503, "unavailable"},
		{&sigil.Error{Kind: sigil.ErrClosed, Code: "closed"}, 503, "closed"},
		{&sigil.Error{Kind: sigil.ErrConflict, Code: "conflict"}, 409, "conflict"},
		{&sigil.Error{Kind: sigil.ErrInternal, Code: "internal", Detail: "hush", Err: errors.New("hush")}, 500, "internal"},
		{&sigil.Error{Kind: sigil.ErrFormat, Code: "store_format", Detail: "hush"}, 500, "internal"},
		{errors.New("hush"), 500, "internal"},
		{context.DeadlineExceeded, 503, "timeout"},
		{context.Canceled, 499, "canceled"},
	} {
		f := newFace(t, config{store: apitest.Failing{Store: newFace(t, config{}).store, Err: tt.err}})
		got := f.do("POST", "/v1/sigils", `{"data":1}`)
		p := got.problem(tt.status, tt.code, "")
		if strings.Contains(string(got.body), "hush") {
			t.Errorf("it tells the cause: %s", got.body)
		}
		if after := got.header.Get("Retry-After"); after != map[int]string{503: "1", 507: "10"}[tt.status] {
			t.Errorf("%d has Retry-After %q", tt.status, after)
		}
		if p.Title == "" {
			t.Errorf("%d has no title", tt.status)
		}
		line := f.log.String()
		if (tt.status >= 500) != strings.Contains(line, `"level":"ERROR"`) || tt.status == 500 && !strings.Contains(line, "hush") {
			t.Errorf("%d is logged as %s", tt.status, line)
		}
	}
}

// A code that /docs does not explain has no type of its own.
func TestUnknownCode(t *testing.T) {
	f := newFace(t, config{store: apitest.Failing{Store: newFace(t, config{}).store, Err: &sigil.Error{Kind: sigil.ErrUnavailable, Code: "moon_phase"}}})
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", apitest.Somewhere, nil))
	if w.Code != 503 || !strings.Contains(w.Body.String(), `"type":"about:blank"`) || !strings.Contains(w.Body.String(), `"code":"moon_phase"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// When the service is stopped, the cause has a reason: the clients did not leave.
func TestStoppedIsNotCanceled(t *testing.T) {
	f := newFace(t, config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&sigil.Error{Kind: sigil.ErrUnavailable, Code: "unavailable", Detail: "is stopping"})
	r := httptest.NewRequestWithContext(ctx, "GET", apitest.Somewhere, nil)
	f.send(r, "").problem(503, "unavailable", "")
}

func TestRequestTimeout(t *testing.T) {
	f := newFace(t, config{store: hanging{newFace(t, config{}).store}, api: httpapi.Options{RequestTimeout: time.Millisecond}})
	f.do("POST", "/v1/sigils", `{"data":1}`).problem(503, "timeout", "")
}

func TestPanic(t *testing.T) {
	f := newFace(t, config{store: apitest.Failing{Store: newFace(t, config{}).store, Err: errors.New("boom"), Panic: true}})
	got := f.do("GET", apitest.Somewhere, "")
	got.problem(500, "internal", "")
	if strings.Contains(string(got.body), "boom") || !strings.Contains(f.log.String(), "boom") || !strings.Contains(f.log.String(), "guard_test.go") {
		t.Errorf("answered %s\nlogged %s", got.body, f.log)
	}
}

// An answer that has begun cannot become a problem, but must not look complete either.
func TestPanicAfterTheAnswerBegan(t *testing.T) {
	var status int
	f := newFace(t, config{api: httpapi.Options{
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("half"))
			panic("boom")
		}),
		Observe: func(_, _ string, s int, _ time.Duration) { status = s },
	}})
	defer func() {
		if p, _ := recover().(error); !errors.Is(p, http.ErrAbortHandler) || status != 500 || !strings.Contains(f.log.String(), "boom") {
			t.Errorf("got %v, status %d, log %s", p, status, f.log)
		}
	}()
	f.api.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
}

func TestLogAndObserve(t *testing.T) {
	var seen []string
	f := newFace(t, config{api: httpapi.Options{Observe: func(route, method string, status int, took time.Duration) {
		seen = append(seen, fmt.Sprintf("%s %s %d", method, route, status))
		if took < 0 {
			t.Errorf("took %s", took)
		}
	}}})
	id := f.encode(`{"data":"secret"}`, "Sigil-Tenant", "acme", "X-Request-Id", "r-1").ID.String()
	f.do("POST", "/v1/sigils/"+id+":pin", "")
	f.do("GET", "/v1/sigils?cursor=secret", "")
	f.do("BREW", "/secret/path", "")
	f.do("HEAD", "/livez", "").want(200)
	want := []string{"POST /v1/sigils 201", "POST /v1/sigils/{id}:pin 404", "GET /v1/sigils 400", "OTHER unmatched 404", "HEAD /livez 200"}
	if strings.Join(seen, "|") != strings.Join(want, "|") {
		t.Errorf("observed %q", seen)
	}
	log := f.log.String()
	if strings.Contains(log, "secret") || strings.Contains(log, id) {
		t.Errorf("the log tells too much: %s", log)
	}
	if strings.Count(log, "\n") != len(want) || strings.Contains(log, "ERROR") {
		t.Errorf("the log is %s", log)
	}
	for _, part := range []string{`"method":"POST"`, `"route":"/v1/sigils"`, `"status":201`, `"request_id":"r-1"`, `"tenant":"acme"`, `"code":"not_found"`} {
		if !strings.Contains(log, part) {
			t.Errorf("the log has no %s", part)
		}
	}
}

func TestLogIsQuietAboutWhatIsFine(t *testing.T) {
	var log strings.Builder
	f := newFace(t, config{api: httpapi.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}})
	f.encode(`{"data":1}`)
	f.do("GET", "/nothing", "").want(404)
	if log.Len() != 0 {
		t.Errorf("it says %s", &log)
	}
}

func TestHealth(t *testing.T) {
	var ready error
	f := newFace(t, config{api: httpapi.Options{Version: "1.2.3", Ready: func() error { return ready }}})
	for _, path := range []string{"/livez", "/healthz", "/health", "/readyz"} {
		if got := f.do("GET", path, "", "Sigil-Tenant", "not/asked").want(200); string(got.body) != `{"status":"ok","version":"1.2.3"}`+"\n" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	ready = errors.New("secret")
	if got := f.do("GET", "/readyz", ""); got.problem(503, "not_ready", "").Detail == "" || strings.Contains(string(got.body), "secret") {
		t.Errorf("got %s", got.body)
	}
	ready = sigil.NewInvalid("anything", "x", "is draining")
	if p := f.do("GET", "/readyz", "").problem(503, "not_ready", ""); p.Detail != "is draining" {
		t.Errorf("got %+v", p)
	}
	f.do("GET", "/livez", "").want(200)
}

func TestMetrics(t *testing.T) {
	f := newFace(t, config{api: httpapi.Options{Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte("sigil_up 1\n"))
	})}})
	if got := f.do("GET", "/metrics", "").want(200); string(got.body) != "sigil_up 1\n" {
		t.Errorf("got %s", got.body)
	}
}

func TestPages(t *testing.T) {
	f := newFace(t, config{api: httpapi.Options{Version: "<1.2.3>"}})
	for _, path := range []string{"/", "/docs"} {
		got := f.do("GET", path, "", "Host", "localhost:7433").want(200)
		html := string(got.body)
		if strings.Contains(html, "<1.2.3>") || !strings.Contains(html, "&lt;1.2.3&gt;") {
			t.Errorf("%s does not escape", path)
		}
		if m := regexp.MustCompile(`(?i)<script|src=|href="[^/#]|url\(`).FindString(html); m != "" {
			t.Errorf("%s has %s", path, m)
		}
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(html)[1]
		sum := sha256.Sum256([]byte(style))
		csp := got.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, base64.StdEncoding.EncodeToString(sum[:])) {
			t.Errorf("%s has the policy %s", path, csp)
		}
		if ct := got.header.Get("Content-Type"); ct != "text/html; charset=utf-8" {
			t.Errorf("%s is %s", path, ct)
		}
	}
	if html := string(f.do("GET", "/", "", "Host", "localhost:7433").body); !strings.Contains(html, "http://localhost:7433/v1/sigils") || !strings.Contains(html, `href="/docs"`) {
		t.Errorf("the page is %s", html)
	}
	if html := string(f.do("GET", "/", "", "Host", "a;rm$(x)").body); strings.Contains(html, "rm$") {
		t.Error("a shell would take the host of the page apart")
	}
	docs := string(f.do("GET", "/docs", "").body)
	for route := range httpapi.Routes() {
		if !strings.Contains(docs, ">"+route+"</h3>") {
			t.Errorf("/docs has no %s", route)
		}
	}
}
