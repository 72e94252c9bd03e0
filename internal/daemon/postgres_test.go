package daemon_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/pgtest"
)

// TestTheDatabaseIsLost stops the database under a daemon: requests are 503 with their code, readiness says
// so, nothing of the process ends, and all is well by itself when the database is back.
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

// TestNoDatabase starts without one: the error says so, and does not tell the password.
func TestNoDatabase(t *testing.T) {
	d := daemon.New(config(t, "--store=postgres://sigil:hush@127.0.0.1:1/sigil").Config, nil)
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
