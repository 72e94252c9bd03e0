package sigil_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
)

// TestAStandstillIsNoIdleness shifts a memory, as if the clock of its tenant had stood still for two months.
func TestAStandstillIsNoIdleness(t *testing.T) {
	created := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const away = 60 * 24 * time.Hour
	m := sigil.Meta{CreatedAt: created, LastAccessed: created, Policy: sigil.DefaultPolicy()}
	m.Reschedule()
	later := m.Shift(away)
	if later.FadesAt != m.FadesAt.Add(away) || later.Decay(created.Add(away)) != 0 || later.Idle(m.FadesAt.Add(away)) != m.Idle(m.FadesAt) {
		t.Errorf("fades at %s, was %s", later.FadesAt, m.FadesAt)
	}
	again := later
	again.Reschedule()
	if again != later {
		t.Errorf("rescheduled: %s, want %s", again.FadesAt, later.FadesAt)
	}
	if back := later.Shift(-away); back != m {
		t.Errorf("shifted back: %+v, want %+v", back, m)
	}
	later.Touch(m.Policy, created.Add(away))
	if later.Stood != 0 || later.FadesAt != m.FadesAt.Add(away) {
		t.Errorf("touched: %+v", later)
	}

	m.TTL = 40 * 24 * time.Hour
	m.Reschedule()
	if ended := m.Shift(away); ended.FadesAt != created.Add(m.TTL) || ended.FadeReason() != sigil.ReasonTTL || !ended.Ended(ended.FadesAt) || ended.Ended(ended.FadesAt.Add(-1)) {
		t.Errorf("with a ttl: %+v", ended)
	}
	if m.FadeReason() != sigil.ReasonDecay {
		t.Error("the ttl is not the end without a standstill")
	}
	m.Pinned, m.TTL = true, 0
	m.Reschedule()
	if pinned := m.Shift(away); !pinned.FadesAt.IsZero() || pinned.Stood != away {
		t.Errorf("pinned: %+v", pinned)
	}
}
