//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/wire"
)

// handovers returns the number of hand-overs under load; SIGIL_HANDOVERS overrides it.
func handovers(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SIGIL_HANDOVERS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SIGIL_HANDOVERS is %q", text)
	}
	return n
}

// Under load, one process after the other takes over, and no client notices: no request of clients that do not retry
// fails, no memory is lost or duplicated, and nothing grows.
func TestHandOversUnderLoad(t *testing.T) {
	n := handovers(t)
	sigil := itself(t)
	hook := receive(t)
	g := beget(t, sigil, hook.args...)
	before := g.measure(t)

	load := &load{base: "http://" + g.addr, stop: make(chan struct{}), data: map[string]string{}}
	const callers = 8
	shared := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for caller := range callers {
		load.callers.Go(func() { load.call(t, shared, "kept", caller) })
		if caller < callers/2 {
			load.callers.Go(func() { load.call(t, fresh, "fresh", caller) })
		}
	}
	readers := follow(t, g.addr)
	load.await(t, g, 100)

	var pauses []time.Duration
	for i := range n {
		g.swap(t, func(path string) { copyFile(t, sigil, path) })
		old := g.newest()
		h, words, code := g.reload(t, sigil)
		if code != 0 || h.From != old || h.To == old || h.Addr != g.addr {
			t.Fatalf("reload %d: %+v, exit code %d, %s", i+1, h, code, words)
		}
		if pid := g.serving(); pid != h.To {
			t.Errorf("after reload %d process %d holds the store, not %d", i+1, pid, h.To)
		}
		pauses = append(pauses, time.Duration(h.PauseSeconds*float64(time.Second)))
		load.await(t, g, 100) // answered by this generation
	}
	close(load.stop)
	load.callers.Wait()
	shared.CloseIdleConnections()
	for _, r := range readers {
		r.await(t, n)
	}
	readers[0].live.Close()
	hook.await(t, readers[0].at.Load())
	for _, old := range g.pids[:n] {
		if code := g.exit(t, old); code != 0 {
			t.Errorf("process %d handed over and ended with exit code %d", old, code)
		}
	}
	g.hear(t, n, "msg=stopped")

	load.compare(t, g)
	http.DefaultClient.CloseIdleConnections()
	var after measured
	g.poll(t, fmt.Sprintf("as few descriptors and goroutines as at first (%+v; at last %+v)", before, after), func() bool {
		after = g.measure(t)
		http.DefaultClient.CloseIdleConnections()
		return after.descriptors <= before.descriptors && after.goroutines <= before.goroutines
	})
	slices.Sort(pauses)
	t.Logf("%d hand-overs, %d memories, %d requests, none failed; pause min %v, median %v, max %v",
		n, len(load.data), load.requests, pauses[0], pauses[n/2], pauses[n-1])
	t.Logf("at first %+v, at last %+v", before, after)

	last := g.newest()
	g.signal(t, last, syscall.SIGTERM)
	if code := g.exit(t, last); code != 0 {
		t.Errorf("the last process: exit code %d", code)
	}
}

// reader follows the journal from its start.
type reader struct {
	name   string
	client *client.Client
	live   *client.Live
	stop   context.CancelFunc
	ended  chan struct{}
	at     atomic.Uint64 // its last position
	lost   atomic.Int64  // number of lost connections
}

// follow begins to read the journal, over each kind of stream.
func follow(t *testing.T, addr string) []*reader {
	t.Helper()
	c, err := client.New(addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	live := c.Live()
	var readers []*reader
	for name, entries := range map[string]func(context.Context, *client.FollowOptions) iter.Seq2[wire.Event, error]{
		"server-sent events": c.Follow, "WebSocket": live.Events,
	} {
		r := &reader{name: name, client: c, live: live, ended: make(chan struct{})}
		var ctx context.Context
		ctx, r.stop = context.WithCancel(t.Context())
		t.Cleanup(r.stop)
		readers = append(readers, r)
		go func() { // await waits for this goroutine
			defer close(r.ended)
			r.read(ctx, t, entries)
		}()
	}
	return readers
}

func (r *reader) read(ctx context.Context, t *testing.T, entries func(context.Context, *client.FollowOptions) iter.Seq2[wire.Event, error]) {
	for e, err := range entries(ctx, &client.FollowOptions{After: new(uint64), OnDisconnect: func(error, time.Duration) { r.lost.Add(1) }}) {
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			t.Errorf("%s: %v", r.name, err)
			return
		case e.Position != r.at.Load()+1:
			t.Errorf("%s: got %d after %d", r.name, e.Position, r.at.Load())
		}
		r.at.Store(e.Position)
	}
}

// await waits until the reader has read all entries, through n hand-overs.
func (r *reader) await(t *testing.T, n int) {
	t.Helper()
	stats, err := r.client.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); r.at.Load() < stats.Position; {
		if time.Since(begin) > patience || t.Failed() {
			t.Fatalf("%s: is at %d of %d", r.name, r.at.Load(), stats.Position)
		}
	}
	r.stop()
	<-r.ended
	r.client.CloseIdleConnections()
	if got := r.lost.Load(); got < int64(n) {
		t.Errorf("%s: lost its connection %d times in %d hand-overs", r.name, got, n)
	}
	t.Logf("%s: %d events, each once and in order, over %d connections", r.name, r.at.Load(), r.lost.Load()+1)
}

// receiver is the target of a webhook.
type receiver struct {
	args  []string      // arguments of a daemon that delivers to it
	at    atomic.Uint64 // its last position
	again atomic.Int64  // events that came again
	cut   atomic.Int64  // deliveries that were cut off
}

// receive starts a receiver of events. If a process sent events and did not get the answer, the next one may send them
// again; none may be skipped.
func receive(t *testing.T) *receiver {
	t.Helper()
	secret := []byte("a secret of the tests")
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &receiver{}
	var one sync.Mutex // an abandoned delivery may still be in progress when the next one comes
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil { // the sender has ended: the delivery must come again
			r.cut.Add(1)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		one.Lock()
		defer one.Unlock()
		err = client.VerifyWebhook(secret, req.Header.Get("Sigil-Signature"), body, time.Now(), time.Minute)
		var page wire.EventPage
		if err == nil {
			err = json.Unmarshal(body, &page)
		}
		if err != nil {
			t.Errorf("webhook: %v", err)
		}
		for _, e := range page.Events {
			switch at := r.at.Load(); {
			case e.Position > at+1:
				t.Errorf("webhook: got %d after %d", e.Position, at)
			case e.Position <= at:
				r.again.Add(1)
				continue
			}
			r.at.Store(e.Position)
		}
	}))
	server.Config.SetKeepAlivesEnabled(false) // the test counts what the daemon has open
	t.Cleanup(server.Close)
	r.args = []string{"--webhook=" + server.URL, "--webhook-secret-file=" + file}
	return r
}

// await waits until the receiver has had all events up to a position.
func (r *receiver) await(t *testing.T, position uint64) {
	t.Helper()
	for begin := time.Now(); r.at.Load() < position; {
		if time.Since(begin) > patience || t.Failed() {
			t.Fatalf("webhook: is at %d of %d", r.at.Load(), position)
		}
	}
	t.Logf("webhook: %d events in order, %d of them more than once; %d deliveries cut off", r.at.Load(), r.again.Load(), r.cut.Load())
}

// load encodes and recalls until it is stopped.
type load struct {
	base    string
	callers sync.WaitGroup
	stop    chan struct{}

	// mu guards the fields below.
	mu       sync.Mutex
	requests int
	data     map[string]string // by the id that was answered
}

// call is one caller. It encodes distinct memories, every third with an Idempotency-Key and twice, and recalls them. It
// never retries; a failure ends it.
func (l *load) call(t *testing.T, c *http.Client, kind string, caller int) {
	for i := 0; ; i++ {
		select {
		case <-l.stop:
			return
		default:
		}
		data := fmt.Sprintf(`["%s",%d,%d]`, kind, caller, i)
		key := ""
		if i%3 == 0 {
			key = fmt.Sprintf("%s-%d-%d", kind, caller, i)
		}
		id, ok := l.post(t, c, "/v1/sigils", `{"data":`+data+`}`, key, http.StatusCreated)
		if !ok {
			return
		}
		l.mu.Lock()
		l.data[id] = data
		l.mu.Unlock()
		if key != "" {
			again, ok := l.post(t, c, "/v1/sigils", `{"data":`+data+`}`, key, http.StatusCreated)
			if !ok {
				return
			}
			if again != id {
				t.Errorf("%s is %s, but %s when it is encoded again with its key", data, id, again)
			}
		}
		if recalled, ok := l.post(t, c, "/v1/sigils/"+id+":recall", "", "", http.StatusOK); !ok || recalled != id {
			return
		}
	}
}

func (l *load) post(t *testing.T, c *http.Client, path, body, key string, want int) (id string, ok bool) {
	r, err := http.NewRequest(http.MethodPost, l.base+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return "", false
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	a, err := c.Do(r)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return "", false
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	var memory struct{ ID string }
	if err == nil {
		err = json.Unmarshal(text, &memory)
	}
	if err != nil || a.StatusCode != want {
		t.Errorf("%s: %s %s (%v)", path, a.Status, text, err)
		return "", false
	}
	l.mu.Lock()
	l.requests++
	l.mu.Unlock()
	return memory.ID, true
}

// await waits for that many more answers.
func (l *load) await(t *testing.T, g *generations, more int) {
	t.Helper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.requests
	}
	from := count()
	g.poll(t, "answers", func() bool { return count() >= from+more || t.Failed() })
	if t.Failed() {
		t.FailNow()
	}
}

// compare checks that the daemon has exactly the memories that were answered.
func (l *load) compare(t *testing.T, g *generations) {
	t.Helper()
	there := map[string]string{} // by data: each is there once
	for path := "/v1/sigils?limit=1000"; path != ""; {
		var page struct {
			Memories []struct {
				ID   string
				Data json.RawMessage
			}
			Next *string
		}
		g.get(t, path, &page)
		for _, m := range page.Memories {
			data := string(m.Data)
			if other, ok := there[data]; ok {
				t.Errorf("%s is there twice: %s and %s", data, other, m.ID)
			}
			there[data] = m.ID
			if l.data[m.ID] != data {
				t.Errorf("%s with %s exists, but the answer was %q", m.ID, data, l.data[m.ID])
			}
		}
		path = ""
		if page.Next != nil {
			path = "/v1/sigils?limit=1000&cursor=" + url.QueryEscape(*page.Next)
		}
	}
	for id, data := range l.data {
		if there[data] != id {
			t.Errorf("%s was answered with the id %s and is lost", data, id)
		}
	}
}

// measured is what a process has open and in memory, without the files of its store.
type measured struct {
	descriptors, goroutines, residentMiB int
}

func (g *generations) measure(t *testing.T) (m measured) {
	t.Helper()
	pid := g.newest()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range open {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, f.Name())); err == nil && !strings.HasPrefix(to, g.data+"/pebble/") {
			m.descriptors++
		}
	}
	r, err := http.Get("http://" + g.addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			m.goroutines, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if value, ok := strings.CutPrefix(line, "process_resident_memory_bytes "); ok {
			bytes, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			m.residentMiB = int(bytes) >> 20
		}
	}
	if m.goroutines == 0 || m.residentMiB == 0 || m.descriptors == 0 {
		t.Fatalf("measured %+v", m)
	}
	return m
}

// A program that does not take over, wherever it fails, leaves the old process serving. The next good program takes
// over.
func TestABadProgramLeavesTheOldOneServing(t *testing.T) {
	sigil := itself(t)
	g := beget(t, sigil, "--handover-timeout=2s")
	old := g.newest()
	for _, bad := range []struct{ name, script, why string }{
		{"ends at once", "exit 3", "exit status 3"},
		{"hangs", "exec sleep 600", "not ready within 2s"},
		{"says nonsense", "echo hello >&5; exec sleep 600", `reported "hello"`},
		{"would serve another folder", fmt.Sprintf("exec %s \"$@\" --data=%s", sigil, t.TempDir()), "would serve from "},
		{"has a wrong setting", fmt.Sprintf("exec %s \"$@\" --max-page=0", sigil), "exit status 2"},
		{"cannot open the store", fmt.Sprintf("ulimit -n 14; exec %s \"$@\"", sigil), "before it was serving (exit status 1)"},
		{"dies with the store in hand", fmt.Sprintf("echo ready %s >&5; read go <&4; exit 4", g.data), "before it was serving (exit status 4)"},
		{"hangs with the store in hand", fmt.Sprintf("echo ready %s >&5; read go <&4; exec sleep 600", g.data), "not serving within 2s"},
	} {
		g.script(t, bad.script)
		_, words, code := g.reload(t, sigil)
		if code != 1 || !strings.Contains(words, bad.why) || !strings.Contains(words, fmt.Sprintf("process %d goes on serving", old)) {
			t.Errorf("%s: exit code %d, %s; want 1 and %q", bad.name, code, words, bad.why)
		}
		if pid := g.serving(); pid != old {
			t.Errorf("%s: process %d has the store, not %d", bad.name, pid, old)
		}
		body := fmt.Sprintf(`{"data":%q}`, bad.name)
		r, err := http.Post("http://"+g.addr+"/v1/sigils", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", bad.name, err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusCreated {
			t.Errorf("%s: encode: %s", bad.name, r.Status)
		}
	}
	if err := os.Remove(g.program); err != nil {
		t.Fatal(err)
	}
	if _, words, code := g.reload(t, sigil); code != 1 || !strings.Contains(words, "no such file") {
		t.Errorf("no program: exit code %d, %s", code, words)
	}

	g.swap(t, func(path string) { copyFile(t, sigil, path) })
	h, words, code := g.reload(t, sigil)
	if code != 0 || h.From != old {
		t.Fatalf("a sound program: %+v, exit code %d, %s", h, code, words)
	}
	var stats struct{ Memories int }
	if g.get(t, "/v1/stats", &stats); stats.Memories != 8 {
		t.Errorf("%d memories, want 8", stats.Memories)
	}
	if code := g.exit(t, old); code != 0 {
		t.Errorf("the old process: exit code %d", code)
	}
	g.signal(t, g.newest(), syscall.SIGTERM)
	if code := g.exit(t, g.newest()); code != 0 {
		t.Errorf("the new process: exit code %d", code)
	}
}

// A stop during a hand-over stops whichever process has the store, in order.
func TestStopDuringAHandOver(t *testing.T) {
	sigil := itself(t)
	marker := func(g *generations) string { return filepath.Join(filepath.Dir(g.data), "marker") }
	marked := func(g *generations, text string) func() bool {
		return func() bool {
			b, _ := os.ReadFile(marker(g))
			return strings.TrimSpace(string(b)) == text
		}
	}
	real := fmt.Sprintf("exec %s \"$@\"", sigil)
	for _, tt := range []struct {
		name   string
		script func(g *generations) string
		stop   func(t *testing.T, g *generations) // waits for the moment
		after  func(t *testing.T, g *generations)
	}{
		{
			"before the new process is ready",
			func(g *generations) string { return "echo begun >" + marker(g) + "; exec sleep 600" },
			func(t *testing.T, g *generations) { g.poll(t, "the new process", marked(g, "begun")) }, nil,
		},
		{
			"when the new process has the store, and does not serve yet",
			func(g *generations) string {
				return fmt.Sprintf("echo ready %s >&5; read go <&4; echo $go >%[2]s; read stop <&4; echo $stop >%[2]s", g.data, marker(g))
			},
			func(t *testing.T, g *generations) { g.poll(t, "the new process", marked(g, "go")) },
			func(t *testing.T, g *generations) { g.poll(t, "the word to stop", marked(g, "stop")) },
		},
		{
			"at once",
			func(*generations) string { return real },
			func(t *testing.T, g *generations) { g.hear(t, 1, "handing over") }, nil,
		},
		{
			"when the old process lets go of the store",
			func(*generations) string { return real },
			func(t *testing.T, g *generations) {
				g.poll(t, "the store to be let go of", func() bool { return g.serving() != g.pids[0] })
			}, nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := beget(t, sigil)
			old := g.newest()
			g.script(t, tt.script(g))
			g.signal(t, old, syscall.SIGUSR2)
			tt.stop(t, g)
			g.signal(t, old, syscall.SIGTERM)
			if code := g.exit(t, old); code != 0 {
				t.Errorf("the old process: exit code %d\n%s", code, g.said())
			}
			if tt.after != nil {
				tt.after(t, g)
			}
			// If the new process was serving already when the signal came, the signal stops only the old one.
			if pid := g.serving(); pid != 0 && strings.Contains(g.said(), "handed over") {
				g.signal(t, pid, syscall.SIGTERM)
				if code := g.exit(t, pid); code != 0 {
					t.Errorf("the new process: exit code %d\n%s", code, g.said())
				}
			}
			if pid := g.serving(); pid != 0 {
				t.Errorf("process %d still has the store\n%s", pid, g.said())
			}
			serve(t, sigil, g.data) // the folder is free and usable
		})
	}
}

// A second hand-over during another is refused; the first continues.
func TestASecondHandOverIsRefused(t *testing.T) {
	sigil := itself(t)
	g := beget(t, sigil)
	old := g.newest()
	gate := filepath.Join(filepath.Dir(g.data), "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	g.script(t, fmt.Sprintf("read go <%s; exec %s \"$@\"", gate, sigil))
	g.signal(t, old, syscall.SIGUSR2)
	g.hear(t, 1, "handing over")
	g.signal(t, old, syscall.SIGUSR2)
	g.hear(t, 1, "a hand-over is in progress")
	if err := os.WriteFile(gate, []byte("go\n"), 0); err != nil {
		t.Fatal(err)
	}
	g.hear(t, 1, "handed over")
	next := g.serving()
	g.pids = append(g.pids, next)
	g.signal(t, old, syscall.SIGUSR2) // it may have ended already
	if code := g.exit(t, old); code != 0 {
		t.Errorf("the old process: exit code %d", code)
	}
	g.signal(t, next, syscall.SIGTERM)
	if code := g.exit(t, next); code != 0 {
		t.Errorf("the new process: exit code %d", code)
	}
	if n := strings.Count(g.said(), "handing over"); n != 1 {
		t.Errorf("%d hand-overs began, want 1", n)
	}
}
