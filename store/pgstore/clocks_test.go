package pgstore_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/prove/model"
	"github.com/sigil-dna/sigil/store"
)

// TestProcessesAgreeOnTheClockOfATenant has a tenant that is away for two months, and two daemons. One does not know yet that the
// tenant is back, when it sweeps.
func TestProcessesAgreeOnTheClockOfATenant(t *testing.T) {
	url := database(t)
	a, b := open(t, url, nil), open(t, url, nil)
	defer closeAll(t, a, b)
	const day = 24 * time.Hour
	active, err := sigil.WithActive(sigil.DefaultPolicy(), 3*day)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Millisecond)
	options := &engine.Options{Clock: func() time.Time { return now }, Settings: engine.Settings{Policy: active, Notice: day}}
	one, other := engine.New(a, options), engine.New(b, options)
	var keys []sigil.Key
	for range 600 { // more than a sweep takes at once
		m, err := one.Encode(t.Context(), "acme", sigil.Draft{Data: []byte("1")})
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, m.Key)
	}
	until(t, "for the clock", func() bool { _, ok := b.ClockOf("acme"); return ok })
	sweep := func(want int) {
		t.Helper()
		for _, e := range []*engine.Engine{other, one} {
			s, err := e.Sweep(t.Context())
			if err != nil || s.Total() != want || s.Noticed != 0 {
				t.Fatalf("released %d, noticed %d, %v", s.Total(), s.Noticed, err)
			}
			want = 0
		}
	}
	now = now.Add(62 * day)
	sweep(0)
	first, err := one.Recall(t.Context(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	sweep(0)
	got, err := other.Recall(t.Context(), keys[1]) // the clock that b knows still stands
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []sigil.Memory{first, got} {
		if m.Stood != 0 || !m.FadesAt.Equal(sigil.Deadline(active, now)) {
			t.Errorf("%s is to fade at %s, after %s", m.ID, m.FadesAt, m.Stood)
		}
	}
	for _, s := range []store.Store{a, b} {
		if c, _ := s.ClockOf("acme"); c.Stood != 59*day || !c.Stops.Equal(now.Add(3*day)) {
			t.Errorf("the clock is %+v", c)
		}
	}
	for range 27 {
		now = now.Add(day)
		if _, err := one.Peek(t.Context(), keys[0]); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "for the clock", func() bool { c, _ := b.ClockOf("acme"); return c.Stops.After(now) })
	now = now.Add(6 * time.Hour)
	s, err := other.Sweep(t.Context())
	if err != nil || s.Total() != 0 || s.Noticed != 598 {
		t.Fatalf("released %d, noticed %d, %v", s.Total(), s.Noticed, err)
	}
	now = now.Add(6 * time.Hour)
	if s, err = one.Sweep(t.Context()); err != nil || s.Total() != 598 {
		t.Errorf("released %d, %v", s.Total(), err)
	}
	if err := a.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestATTLEndsDuringAStandstill(t *testing.T) {
	s := open(t, database(t), nil)
	defer closeAll(t, s)
	model.EndsDuringAStandstill(t, s)
}

// TestAProcessThatWasSuspendedRemovesNothingThatLives has a process know nothing of the clock that a tenant has got from another one, as after it was
// suspended for two months, and sweep.
func TestAProcessThatWasSuspendedRemovesNothingThatLives(t *testing.T) {
	url := database(t)
	a, b := open(t, url, nil), open(t, url, nil)
	defer closeAll(t, a, b)
	const day = 24 * time.Hour
	active, err := sigil.WithActive(sigil.DefaultPolicy(), 30*day)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Millisecond)
	options := &engine.Options{Clock: func() time.Time { return now }, Settings: engine.Settings{Policy: active, Notice: day}}
	one, other := engine.New(a, options), engine.New(b, options)
	sweep := func(want int) {
		t.Helper()
		s, err := other.Sweep(t.Context())
		if err != nil || s.Total() != want || s.Noticed != 0 {
			t.Errorf("released %d, noticed %d, %v; want %d", s.Total(), s.Noticed, err, want)
		}
	}
	m, err := one.Encode(t.Context(), "acme", sigil.Draft{Data: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(90 * day)
	sweep(0)

	// And it does not know that the clock stops earlier.
	if active, err = sigil.WithActive(active, day); err != nil {
		t.Fatal(err)
	}
	one.Configure(engine.Settings{Policy: active})
	if _, err := one.Recall(t.Context(), m.Key); err != nil {
		t.Fatal(err)
	}
	if err := a.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(90 * day)
	sweep(0)
	if _, err := other.Peek(t.Context(), m.Key); err != nil {
		t.Error(err)
	}
}
