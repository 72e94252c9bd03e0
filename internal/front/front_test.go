package front

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
)

// inBothWays runs a test with the fast lane, which takes all plain requests, and with net/http alone.
func inBothWays(t *testing.T, test func(t *testing.T, o Options)) {
	plain := func(_, _, _ string) bool { return true }
	for name, takes := range map[string]func(_, _, _ string) bool{"lane": plain, "net/http": nil} {
		t.Run(name, func(t *testing.T) {
			test(t, Options{
				Takes: takes, LaneContext: func(ctx context.Context) context.Context { return ctx }, Connections: 100,
				RequestTimeout: time.Minute, Grace: patience, Logger: slog.New(slog.DiscardHandler),
				Fail: func(err error) { t.Errorf("Fail: %v", err) },
			})
		})
	}
}

// serve returns a server of h on a socket. The test drains it.
func serve(t *testing.T, o Options, h http.HandlerFunc) (*Server, *net.TCPListener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(t.Context(), o)
	s.Open(h)
	s.Serve([]*net.TCPListener{l.(*net.TCPListener)})
	return s, l.(*net.TCPListener)
}

func drain(t *testing.T, s *Server, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		t.Errorf("Drain: %v", err)
	}
}

// client is a connection on which a test sends arbitrary bytes.
type client struct {
	*net.TCPConn
	in *bufio.Reader
}

func dial(t *testing.T, l net.Listener) *client {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &client{c.(*net.TCPConn), bufio.NewReader(c)}
}

func (c *client) send(t *testing.T, raw string) {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
}

// answer reads one answer, and reports whether it is the last.
func (c *client) answer(t *testing.T, status int, want string) (last bool) {
	t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || !strings.Contains(string(body), want) {
		t.Errorf("%s %q (%v), want %d and %q", resp.Status, body, err, status, want)
	}
	return resp.Close
}

func (c *client) ended(t *testing.T) {
	t.Helper()
	if _, err := c.in.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection goes on: %v", err)
	}
}

const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }

// TestDrain drains while there is a connection on which nothing was sent, an idle one, one with half a
// request, and one with a request in progress. The first two are closed at once, without the five seconds
// that net/http leaves a new connection.
func TestDrain(t *testing.T) {
	inBothWays(t, func(t *testing.T, o Options) {
		begun, finish := make(chan struct{}), make(chan struct{})
		s, l := serve(t, o, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				close(begun)
				<-finish
			}
			hello(w, r)
		})
		busy := dial(t, l)
		busy.send(t, strings.Replace(get, "GET", "DELETE", 1))
		wait(t, "the request", begun)
		silent, idle, half := dial(t, l), dial(t, l), dial(t, l)
		idle.send(t, get)
		if last := idle.answer(t, 200, "hello"); last {
			t.Error("the idle one was closed before the drain")
		}
		eventually(t, "three to wait", func() bool { return len(s.waiting()) == 3 })
		half.send(t, get[:len(get)/2])
		eventually(t, "half a request to come", func() bool { return len(s.waiting()) == 2 })
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			drain(t, s, patience)
		}()
		_ = silent.SetDeadline(time.Now().Add(4 * time.Second))
		silent.ended(t)
		idle.ended(t)
		half.send(t, get[len(get)/2:])
		if last := half.answer(t, 200, "hello"); !last {
			t.Error("the one half sent is not closed with its answer")
		}
		close(finish)
		if last := busy.answer(t, 200, "hello"); !last {
			t.Error("the busy one is not closed with its answer")
		}
		wait(t, "the drain", drained)
		if n := s.open.Load(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}

// TestDrainEndsRequests drains without time: requests end with a cause that has the reason.
func TestDrainEndsRequests(t *testing.T) {
	inBothWays(t, func(t *testing.T, o Options) {
		begun := make(chan struct{})
		s, l := serve(t, o, func(w http.ResponseWriter, r *http.Request) {
			close(begun)
			<-r.Context().Done()
			http.Error(w, sigil.CodeOf(context.Cause(r.Context())), http.StatusServiceUnavailable)
		})
		c := dial(t, l)
		c.send(t, get)
		wait(t, "the request", begun)
		drain(t, s, 0)
		c.answer(t, 503, "stopping")
	})
}

// TestDrainCutsOff drains while a handler ignores its context.
func TestDrainCutsOff(t *testing.T) {
	inBothWays(t, func(t *testing.T, o Options) {
		begun, finish := make(chan struct{}), make(chan struct{})
		o.Grace = time.Millisecond
		s, l := serve(t, o, func(http.ResponseWriter, *http.Request) {
			close(begun)
			<-finish
		})
		c := dial(t, l)
		c.send(t, get)
		wait(t, "the request", begun)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Drain(ended); err == nil || !strings.Contains(err.Error(), "1 requests are still running") {
			t.Errorf("Drain: %v", err)
		}
		close(finish)
		c.ended(t)
		wait(t, "the handler", s.Gone())
	})
}

// TestPauseAndServeAgain closes the listener of a socket that another process may have, too, and continues
// with its connections.
func TestPauseAndServeAgain(t *testing.T) {
	inBothWays(t, func(t *testing.T, o Options) {
		s, l := serve(t, o, hello)
		c := dial(t, l)
		c.send(t, get)
		c.answer(t, 200, "hello")
		s.Pause()
		if err := s.Shut(t.Context()); err != nil || s.IsOpen() {
			t.Errorf("Shut: %v", err)
		}
		c.send(t, get) // waits
		again, err := net.Listen("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		s.Serve([]*net.TCPListener{again.(*net.TCPListener)})
		other := dial(t, again)
		other.send(t, get)
		s.Open(http.HandlerFunc(hello))
		for _, c := range []*client{c, other} {
			if last := c.answer(t, 200, "hello"); last {
				t.Error("closed without need")
			}
		}
		drain(t, s, patience)
	})
}

// TestSilentConnectionsMakeRoom takes all places with connections on which nothing is sent.
func TestSilentConnectionsMakeRoom(t *testing.T) {
	inBothWays(t, func(t *testing.T, o Options) {
		o.Connections = 3
		s, l := serve(t, o, hello)
		half := dial(t, l)
		half.send(t, get[:len(get)/2])
		silent := []*client{dial(t, l), dial(t, l)}
		for range 2 {
			c := dial(t, l)
			_ = c.SetDeadline(time.Now().Add(headerTime * 3 / 4))
			c.send(t, get)
			c.answer(t, 200, "hello")
		}
		for _, c := range silent {
			c.ended(t)
		}
		half.send(t, get[len(get)/2:])
		half.answer(t, 200, "hello")
		drain(t, s, patience)
	})
}

// TestAHalfClosedConnectionIsAnswered closes the client's side after a request that waits at the gate, which
// this process or the next one answers in the end.
func TestAHalfClosedConnectionIsAnswered(t *testing.T) {
	inBothWays(t, func(t *testing.T, o Options) {
		next, at := serve(t, o, hello)
		for name, h := range map[string]http.Handler{
			"this process": http.HandlerFunc(hello),
			"the next one": Forward(at.Addr().String(), o.Logger),
		} {
			t.Run(name, func(t *testing.T) {
				s, l := serve(t, o, hello)
				defer drain(t, s, patience)
				noticed := make(chan struct{})
				notice := sync.OnceFunc(func() { close(noticed) })
				s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					context.AfterFunc(r.Context(), notice)
					s.gate.ServeHTTP(w, r)
				})
				if err := s.Shut(t.Context()); err != nil {
					t.Fatal(err)
				}
				c := dial(t, l)
				c.send(t, get)
				if err := c.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				if o.Takes == nil { // the lane does not notice
					wait(t, "net/http to notice", noticed)
				}
				s.Open(h)
				c.answer(t, 200, "hello")
			})
		}
		drain(t, next, patience)
	})
}
