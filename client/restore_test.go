package client_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store/storetest"
)

// withUndo returns a client of an API that restores in batches of two, if window is over 0.
func withUndo(t *testing.T, window time.Duration) *client.Client {
	t.Helper()
	e := engine.New(storetest.NewUndoModel(), &engine.Options{
		Limits: engine.Limits{Batch: 2}, Settings: engine.Settings{Undo: engine.Undo{Window: window}},
	})
	api := httpapi.New(e, &httpapi.Options{Logger: slog.New(slog.DiscardHandler)})
	s := httptest.NewServer(api)
	t.Cleanup(s.Close)
	t.Cleanup(api.Close)
	return newClient(t, s.URL, nil)
}

// TestUndo forgets memories and restores them: one, several, and all that a span of the journal removed.
func TestUndo(t *testing.T) {
	c := withUndo(t, time.Hour)
	var ids []sigil.ID
	for i := range 5 {
		m, err := c.Encode(t.Context(), sigil.Draft{Data: fmt.Appendf(nil, "%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	for _, id := range ids { // positions 6 to 10
		begin := time.Now().Truncate(time.Millisecond)
		if until, err := c.ForgetWithUndo(t.Context(), id); err != nil || until.Before(begin.Add(time.Hour)) || until.After(time.Now().Add(time.Hour)) {
			t.Fatalf("restorable until %v, %v", until, err)
		}
	}
	var removed []sigil.ID
	for r, err := range c.AllRemoved(t.Context(), client.RemovedQuery{Limit: 2}) {
		if err != nil || r.Kind != sigil.Forgotten || len(r.Memory.Data) == 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		removed = append(removed, r.Memory.ID)
	}
	for _, id := range ids {
		if !slices.Contains(removed, id) || len(removed) != len(ids) {
			t.Errorf("removed %v, and not %v", removed, id)
		}
	}

	if m, err := c.Restore(t.Context(), ids[0]); err != nil || string(m.Data) != "0" {
		t.Errorf("restored %+v, %v", m, err)
	}
	items, err := c.RestoreMany(t.Context(), ids[:2])
	if err != nil || client.RestoreError(items[1]) != nil || !errors.Is(client.RestoreError(items[0]), sigil.ErrConflict) || *items[0].ID != ids[0] {
		t.Errorf("restored %+v, %v", items, err)
	}
	if _, err := c.RestoreMany(t.Context(), ids); !errors.Is(err, sigil.ErrTooLarge) {
		t.Errorf("more than a batch: %v", err)
	}
	items, err = c.RestoreSpan(t.Context(), 6, 10) // in two requests
	if err != nil || len(items) != 4 {
		t.Fatalf("restored %+v, %v", items, err)
	}
	for i, item := range items {
		if *item.ID != ids[i+1] || (item.Memory == nil) != (i == 0) {
			t.Errorf("%d: %+v", i, item)
		}
	}
	if _, err := c.Restore(t.Context(), sigil.NewID(time.Now())); !errors.Is(err, sigil.ErrNotFound) {
		t.Errorf("restored nothing: %v", err)
	}
	if page, err := c.Removed(t.Context(), client.RemovedQuery{}); err != nil || len(page.Removed) != 0 {
		t.Errorf("still removed: %+v, %v", page, err)
	}
}

// TestUndoOverALiveConnection forgets and restores over a WebSocket.
func TestUndoOverALiveConnection(t *testing.T) {
	live := withUndo(t, time.Hour).Live()
	defer live.Close()
	m, err := live.Encode(t.Context(), sigil.Draft{Data: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := live.Restore(t.Context(), m.ID); !errors.Is(err, sigil.ErrConflict) {
		t.Errorf("restored what is there: %v", err)
	}
	if until, err := live.ForgetWithUndo(t.Context(), m.ID); err != nil || time.Until(until) < 59*time.Minute {
		t.Errorf("restorable until %v, %v", until, err)
	}
	if back, err := live.Restore(t.Context(), m.ID); err != nil || back.ID != m.ID || string(back.Data) != "1" {
		t.Errorf("restored %+v, %v", back, err)
	}
}

// TestNothingToUndo forgets at a daemon that keeps nothing.
func TestNothingToUndo(t *testing.T) {
	c := withUndo(t, 0)
	live := c.Live()
	defer live.Close()
	for name, forget := range map[string]func(sigil.ID) (time.Time, error){
		"HTTP": func(id sigil.ID) (time.Time, error) { return c.ForgetWithUndo(t.Context(), id) },
		"live": func(id sigil.ID) (time.Time, error) { return live.ForgetWithUndo(t.Context(), id) },
	} {
		m, err := c.Encode(t.Context(), sigil.Draft{Data: []byte("1")})
		if err != nil {
			t.Fatal(err)
		}
		if until, err := forget(m.ID); err != nil || !until.IsZero() {
			t.Errorf("%s: restorable until %v, %v", name, until, err)
		}
	}
	if _, err := c.Removed(t.Context(), client.RemovedQuery{}); !errors.Is(err, sigil.ErrConflict) {
		t.Errorf("removed: %v", err)
	}
}
