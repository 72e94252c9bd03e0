package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/wire"
)

// encoded keeps one more memory.
func (s *liveFace) encoded() sigil.Key {
	s.t.Helper()
	m, err := s.engine.Encode(s.t.Context(), tenant, sigil.Draft{Data: []byte(`1`)})
	if err != nil {
		s.t.Fatal(err)
	}
	return m.Key
}

func (s *liveFace) recall(key sigil.Key) sigil.Memory {
	s.t.Helper()
	m, err := s.engine.Recall(s.t.Context(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// told fails the test unless r is the recall that made m.
func told(t *testing.T, r []wire.Recall, m *sigil.Memory) {
	t.Helper()
	if len(r) != 1 || (r[0].FadesAt == nil || !r[0].FadesAt.Equal(m.FadesAt) || r[0].AccessCount != m.AccessCount || r[0].ID != m.ID || !r[0].LastAccessed.Equal(m.LastAccessed)) {
		t.Errorf("told %+v of %+v", r, m.Meta)
	}
}

// TestRecallsOfOthersAreSeen watches a memory over server-sent events while other clients recall it.
func TestRecallsOfOthersAreSeen(t *testing.T) {
	s := onSocket(t, httpapi.Options{})
	key := s.encoded()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/events?recalls=true&tenant="+tenant, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	m := s.recall(key)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && lines.Text() != "event: recalled" {
		if text := lines.Text(); strings.HasPrefix(text, "data:") {
			t.Errorf("before it: %s", text)
		}
	}
	lines.Scan()
	data, ok := strings.CutPrefix(lines.Text(), "data: ")
	var r wire.Recalls
	if err := json.Unmarshal([]byte(data), &r); err != nil || !ok {
		t.Fatalf("%q, %v", data, err)
	}
	told(t, r.Memories, &m)
	if lines.Scan(); lines.Text() != "" { // no id: it has no position
		t.Errorf("after it: %s", lines.Text())
	}
}

// TestRecallsOverALiveConnection subscribes in both possible ways, like a browser: the tenant is in the
// query.
func TestRecallsOverALiveConnection(t *testing.T) {
	for name, way := range map[string]struct{ query, request string }{
		"by the query":  {query: "&recalls=true"},
		"by a position": {query: "&recalls=true&after=0"},
		"by a request":  {request: `{"id":1,"op":"subscribe","recalls":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSocket(t, httpapi.Options{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			conn, _, err := websocket.Dial(ctx, s.url+"/v1/ws?tenant="+url.QueryEscape(tenant)+way.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseNow()
			if way.request != "" {
				if err := conn.Write(ctx, websocket.MessageText, []byte(way.request)); err != nil {
					t.Fatal(err)
				}
				if m := nextMessage(ctx, t, conn); m.Type != wire.LiveAnswer || m.Status != http.StatusOK {
					t.Fatalf("%+v", m)
				}
			}
			key := s.encoded() // it subscribed before: the entry comes first
			if m := nextMessage(ctx, t, conn); m.Type != wire.LiveEvents || len(m.Events) != 1 {
				t.Fatalf("%+v", m)
			}
			memory := s.recall(key)
			m := nextMessage(ctx, t, conn)
			if m.Type != wire.LiveRecalled || m.More {
				t.Fatalf("%+v", m)
			}
			told(t, m.Memories, &memory)
		})
	}
}

func nextMessage(ctx context.Context, t *testing.T, conn *websocket.Conn) (m wire.LiveMessage) {
	t.Helper()
	_, data, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return m
}

// TestTheClientHearsOfRecalls follows the journal with recalls, over both kinds of stream.
func TestTheClientHearsOfRecalls(t *testing.T) {
	for name, read := range map[string]func(*client.Client, context.Context, *client.FollowOptions) iter.Seq2[wire.Event, error]{
		"server-sent events": (*client.Client).Follow,
		"WebSocket": func(c *client.Client, ctx context.Context, o *client.FollowOptions) iter.Seq2[wire.Event, error] {
			return func(yield func(wire.Event, error) bool) {
				l := c.Live()
				defer l.Close()
				l.Events(ctx, o)(yield)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSocket(t, httpapi.Options{})
			key := s.encoded()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var recalled sigil.Memory
			o := &client.FollowOptions{After: new(uint64), OnRecall: func(r wire.Recalls) {
				told(t, r.Memories, &recalled)
				cancel()
			}}
			for e, err := range read(s.client, ctx, o) {
				if err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					break
				}
				if e.Position == 1 { // it follows now
					recalled = s.recall(key)
				}
			}
		})
	}
}
