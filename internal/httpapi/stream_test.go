package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/wire"
)

// liveFace is an API on a socket, with a client.
type liveFace struct {
	*face
	url    string
	client *client.Client
}

func onSocket(t *testing.T, o httpapi.Options) *liveFace {
	t.Helper()
	f := newFace(t, config{api: o})
	api := f.api.(*httpapi.API)
	server := onFront(t, f.api)
	c, err := client.New(server.url, &client.Options{HTTPClient: server.client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		api.Close()
		server.Close()
	})
	return &liveFace{f, server.url, c}
}

func (s *liveFace) leave() {
	s.api.(*httpapi.API).Leave()
}

// keep encodes n more memories with this data.
func (s *liveFace) keep(n int) {
	s.t.Helper()
	for range n {
		if _, err := s.engine.Encode(s.t.Context(), tenant, sigil.Draft{Data: []byte(`1`)}); err != nil {
			s.t.Error(err)
		}
	}
}

// follow reads entries in a loop, and sends their positions.
func follow(ctx context.Context, t *testing.T, entries func(func(wire.Event, error) bool)) <-chan uint64 {
	positions := make(chan uint64, 1000)
	go func() { // ends with ctx
		defer close(positions)
		for e, err := range entries {
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("follow: %v", err)
				}
				return
			}
			positions <- e.Position
		}
	}()
	return positions
}

func take(t *testing.T, positions <-chan uint64, first, last uint64) {
	t.Helper()
	for want := first; want <= last; want++ {
		if got, ok := <-positions; got != want || !ok {
			t.Fatalf("got %d (%v), want %d", got, ok, want)
		}
	}
}

// TestFollow reads the journal live over both kinds of stream, from the start, from a position and from now,
// and across the end of each connection.
func TestFollow(t *testing.T) {
	for name, read := range map[string]func(*client.Client) (follow func(context.Context, *client.FollowOptions) func(func(wire.Event, error) bool), stop func()){
		"server-sent events": func(c *client.Client) (func(context.Context, *client.FollowOptions) func(func(wire.Event, error) bool), func()) {
			return func(ctx context.Context, o *client.FollowOptions) func(func(wire.Event, error) bool) {
				return c.Follow(ctx, o)
			}, func() {}
		},
		"WebSocket": func(c *client.Client) (func(context.Context, *client.FollowOptions) func(func(wire.Event, error) bool), func()) {
			l := c.Live()
			return func(ctx context.Context, o *client.FollowOptions) func(func(wire.Event, error) bool) {
				return l.Events(ctx, o)
			}, func() { l.Close() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSocket(t, httpapi.Options{})
			s.keep(5)
			for _, after := range []uint64{0, 3} {
				loop, stop := read(s.client)
				ctx, cancel := context.WithCancel(t.Context())
				lost := 0
				newest := s.stats().Position
				positions := follow(ctx, t, loop(ctx, &client.FollowOptions{After: &after, OnDisconnect: func(err error, _ time.Duration) {
					if lost++; !errors.Is(err, client.ErrUnreachable) {
						t.Errorf("lost: %v", err)
					}
				}}))
				take(t, positions, after+1, newest)
				s.keep(5)
				take(t, positions, newest+1, newest+5)
				for i := range uint64(3) { // the daemon restarts
					s.leave()
					s.keep(2)
					s.api.(*httpapi.API).Stay()
					take(t, positions, newest+6+2*i, newest+7+2*i)
				}
				cancel()
				for range positions { // until it has ended
				}
				stop()
				if lost == 0 {
					t.Error("the connection was never lost")
				}
			}
			loop, stop := read(s.client)
			defer stop()
			ctx, cancel := context.WithCancel(t.Context())
			newest := s.stats().Position
			positions := follow(ctx, t, loop(ctx, nil))
			for s.keep(1); ; s.keep(1) { // it began at some time
				select {
				case first := <-positions:
					if first <= newest {
						t.Errorf("from now on, and got %d, which was there", first)
					}
					cancel()
					for range positions {
					}
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
}

// TestFollowWhatIsGone begins before the start of the journal.
func TestFollowWhatIsGone(t *testing.T) {
	s := onSocket(t, httpapi.Options{})
	s.keep(10)
	if _, err := s.store.Trim(t.Context(), time.Time{}, 4); err != nil {
		t.Fatal(err)
	}
	if p := s.do("GET", "/v1/events?after=5", "").problem(410, "position_gone", "after"); p.Oldest != 6 {
		t.Errorf("the oldest is %d", p.Oldest)
	}
	s.do("GET", "/v1/events?after=6", "").want(200)
	live := s.client.Live()
	defer live.Close()
	after := uint64(5)
	for name, entries := range map[string]func(func(wire.Event, error) bool){
		"server-sent events": s.client.Follow(t.Context(), &client.FollowOptions{After: &after}),
		"WebSocket":          live.Events(t.Context(), &client.FollowOptions{After: &after}),
	} {
		for e, err := range entries {
			var refused *client.Error
			if !errors.Is(err, sigil.ErrGone) || !errors.As(err, &refused) || refused.Problem.Oldest != 6 {
				t.Errorf("%s: %v, %v", name, e, err)
			}
		}
	}
}

// TestFollowAhead begins after the journal's end, like a reader whose store was restored from an older copy:
// it gets an error, however it reads. At the newest position it is not ahead.
func TestFollowAhead(t *testing.T) {
	s := onSocket(t, httpapi.Options{})
	s.keep(10)
	newest := s.stats().Position
	ahead := newest + 1
	for _, header := range [][]string{nil, {"Accept", "text/event-stream"}} {
		p := s.do("GET", fmt.Sprintf("/v1/events?after=%d", ahead), "", header...).problem(410, "position_ahead", "after")
		if p.Newest == nil || *p.Newest != newest {
			t.Errorf("%q: the newest is %v", header, p.Newest)
		}
	}
	s.do("GET", "/v1/events", "", "Accept", "text/event-stream", "Last-Event-ID", fmt.Sprint(ahead)).problem(410, "position_ahead", "after")
	s.do("GET", fmt.Sprintf("/v1/events?after=%d", newest), "").want(200)
	live := s.client.Live()
	defer live.Close()
	for name, entries := range map[string]func(func(wire.Event, error) bool){
		"server-sent events": s.client.Follow(t.Context(), &client.FollowOptions{After: &ahead}),
		"WebSocket":          live.Events(t.Context(), &client.FollowOptions{After: &ahead}),
	} {
		for e, err := range entries {
			var refused *client.Error
			if !errors.Is(err, sigil.ErrGone) || !errors.As(err, &refused) || refused.Problem.Code != "position_ahead" || refused.Problem.Newest == nil || *refused.Problem.Newest != newest {
				t.Errorf("%s: %v, %v", name, e, err)
			}
		}
	}
}

// TestLive encodes, recalls and forgets over a WebSocket, many at once.
func TestLive(t *testing.T) {
	s := onSocket(t, httpapi.Options{})
	live := s.client.Live()
	defer live.Close()
	ctx, cancel := context.WithCancel(t.Context())
	zero := uint64(0)
	positions := follow(ctx, t, live.Events(ctx, &client.FollowOptions{After: &zero}))
	const callers, each = 8, 25
	var running sync.WaitGroup
	for c := range callers {
		running.Go(func() {
			for i := range each {
				data := fmt.Sprintf(`{"n":%d}`, c*each+i)
				m, err := live.Encode(t.Context(), sigil.Draft{Data: []byte(data), IdempotencyKey: data, Tags: []string{"live"}})
				if err != nil || string(m.Data) != data {
					t.Errorf("encode: %s, %v", m.Data, err)
					continue
				}
				again, err := live.Encode(t.Context(), sigil.Draft{Data: []byte(data), IdempotencyKey: data, Tags: []string{"live"}})
				if err != nil || again.ID != m.ID {
					t.Errorf("again: %v, %v", again.ID, err)
				}
				if r, err := live.Recall(t.Context(), m.ID); err != nil || r.AccessCount != 1 {
					t.Errorf("recall: %d, %v", r.AccessCount, err)
				}
				if i%5 == 0 {
					if err := live.Forget(t.Context(), m.ID); err != nil {
						t.Errorf("forget: %v", err)
					}
				}
			}
		})
	}
	running.Wait()
	take(t, positions, 1, callers*each*6/5)
	if _, err := live.Recall(t.Context(), sigil.NewID(time.Now())); !errors.Is(err, sigil.ErrNotFound) {
		t.Errorf("recall of nothing: %v", err)
	}
	for _, err := range live.Events(ctx, nil) {
		if !errors.Is(err, sigil.ErrConflict) {
			t.Errorf("a second loop: %v", err)
		}
	}
	cancel()
	for range positions {
	}
	if n := s.stats().Memories; n != callers*each*4/5 {
		t.Errorf("%d memories", n)
	}
	if err := live.Close(); err != nil {
		t.Error(err)
	}
	if _, err := live.Recall(t.Context(), sigil.NewID(time.Now())); !errors.Is(err, sigil.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestLiveBadRequests sends invalid requests: each is answered with its id and a problem, and the connection
// continues.
func TestLiveBadRequests(t *testing.T) {
	s := onSocket(t, httpapi.Options{MaxBody: 2000})
	conn, _, err := websocket.Dial(t.Context(), s.url+"/v1/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for _, tt := range []struct {
		request string
		status  int
		code    string
		field   string
	}{
		{`{`, 400, "invalid_json", "body"},
		{`[]`, 400, "invalid_body", "body"},
		{`{"op":"recall"}`, 400, "missing_field", "id"},
		{`{"id":{},"op":"recall"}`, 400, "invalid_request_id", "id"},
		{`{"id":"` + strings.Repeat("a", 65) + `","op":"recall"}`, 400, "invalid_request_id", "id"},
		{`{"id":1,"op":"fly"}`, 400, "invalid_op", "op"},
		{`{"id":2,"op":"recall"}`, 400, "missing_field", "memory"},
		{`{"id":3,"op":"recall","memory":"x"}`, 400, "invalid_id", "memory"},
		{`{"id":4,"op":"recall","memory":"019c13ec-9e00-723f-a84f-af9076740c71"}`, 404, "not_found", "id"},
		{`{"id":5,"op":"recall","memory":"019c13ec-9e00-723f-a84f-af9076740c71","after":1}`, 400, "unknown_field", "after"},
		{`{"id":5,"op":"restore"}`, 400, "missing_field", "memory"},
		{`{"id":5,"op":"restore","memory":"019c13ec-9e00-723f-a84f-af9076740c71"}`, 404, "not_restorable", "id"},
		{`{"id":6,"op":"encode"}`, 400, "missing_field", "sigil"},
		{`{"id":7,"op":"encode","sigil":{}}`, 400, "missing_field", "data"},
		{`{"id":8,"op":"encode","sigil":{"data":1,"ttl":-1}}`, 400, "invalid_ttl", "ttl"},
		{`{"id":9,"op":"encode","sigil":{"data":1},"idempotencyKey":""}`, 400, "invalid_idempotency_key", "idempotencyKey"},
		{`{"id":10,"op":"subscribe","after":-1}`, 400, "invalid_parameter", "after"},
		{`{"id":11,"id":11,"op":"subscribe"}`, 400, "duplicate_key", "id"},
		{`{"id":"last","op":"unsubscribe"}`, 204, "", ""},
	} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(tt.request)); err != nil {
			t.Fatal(err)
		}
		_, data, err := conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var m wire.LiveMessage
		if err := json.Unmarshal(data, &m); err != nil || m.Type != wire.LiveAnswer || m.Status != tt.status {
			t.Errorf("%s: got %s, %v", tt.request, data, err)
			continue
		}
		if m.Problem != nil && (m.Problem.Code != tt.code || m.Problem.Field != tt.field) || (m.Problem != nil) != (tt.code != "") {
			t.Errorf("%s: got %s", tt.request, data)
		}
	}
	s.nothingStored()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(`"`+strings.Repeat("a", 5000)+`"`)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("a message too long: %v", err)
	}
}

// TestHandshakes checks that an invalid handshake, or one from another origin, is refused with a problem.
func TestHandshakes(t *testing.T) {
	f := newFace(t, config{})
	good := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}
	with := func(name, value string) []string { return append(append([]string{}, good...), name, value) }
	f.do("GET", "/v1/ws", "").problem(426, "upgrade_required", "Upgrade")
	f.do("GET", "/v1/ws", "", with("Connection", "close")...).problem(400, "invalid_handshake", "Connection")
	f.do("GET", "/v1/ws", "", with("Sec-WebSocket-Version", "8")...).problem(400, "invalid_handshake", "Sec-WebSocket-Version")
	f.do("GET", "/v1/ws", "", with("Sec-WebSocket-Key", "AAAA")...).problem(400, "invalid_handshake", "Sec-WebSocket-Key")
	f.do("GET", "/v1/ws", "", with("Origin", "http://evil.example")...).problem(403, "cross_origin", "Origin")
	f.do("GET", "/v1/events?limit=5", "", good...).problem(400, "invalid_parameter", "limit")
	f.do("GET", "/v1/events?after=5&limit=5", "", "Accept", "text/event-stream").problem(400, "invalid_parameter", "limit")
	f.do("GET", "/v1/events", "", "Accept", "text/event-stream", "Last-Event-ID", "x").problem(400, "invalid_parameter", "Last-Event-ID")
}

// TestTooManySubscribers checks that one subscriber too many is refused.
func TestTooManySubscribers(t *testing.T) {
	s := onSocket(t, httpapi.Options{MaxSubscribers: 1})
	ctx, cancel := context.WithCancel(t.Context())
	zero := uint64(0)
	s.keep(1)
	positions := follow(ctx, t, s.client.Follow(ctx, &client.FollowOptions{After: &zero}))
	take(t, positions, 1, 1)
	if r := s.do("GET", "/v1/events", "", "Accept", "text/event-stream"); r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	} else {
		r.problem(503, "too_many_subscribers", "")
	}
	cancel()
	for range positions {
	}
}

// TestServerSentEvents checks the bytes of a stream.
func TestServerSentEvents(t *testing.T) {
	s := onSocket(t, httpapi.Options{})
	s.keep(2)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/events?after=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Last-Event-ID", "1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	buf := make([]byte, 4096)
	n := 0
	for !strings.Contains(string(buf[:n]), `"position":2`) {
		more, err := resp.Body.Read(buf[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += more
	}
	s.leave()
	rest, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := string(buf[:n]) + string(rest)
	token := regexp.MustCompile(`2-[0-9a-f]{16}`).FindString(text)
	if !strings.HasPrefix(text, "retry: 1000\nid: 1\n\nid: "+token+"\ndata: {\"position\":2,\"token\":\""+token+"\",") || !strings.HasSuffix(text, "}\n\nevent: reconnect\ndata: {\"after\":2,\"token\":\""+token+"\"}\n\n") {
		t.Errorf("got %q", text)
	}
}
