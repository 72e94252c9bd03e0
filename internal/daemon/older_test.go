package daemon_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/wire"
)

// TestOlderCopy restores a store from an older copy: a reader that has seen more than the copy has gets an
// error, and one at the newest position continues.
func TestOlderCopy(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	older := filepath.Join(t.TempDir(), "older")
	cluster := pgtest.Start(t, pgtest.Fast)
	for name, tt := range map[string]struct {
		store         string
		keep, putBack func() error
	}{
		"folder": {
			"--data=" + folder,
			func() error { return os.CopyFS(older, os.DirFS(folder)) },
			func() error { return errors.Join(os.RemoveAll(folder), os.CopyFS(folder, os.DirFS(older))) },
		},
		"database": {
			"--store=" + cluster.URL("kept"),
			func() error { return cluster.Exec(t.Context(), "postgres", "create database older template kept") },
			func() error {
				return errors.Join(cluster.Exec(t.Context(), "postgres", "drop database kept with (force)"),
					cluster.Exec(t.Context(), "postgres", "alter database older rename to kept"))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "database" {
				if err := cluster.Exec(t.Context(), "postgres", "create database kept"); err != nil {
					t.Fatal(err)
				}
			}
			encode := func() (newest uint64) {
				d := daemon.New(config(t, tt.store).Config, nil)
				if err := d.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				defer stop(t, d)
				for range 3 {
					if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":"tea"}`); status != 201 {
						t.Fatal(status, body)
					}
				}
				return position(t, d)
			}
			first := encode()
			if err := tt.keep(); err != nil {
				t.Fatal(err)
			}
			seen := encode()
			if err := tt.putBack(); err != nil {
				t.Fatal(err)
			}
			d := start(t, config(t, tt.store), nil)
			if status, body := ask(t, d, "GET", fmt.Sprint("/v1/events?after=", seen), ""); status != 410 || !strings.Contains(body, `"code":"position_ahead"`) || !strings.Contains(body, fmt.Sprintf(`"newest":%d`, first)) {
				t.Errorf("page: %d %s", status, body)
			}
			c, err := client.New("http://"+d.Addr(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range c.Follow(t.Context(), &client.FollowOptions{After: &seen}) {
				if !errors.Is(err, sigil.ErrGone) {
					t.Errorf("follow: %v", err)
				}
			}
			if status, body := ask(t, d, "GET", fmt.Sprint("/v1/events?after=", first), ""); status != 200 {
				t.Errorf("at the newest: %d %s", status, body)
			}
		})
	}
}

// position returns the position of the journal's newest entry.
func position(t *testing.T, d *daemon.Daemon) uint64 {
	t.Helper()
	_, body := ask(t, d, "GET", "/v1/stats", "")
	var s wire.Stats
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	return s.Position
}
