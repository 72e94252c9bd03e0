package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// Limits of the live daemon that are small enough to be gone over often.
const (
	liveData  = 64 << 10
	liveBatch = 256 << 10
)

// live is a daemon on a socket and a disk, and what the test looks at behind its back.
type live struct {
	*daemon.Daemon
	store store.Store
	log   *lockedLog
}

type lockedLog struct {
	mu   sync.Mutex // guards text
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
	loaded, err := daemon.Load([]string{
		"--addr=127.0.0.1:0", "--decay-schedule=off", "--crystallize-schedule=off", "--data=" + t.TempDir(), "--max-memories=40",
		"--max-data=" + strconv.Itoa(liveData), "--max-body=" + strconv.Itoa(liveBatch), "--max-batch-body=" + strconv.Itoa(liveBatch),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &live{log: new(lockedLog)}
	l.Daemon = daemon.New(loaded.Config, &daemon.Options{
		Version: "dev", Logger: slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Open: func(c daemon.Config, h daemon.Hooks) (s store.Store, err error) {
			l.store, err = pebblestore.Open(c.Data, &pebblestore.Options{Logger: h.Logger, OnCommit: h.Commit, OnFatal: h.Fatal})
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

// position is that of the newest journal entry: it grows with every change.
func (l *live) position(t *testing.T) uint64 {
	t.Helper()
	stats, err := l.store.Stats(t.Context(), tenant, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return stats.Position
}

// campaign gives how many requests to send and the seed of their making; SIGIL_REQUESTS and SIGIL_SEED
// set them.
func campaign(t *testing.T) (requests int, seed uint64) {
	t.Helper()
	requests, seed = 2_000, rand.Uint64()
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

// TestDocumentAgainstALiveDaemon makes requests of the OpenAPI document, valid and nearly valid, and
// sends them to a daemon over a socket. None is answered with a failure of the service, every answer is
// as the document has it, a valid request is served, and what is refused leaves nothing behind.
func TestDocumentAgainstALiveDaemon(t *testing.T) {
	requests, seed := campaign(t)
	d := startLive(t)
	defer d.stop(t)
	w := &wire{addr: d.Addr()}
	defer w.close()
	root, all := endpoints(openAPI().raw)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), root: root, ids: map[string][]string{}}
	var before goleak.Option
	failures, served, refused := 0, map[string]int{}, map[string]int{}
	for i := range requests {
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
			t.Errorf("request %d, %s (%s): %d\n%.3000q\nanswer: %.3000s\n%s", i, e.id, x.mutation, got.status, x.bytes(), got.body, strings.Join(n.says, "\n"))
			if failures++; failures == 5 {
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
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/v2.(*DB).compact"))
	for _, e := range all {
		if served[e.id] == 0 && requests >= 2_000 {
			t.Errorf("%s was never served", e.id)
		}
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

// noted keeps what a judge says of one exchange.
type noted struct {
	testing.TB
	says []string
}

func (n *noted) Helper()                           {}
func (n *noted) Errorf(format string, args ...any) { n.says = append(n.says, fmt.Sprintf(format, args...)) }

// judge holds one exchange to what every one must be.
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
	if r == nil || got.header.Get("X-Request-Id") == "" && got.status == http.StatusBadRequest { // net/http's own: it was no HTTP
		return
	}
	if r.Method == http.MethodHead {
		if len(got.body) > 0 {
			n.Errorf("HEAD is answered with a body")
		}
		return
	}
	checkAgainstContract(n, r, x.body, got)
}

// mayRefuse tells what may become of a valid request beside being served: the memory has gone, the
// tenant is full, or the key was used before.
func mayRefuse(x *exchange, status int) bool {
	switch status {
	case http.StatusNotFound:
		return strings.Contains(x.endpoint.path, "{id}")
	case http.StatusConflict:
		return x.method == http.MethodPost
	case http.StatusUnprocessableEntity:
		return x.idempotent
	}
	return false
}

// learn takes ids and cursors out of an answer.
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
	for _, name := range []string{`"next":"`, `"cursor":"`} {
		if _, after, ok := bytes.Cut(got.body, []byte(name)); ok {
			cursor, _, _ := bytes.Cut(after, []byte(`"`))
			g.cursors = append(g.cursors, string(cursor))
			g.cursors = g.cursors[max(0, len(g.cursors)-20):]
		}
	}
}

// makeRoom forgets what a full tenant holds: all of it is pinned or crystallized.
func (l *live) makeRoom(t *testing.T, g *generator, w *wire) {
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
