package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// These limits of the live daemon are small enough to be exceeded often.
const (
	liveData  = 64 << 10
	liveBatch = 256 << 10
)

// live is a daemon on a socket and a disk, with what the test inspects directly.
type live struct {
	*daemon.Daemon
	store store.Store
	log   *lockedLog
}

type lockedLog struct {
	mu sync.Mutex // guards text
	// +checklocks:mu
	text bytes.Buffer
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func startLive(t *testing.T) *live {
	t.Helper()
	key, err := codesign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	secretKey, err := key.File("")
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, secretKey, 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := daemon.Load([]string{
		"--code-key=" + keyFile,
		"--addr=127.0.0.1:0", "--decay-schedule=off", "--crystallize-schedule=off", "--data=" + t.TempDir(), "--backup-dir=" + t.TempDir(), "--backup-keep=2", "--max-memories=40",
		"--max-data=" + strconv.Itoa(liveData), "--max-body=" + strconv.Itoa(liveBatch), "--max-batch-body=" + strconv.Itoa(liveBatch),
	}, []string{"SIGIL_HTTP=" + os.Getenv("SIGIL_HTTP")})
	if err != nil {
		t.Fatal(err)
	}
	l := &live{log: new(lockedLog)}
	l.Daemon = daemon.New(loaded.Config, &daemon.Options{
		Version: "dev", Logger: slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Open: func(c daemon.Config, h daemon.Hooks) (s store.Store, err error) {
			l.store, err = pebblestore.Open(c.Data, &pebblestore.Options{Logger: h.Logger, OnCommit: h.Commit, OnFatal: h.Fatal, Undo: c.Undo > 0})
			return l.store, err
		},
	})
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *live) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	if err := l.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
	if log := l.log.String(); strings.Contains(log, "ERROR") || strings.Contains(log, "panic") || strings.Contains(log, "superfluous") {
		t.Errorf("it logged\n%.5000s", log)
	}
}

// position returns the position of the newest journal entry, which grows with every change.
func (l *live) position(t *testing.T) uint64 {
	t.Helper()
	stats, err := l.store.Stats(t.Context(), tenant, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return stats.Position
}

// campaign returns how many requests to send and the seed of their generator; SIGIL_REQUESTS and SIGIL_SEED set them.
func campaign(t *testing.T) (requests int, seed uint64) {
	t.Helper()
	requests, seed = 1_000, rand.Uint64()
	var err error
	if s := os.Getenv("SIGIL_REQUESTS"); s != "" {
		if requests, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	if s := os.Getenv("SIGIL_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d requests; again with SIGIL_REQUESTS=%d SIGIL_SEED=%d", requests, requests, seed)
	return requests, seed
}

// TestDocumentAgainstALiveDaemon generates requests from the OpenAPI document, valid and nearly valid, and
// sends them to a daemon over a socket. No answer is a failure of the service, every answer conforms to the
// document, a valid request is served, and a refused one leaves nothing behind.
func TestDocumentAgainstALiveDaemon(t *testing.T) {
	requests, seed := campaign(t)
	d := startLive(t)
	defer d.stop(t)
	w := &wireConn{addr: d.Addr()}
	defer w.close()
	root, all := endpoints(openAPI().raw)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), root: root, ids: map[string][]string{}, cursors: map[string][]string{}}
	var before goleak.Option
	failures, served, refused := map[string]int{}, map[string]int{}, map[string]int{}
	unserved := func() (ids []string) {
		for _, e := range all {
			if served[e.id] == 0 && e.id != "live" { // which asks for more than these requests bring
				ids = append(ids, e.id)
			}
		}
		return ids
	}
	// Some operations need what others have made: chance may serve the last of them late.
	for i := 0; i < requests || requests >= 2_000 && i < 4*requests && len(unserved()) > 0; i++ {
		e := &all[g.IntN(len(all))]
		x := g.valid(e)
		if g.oneIn(2) {
			g.nearly(x)
		}
		was := d.position(t)
		n := &noted{TB: t}
		got, err := w.send(x)
		if err != nil {
			n.Errorf("%v", err)
		} else {
			judge(n, x, got, was, d.position(t))
			g.learn(x, got)
		}
		if got.status < 400 {
			served[e.id]++
		} else {
			refused[x.mutation]++
		}
		if len(n.says) > 0 {
			kind := fmt.Sprintf("%s %d %.60s", x.mutation, got.status, n.says[0])
			if failures[kind]++; failures[kind] == 1 {
				t.Errorf("request %d, %s (%s): %d\n%.1500q\nanswer: %.1000q\n%.3000s", i, e.id, x.mutation, got.status, x.bytes(), got.body, strings.Join(n.says, "\n"))
			}
			if len(failures) == 20 {
				t.Fatal("and so on")
			}
		}
		if got.status == http.StatusConflict {
			d.makeRoom(t, g, w)
		}
		if i == requests/10 {
			before = goleak.IgnoreCurrent()
		}
	}
	w.close()
	// The daemon still runs: its database may compact, and begin a new log, and the server waits half a second
	// after a body that it did not read to the end.
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/v2.(*DB).compact"),
		goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"),
		goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/v2/record.(*LogWriter).flushLoop"))
	if ids := unserved(); requests >= 2_000 && len(ids) > 0 {
		t.Errorf("never served: %v", ids)
	}
	for _, m := range mutations {
		if refused[m.name] == 0 && requests >= 20_000 {
			t.Logf("%s: never refused", m.name)
		}
	}
	if got, err := w.send(&exchange{method: "GET", path: "/readyz", host: "127.0.0.1"}); err != nil || got.status != http.StatusOK {
		t.Errorf("at the end: %d, %v", got.status, err)
	}
	w.close()
}

// noted keeps the findings about one exchange.
type noted struct {
	testing.TB
	says []string
}

func (n *noted) Helper() {}
func (n *noted) Errorf(format string, args ...any) {
	n.says = append(n.says, fmt.Sprintf(format, args...))
}

// judge checks one exchange for what must hold for every one.
func judge(n *noted, x *exchange, got reply, was, is uint64) {
	if got.status >= 500 {
		n.Errorf("a failure of the service")
	}
	if got.status >= 300 && is != was || x.method == http.MethodGet && is != was {
		n.Errorf("it left something: the journal went from %d to %d", was, is)
	}
	if got.status >= 400 && bytes.Contains(got.body, []byte(secret)) {
		n.Errorf("it repeats data")
	}
	if got.header.Get("X-Evil") != "" {
		n.Errorf("it has a header of the client's making")
	}
	if x.wrong && got.status < 400 {
		n.Errorf("the document does not allow it")
	}
	if x.valid && got.status >= 400 && !mayRefuse(x, got.status) {
		n.Errorf("the document allows it")
	}
	r := x.request()
	if r == nil || got.header.Get("X-Request-Id") == "" && (got.status == http.StatusBadRequest || got.status == http.StatusExpectationFailed) {
		return // net/http's own
	}
	if r.Method == http.MethodHead {
		if len(got.body) > 0 {
			n.Errorf("HEAD is answered with a body")
		}
		return
	}
	if x.open() {
		r.URL.RawQuery = "" // not looked at there, as the document says
	}
	if strings.ToUpper(r.Method) != r.Method { // the validator would take it for its upper case
		if got.status < 400 {
			n.Errorf("there is no method %s", r.Method)
		}
		return
	}
	if x.body == "" && got.status < 400 {
		if strings.Contains(x.header("Content-Type"), "ndjson") {
			return // no lines; the validator misses them
		}
		r.Header.Del("Content-Type") // the validator would judge it, though it is the type of nothing
	}
	checkAgainstContract(n, r, x.body, got)
}

// mayRefuse reports whether a valid request may be refused with this status: the memory is gone, the tenant is full,
// the key was used before, the journal does not have a position, a span ends before it begins, or what a schema takes for a signature is none.
func mayRefuse(x *exchange, status int) bool {
	switch status {
	case http.StatusBadRequest:
		return strings.HasPrefix(x.endpoint.path, "/v1/code") && x.method == http.MethodPost || x.endpoint.id == "restoreMany" && strings.Contains(x.body, "from") ||
			x.endpoint.id == "correct" && strings.Contains(x.body, "reinforce") ||
			x.endpoint.id == "change" && strings.Contains(x.body, "ttl")
	case http.StatusNotFound:
		return strings.Contains(x.endpoint.path, "{id}") || strings.Contains(x.endpoint.path, "{hash}") || x.endpoint.searches() && strings.Contains(x.body+x.query, "like")
	case http.StatusConflict:
		return x.method == http.MethodPost
	case http.StatusUnprocessableEntity:
		return x.idempotent
	case http.StatusGone:
		return x.endpoint.path == "/v1/events" || x.endpoint.path == "/v1/ws" || x.endpoint.id == "restoreMany" || strings.Contains(x.endpoint.path, "{id}")
	case http.StatusUpgradeRequired:
		return x.endpoint.path == "/v1/ws"
	}
	return false
}

// learn remembers ids and cursors from an answer.
func (g *generator) learn(x *exchange, got reply) {
	if got.status >= 300 || x.method == http.MethodHead {
		return
	}
	owner := x.header("Sigil-Tenant")
	if owner == "" {
		owner = sigil.DefaultTenant
	}
	for part := range bytes.SplitSeq(got.body, []byte(`"id":"`)) {
		if id, _, ok := bytes.Cut(part, []byte(`"`)); ok && len(id) == 36 {
			g.ids[owner] = append(g.ids[owner], string(id))
		}
	}
	if known := g.ids[owner]; len(known) > 60 {
		g.ids[owner] = known[len(known)-60:]
	}
	if query, err := url.ParseQuery(x.query); err != nil || sigil.Sort(query.Get("sort")).ByFigures() || query.Has("superseded") {
		return // its cursor is for that alone
	}
	for _, name := range []string{`"next":"`, `"cursor":"`} {
		if _, after, ok := bytes.Cut(got.body, []byte(name)); ok {
			cursor, _, _ := bytes.Cut(after, []byte(`"`))
			known := append(g.cursors[x.endpoint.form()], string(cursor))
			g.cursors[x.endpoint.form()] = known[max(0, len(known)-20):]
		}
	}
}

// makeRoom forgets the memories of a full tenant, which are all pinned or crystallized.
func (l *live) makeRoom(t *testing.T, g *generator, w *wireConn) {
	t.Helper()
	page, _, err := l.store.List(t.Context(), store.Query{Tenant: g.tenant, Now: time.Now(), Limit: 30})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page {
		x := &exchange{method: "DELETE", path: "/v1/sigils/" + m.ID.String(), host: "127.0.0.1", headers: [][2]string{{"Sigil-Tenant", g.tenant}}}
		if got, err := w.send(x); err != nil || got.status != http.StatusNoContent && got.status != http.StatusNotFound {
			t.Fatalf("forget: %d %s, %v", got.status, got.body, err)
		}
	}
}

// TestRawBytes sends bytes that are not, or barely, HTTP: the answer is one of HTTP's own refusals, or the
// service's, and the daemon continues.
func TestRawBytes(t *testing.T) {
	d := startLive(t)
	defer d.stop(t)
	const body = "\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
	for name, tt := range map[string]struct {
		raw    string
		status int
	}{
		"no version":              {"GET /livez\r\n\r\n", 400},
		"a version of the future": {"GET /livez HTTP/3.0\r\nHost: 127.0.0.1\r\n\r\n", 505},
		"a preface of HTTP/2":     {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 403},
		"no host":                 {"GET /livez HTTP/1.1\r\n\r\n", 400},
		"no host, HTTP/1.0":       {"GET /v1/stats HTTP/1.0\r\n\r\n", 403},
		"a probe without a host":  {"GET /livez HTTP/1.0\r\n\r\n", 200},
		"two hosts":               {"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"host of control bytes":   {"GET /livez HTTP/1.1\r\nHost: a\x01\r\n\r\n", 400},
		"a space in a name":       {"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nA b: c\r\n\r\n", 400},
		"control bytes in a value": {
			"POST /v1/sigils HTTP/1.1" + body + "Idempotency-Key: a\x00b\r\nContent-Length: 10\r\n\r\n{\"data\":1}", 400,
		},
		"a line end in a value": {
			"POST /v1/sigils HTTP/1.1" + body + "Idempotency-Key: a\r b\r\nContent-Length: 10\r\n\r\n{\"data\":1}", 400,
		},
		"two lengths":             {"POST /v1/sigils HTTP/1.1" + body + "Content-Length: 10\r\nContent-Length: 11\r\n\r\n{\"data\":1}", 400},
		"a length below zero":     {"POST /v1/sigils HTTP/1.1" + body + "Content-Length: -1\r\n\r\n{\"data\":1}", 400},
		"a length beyond 64 bits": {"POST /v1/sigils HTTP/1.1" + body + "Content-Length: 99999999999999999999\r\n\r\n", 400},
		"a length far too great":  {"POST /v1/sigils HTTP/1.1" + body + "Content-Length: 9223372036854775807\r\n\r\n{}", 413},
		"another coding":          {"POST /v1/sigils HTTP/1.1" + body + "Transfer-Encoding: gzip\r\n\r\n", 501},
		"chunks that are none":    {"POST /v1/sigils HTTP/1.1" + body + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{\"data\":1}\r\n0\r\n\r\n", 400},
		"another expectation":     {"POST /v1/sigils HTTP/1.1" + body + "Expect: a miracle\r\nContent-Length: 10\r\n\r\n{\"data\":1}", 417},
		"too many headers":        {"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", 431},
		"a path of bytes":         {"GET /v1/sigils/\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400},
		"a broken escape":         {"GET /v1/sigils/%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400},
		"no path":                 {"GET * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404},
		"options of all":          {"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 204},
		"options of no job":       {"OPTIONS /v1/sweeps/lawn HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404},
		"a tunnel":                {"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404},
		"an absolute target":      {"GET http://127.0.0.1/livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 200},
		"another's target":        {"GET http://evil.example/v1/stats HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 403},
		"TLS":                     {"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 is this TLS?\r\n\r\n", 400},
	} {
		was := d.position(t)
		w := &wireConn{addr: d.Addr()}
		got, err := w.send(&exchange{method: "GET", raw: tt.raw})
		if err != nil || got.status != tt.status {
			t.Errorf("%s: %d %.200s, %v; want %d", name, got.status, got.body, err, tt.status)
		}
		if is := d.position(t); is != was {
			t.Errorf("%s left something", name)
		}
		w.close()
	}
	w := &wireConn{addr: d.Addr()}
	defer w.close()
	// The first request is answered in the fast lane, which passes the connection on with the next one.
	for _, tt := range []struct {
		method, path string
		status       int
	}{{"GET", "/v1/sigils/x", 400}, {"OPTIONS", "*", 204}, {"OPTIONS", "/v1/sweeps/lawn", 404}, {"OPTIONS", "/v1/sweeps/decay", 204}} {
		if got, err := w.send(&exchange{method: tt.method, path: tt.path, host: "127.0.0.1"}); err != nil || got.status != tt.status {
			t.Errorf("%s %s: %d %s, %v", tt.method, tt.path, got.status, got.body, err)
		}
	}
	if got, err := w.send(&exchange{method: "GET", path: "/livez", host: "127.0.0.1"}); err != nil || got.status != http.StatusOK {
		t.Errorf("at the end: %d, %v", got.status, err)
	}
}
