package daemon_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store/storetest"
)

// forgotten encodes a memory, forgets it, and returns its id.
func forgotten(t *testing.T, d *daemon.Daemon) string {
	t.Helper()
	_, memory := ask(t, d, "POST", "/v1/sigils", `{"data":1}`)
	_, id, _ := strings.Cut(memory, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	if status, body := ask(t, d, "DELETE", "/v1/sigils/"+id, ""); status != http.StatusNoContent {
		t.Fatalf("forget: %d %s", status, body)
	}
	return id
}

// restore restores a memory and returns the status of the answer.
func restore(t *testing.T, d *daemon.Daemon, id string) int {
	t.Helper()
	status, _ := ask(t, d, "POST", "/v1/sigils/"+id+":restore", "")
	return status
}

// TestUndo restores what was forgotten before a restart, on each store, unless undo is off.
func TestUndo(t *testing.T) {
	for name, args := range map[string]func(t *testing.T) []string{
		"pebble": func(t *testing.T) []string { return []string{"--data=" + t.TempDir()} },
		"postgres": func(t *testing.T) []string {
			return []string{"--store=" + pgtest.Start(t, pgtest.Fast).URL("postgres")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := args(t)
			d := start(t, config(t, args...), nil)
			id := forgotten(t, d)
			stop(t, d)
			d = start(t, config(t, args...), nil)
			if status := restore(t, d, id); status != http.StatusOK {
				t.Errorf("restore after a restart: %d", status)
			}
			stop(t, d)
			d = start(t, config(t, append(args, "--undo=0")...), nil)
			if status := restore(t, d, forgotten(t, d)); status != http.StatusConflict {
				t.Errorf("restore while undo is off: %d", status)
			}
			stop(t, d)
			d = start(t, config(t, args...), nil)
			if status, body := ask(t, d, "GET", "/v1/removed", ""); status != http.StatusOK || !strings.Contains(body, `"removed":[]`) {
				t.Errorf("kept while undo was off: %d %s", status, body)
			}
		})
	}
}

// TestReloadUndo changes how long removed memories can be restored. A daemon that began without cannot begin to keep any.
func TestReloadUndo(t *testing.T) {
	r := run(t, t.Context(), storetest.NewUndoModel(), "undo: 1h\n")
	r.log.await(t, "ready")
	if status := restore(t, r.daemon, forgotten(t, r.daemon)); status != http.StatusOK {
		t.Errorf("restore: %d", status)
	}
	r.rewrite(t, "undo: 0s\nundo-memories: 7\nundo-bytes: 1MiB\n")
	r.log.await(t, "read the settings again", "undo=0s", "undo-memories=7", "undo-bytes=1MiB")
	if status := restore(t, r.daemon, forgotten(t, r.daemon)); status != http.StatusConflict {
		t.Errorf("restore while undo is off: %d", status)
	}
	r.rewrite(t, "undo: 2h\n")
	r.log.await(t, "read the settings again", "undo=2h")
	if status := restore(t, r.daemon, forgotten(t, r.daemon)); status != http.StatusOK {
		t.Errorf("restore once undo is on again: %d", status)
	}

	off := run(t, t.Context(), storetest.NewModel(), "undo: 0s\n")
	off.log.await(t, "ready")
	off.rewrite(t, "undo: 1h\nundo-memories: 7\n")
	off.log.await(t, "level=WARN", "need a restart", "undo")
	off.log.await(t, "read the settings again", "undo-memories=7")
	if status := restore(t, off.daemon, forgotten(t, off.daemon)); status != http.StatusConflict {
		t.Errorf("restore at a daemon that began without: %d", status)
	}
}
