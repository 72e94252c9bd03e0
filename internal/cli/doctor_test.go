package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/cli"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/metrics"
)

// found is what the doctor says of each check.
type found map[string]struct{ Check, Result, Detail, Next string }

// examine runs the doctor with --json, and returns the exit code and its findings.
func (c *command) examine(args ...string) (int, found) {
	c.t.Helper()
	code, out, _ := c.in("", append([]string{"doctor", "--json"}, args...)...)
	all := found{}
	for line := range strings.Lines(out) {
		var f struct{ Check, Result, Detail, Next string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			c.t.Fatalf("%q: %v", line, err)
		}
		all[f.Check] = f
	}
	return code, all
}

// has checks the result of a check, and that its detail and advice have certain words.
func (f found) has(t *testing.T, check, result, words string) {
	t.Helper()
	got, ok := f[check]
	if !ok || got.Result != result || !strings.Contains(got.Detail+"; "+got.Next, words) {
		t.Errorf("%s: got %+v (there: %v), want %s with %q", check, got, ok, result, words)
	}
	if got.Next == "" && (result == "problem" || result == "warning") {
		t.Errorf("%s: %s without what to do next", check, result)
	}
}

// healthy returns options of a daemon of this command's version, with metrics.
func healthy() (*httpapi.Options, *metrics.Metrics) {
	m := metrics.New("v0")
	return &httpapi.Options{Version: "v0", Metrics: m.Handler()}, m
}

// answers replaces the answers under some paths.
func answers(paths map[string]http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if h := paths[r.URL.Path]; h != nil {
				h(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// says returns an answer with a status and a JSON body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if status >= 400 {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// TestDoctor examines a daemon that has nothing wrong: every line is ok, except for what such a daemon cannot say.
func TestDoctor(t *testing.T) {
	o, _ := healthy()
	c := newCommand(t, o, nil)
	c.env["SIGIL_DATA"] = folder(t, c)
	code, f := c.examine()
	for check, got := range f {
		if got.Result != "ok" && check != "backups" && check != "disk" && check != "limits" { // these are of this machine
			t.Errorf("%+v", got)
		}
	}
	if code != 0 && f["disk"].Result != "problem" {
		t.Errorf("exit %d", code)
	}
	for _, check := range []string{"daemon", "version", "ready", "store", "clock", "search", "metrics", "limits", "journal", "errors", "backups", "data", "owner", "disk", "lock", "files"} {
		if _, ok := f[check]; !ok {
			t.Errorf("no line about %s", check)
		}
	}
	f.has(t, "backups", "unknown", "--backup-dir")
	f.has(t, "version", "ok", "v0")
	_, out, words := c.in("", "doctor")
	if !strings.Contains(out, "ok       daemon   answers at http://127.0.0.1:") || strings.Contains(out, "problem") != strings.Contains(words, "1 problem") {
		t.Errorf("%s%s", out, words)
	}
}

// folder returns a data folder with the store of c's daemon, which no process has open.
func folder(t *testing.T, c *command) string {
	t.Helper()
	_, out, _ := c.in("", "identity", "--json")
	var id client.Identity
	if err := json.Unmarshal([]byte(out), &id); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "sigil.json", `{"format":6,"id":"`+id.Store.String()+`"}`)
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDoctorWithoutDaemon examines addresses at which no daemon is.
func TestDoctorWithoutDaemon(t *testing.T) {
	dir := t.TempDir()
	c := &command{t: t, env: map[string]string{"SIGIL_ADDR": "127.0.0.1:1", "SIGIL_DATA": filepath.Join(dir, "none")}}
	code, f := c.examine()
	f.has(t, "daemon", "problem", "sigil serve")
	f.has(t, "daemon", "problem", "SIGIL_ADDR")
	f.has(t, "data", "warning", "does not exist")
	if code != 4 || len(f) != 2 {
		t.Errorf("exit %d, %v", code, f)
	}

	c.env["SIGIL_ADDR"] = "http://user:swordfish@127.0.0.1:1/x"
	if _, out, words := c.in("", "doctor"); strings.Contains(out+words, "swordfish") || !strings.Contains(out, "127.0.0.1:1/x") {
		t.Errorf("%s%s", out, words)
	}

	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>swordfish") }))
	defer other.Close()
	code, f = c.examine("--addr", other.URL)
	f.has(t, "daemon", "problem", "is not a sigil daemon")
	if code != 4 || strings.Contains(fmt.Sprint(f), "swordfish") {
		t.Errorf("exit %d, %v", code, f)
	}

	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	code, f = c.examine("--addr", silent.URL, "--timeout", "50ms")
	f.has(t, "daemon", "problem", "did not answer in time")
	if code != 4 {
		t.Errorf("exit %d", code)
	}
	if code, _, _ := c.in("", "doctor", "--addr", "ftp://x"); code != 2 {
		t.Errorf("a wrong address: exit %d", code)
	}
	if code, _, _ := c.in("", "doctor", "more"); code != 2 {
		t.Errorf("an argument: exit %d", code)
	}
}

// TestDoctorOfDaemon examines daemons that each have something wrong.
func TestDoctorOfDaemon(t *testing.T) {
	const identity = `{"service":"sigil","store":"01890a5d-ac96-774b-bcce-b302099a8057","driver":"postgres","createdAt":"2026-01-02T03:04:05.000Z","startedAt":"2026-01-02T03:04:05.000Z","spiral":[]}`
	unauthorized := says(401, `{"status":401,"code":"unauthorized","detail":"a key is needed"}`)
	for _, tt := range []struct {
		path          string
		answer        http.HandlerFunc
		check, result string
		words         string
		exit          int
	}{
		{"/livez", says(200, `{"status":"ok","version":"v9"}`), "version", "warning", "the daemon has v9, this command v0", 0},
		{"/readyz", says(503, `{"status":503,"code":"store_failed","detail":"the store failed; the daemon must be started again"}`), "ready", "problem", "repair the disk", 1},
		{"/readyz", says(503, `{"status":503,"code":"not_ready","detail":"the daemon is waiting for its database"}`), "ready", "problem", "look at PostgreSQL", 1},
		{"/readyz", says(200, `{"status":"ok","clock":{"state":"held","seconds":-3600}}`), "ready", "warning", "sweeps wait", 0},
		{"/readyz", says(200, `{"status":"ok","clock":{"state":"ahead","seconds":90}}`), "ready", "warning", "ahead of the clock", 0},
		{"/readyz", says(200, `{"status":"ok","search":"building"}`), "search", "warning", "is being built", 0},
		{"/readyz", says(200, `nonsense`), "ready", "problem", "makes no sense", 1},
		{"/v1/identity", says(200, identity), "data", "ok", "PostgreSQL", 0},
		{"/v1/identity", unauthorized, "store", "unknown", "credentials", 0},
		{"/v1/identity", unauthorized, "data", "unknown", "does not say where", 0},
		{"/v1/identity", says(500, `{"status":500,"code":"internal","detail":"something failed"}`), "store", "problem", "something failed", 1},
		{"/v1/embeddings", says(200, `{"meaning":"building","memories":10,"vectors":3}`), "search", "warning", "3 of 10", 0},
		{"/v1/embeddings", says(200, `{"meaning":"building","memories":10,"vectors":3,"stopped":true}`), "search", "warning", "--resume", 0},
		{"/v1/embeddings", says(409, `{"status":409,"code":"search_off","detail":"search is switched off here"}`), "search", "ok", "switched off", 0},
		{"/v1/stats", says(503, `{"status":503,"code":"unavailable","detail":"the database does not answer"}`), "journal", "problem", "does not answer", 1},
		{"/metrics", says(404, `{}`), "metrics", "warning", "status 404", 0},
		{"/metrics", unauthorized, "metrics", "unknown", "credentials", 0},
		{"/v1/backups", unauthorized, "backups", "unknown", "credentials", 0},
		{"/v1/backups", says(404, `{"status":404,"code":"unknown_path","detail":"there is nothing at this path"}`), "backups", "unknown", "does not report them", 0},
		{"/v1/backups", says(409, `{"status":409,"code":"use_pg_basebackup","detail":"memories are kept in PostgreSQL"}`), "backups", "unknown", "pg_basebackup", 0},
		{"/v1/backups", says(500, `{"status":500,"code":"internal","detail":"the folder cannot be read"}`), "backups", "problem", "cannot be read", 1},
	} {
		t.Run(tt.path+" "+tt.words, func(t *testing.T) {
			o, _ := healthy()
			c := newCommand(t, o, answers(map[string]http.HandlerFunc{tt.path: tt.answer}))
			c.env["XDG_DATA_HOME"] = t.TempDir()
			code, f := c.examine()
			f.has(t, tt.check, tt.result, tt.words)
			if code != tt.exit {
				t.Errorf("exit %d, want %d: %v", code, tt.exit, f)
			}
		})
	}
}

// kept is a folder with some backups.
type kept []sigil.Backup

func (k kept) Make(context.Context, string) (sigil.Backup, error) { panic("the doctor makes none") }

func (k kept) List(context.Context) ([]sigil.Backup, error) { return k, nil }

// TestDoctorBackups examines daemons with different backups in their folder.
func TestDoctorBackups(t *testing.T) {
	const own = `{"service":"sigil","store":"01890a5d-ac96-774b-bcce-b302099a8057","driver":"pebble","createdAt":"2026-01-02T03:04:05.000Z","startedAt":"2026-01-02T03:04:05.000Z","spiral":[]}`
	store, err := sigil.ParseID("01890a5d-ac96-774b-bcce-b302099a8057")
	if err != nil {
		t.Fatal(err)
	}
	of := func(store sigil.ID, age time.Duration) sigil.Backup {
		return sigil.Backup{Name: "b", Store: store, CreatedAt: time.Now().Add(-age)}
	}
	for _, tt := range []struct {
		name          string
		backups       kept
		result, words string
	}{
		{"none", kept{}, "warning", "there is none;"},
		{"a new one", kept{of(store, time.Hour), of(store, 72*time.Hour)}, "ok", "the newest is 1h"},
		{"an old one", kept{of(store, 72*time.Hour)}, "warning", "the newest is 3d"},
		{"those of another store", kept{of(sigil.ID{1}, time.Hour)}, "warning", "none of this store, and 1 of others"},
		{"an old one beside those of another store", kept{of(sigil.ID{1}, time.Hour), of(store, 72*time.Hour)}, "warning", "the newest is 3d"},
		{"one that cannot be read", kept{{Name: "torn", Problem: "no manifest"}, of(store, time.Hour)}, "warning", "torn cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, _ := healthy()
			o.Backups = tt.backups
			c := newCommand(t, o, answers(map[string]http.HandlerFunc{"/v1/identity": says(200, own)}))
			c.env["XDG_DATA_HOME"] = t.TempDir()
			code, f := c.examine()
			f.has(t, "backups", tt.result, tt.words)
			if code != 0 {
				t.Errorf("exit %d", code)
			}
		})
	}
}

// TestDoctorClock has daemons whose Date header is wrong.
func TestDoctorClock(t *testing.T) {
	for by, want := range map[time.Duration]string{0: "ok", 20 * time.Second: "warning", -20 * time.Second: "warning", -time.Hour: "problem"} {
		o, _ := healthy()
		c := newCommand(t, o, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
				next.ServeHTTP(w, r)
			})
		})
		c.env["XDG_DATA_HOME"] = t.TempDir()
		_, f := c.examine()
		f.has(t, "clock", want, "")
	}
}

// TestDoctorMetrics judges what the daemon has counted.
func TestDoctorMetrics(t *testing.T) {
	for _, tt := range []struct {
		name          string
		count         func(*metrics.Metrics)
		check, result string
		words         string
		exit          int
	}{
		{"a webhook that keeps up", func(m *metrics.Metrics) { m.Webhook(func() time.Duration { return 0 }); m.Delivered(7) }, "webhook", "ok", "7 entries delivered", 0},
		{"a slow webhook", func(m *metrics.Metrics) { m.Webhook(func() time.Duration { return 2 * time.Minute }) }, "webhook", "warning", "2m", 0},
		{"a dead webhook", func(m *metrics.Metrics) { m.Webhook(func() time.Duration { return time.Hour }); m.Undelivered() }, "webhook", "problem", "1 attempt failed", 1},
		{"a slow reader", func(m *metrics.Metrics) { m.Subscribers(2); m.Lagged(); m.Lagging(1) }, "journal", "warning", "1 of 2 readers", 0},
		{"an endpoint that works", func(m *metrics.Metrics) { m.Embedder(func() int { return 3 }); m.Embedded(time.Second, false) }, "embedder", "ok", "3 memories in the queue", 0},
		{"an endpoint that fails", func(m *metrics.Metrics) { m.Embedder(func() int { return 3 }); m.Embedded(time.Second, true) }, "embedder", "warning", "1 of 1 requests", 0},
		{"an endpoint that refuses", func(m *metrics.Metrics) { m.Embedder(func() int { return 0 }); m.Unembedded() }, "embedder", "warning", "refused the texts of 1", 0},
		{"an internal error", func(m *metrics.Metrics) { m.Refused(http.ErrBodyNotAllowed) }, "errors", "warning", "1 operation ", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, m := healthy()
			tt.count(m)
			c := newCommand(t, o, nil)
			c.env["XDG_DATA_HOME"] = t.TempDir()
			code, f := c.examine()
			f.has(t, tt.check, tt.result, tt.words)
			if code != tt.exit {
				t.Errorf("exit %d, want %d: %v", code, tt.exit, f)
			}
		})
	}
}

// TestDoctorFigures judges figures that a test cannot cause.
func TestDoctorFigures(t *testing.T) {
	const gib = 1 << 30
	for _, tt := range []struct {
		free, total, freeInodes, totalInodes int64
		want                                 string
	}{
		{50 * gib, 100 * gib, 1e6, 2e6, "ok"},
		{50 * gib, 100 * gib, 0, 0, "ok"}, // a file system that has no number of inodes
		{4 * gib, 100 * gib, 1e6, 2e6, "warning"},
		{100 << 20, 100 * gib, 1e6, 2e6, "problem"},
		{100 << 20, gib, 1e6, 2e6, "warning"}, // a small disk
		{50 * gib, 100 * gib, 5000, 2e6, "warning"},
		{50 * gib, 100 * gib, 5, 2e6, "problem"},
	} {
		if got, next := cli.JudgeDisk(tt.free, tt.total, tt.freeInodes, tt.totalInodes); got != tt.want || next == "" && got != "ok" {
			t.Errorf("%+v: %s, %q", tt, got, next)
		}
	}
	for _, tt := range []struct {
		open, most float64
		want       string
	}{{50, 65536, "ok"}, {50, 1024, "warning"}, {60000, 65536, "warning"}} {
		if got, next := cli.JudgeFiles(tt.open, tt.most); got != tt.want || next == "" && got != "ok" {
			t.Errorf("%+v: %s, %q", tt, got, next)
		}
	}
}
