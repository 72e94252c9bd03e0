package httpapi_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

// inserts is a store that records the number of memories in each insert, and fails inserts on demand.
type inserts struct {
	store.Store
	sizes chan int
	fails error
}

func (s *inserts) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	s.sizes <- len(items)
	if s.fails != nil {
		return store.Inserted{}, s.fails
	}
	return s.Store.Insert(ctx, tenant, items, quota, evict)
}

// all returns the sizes of all inserts so far.
func (s *inserts) all() (sizes []int) {
	for {
		select {
		case n := <-s.sizes:
			sizes = append(sizes, n)
		default:
			return sizes
		}
	}
}

// burst sends requests in one piece with the handshake, so that they arrive together, and returns the answers
// by id. Then it closes the connection, and checks that the server confirms it.
func burst(t *testing.T, s store.Store, e engine.Options, requests ...string) map[string]wire.LiveMessage {
	t.Helper()
	f := newFace(t, config{store: s, engine: e, api: httpapi.Options{MaxBody: 1 << 20}})
	server := onFront(t, f.api)
	defer server.Close()
	defer f.api.(*httpapi.API).Close()
	conn, err := net.Dial("tcp", server.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	text := []byte("GET /v1/ws HTTP/1.1\r\nHost: " + conn.RemoteAddr().String() + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	for _, r := range requests {
		text = appendFrame(text, 0x81, r)
	}
	if _, err := conn.Write(text); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", resp, err)
	}
	answers := map[string]wire.LiveMessage{}
	for range requests {
		opcode, data := readFrame(t, in)
		var m wire.LiveMessage
		if err := json.Unmarshal(data, &m); err != nil || opcode != 0x81 || m.Type != wire.LiveAnswer {
			t.Fatalf("%x %s, %v", opcode, data, err)
		}
		if _, again := answers[string(m.ID)]; again {
			t.Errorf("%s is answered twice", m.ID)
		}
		answers[string(m.ID)] = m
	}
	if _, err := conn.Write(appendFrame(nil, 0x88, "\x03\xe8")); err != nil {
		t.Fatal(err)
	}
	if opcode, data := readFrame(t, in); opcode != 0x88 || string(data) != "\x03\xe8" {
		t.Errorf("closed with %x %q", opcode, data)
	}
	return answers
}

// appendFrame appends a frame, masked with zeros.
func appendFrame(b []byte, opcode byte, payload string) []byte {
	if len(payload) < 126 {
		b = append(b, opcode, 0x80|byte(len(payload)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, opcode, 0x80|126), uint16(len(payload)))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

func readFrame(t *testing.T, in *bufio.Reader) (opcode byte, payload []byte) {
	t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil {
		t.Fatal(err)
	}
	n := int(head[1])
	if n == 126 {
		var long [2]byte
		if _, err := io.ReadFull(in, long[:]); err != nil {
			t.Fatal(err)
		}
		n = int(binary.BigEndian.Uint16(long[:]))
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(in, payload); err != nil {
		t.Fatal(err)
	}
	return head[0], payload
}

func newInserts(fails error) *inserts {
	return &inserts{Store: storetest.NewModel(), sizes: make(chan int, 100), fails: fails}
}

// TestWhatArrivesTogetherIsKeptTogether sends valid and invalid requests at once: there is one commit, and
// each gets its own answer.
func TestWhatArrivesTogetherIsKeptTogether(t *testing.T) {
	s := newInserts(nil)
	answers := burst(
		t, s, engine.Options{},
		`{"id":1,"op":"encode","sigil":{"data":{"n":1}}}`,
		`{"id":2,"op":"encode","sigil":{"data":{"n":2},"tags":["t"],"state":{"mood":{"a":1}}}}`,
		`{"id":3,"op":"encode","sigil":{"data":{"n":3,"n":3}}}`,
		`{"id":4,"op":"encode","sigil":{"data":{"n":4},"ttl":-1}}`,
		`{"id":5,"op":"recall","memory":"019c13ec-9e00-723f-a84f-af9076740c71"}`,
		`{"id":6,"op":"fly"}`,
		`{"id":"7","op":"encode","sigil":{"data":7}}`,
		`{"id":8,"op":"encode","sigil":{"data":{"n":8`,
		`{"id":9,"op":"encode","idempotencyKey":"k","sigil":{"data":{"n":9}}}`,
	)
	for id, want := range map[string]struct {
		status int
		code   string
	}{
		`1`: {201, ""}, `2`: {201, ""}, `3`: {400, "duplicate_key"}, `4`: {400, "invalid_ttl"}, `5`: {404, "not_found"}, `6`: {400, "invalid_op"},
		`"7"`: {201, ""}, `8`: {400, "invalid_json"}, `9`: {201, ""},
	} {
		m := answers[id]
		switch {
		case m.Status != want.status || (m.Problem != nil) != (want.code != "") || m.Problem != nil && m.Problem.Code != want.code:
			t.Errorf("%s is answered %+v", id, m)
		case want.code == "" && !strings.Contains(string(m.Memory.Data), strings.Trim(id, `"`)):
			t.Errorf("%s is answered with %s", id, m.Memory.Data)
		}
	}
	if tags := answers[`2`].Memory.Tags; len(tags) != 1 || tags[0] != "t" {
		t.Errorf("tags %q", tags)
	}
	if sizes := s.all(); len(sizes) != 1 || sizes[0] != 4 {
		t.Errorf("inserts of %d", sizes)
	}
}

// TestAKeyTwiceAtOnce checks that a key sent twice at once keeps one memory.
func TestAKeyTwiceAtOnce(t *testing.T) {
	answers := burst(
		t, newInserts(nil), engine.Options{},
		`{"id":1,"op":"encode","idempotencyKey":"k","sigil":{"data":1}}`,
		`{"id":2,"op":"encode","idempotencyKey":"k","sigil":{"data":1}}`,
		`{"id":3,"op":"encode","idempotencyKey":"k","sigil":{"data":3}}`,
		`{"id":4,"op":"encode","sigil":{"data":4}}`,
	)
	if one, two := answers[`1`], answers[`2`]; one.Status != 201 || two.Status != 201 || one.Memory.ID != two.Memory.ID {
		t.Errorf("%+v, then %+v", one, two)
	}
	if m := answers[`3`]; m.Problem == nil || m.Problem.Code != "idempotency_mismatch" {
		t.Errorf("another draft: %+v", m)
	}
	if answers[`4`].Status != 201 {
		t.Errorf("beside it: %+v", answers[`4`])
	}
}

// TestAFullTenantTakesWhatFits checks that the other requests are refused one by one.
func TestAFullTenantTakesWhatFits(t *testing.T) {
	var requests []string
	for i := range 5 {
		requests = append(requests, fmt.Sprintf(`{"id":%d,"op":"encode","sigil":{"data":%d,"pinned":true}}`, i, i))
	}
	kept := 0
	for id, m := range burst(t, newInserts(nil), engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 3}}}, requests...) {
		switch {
		case m.Status == 201:
			kept++
		case m.Problem == nil || m.Problem.Code != "quota_full":
			t.Errorf("%s: %+v", id, m)
		}
	}
	if kept != 3 {
		t.Errorf("%d kept", kept)
	}
}

// TestAStoreThatFailsFailsEach checks that each request is answered, and none is kept.
func TestAStoreThatFailsFailsEach(t *testing.T) {
	s := newInserts(&sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_failed", Err: errors.New("on fire")})
	answers := burst(t, s, engine.Options{}, `{"id":1,"op":"encode","sigil":{"data":{}}}`, `{"id":2,"op":"encode","sigil":{"data":[}}`, `{"id":3,"op":"encode","sigil":{"data":[]}}`)
	for id, want := range map[string]string{`1`: "store_failed", `2`: "invalid_json", `3`: "store_failed"} {
		if m := answers[id]; m.Problem == nil || m.Problem.Code != want {
			t.Errorf("%s: %+v", id, m)
		}
	}
}

// TestNoMoreTogetherThanABatchMayHold checks that the limit of a batch also applies to requests that arrive
// together.
func TestNoMoreTogetherThanABatchMayHold(t *testing.T) {
	s := newInserts(nil)
	var requests []string
	for i := range 7 {
		requests = append(requests, fmt.Sprintf(`{"id":%d,"op":"encode","sigil":{"data":{"n":%d}}}`, i, i))
	}
	for id, m := range burst(t, s, engine.Options{Limits: engine.Limits{Batch: 3}}, requests...) {
		if m.Status != 201 || string(m.Memory.Data) != `{"n":`+id+`}` {
			t.Errorf("%s: %+v", id, m)
		}
	}
	for _, n := range s.all() {
		if n > 3 {
			t.Errorf("%d at once", n)
		}
	}
}

// crowd is a store whose inserts wait until there is a number of them, and that records how many there were.
type crowd struct {
	store.Store
	size int // +checklocksignore: never changes

	mu sync.Mutex
	// +checklocks:mu
	here int
	// +checklocks:mu
	waiting int // for size to be here
	// +checklocks:mu
	most int
	// +checklocks:mu
	ready chan struct{}
}

func (s *crowd) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	s.mu.Lock()
	s.here++
	s.most = max(s.most, s.here)
	ready := s.ready
	if s.waiting++; s.waiting == s.size {
		close(s.ready)
		s.waiting, s.ready = 0, make(chan struct{})
	}
	s.mu.Unlock()
	<-ready
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.here--
	}()
	return s.Store.Insert(ctx, tenant, items, quota, evict)
}

// TestFewLargeRequestsAtOnce checks the bound on what one connection holds.
func TestFewLargeRequestsAtOnce(t *testing.T) {
	s := &crowd{Store: storetest.NewModel(), size: 16, ready: make(chan struct{})}
	var requests []string
	for i := range 3 * s.size {
		requests = append(requests, fmt.Sprintf(`{"id":%d,"op":"encode","sigil":{"data":["%s"]}}`, i, strings.Repeat("x", 40<<10)))
	}
	for id, m := range burst(t, s, engine.Options{}, requests...) {
		if m.Status != 201 {
			t.Errorf("%s: %+v", id, m)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most > s.size {
		t.Errorf("%d at once", s.most)
	}
}
