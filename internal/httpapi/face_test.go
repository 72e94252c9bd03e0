package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const tenant = sigil.DefaultTenant

// face is an API on an engine on a store of maps, at the test's own time. All its answers are checked against
// the OpenAPI document.
type face struct {
	t      testing.TB
	api    http.Handler
	engine *engine.Engine
	store  store.Store
	clock  *clock
	log    *strings.Builder
}

type clock struct {
	mu sync.Mutex
	// +checklocks:mu
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var start = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// config has the choices of a test; the zero value means the defaults.
type config struct {
	store  store.Store
	engine engine.Options
	api    httpapi.Options
	noUndo bool // nothing can be restored
}

func newFace(t testing.TB, c config) *face {
	t.Helper()
	f := &face{t: t, clock: &clock{now: start}, log: new(strings.Builder)}
	if f.store = c.store; f.store == nil {
		f.store = storetest.NewUndoModel()
	}
	c.engine.Clock = f.clock.Now
	if c.engine.Settings.Policy == nil {
		c.engine.Settings.Policy = sigil.DefaultClassic() // lives are short
	}
	if !c.noUndo {
		c.engine.Settings.Undo = engine.DefaultUndo()
	}
	f.engine = engine.New(f.store, &c.engine)
	if c.api.Logger == nil {
		c.api.Logger = slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	f.api = httpapi.New(f.engine, &c.api)
	return f
}

type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// do sends one request, with headers as name, value, name, value. The body is JSON unless the headers set
// another type.
func (f *face) do(method, target, body string, headers ...string) reply {
	f.t.Helper()
	var reader io.Reader // nil for none, so that there is no Content-Length either
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(f.t.Context(), method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	return f.send(r, body)
}

func (f *face) send(r *http.Request, body string) reply {
	f.t.Helper()
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	got := reply{t: f.t, status: w.Code, header: w.Header(), body: w.Body.Bytes()}
	checkAgainstContract(f.t, r, body, got)
	return got
}

// want asserts the status and returns the reply.
func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("got status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// problem asserts a problem under /v1.
func (r reply) problem(status int, code, field string) wire.Problem {
	r.t.Helper()
	p := parse[wire.Problem](r.want(status))
	if p.Code != code || p.Field != field || p.Status != status || p.RequestID != r.header.Get("X-Request-Id") {
		r.t.Fatalf("got %s, want code %q, field %q", r.body, code, field)
	}
	return p
}

// parse reads the body strictly, so that a member that the type does not have is found.
func parse[T any](r reply) T {
	r.t.Helper()
	var v T
	dec := json.NewDecoder(strings.NewReader(string(r.body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		r.t.Fatalf("%v in %s", err, r.body)
	}
	return v
}

// encode keeps a draft and returns the answer.
func (f *face) encode(draft string, headers ...string) wire.Memory {
	f.t.Helper()
	return parse[wire.Memory](f.do("POST", "/v1/sigils", draft, headers...).want(http.StatusCreated))
}

func (f *face) stats() engine.Stats {
	f.t.Helper()
	stats, err := f.engine.Stats(context.WithoutCancel(f.t.Context()), tenant)
	if err != nil {
		f.t.Fatal(err)
	}
	return stats
}

// nothingStored asserts that there is neither a memory nor a journal entry.
func (f *face) nothingStored() {
	f.t.Helper()
	if s := f.stats(); s.Memories != 0 || s.Position != 0 {
		f.t.Fatalf("stored all the same: %+v", s)
	}
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

func replaceOnce(s, old, new string) string { return strings.Replace(s, old, new, 1) }
