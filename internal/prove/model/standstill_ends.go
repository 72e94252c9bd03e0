package model

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// EndsDuringAStandstill has a tenant of an empty store be away, and ttls end meanwhile and after it. Each ends on its day.
func EndsDuringAStandstill(t *testing.T, s interface {
	store.Store
	Verify(ctx context.Context) error
},
) {
	t.Helper()
	const day = 24 * time.Hour
	active, err := sigil.WithActive(sigil.DefaultPolicy(), 3*day)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Truncate(time.Millisecond)
	now := begin
	e := engine.New(s, &engine.Options{Clock: func() time.Time { return now }, Settings: engine.Settings{Policy: active}})
	for i, d := range []sigil.Draft{{TTL: 2 * day}, {TTL: 20 * day}, {TTL: 40 * day}, {TTL: 62 * day}, {TTL: 300 * day}, {}, {TTL: 30 * day, Pinned: true}} {
		d.Data = fmt.Append(nil, i)
		if _, err := e.Encode(t.Context(), "acme", d); err != nil {
			t.Fatal(err)
		}
	}
	days := func(until int, want map[int]int) {
		t.Helper()
		for ; now.Before(begin.Add(time.Duration(until) * day)); now = now.Add(day) {
			swept, err := e.Sweep(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			at := int(now.Sub(begin) / day)
			if swept.Total() != want[at] || swept.Released[sigil.ReasonTTL] != want[at] {
				t.Errorf("day %d: released %v, want %d", at, swept.Released, want[at])
			}
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
	days(60, map[int]int{2: 1, 20: 1, 30: 1, 40: 1})
	page, err := e.List(t.Context(), "acme", engine.ListQuery{})
	if err != nil || len(page.Memories) != 3 {
		t.Fatalf("%d memories after it, %v", len(page.Memories), err)
	}
	days(65, map[int]int{62: 1})
	if events, err := e.Events(t.Context(), "acme", 0, 100); err != nil {
		t.Error(err)
	} else {
		for _, event := range events {
			m := event.Memory
			if m.Reschedule(); m.FadesAt != event.Memory.FadesAt {
				t.Errorf("%s has a deadline at %s, but it follows %s", event.Kind, event.Memory.FadesAt, m.FadesAt)
			}
		}
	}
}
