package sigil_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
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
		got := asJSON(t, sigil.Timestamp{Time: at})
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		var back sigil.Timestamp
		if err := json.Unmarshal([]byte(got), &back); err != nil || !back.Equal(at) {
			t.Errorf("%s is read back as %v, %v", got, back, err)
		}
	}
}

func TestViewOfAMemory(t *testing.T) {
	id, err := sigil.ParseID("019ca945-0a7b-7000-8000-000000000001")
	if err != nil {
		t.Fatal(err)
	}
	m := sigil.Memory{
		Meta:  plain(func(m *sigil.Meta) { m.ID, m.Frequency, m.TTL = id, 398, 90*time.Second }),
		State: sigil.DefaultState(), Data: json.RawMessage(`{"n":12345678901234567890}`),
	}
	const want = `{"id":"019ca945-0a7b-7000-8000-000000000001","tenant":"public","data":{"n":12345678901234567890},` +
		`"state":{"phi":0.5,"coherence":0.5,"awareness":0.5,"emotionalResonance":0.5},` +
		`"hash":"0000000000000000000000000000000000000000000000000000000000000000",` +
		`"frequency":0.6439775275224582,"pattern":64,"potential":0.5,"decay":0.10500000000000001,` +
		`"createdAt":"2026-03-01T12:00:00.123Z","lastAccessed":"2026-03-01T12:00:00.123Z","accessCount":0,` +
		`"fadesAt":"2026-03-01T12:01:30.123Z","ttl":"90s","pinned":false,"crystallized":false,` +
		`"policy":"classic rate=0.001 period=5s threshold=0.95","tags":[]}`
	if got := asJSON(t, m.View(encodedAt.Add(30*time.Second))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	m.Pinned, m.TTL, m.Tags, m.State.Extra = true, 0, []string{"a"}, map[string]json.RawMessage{"mood": json.RawMessage(`"calm"`)}
	m.Reschedule()
	v := m.View(encodedAt)
	if v.FadesAt != nil || v.TTL != nil || v.Tags[0] != "a" {
		t.Errorf("fadesAt %v, ttl %v, tags %v", v.FadesAt, v.TTL, v.Tags)
	}
	if got := asJSON(t, v.State); got != `{"phi":0.5,"coherence":0.5,"awareness":0.5,"emotionalResonance":0.5,"mood":"calm"}` {
		t.Errorf("state %s", got)
	}
}

func TestViewWithoutContent(t *testing.T) {
	m := plain(nil)
	var got map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, m.View(encodedAt))), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data", "state", "hash", "spiral", "resonance"} {
		if _, there := got[name]; there {
			t.Errorf("has %s", name)
		}
	}
	for _, name := range []string{"fadesAt", "ttl", "tags", "policy"} {
		if _, there := got[name]; !there {
			t.Errorf("has no %s", name)
		}
	}
}

// The arithmetic of an entry is enough to work out its decision again.
func TestViewOfAnEventHasTheArithmetic(t *testing.T) {
	m := plain(nil)
	e := sigil.Event{Position: 7, Time: m.FadesAt.Add(2500 * time.Millisecond), Kind: sigil.Faded, Reason: sigil.ReasonDecay, Memory: m}
	v := e.View()
	a := v.Arithmetic
	if a == nil || v.ID == nil || *v.ID != m.ID || v.Crystal != nil || a.IdleSeconds != 97.5 || a.Threshold != 0.95 {
		t.Fatalf("view %+v", v)
	}
	policy, err := sigil.ParsePolicy(a.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if got := policy.Decay(seconds(a.IdleSeconds)); got != a.Decay || got != e.Decay() || got < a.Threshold {
		t.Errorf("decay %v, worked out again %v", a.Decay, got)
	}
}

func TestViewOfAPatternsCrystal(t *testing.T) {
	c := sigil.Crystal{
		Tenant: "public", Kind: sigil.CrystalOfPattern, Pattern: 64, Members: 3, CreatedAt: encodedAt, UpdatedAt: encodedAt,
		Stability: 0.95, Frequency: 0.64,
	}
	e := sigil.Event{Position: 1, Time: encodedAt, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Crystal: &c}
	e.Memory.Tenant = "public"
	const want = `{"position":1,"time":"2026-03-01T12:00:00.123Z","tenant":"public","kind":"crystallized","reason":"potential",` +
		`"crystal":{"id":"pattern-64","tenant":"public","kind":"pattern","pattern":64,"members":3,` +
		`"createdAt":"2026-03-01T12:00:00.123Z","updatedAt":"2026-03-01T12:00:00.123Z","stabilityScore":0.95,"frequency":0.64}}`
	if got := asJSON(t, e.View()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if e.Decay() != 0 {
		t.Errorf("decay of no memory: %v", e.Decay())
	}
}

func TestErrorsAreFoundByKindAndCause(t *testing.T) {
	cause := errors.New("disk on fire")
	err := fmt.Errorf("encode: %w", &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_unavailable", Field: "data", Detail: "later", Err: cause})
	if !errors.Is(err, sigil.ErrUnavailable) || !errors.Is(err, cause) || errors.Is(err, sigil.ErrInternal) {
		t.Errorf("%v is not what it should be", err)
	}
	if got := err.Error(); got != "encode: store_unavailable: data: later: disk on fire" {
		t.Errorf("text %q", got)
	}
	if !errors.Is(sigil.NewNotFound(), sigil.ErrNotFound) || !errors.Is(sigil.NewTooLarge("x", "", ""), sigil.ErrTooLarge) {
		t.Error("a kind is not found")
	}
	for want, err := range map[string]error{"": nil, "store_unavailable": err, "internal": cause, "not_found": sigil.NewNotFound()} {
		if got := sigil.CodeOf(err); got != want {
			t.Errorf("code of %v: %q, want %q", err, got, want)
		}
	}
}

func TestSweepTotal(t *testing.T) {
	s := sigil.Sweep{Released: map[string]int{sigil.ReasonDecay: 3, sigil.ReasonTTL: 4}}
	if s.Total() != 7 || (&sigil.Sweep{}).Total() != 0 {
		t.Errorf("total %d", s.Total())
	}
}
