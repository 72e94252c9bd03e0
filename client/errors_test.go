package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/wire"
)

func TestProblems(t *testing.T) {
	problem := func(code string) string { return `{"status":1,"code":"` + code + `","field":"data","detail":"why"}` }
	for _, tt := range []struct {
		status int
		code   string
		want   error
	}{
		{404, "not_found", sigil.ErrNotFound},
		{400, "invalid_json", sigil.ErrInvalid},
		{422, "invalid_state", sigil.ErrInvalid},
		{422, "idempotency_mismatch", sigil.ErrConflict},
		{409, "idempotency_in_flight", sigil.ErrConflict},
		{413, "data_too_large", sigil.ErrTooLarge},
		{507, "quota_full", sigil.ErrFull},
		{409, "quota_full", sigil.ErrFull},
		{429, "rate_limited", sigil.ErrUnavailable},
		{503, "unavailable", sigil.ErrUnavailable},
		{503, "closed", sigil.ErrClosed},
		{500, "internal", sigil.ErrInternal},
	} {
		c, _ := fake(t, tt.status, "application/problem+json; charset=utf-8", problem(tt.code))
		_, err := c.Stats(t.Context())
		if !errors.Is(err, tt.want) {
			t.Errorf("%d %s is not %v: %v", tt.status, tt.code, tt.want, err)
		}
		var e *client.Error
		if !errors.As(err, &e) || e.Problem.Status != tt.status || e.Error() != tt.code+": data: why" {
			t.Errorf("%d %s: %v", tt.status, tt.code, err)
		}
	}
	c, _ := fake(t, 403, "application/problem+json", problem("forbidden"))
	_, err := c.Stats(t.Context())
	for _, kind := range []error{sigil.ErrNotFound, sigil.ErrInvalid, client.ErrUnreachable} {
		if errors.Is(err, kind) {
			t.Errorf("403 is %v", kind)
		}
	}
}

func TestItemError(t *testing.T) {
	if err := client.ItemError(wire.BatchItem{Status: 201, Memory: &wire.Memory{}}); err != nil {
		t.Error(err)
	}
	if err := client.ItemError(wire.BatchItem{Status: 404, Problem: &wire.Problem{Code: "not_found"}}); !errors.Is(err, sigil.ErrNotFound) {
		t.Error(err)
	}
}

func TestRetryAfter(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(429)
	}))
	defer s.Close()
	_, err := newClient(t, s.URL, nil).Stats(t.Context())
	if e := (*client.Error)(nil); !errors.As(err, &e) || e.RetryAfter != 7*time.Second {
		t.Error(err)
	}
}

// TestStranger checks that, whatever else answers at the address, the message is short and describes what happened.
func TestStranger(t *testing.T) {
	for _, tt := range []struct {
		status     int
		body, want string
	}{
		{404, "404 page not found\n", "the daemon answered 404 Not Found: 404 page not found (GET /v1/stats: is a sigil daemon there?)"},
		{400, strings.Repeat("x", 1<<20), "xxx…"},
		{200, "<html>", "is not that of a sigil daemon"},
		{200, `{"memories":"many"}`, "is not that of a sigil daemon"},
		{200, ``, "is not that of a sigil daemon"},
	} {
		c, _ := fake(t, tt.status, "text/plain", tt.body)
		_, err := c.Stats(t.Context())
		if !errors.Is(err, client.ErrNotSigil) || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 400 {
			t.Errorf("%d %.20q: %v", tt.status, tt.body, err)
		}
		if errors.Is(err, sigil.ErrNotFound) {
			t.Errorf("%d %.20q speaks of a memory", tt.status, tt.body)
		}
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, err = newClient(t, addr, nil).Stats(t.Context())
	if !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "sigil serve") {
		t.Error(err)
	}
}

func TestBrokenAnswers(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/stats": // hangs up in the middle
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"memories":`)
		case "/v1/patterns": // closes the connection at once
			panic(http.ErrAbortHandler)
		default: // does not answer
			<-release
		}
	}))
	defer s.Close()
	defer close(release)
	c := newClient(t, s.URL, nil)
	_, err := c.Stats(t.Context())
	if !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), "broke off") {
		t.Error(err)
	}
	if _, err := c.Patterns(t.Context()); !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), s.URL) {
		t.Error(err)
	}
	hasty := newClient(t, s.URL, &client.Options{HTTPClient: &http.Client{Timeout: time.Millisecond}})
	if _, err := hasty.Identity(t.Context()); !errors.Is(err, client.ErrUnreachable) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := c.Identity(ctx); !errors.Is(err, client.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := c.Identity(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrUnreachable) {
		t.Error(err)
	}
}

// TestConnectionReuse checks that the connection is reused after successes, problems and long bodies alike.
func TestConnectionReuse(t *testing.T) {
	var opened atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/patterns" {
			w.WriteHeader(400)
			io.WriteString(w, strings.Repeat("x", 100<<10))
			return
		}
		io.WriteString(w, `{}   `+"\n")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := newClient(t, s.URL, nil)
	for range 5 {
		c.Stats(t.Context())
		c.Patterns(t.Context())
		c.Forget(t.Context(), sigil.ID{})
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for calls one after the other", n)
	}
}
