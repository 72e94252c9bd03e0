package daemon_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/daemon"
)

// madeBackup is what the API says of a backup.
type madeBackup struct {
	Name     string `json:"name"`
	Position uint64 `json:"position"`
	Verified bool   `json:"verified"`
	Files    []struct {
		Name string `json:"name"`
	} `json:"files"`
}

// listed returns the names of the daemon's backups, newest first.
func listed(t *testing.T, d *daemon.Daemon) (names []string) {
	t.Helper()
	status, body := ask(t, d, "GET", "/v1/backups", "")
	var list struct {
		Backups []madeBackup `json:"backups"`
	}
	if err := json.Unmarshal([]byte(body), &list); status != 200 || err != nil {
		t.Fatal(status, body, err)
	}
	for _, b := range list.Backups {
		names = append(names, b.Name)
	}
	return names
}

// A backup is made when asked, listed, counted, and the oldest ones are removed.
func TestBackupWhenAsked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "backups")
	d := start(t, config(t, "--backup-dir="+dir, "--backup-keep=2"), nil)
	if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1}`); status != 201 {
		t.Fatal(status, body)
	}
	for _, name := range []string{"a", "b", "c"} {
		status, body := ask(t, d, "POST", "/v1/backups", `{"name":"`+name+`"}`)
		var b madeBackup
		if err := json.Unmarshal([]byte(body), &b); status != 201 || err != nil || b.Name != name || b.Position != 1 || !b.Verified || len(b.Files) == 0 {
			t.Fatal(status, body, err)
		}
	}
	if names := listed(t, d); !slices.Equal(names, []string{"c", "b"}) {
		t.Errorf("there are %v", names)
	}
	if status, body := ask(t, d, "POST", "/v1/backups", `{"name":"c"}`); status != 409 || !strings.Contains(body, "backup_exists") {
		t.Error(status, body)
	}
	if status, body := ask(t, d, "POST", "/v1/backups", `{"name":"../c"}`); status != 400 || !strings.Contains(body, "invalid_name") {
		t.Error(status, body)
	}
	_, scraped := ask(t, d, "GET", "/metrics", "")
	for _, want := range []string{"sigil_backup_duration_seconds_count 3\n", "sigil_backup_failed_total 0\n", "sigil_backup_last_success_timestamp_seconds 1."} {
		if !strings.Contains(scraped, want) {
			t.Errorf("the metrics have no %q", want)
		}
	}
}

// Backups are made on the schedule, under names made of the time.
func TestBackupOnSchedule(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "backups")
	d := start(t, config(t, "--backup-dir="+dir, "--backup-every=* * * * * *", "--backup-keep=1"), nil)
	for begun := time.Now(); ; {
		names := listed(t, d)
		if len(names) == 1 {
			if _, err := time.Parse("20060102T150405.000Z", names[0]); err != nil {
				t.Error(err)
			}
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("there are %v", names)
		}
	}
}

// A failure is counted, and the daemon goes on.
func TestBackupFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "backups")
	d := start(t, config(t, "--backup-dir="+dir), nil)
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file, where the folder should be
		t.Fatal(err)
	}
	if status, body := ask(t, d, "POST", "/v1/backups", ""); status != 500 {
		t.Error(status, body)
	}
	if _, scraped := ask(t, d, "GET", "/metrics", ""); !strings.Contains(scraped, "sigil_backup_failed_total 1\n") {
		t.Error("the failure is not counted")
	}
}

func TestNoBackups(t *testing.T) {
	d := start(t, config(t), nil)
	for _, method := range []string{"GET", "POST"} {
		if status, body := ask(t, d, method, "/v1/backups", ""); status != 409 || !strings.Contains(body, "backup_off") {
			t.Error(status, body)
		}
	}
}

func TestBackupSettings(t *testing.T) {
	for _, wrong := range [][]string{
		{"--backup-keep=-1"},
		{"--backup-every=@daily"},
		{"--backup-dir=/b", "--backup-every=never"},
		{"--data=/d", "--backup-dir=/d/backups"},
		{"--store=postgres://h/d", "--backup-dir=/b"},
	} {
		if _, err := daemon.Load(wrong, nil); err == nil || !strings.Contains(err.Error(), "backup-") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
