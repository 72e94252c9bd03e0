package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTimestampHasThreeDigitsAlways(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for want, at := range map[string]time.Time{
		`"2026-03-01T12:00:00.000Z"`: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		`"2026-03-01T12:00:00.100Z"`: time.Date(2026, 3, 1, 12, 0, 0, 100e6, time.UTC),
		`"2026-03-01T12:00:00.001Z"`: time.Date(2026, 3, 1, 13, 0, 0, 1e6, berlin),
	} {
		got := asJSON(t, wire.Timestamp{Time: at})
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		var back wire.Timestamp
		if err := json.Unmarshal([]byte(got), &back); err != nil || !back.Equal(at) {
			t.Errorf("%s is read back as %v, %v", got, back, err)
		}
	}
}

func TestSweepTotal(t *testing.T) {
	s := wire.Sweep{Released: map[string]int{sigil.ReasonDecay: 3, sigil.ReasonTTL: 4}}
	if s.Total() != 7 || (&wire.Sweep{}).Total() != 0 {
		t.Errorf("total %d", s.Total())
	}
}
