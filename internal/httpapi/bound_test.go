package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

// hanging is a store whose inserts and reads end with their context, and with its cause.
type hanging struct{ store.Store }

func (hanging) Insert(ctx context.Context, _ string, _ []store.Item, _ store.Quota, _ func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	<-ctx.Done()
	return store.Inserted{}, ctx.Err()
}

// TestAClientThatLeavesHasAWhile checks that a request ends some time after its client has closed its side,
// since the client may still read.
func TestAClientThatLeavesHasAWhile(t *testing.T) {
	for _, left := range []bool{false, true} { // before it begins, and meanwhile
		synctest.Test(t, func(t *testing.T) {
			f := newFace(t, config{store: hanging{storetest.NewModel()}, api: httpapi.Options{RequestTimeout: time.Minute}})
			ctx, cancel := context.WithCancel(t.Context())
			begin := time.Now()
			if left {
				time.AfterFunc(10*time.Second, cancel)
			} else {
				cancel()
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(ctx, "POST", "/v1/sigils", strings.NewReader(`{"data":1}`))
			f.api.ServeHTTP(w, r)
			want := 5 * time.Second
			if left {
				want += 10 * time.Second
			}
			if took := time.Since(begin); w.Code != 499 || took != want {
				t.Errorf("%d after %v, want 499 after %v", w.Code, took, want)
			}
			cancel()
			synctest.Wait()
		})
	}
}

// TestATimeBeginsWithTheWholeRequest checks that a request's time limit starts when its body has arrived.
func TestATimeBeginsWithTheWholeRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, config{store: hanging{storetest.NewModel()}, api: httpapi.Options{RequestTimeout: time.Minute}})
		body, in := io.Pipe()
		begin := time.Now()
		go func() {
			_, _ = io.WriteString(in, `{"data":`)
			time.Sleep(3 * time.Minute) // of the bubble
			_, _ = io.WriteString(in, `1}`)
			_ = in.Close()
		}()
		w := httptest.NewRecorder()
		f.api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/v1/sigils", body))
		if took := time.Since(begin); w.Code != 503 || !strings.Contains(w.Body.String(), `"timeout"`) || took != 4*time.Minute {
			t.Errorf("%d %s after %v", w.Code, w.Body, took)
		}
	})
}

// connectionKey is the key of net/http's context in a request's context. It ends when the client closes its side.
type connectionKey struct{}

// noticing is a store whose calls wait until net/http has noticed that the client closed its side, and then fail if
// their context has ended.
type noticing struct{ store.Store }

func (noticing) wait(ctx context.Context) error {
	if connection, ok := ctx.Value(connectionKey{}).(context.Context); ok {
		<-connection.Done()
	}
	return ctx.Err()
}

func (s noticing) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	if err := s.wait(ctx); err != nil {
		return store.Inserted{}, err
	}
	return s.Store.Insert(ctx, tenant, items, quota, evict)
}

func (s noticing) List(ctx context.Context, q store.Query) ([]sigil.Memory, bool, error) {
	if err := s.wait(ctx); err != nil {
		return nil, false, err
	}
	return s.Store.List(ctx, q)
}

func (s noticing) Stats(ctx context.Context, tenant string, now time.Time) (store.Stats, error) {
	if err := s.wait(ctx); err != nil {
		return store.Stats{}, err
	}
	return s.Store.Stats(ctx, tenant, now)
}

// TestAHalfClosedConnectionIsAnswered closes the client's side after the request, as nc does, and reads the answer. The
// store waits until net/http has noticed the close, so that the order is always the same.
func TestAHalfClosedConnectionIsAnswered(t *testing.T) {
	f := newFace(t, config{store: noticing{storetest.NewModel()}})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.api.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), connectionKey{}, r.Context())))
	}))
	defer server.Close()
	for range 20 {
		for request, body := range map[string]string{
			"POST /v1/sigils":       `{"data":1}`,
			"POST /v1/sigils:batch": `[{"data":1}]`,
			"GET /v1/sigils":        "",
			"GET /v1/stats":         "",
		} {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", request, len(body), body); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || resp.StatusCode != 200 && resp.StatusCode != 201 {
				t.Fatalf("%s is answered %v, %v", request, resp, err)
			}
			_ = conn.Close()
		}
	}
}

// TestStreamsAreBounded opens as many streams as allowed, one of them a WebSocket without a subscription: one more is
// refused, other requests are not, and when a stream ends another may begin.
func TestStreamsAreBounded(t *testing.T) {
	s := onSocket(t, httpapi.Options{MaxStreams: 2})
	first, _, err := websocket.Dial(t.Context(), s.url+"/v1/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.CloseNow()
	events, end := context.WithCancel(t.Context())
	defer end()
	begin := func(ctx context.Context) int {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp.StatusCode
	}
	if status := begin(events); status != 200 {
		t.Fatal(status)
	}
	if _, resp, err := websocket.Dial(t.Context(), s.url+"/v1/ws", nil); err == nil || resp.StatusCode != 503 {
		t.Errorf("one more WebSocket: %v, %v", resp, err)
	}
	refused := s.do("GET", "/v1/events", "", "Accept", "text/event-stream")
	refused.problem(503, "too_many_streams", "")
	if refused.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.do("GET", "/v1/events", "").want(200)
	_ = first.Close(websocket.StatusNormalClosure, "")
	for deadline := time.Now().Add(20 * time.Second); begin(events) != 200; {
		if time.Now().After(deadline) {
			t.Fatal("none may begin when one has ended")
		}
	}
}

// endless is a body of which only left bytes arrive before it stalls.
type endless struct {
	left    int
	waiting chan struct{} // is closed when they have come
	ended   chan struct{}
}

func (e *endless) Read(b []byte) (int, error) {
	if e.left == 0 {
		close(e.waiting)
		<-e.ended
		return 0, errors.New("the connection broke")
	}
	n := min(e.left, len(b))
	for i := range b[:n] {
		b[i] = ' '
	}
	e.left -= n
	return n, nil
}

// announce sends a batch with an announced length of 60 MB, of which n bytes arrive, and returns a func that
// ends it.
func announce(f *face, n int) (answered <-chan int, end func()) {
	e := &endless{left: n, waiting: make(chan struct{}), ended: make(chan struct{})}
	r := httptest.NewRequest("POST", "/v1/sigils:batch", e)
	r.ContentLength = 60_000_000
	done := make(chan int, 1)
	go func() {
		w := httptest.NewRecorder()
		f.api.ServeHTTP(w, r)
		done <- w.Code
	}()
	select {
	case <-e.waiting:
	case code := <-done:
		done <- code
	}
	return done, func() { close(e.ended) }
}

// TestBytesThatDoNotComeAreNotAllocated announces 60 MB many times.
func TestBytesThatDoNotComeAreNotAllocated(t *testing.T) {
	f := newFace(t, config{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		answered, end := announce(f, 0)
		end()
		if code := <-answered; code != 400 {
			t.Fatalf("answered %d", code)
		}
	}
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) / 100; took > 100_000 {
		t.Errorf("%d bytes are allocated for each", took)
	}
}

// TestBodiesShareABound sends unfinished bodies: one more waits for a while and is then refused; a small
// request is still answered; and when the bodies have ended, there is memory again.
func TestBodiesShareABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, config{api: httpapi.Options{MaxHeld: 10 << 20}})
		var answers []<-chan int
		var ends []func()
		for range 5 {
			answered, end := announce(f, 1<<20-1) // which is held twice
			answers, ends = append(answers, answered), append(ends, end)
		}
		large := `[{"data":"` + strings.Repeat("x", 1<<20) + `"}]`
		begin := time.Now()
		refused := f.do("POST", "/v1/sigils:batch", large)
		refused.problem(503, "busy", "")
		if took := time.Since(begin); took != 5*time.Second || refused.header.Get("Retry-After") == "" || refused.header.Get("Connection") != "close" {
			t.Errorf("after %v, with %v", took, refused.header)
		}
		f.do("POST", "/v1/sigils", `{"data":1}`).want(201)
		go func() {
			time.Sleep(time.Second) // of the bubble
			for _, end := range ends {
				end()
			}
		}()
		f.do("POST", "/v1/sigils:batch", large).want(200)
		for _, answered := range answers {
			if code := <-answered; code != 400 {
				t.Errorf("an unfinished one is answered %d", code)
			}
		}
		if held := f.api.(*httpapi.API).Held(); held != 0 {
			t.Errorf("%d bytes are held by nobody", held)
		}
	})
}

// TestAPageEndsAtItsBytes follows a list of few large memories to its end.
func TestAPageEndsAtItsBytes(t *testing.T) {
	f := newFace(t, config{engine: engine.Options{Limits: engine.Limits{PageBytes: 10_000}}})
	for range 5 {
		f.encode(`{"data":"` + strings.Repeat("x", 4_000) + `"}`)
	}
	pages, listed := 0, 0
	for target := "/v1/sigils?limit=100"; ; pages++ {
		page := parse[wire.MemoryPage](f.do("GET", target, "").want(200))
		listed += len(page.Memories)
		if page.Next == nil {
			break
		}
		target = "/v1/sigils?limit=100&cursor=" + *page.Next
	}
	if pages != 2 || listed != 5 {
		t.Errorf("%d memories on %d pages", listed, pages+1)
	}
	if page := parse[wire.MemoryPage](f.do("GET", "/v1/sigils?content=false", "").want(200)); len(page.Memories) != 5 {
		t.Errorf("%d without content", len(page.Memories))
	}
	if held := f.api.(*httpapi.API).Held(); held != 0 {
		t.Errorf("%d bytes are held by nobody", held)
	}
}
