package pebblestore_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	walls "github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// clocked is a store with its own clock.
type clocked struct {
	*pebblestore.Store
	clock *walls.Clock
}

func (s clocked) Clock() *walls.Clock { return s.clock }

// TestWhatWasTouchedDuringAJump encodes while the clock has jumped by an hour, which is confirmed then: a sweep moves
// the deadline, which lasts and is no damage.
func TestWhatWasTouchedDuringAJump(t *testing.T) {
	ctx, dir, first := t.Context(), t.TempDir(), time.UnixMilli(1_764_000_000_000).UTC()
	var at, off time.Duration
	read := func() walls.Reading { return walls.Reading{At: at, Time: first.Add(at + off)} }
	s, err := pebblestore.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := walls.New(read(), walls.Options{
		Read: read, Monotonic: func() time.Duration { return at }, Slept: func() time.Duration { return 0 },
		Logger: slog.New(slog.DiscardHandler),
	})
	e := engine.New(clocked{s, k}, &engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic()}})
	at = 2 * time.Second
	e.Now()
	off = time.Hour
	at += 10 * time.Second
	m, err := e.Encode(ctx, "a", sigil.Draft{Data: []byte(`1`)})
	if err != nil {
		t.Fatal(err)
	}
	at += time.Second
	if !e.ConfirmClock() {
		t.Error("there was nothing to confirm")
	}
	if swept, err := e.Sweep(ctx); err != nil || swept.Total() != 0 {
		t.Errorf("released %d, %v", swept.Total(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checked, err := pebblestore.Check(dir, nil)
	if err != nil || len(checked.Problems) > 0 {
		t.Errorf("check: %v, %v", checked.Problems, err)
	}
	s = open(t, dir)
	got, err := s.Meta(ctx, m.Key, m.CreatedAt.Add(time.Hour))
	if err != nil || !got.LastAccessed.Equal(m.CreatedAt.Add(time.Hour)) || !got.FadesAt.Equal(sigil.Deadline(m.Policy, got.LastAccessed)) {
		t.Errorf("last accessed %s, fades %s, %v", got.LastAccessed, got.FadesAt, err)
	}
}
