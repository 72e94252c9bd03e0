package httpapi_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/front"
	"github.com/sigil-dna/sigil/internal/httpapi"
)

// socket is a handler that is served on a socket like the daemon serves it: by net/http alone if SIGIL_HTTP
// is "standard", otherwise with the fast lane.
type socket struct {
	t         *testing.T
	addr, url string
	client    *http.Client
	server    *front.Server
}

func onFront(t *testing.T, h http.Handler) *socket {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := front.Options{
		Takes: httpapi.Short, LaneContext: httpapi.Timed, Connections: 1000, RequestTimeout: time.Minute,
		Grace: 30 * time.Second, Fail: func(err error) { t.Error(err) }, Logger: slog.New(slog.DiscardHandler),
	}
	if os.Getenv("SIGIL_HTTP") == "standard" {
		o.Takes = nil
	}
	s := &socket{
		t: t, addr: l.Addr().String(), url: "http://" + l.Addr().String(),
		client: &http.Client{Transport: &http.Transport{}}, server: front.New(t.Context(), o),
	}
	s.server.Open(h)
	s.server.Serve([]*net.TCPListener{l.(*net.TCPListener)})
	return s
}

// Close waits until all requests are answered.
func (s *socket) Close() {
	s.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.server.Drain(ctx); err != nil {
		s.t.Errorf("Drain: %v", err)
	}
}
