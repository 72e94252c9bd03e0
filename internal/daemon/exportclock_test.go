package daemon_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// TestAnExportHasWhatLivesByTheClockOfItsTenant exports a folder whose tenant was away, also one that is salvaged.
func TestAnExportHasWhatLivesByTheClockOfItsTenant(t *testing.T) {
	dir := t.TempDir()
	s, err := pebblestore.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	active, err := sigil.WithActive(sigil.DefaultPolicy(), 3*day)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(-100 * day).Truncate(time.Millisecond)
	e := engine.New(s, &engine.Options{Clock: func() time.Time { return now }, Settings: engine.Settings{Policy: active}})
	first, err := e.Encode(t.Context(), "acme", sigil.Draft{Data: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(60 * day)
	if _, err := e.Encode(t.Context(), "acme", sigil.Draft{Data: []byte("2")}); err != nil {
		t.Fatal(err)
	}
	c, _ := s.ClockOf("acme")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stood := c.StoodAt(time.Now())
	for _, args := range [][]string{{"--data", dir}, {"--salvage", "--data", dir}} {
		lines := exportLines(t, args...)
		if len(lines) != 2 {
			t.Fatalf("export %q: %d lines", args, len(lines))
		}
		for _, line := range lines {
			if strings.Contains(line, first.ID.String()) && !strings.Contains(line, first.FadesAt.Add(stood).Format("2006-01-02")) {
				t.Errorf("export %q: %s, want a deadline at %s", args, line, first.FadesAt.Add(stood))
			}
		}
	}
}
