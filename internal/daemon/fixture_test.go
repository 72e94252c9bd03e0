package daemon_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for something that must happen at once.
const patience = 20 * time.Second

// config returns settings for a test, on a free port, without scheduled sweeps. SIGIL_HTTP sets how HTTP is
// served.
func config(t *testing.T, args ...string) *daemon.Loaded {
	t.Helper()
	l, err := daemon.Load(append([]string{"--addr=127.0.0.1:0", "--decay-schedule=off", "--crystallize-schedule=off", "--data=" + t.TempDir()}, args...), []string{"SIGIL_HTTP=" + os.Getenv("SIGIL_HTTP")})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// on returns options for a daemon on s.
func on(s store.Store) *daemon.Options {
	return &daemon.Options{
		Version: "test",
		Open:    func(daemon.Config, daemon.Hooks) (store.Store, error) { return s, nil },
	}
}

// start returns a daemon that serves. It is stopped at the end of the test.
func start(t *testing.T, l *daemon.Loaded, o *daemon.Options) *daemon.Daemon {
	t.Helper()
	d := daemon.New(l.Config, o)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, d) })
	return d
}

func stop(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// ask sends a request to d on a new connection, and returns status and body.
func ask(t *testing.T, d *daemon.Daemon, method, path, body string) (int, string) {
	t.Helper()
	status, answer, err := request(t.Context(), d.Addr(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, answer
}

func request(ctx context.Context, addr, method, path, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	w, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	return w.StatusCode, string(answer), err
}

// wait fails the test unless done is closed, or receives a value, soon.
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

// slow is a store whose writes wait until the test releases them.
type slow struct {
	*storetest.Model
	entered chan string // gets the name of each call that waits
	letGo   chan struct{}
	// heed makes a call also end with its context.
	heed bool
}

func newSlow() *slow {
	return &slow{Model: storetest.NewModel(), entered: make(chan string, 1000), letGo: make(chan struct{})}
}

func (s *slow) wait(ctx context.Context, call string) error {
	var done <-chan struct{}
	if s.heed {
		done = ctx.Done()
	}
	s.entered <- call
	select {
	case <-s.letGo:
		return nil
	case <-done:
		return ctx.Err()
	}
}

func (s *slow) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	if err := s.wait(ctx, "insert"); err != nil {
		return store.Inserted{}, err
	}
	return s.Model.Insert(ctx, tenant, items, quota, evict)
}

func (s *slow) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	if err := s.wait(ctx, "remove"); err != nil {
		return nil, err
	}
	return s.Model.Remove(ctx, keys, decide)
}

// closed reports whether s was closed.
func closed(s store.Store) bool {
	_, err := s.Tenants(context.Background())
	return err != nil
}

// logs is the log of a daemon in a test that waits for log lines.
type logs struct {
	mu sync.Mutex
	// +checklocks:mu
	text bytes.Buffer
	// +checklocks:mu
	heard chan struct{} // is closed, and made anew, by each Write
}

func newLogs() *logs { return &logs{heard: make(chan struct{})} }

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.heard)
	l.heard = make(chan struct{})
	return l.text.Write(b)
}

func (l *logs) String() string {
	text, _ := l.read()
	return text
}

func (l *logs) read() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String(), l.heard
}

// await waits until a line contains all of parts, and returns it.
func (l *logs) await(t *testing.T, parts ...string) string {
	t.Helper()
	return l.awaitTimes(t, 1, parts...)
}

// awaitTimes waits until n lines contain all of parts, and returns the last of them.
func (l *logs) awaitTimes(t *testing.T, n int, parts ...string) string {
	t.Helper()
	deadline := time.After(patience)
	for {
		text, heard := l.read()
		found := 0
		for line := range strings.Lines(text) {
			if containsAll(line, parts) {
				if found++; found == n {
					return line
				}
			}
		}
		select {
		case <-heard:
		case <-deadline:
			t.Fatalf("%d lines, not %d, with %q in the log:\n%s", found, n, parts, text)
		}
	}
}

func containsAll(s string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}
