package relay_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/internal/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// client is a client on standard input and output, of a relay to a server of ours.
type client struct {
	t     *testing.T
	in    *io.PipeWriter
	lines chan string
	done  chan error
	stop  context.CancelFunc
}

// start starts a relay to h.
func start(t *testing.T, h http.HandlerFunc, change ...func(*relay.Options)) *client {
	t.Helper()
	server := httptest.NewServer(h)
	ctx, stop := context.WithCancel(context.Background())
	in, toRelay := io.Pipe()
	fromRelay, out := io.Pipe()
	c := &client{t: t, in: toRelay, lines: make(chan string, 100), done: make(chan error, 1), stop: stop}
	o := relay.Options{
		In: in, Out: out, HTTP: server.Client(), Tenant: "work", Patience: patience,
		Find: func(context.Context) (string, error) { return server.URL, nil },
	}
	for _, f := range change {
		f(&o)
	}
	go func() {
		err := relay.Run(ctx, o)
		out.Close()
		c.done <- err
	}()
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(fromRelay); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		stop()
		toRelay.Close()
		server.CloseClientConnections()
		server.Close()
		for range c.lines { // until the relay has ended
			continue
		}
	})
	return c
}

func (c *client) send(lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(c.in, line+"\n"); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *client) receive() string {
	c.t.Helper()
	return wait(c.t, "a message", c.lines)
}

// end ends the input and waits for the end of the relay. It returns the messages that came.
func (c *client) end() (rest []string) {
	c.t.Helper()
	c.in.Close()
	if err := wait(c.t, "the end", c.done); err != nil {
		c.t.Errorf("Run: %v", err)
	}
	for line := range c.lines {
		rest = append(rest, line)
	}
	return rest
}

func wait[T any](t *testing.T, what string, done <-chan T) T {
	t.Helper()
	select {
	case v := <-done:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("not reached")
	}
}

// sent is a message as the server got it.
type sent struct {
	ID     json.Number `json:"id"`
	Method string      `json:"method"`
}

func parse(t *testing.T, r *http.Request) (m sent) {
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		t.Error(err)
	}
	return m
}

func answer(w http.ResponseWriter, id json.Number, result string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
}

// TestHeaders checks what the relay says of each message, in both versions of the protocol.
func TestHeaders(t *testing.T) {
	var mu sync.Mutex
	var got []string
	c := start(t, func(w http.ResponseWriter, r *http.Request) {
		m := parse(t, r)
		h := r.Header
		mu.Lock()
		got = append(got, strings.Join([]string{m.Method, h.Get("Mcp-Protocol-Version"), h.Get("Mcp-Method"), h.Get("Mcp-Name"), h.Get("Sigil-Tenant")}, " "))
		mu.Unlock()
		if m.ID == "" {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		answer(w, m.ID, `{"protocolVersion":"2025-11-25"}`)
	})
	const modern = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`
	c.send(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`)
	if got := c.receive(); got != `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}` {
		t.Errorf("got %s", got)
	}
	for _, line := range []string{
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"recall"}}`,
		`{"jsonrpc":"2.0","id":3,"method":"server/discover","params":{` + modern + `}}`,
		`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"recall",` + modern + `}}`,
		`{"jsonrpc":"2.0","id":5,"method":"resources/read","params":{"uri":"sigil://stats",` + modern + `}}`,
	} {
		c.send(line)
		c.receive()
	}
	c.send("", `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	if rest := c.end(); len(rest) > 0 {
		t.Errorf("a notification is answered: %v", rest)
	}
	want := []string{
		"initialize    work", "tools/call 2025-11-25   work", "server/discover 2026-07-28 server/discover  work",
		"tools/call 2026-07-28 tools/call recall work", "resources/read 2026-07-28 resources/read sigil://stats work", "notifications/initialized 2025-11-25   work",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestEndOfInput checks that requests are answered that came before the input ended.
func TestEndOfInput(t *testing.T) {
	entered, letGo := make(chan bool, 10), make(chan bool)
	c := start(t, func(w http.ResponseWriter, r *http.Request) {
		m := parse(t, r)
		entered <- true
		<-letGo
		answer(w, m.ID, "{}")
	})
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, `{"jsonrpc":"2.0","id":2,"method":"tools/call"}`)
	wait(t, "the first", entered)
	wait(t, "the second", entered)
	c.in.Close()
	close(letGo)
	if rest := c.end(); len(rest) != 2 {
		t.Errorf("got %v", rest)
	}
}

// TestAgain checks that a message that is not answered is sent again, under the same key.
func TestAgain(t *testing.T) {
	var mu sync.Mutex
	keys, finds := map[string]int{}, 0
	c := start(t, func(w http.ResponseWriter, r *http.Request) {
		m := parse(t, r)
		mu.Lock()
		keys[r.Header.Get("Idempotency-Key")]++
		n := keys[r.Header.Get("Idempotency-Key")]
		mu.Unlock()
		switch n {
		case 1: // it dies
			panic(http.ErrAbortHandler)
		case 2: // it stops
			http.Error(w, "{}", http.StatusServiceUnavailable)
		case 3: // it dies while it answers
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "event: message\ndata: {\"jsonrpc\":\"2.0\",")
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, ": ok\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":%s,\ndata: \"result\":{}}\n\n", m.ID)
		}
	}, func(o *relay.Options) {
		find := o.Find
		o.Find = func(ctx context.Context) (string, error) {
			finds++
			return find(ctx)
		}
	})
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	if got := c.receive(); !strings.Contains(got, "progress") {
		t.Errorf("got %s", got)
	}
	if got := c.receive(); got != `{"jsonrpc":"2.0","id":1,"result":{}}` {
		t.Errorf("got %s", got)
	}
	if rest := c.end(); len(rest) > 0 || len(keys) != 1 || finds != 4 {
		t.Errorf("got %v; %v; found %d times", rest, keys, finds)
	}
}

// TestCanceled checks that a request that the client cancels is canceled in the daemon, and not answered.
func TestCanceled(t *testing.T) {
	entered, left := make(chan bool, 1), make(chan bool, 1)
	c := start(t, func(w http.ResponseWriter, r *http.Request) {
		m := parse(t, r)
		if m.ID == "2" {
			answer(w, m.ID, "{}")
			return
		}
		entered <- true
		<-r.Context().Done()
		left <- true
	})
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	wait(t, "the request", entered)
	for _, id := range []string{"1", "7"} {
		c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`) //nolint:misspell // so it is spelled in the protocol
	}
	wait(t, "the end of the request", left)
	c.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call"}`)
	if rest := c.end(); len(rest) != 1 || !strings.Contains(rest[0], `"id":2`) {
		t.Errorf("got %v", rest)
	}
}

// TestRefusals checks that every request is answered, whatever the daemon does.
func TestRefusals(t *testing.T) {
	c := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch m := parse(t, r); m.ID {
		case "1": // the protocol's own error
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"x"}}`)
		case "2":
			http.NotFound(w, r)
		case "3":
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"code":"forbidden_host","detail":"must be localhost"}`)
		}
	})
	for _, step := range [][2]string{
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"x"}}`},
		{`{"jsonrpc":"2.0","id":2,"method":"tools/call"}`, "sigil reload"},
		{`{"jsonrpc":"2.0","id":3,"method":"tools/call"}`, "must be localhost"},
		{`{"jsonrpc":`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,`},
	} {
		c.send(step[0])
		if got := c.receive(); !strings.Contains(got, step[1]) {
			t.Errorf("%s: got %s", step[0], got)
		}
	}
	c.end()

	c = start(t, nil, func(o *relay.Options) {
		o.Find = func(context.Context) (string, error) { return "", errors.New("there is none") }
	})
	c.send(`{"jsonrpc":"2.0","id":"a","method":"tools/list"}`)
	if got := c.receive(); got != `{"jsonrpc":"2.0","id":"a","error":{"code":-32603,"message":"there is none"}}` {
		t.Errorf("got %s", got)
	}
	c.end()
}

// TestStopped checks that the end of the context ends a run and its requests.
func TestStopped(t *testing.T) {
	entered := make(chan bool, 1)
	c := start(t, func(_ http.ResponseWriter, r *http.Request) {
		parse(t, r)
		entered <- true
		<-r.Context().Done()
	})
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	wait(t, "the request", entered)
	c.stop()
	c.in.Close() // as a reader that heeds the context does
	wait(t, "the end", c.done)
}
