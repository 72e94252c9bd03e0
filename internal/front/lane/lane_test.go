package lane_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/internal/front/lane"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a listener of connections in memory, which use the bubble's time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.once.Do(func() { close(p.closed) }); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() *client {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return &client{ours, bufio.NewReader(ours)}
}

type client struct {
	net.Conn
	in *bufio.Reader
}

// ask sends raw and returns the answer and its body.
func (c *client) ask(t *testing.T, raw string) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	return c.hear(t)
}

func (c *client) hear(t *testing.T) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func (c *client) ended(t *testing.T) {
	t.Helper()
	if b, err := io.ReadAll(c.in); err != nil || len(b) > 0 {
		t.Errorf("the connection does not end: %q, %v", b, err)
	}
}

// house is a lane, and an HTTP server for the rest.
type house struct {
	lane   *lane.Lane
	in     *pipes
	handed int
	closed int
	ended  chan error
}

// open serves the answers of h. Only paths under /fast are for the lane.
func open(ctx context.Context, h http.HandlerFunc) *house {
	rest := newPipes()
	var s house
	var mu sync.Mutex
	count := func(n *int) { mu.Lock(); defer mu.Unlock(); *n++ }
	s = house{in: newPipes(), ended: make(chan error, 2)}
	s.lane = lane.New(lane.Options{
		Takes: func(_, path, _ string) bool { return strings.HasPrefix(path, "/fast") }, Handler: h,
		Rest:   func(c net.Conn) { count(&s.handed); rest.conns <- c },
		Logger: slog.New(slog.DiscardHandler), Times: lane.Times{Idle: time.Minute, Read: 10 * time.Second, Write: time.Minute, Answer: 30 * time.Second},
		Opened: func() {}, Closed: func() { count(&s.closed) },
	})
	server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() { _ = server.Serve(rest) }()
	go func() { s.ended <- s.lane.Serve(ctx, s.in) }()
	go func() {
		<-ctx.Done()
		_ = s.in.Close()
		s.lane.Close()
		_ = server.Close()
	}()
	return &s
}

// echo answers with everything that it sees of a request.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	w.Header().Set("X-Two", "a")
	w.Header().Add("X-Two", "b\r\nc")
	switch q := r.URL.Query(); {
	case q.Has("none"):
		w.WriteHeader(http.StatusNoContent)
		return
	case q.Has("early"):
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
	case q.Has("short"):
		w.Header().Set("Content-Length", "1000")
	case q.Has("panic"):
		panic("at the handler")
	case q.Has("abort"):
		panic(http.ErrAbortHandler)
	case q.Has("last"):
		w.Header().Set("Connection", "close")
	}
	fmt.Fprintf(w, "%s %s %s %v %d %q %v", r.Method, r.Host, r.RequestURI, r.Header, r.ContentLength, body, err)
}

// TestAnswersAsNetHTTP sends the same requests through the lane and through net/http.
func TestAnswersAsNetHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := open(ctx, echo)
		for _, raw := range []string{
			"GET /P HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET /P?a=b HTTP/1.1\r\nHost: h\r\nX-B: c\r\nx-b: d\r\n\r\n",
			"POST /P HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
			"DELETE /P?none HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET /P?early HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET /P?last HTTP/1.1\r\nHost: h\r\n\r\n",
		} {
			var seen [2]string
			for i, path := range []string{"/fast", "/slow"} {
				c := s.in.dial()
				resp, body := c.ask(t, strings.Replace(raw, "/P", path, 1))
				for resp.StatusCode < 200 {
					resp, body = c.hear(t)
				}
				if resp.Header.Get("Date") == "" {
					t.Errorf("%q: no date", raw)
				}
				resp.Header.Del("Date")
				seen[i] = fmt.Sprintf("%s %v close=%v %s", resp.Status, resp.Header, resp.Close, strings.ReplaceAll(body, path, "/P"))
				_ = c.Close()
			}
			if seen[0] != seen[1] {
				t.Errorf("%q:\nthe lane answers %s\nnet/http answers %s", raw, seen[0], seen[1])
			}
		}
		synctest.Wait()
		if s.handed != 6 || s.closed != 6 {
			t.Errorf("%d handed on, %d closed", s.handed, s.closed)
		}
		cancel()
		synctest.Wait()
	})
}

// TestHandsOn continues with net/http if a request is not plain, without losing a byte, and ends the
// connection if an answer cannot be complete.
func TestHandsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := open(ctx, echo)
		c := s.in.dial()
		const fast = "POST /fast HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
		go func() { // all at once, in two parts
			all := fast + fast + "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n" + fast
			_, _ = io.WriteString(c, all[:70])
			_, _ = io.WriteString(c, all[70:])
		}()
		for i, path := range []string{"/fast", "/fast", "/slow", "/fast"} {
			if resp, body := c.hear(t); resp.StatusCode != 200 || !strings.Contains(body, path) {
				t.Errorf("answer %d: %s %s", i, resp.Status, body)
			}
		}
		if s.handed != 1 {
			t.Errorf("handed on %d times", s.handed)
		}
		if resp, _ := c.ask(t, "GET /fast HTTP/1.1\r\n\r\n"); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("without a host: %s", resp.Status)
		}
		big := "POST /fast HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000)
		c = s.in.dial()
		go func() { _, _ = io.WriteString(c, big) }()
		if resp, body := c.hear(t); resp.StatusCode != 200 || !strings.Contains(body, "100000") {
			t.Errorf("a long body: %s %.100s", resp.Status, body)
		}
		_ = c.Close()
		for _, way := range []string{"short", "panic", "abort"} {
			c := s.in.dial()
			if _, err := io.WriteString(c, "GET /fast?"+way+" HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			c.ended(t)
		}
		cancel()
		synctest.Wait()
	})
}

// TestLeaveSparesWhatIsHandedOn leaves while a connection is being passed on: net/http ends it.
func TestLeaveSparesWhatIsHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *lane.Lane
		read := make(chan struct{})
		l = lane.New(lane.Options{
			Takes: func(_, _, _ string) bool { return false }, Times: lane.Times{Idle: time.Minute, Read: time.Minute, Write: time.Minute, Answer: time.Minute},
			Opened: func() {}, Closed: func() {},
			Rest: func(c net.Conn) {
				defer close(read)
				defer c.Close()
				l.Leave()
				if b, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(b), "the rest") {
					t.Errorf("read %q, %v", b, err)
				}
			},
		})
		in := newPipes()
		defer in.Close()
		go func() { _ = l.Serve(t.Context(), in) }()
		c := in.dial()
		for _, part := range []string{"GET / HTTP/1.1\r\n\r\n", "the rest"} {
			if _, err := io.WriteString(c, part); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		_ = c.Close()
		<-read
		synctest.Wait()
	})
}

// TestTimes has clients that send little.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := open(ctx, echo)
		begin := time.Now()
		idle := s.in.dial()
		idle.ask(t, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n")
		// None of them sends a whole header: all have the same time limit, in the fast lane and in net/http.
		silent, slow, other := s.in.dial(), s.in.dial(), s.in.dial()
		for c, raw := range map[*client]string{slow: "GET /fast HTTP/1.1\r\nHost:", other: "GET /slow HTTP/1.1\r\nHost:"} {
			if _, err := io.WriteString(c, raw); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []*client{silent, slow, other} {
			c.ended(t)
			if took := time.Since(begin); took != 10*time.Second {
				t.Errorf("one that sent no header was closed after %v", took)
			}
		}
		if s.handed != 1 {
			t.Errorf("handed on %d times", s.handed)
		}
		idle.ended(t)
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("the idle one was closed after %v", took)
		}
		cancel()
		synctest.Wait()
	})
}

// sends reports each write before it is made.
type sends struct {
	net.Conn
	tell func()
}

func (s *sends) Write(b []byte) (int, error) { s.tell(); return s.Conn.Write(b) }

// TestAnswersAreMadeBeforeAnyIsSent has requests in progress that can all be answered at once, on one
// processor.
func TestAnswersAreMadeBeforeAnyIsSent(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var mu sync.Mutex
		var steps []string
		step := func(s string) { mu.Lock(); defer mu.Unlock(); steps = append(steps, s) }
		gate := make(chan struct{})
		s := open(ctx, func(_ http.ResponseWriter, r *http.Request) {
			<-gate
			step("made " + r.URL.Query().Get("n"))
		})
		const all = 8
		var clients []*client
		for n := range all {
			ours, theirs := net.Pipe()
			s.in.conns <- &sends{theirs, func() { step(fmt.Sprintf("sent %d", n)) }}
			clients = append(clients, &client{ours, bufio.NewReader(ours)})
			if _, err := fmt.Fprintf(ours, "GET /fast?n=%d HTTP/1.1\r\nHost: h\r\n\r\n", n); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		close(gate)
		for _, c := range clients {
			c.hear(t)
		}
		atOnce := 0
		for i, made := range steps[:len(steps)-1] {
			if n, ok := strings.CutPrefix(made, "made "); ok && steps[i+1] == "sent "+n {
				atOnce++
			}
		}
		if atOnce > all/2 { // the scheduler lets one in 61 through
			t.Errorf("%d of %d answers were sent at once: %q", atOnce, all, steps)
		}
		cancel()
		synctest.Wait()
	})
}

// TestLeave stops with one request in progress, one half sent, and one idle connection.
func TestLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		begun, finish := make(chan struct{}), make(chan struct{})
		s := open(ctx, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("wait") {
				close(begun)
				<-finish
			}
			echo(w, r)
		})
		idle, busy, half := s.in.dial(), s.in.dial(), s.in.dial()
		idle.ask(t, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n")
		for c, raw := range map[*client]string{busy: "GET /fast?wait HTTP/1.1\r\nHost: h\r\n\r\n", half: "GET /fast HTTP/1.1\r\n"} {
			if _, err := io.WriteString(c, raw); err != nil {
				t.Fatal(err)
			}
		}
		<-begun
		synctest.Wait()
		s.lane.Leave()
		idle.ended(t)
		synctest.Wait()
		if s.closed != 1 {
			t.Errorf("%d closed, with two requests under way", s.closed)
		}
		if resp, _ := half.ask(t, "Host: h\r\n\r\n"); resp.StatusCode != 200 || !resp.Close {
			t.Errorf("the one half sent: %s, close %v", resp.Status, resp.Close)
		}
		half.ended(t)
		close(finish)
		if resp, _ := busy.hear(t); resp.StatusCode != 200 || !resp.Close {
			t.Errorf("the one under way: %s, close %v", resp.Status, resp.Close)
		}
		busy.ended(t)
		synctest.Wait()
		if s.closed != 3 {
			t.Errorf("%d closed", s.closed)
		}
		_ = s.in.Close()
		if err := <-s.ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve: %v", err)
		}
		cancel()
		synctest.Wait()
	})
}
