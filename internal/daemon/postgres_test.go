package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
)

// TestTheDatabaseIsLost stops the database under a daemon: requests are answered with 503 and their code,
// readiness reports it, the process does not end, and everything works again when the database is back.
func TestTheDatabaseIsLost(t *testing.T) {
	cluster := pgtest.Start(t, pgtest.Fast)
	d := start(t, config(t, "--store="+cluster.URL("postgres"), "--policy=halflife"), nil)
	if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":"before"}`); status != 201 {
		t.Fatal(status, body)
	}
	if err := cluster.Stop(pgtest.Shutdown); err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/v1/sigils", `{"data":"meanwhile"}`}, {"GET", "/v1/sigils", ""}, {"GET", "/v1/stats", ""}, {"POST", "/v1/sweeps/decay", ""}, {"GET", "/readyz", ""},
	} {
		if status, body := ask(t, d, r.method, r.path, r.body); status != 503 || !strings.Contains(body, `"code":"unavailable"`) && r.path != "/readyz" {
			t.Errorf("%s %s: %d %s", r.method, r.path, status, body)
		}
	}
	if status, body := ask(t, d, "GET", "/livez", ""); status != 200 {
		t.Errorf("livez: %d %s", status, body)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); ; {
		if status, _ := ask(t, d, "GET", "/readyz", ""); status == 200 {
			break
		}
		if time.Since(begin) > patience {
			t.Fatal("not ready again")
		}
	}
	if status, body := ask(t, d, "GET", "/v1/sigils", ""); status != 200 || !strings.Contains(body, "before") {
		t.Errorf("%d %s", status, body)
	}
}

// TestNoDatabase starts without a database: the error says so, and does not contain the password.
func TestNoDatabase(t *testing.T) {
	d := daemon.New(config(t, "--store=postgres://sigil:hush@127.0.0.1:1/sigil", "--store-wait=0").Config, nil)
	err := d.Start(t.Context())
	if !errors.Is(err, sigil.ErrUnavailable) || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
	var out bytes.Buffer
	if code := daemon.Serve(t.Context(), []string{"--print-config", "--store=postgres://sigil:hush@db/sigil?password=hush"}, &out, &out, nil, "test"); code != 0 {
		t.Error(code)
	}
	if s := out.String(); !strings.Contains(s, "xxxxx@db/sigil") || strings.Contains(s, "hush") {
		t.Errorf("it prints %s", s)
	}
	out.Reset()
	if code := daemon.Serve(t.Context(), []string{"--store=mysql://sigil:hush@db/sigil"}, &out, &out, nil, "test"); code != 2 || strings.Contains(out.String(), "hush") {
		t.Error(code, out.String())
	}
}

// starting starts a daemon, and returns it with a channel for the result of Start.
func starting(t *testing.T, l *daemon.Loaded, log *logs) (*daemon.Daemon, <-chan error) {
	t.Helper()
	d := daemon.New(l.Config, &daemon.Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	done := make(chan error, 1)
	go func() { done <- d.Start(context.WithoutCancel(t.Context())) }()
	t.Cleanup(func() { stop(t, d) })
	return d, done
}

// TestTheDatabaseComesLater starts a daemon before its database: it runs, reports that it is not ready, and
// serves when the database is up.
func TestTheDatabaseComesLater(t *testing.T) {
	cluster := pgtest.Start(t, pgtest.Fast)
	if err := cluster.Stop(pgtest.Shutdown); err != nil {
		t.Fatal(err)
	}
	log := newLogs()
	d, done := starting(t, config(t, "--store="+cluster.URL("postgres"), "--policy=halflife", "--store-wait=1h"), log)
	log.await(t, "cannot be reached yet", "left=1h")
	for _, r := range []struct {
		method, path, body string
		status             int
		contains           string
	}{
		{"GET", "/livez", "", 200, "ok"},
		{"GET", "/readyz", "", 503, "is waiting for its database"},
		{"POST", "/v1/sigils", `{"data":1}`, 503, `"code":"not_ready"`},
		{"GET", "/v1/events?after=0", "", 503, `"code":"not_ready"`},
		{"GET", "/api/consciousness/sigils", "", 503, `"code":"`},
		{"GET", "/metrics", "", 200, "sigil_build_info"},
		{"GET", "/nothing", "", 404, "unknown_path"},
	} {
		status, body := ask(t, d, r.method, r.path, r.body)
		if status != r.status || !strings.Contains(body, r.contains) {
			t.Errorf("%s %s: %d %s", r.method, r.path, status, body)
		}
	}
	w, err := http.Get("http://" + d.Addr() + "/v1/sigils")
	if err != nil {
		t.Fatal(err)
	}
	if _ = w.Body.Close(); w.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	http.DefaultClient.CloseIdleConnections()
	if n := strings.Count(log.String(), "cannot be reached yet"); n != 1 || strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("it logs:\n%s", log)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	if err := wait(t, "the start", done); err != nil {
		t.Fatal(err)
	}
	log.await(t, "the database can be reached")
	for _, path := range []string{"/readyz", "/v1/sigils"} {
		if status, body := ask(t, d, "GET", path, ""); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// TestNothingToWaitFor checks that a start fails at once if waiting does not help.
func TestNothingToWaitFor(t *testing.T) {
	cluster, guarded := pgtest.Start(t, pgtest.Fast), pgtest.Start(t, pgtest.Fast)
	if err := guarded.RequirePassword(t.Context(), "careful", "known"); err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{
		"database": cluster.URL("nowhere"),
		"role":     strings.Replace(cluster.URL("postgres"), "sigil@", "nobody@", 1),
		"address":  "postgres://sigil@localhost:port/sigil",
		"password": strings.Replace(guarded.URL("postgres"), "sigil@", "careful:hush@", 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, done := starting(t, config(t, "--store="+url, "--store-wait=1h"), newLogs())
			if err := wait(t, "the end of the start", done); err == nil || errors.Is(err, sigil.ErrUnavailable) {
				t.Error(err)
			}
			var out bytes.Buffer
			code := daemon.Serve(t.Context(), []string{"--addr=127.0.0.1:0", "--store=" + url, "--store-wait=1h"}, &out, &out, nil, "test")
			if code != 1 || !strings.Contains(out.String(), "could not start") || strings.Contains(out.String(), "hush") {
				t.Errorf("exit code %d\n%s", code, &out)
			}
			if name != "address" && !strings.Contains(out.String(), "Correct --store") {
				t.Errorf("it does not say what to do:\n%s", &out)
			}
		})
	}
}

// TestThePasswordIsChanged changes the password under a running daemon and ends its connections: requests and /readyz
// are 503 until it is changed back, and neither answers nor the log contain it.
func TestThePasswordIsChanged(t *testing.T) {
	cluster := pgtest.Start(t, pgtest.Fast)
	if err := cluster.RequirePassword(t.Context(), "careful", "hush"); err != nil {
		t.Fatal(err)
	}
	log := newLogs()
	d, done := starting(t, config(t, "--store="+strings.Replace(cluster.URL("postgres"), "sigil@", "careful:hush@", 1), "--policy=halflife"), log)
	if err := wait(t, "the start", done); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"alter role careful password 'other'", "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'careful'"} {
		if err := cluster.Exec(t.Context(), "postgres", sql); err != nil {
			t.Fatal(err)
		}
	}
	log.await(t, "listening for changes by other processes failed", "28P01")
	for path, says := range map[string]string{"/v1/stats": "password", "/v1/sigils": "password", "/readyz": "password"} {
		if status, body := ask(t, d, "GET", path, ""); status != 503 || !strings.Contains(body, says) || strings.Contains(body, "hush") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1}`); status != 503 || strings.Contains(body, "hush") {
		t.Errorf("encode: %d %s", status, body)
	}
	if err := cluster.Exec(t.Context(), "postgres", "alter role careful password 'hush'"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it to be ready again", func() bool {
		status, _ := ask(t, d, "GET", "/readyz", "")
		return status == 200
	})
	if strings.Contains(log.String(), "hush") {
		t.Errorf("the log tells the password:\n%s", log)
	}
}

// A data folder that cannot be used now, such as one on a read-only mount, is not a database to wait for.
func TestADataFolderIsNotWaitedFor(t *testing.T) {
	opened := 0
	d := daemon.New(config(t, "--store-wait=1h").Config, &daemon.Options{
		Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
			if opened++; opened > 1 {
				t.Fatal("it was tried again")
			}
			return nil, &sigil.Error{Kind: sigil.ErrUnavailable, Code: "read_only", Detail: "the folder is mounted read-only"}
		},
	})
	if err := d.Start(t.Context()); !errors.Is(err, sigil.ErrUnavailable) {
		t.Errorf("Start: %v", err)
	}
}

// TestWaitedEnough checks that a start fails when the time to wait is over, and that a waiting start can be
// stopped.
func TestWaitedEnough(t *testing.T) {
	const nobody = "--store=postgres://sigil@127.0.0.1:1/sigil"
	_, done := starting(t, config(t, nobody, "--store-wait=300ms"), newLogs())
	if err := wait(t, "the end of the start", done); !errors.Is(err, sigil.ErrUnavailable) || !strings.Contains(err.Error(), "waited") {
		t.Error(err)
	}
	log := newLogs()
	d, done := starting(t, config(t, nobody, "--store-wait=1h"), log)
	log.await(t, "cannot be reached yet")
	stop(t, d)
	if err := wait(t, "the end of the start", done); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
