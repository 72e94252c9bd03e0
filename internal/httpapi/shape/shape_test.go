package shape_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

var encodedAt = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

// plain is a memory that lives for 95 s, encoded at encodedAt.
func plain(change func(m *sigil.Meta)) sigil.Meta {
	m := sigil.Meta{
		Key: sigil.Key{Tenant: "public", ID: sigil.NewID(encodedAt)}, Potential: 0.5,
		CreatedAt: encodedAt, LastAccessed: encodedAt, Policy: sigil.DefaultClassic(),
	}
	if change != nil {
		change(&m)
	}
	m.Reschedule()
	return m
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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
		`"fadesAt":"2026-03-01T12:01:30.123Z","ttl":"90s","life":"95s","pinned":false,"crystallized":false,` +
		`"policy":"classic rate=0.001 period=5s threshold=0.95","tags":[]}`
	if got := asJSON(t, shape.Memory(&m, encodedAt.Add(30*time.Second))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	m.Pinned, m.TTL, m.Tags, m.State.Extra = true, 0, []string{"a"}, map[string]json.RawMessage{"mood": json.RawMessage(`"calm"`)}
	m.Reschedule()
	v := shape.Memory(&m, encodedAt)
	if v.FadesAt != nil || v.TTL != nil || *v.Life != "95s" || v.Tags[0] != "a" {
		t.Errorf("fadesAt %v, ttl %v, tags %v", v.FadesAt, v.TTL, v.Tags)
	}
	if got := asJSON(t, v.State); got != `{"phi":0.5,"coherence":0.5,"awareness":0.5,"emotionalResonance":0.5,"mood":"calm"}` {
		t.Errorf("state %s", got)
	}
}

func TestViewWithoutContent(t *testing.T) {
	m := plain(nil)
	var got map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, shape.Figures(&m, encodedAt))), &got); err != nil {
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

// The figures of an entry are enough to repeat its decision.
func TestViewOfAnEventHasTheArithmetic(t *testing.T) {
	m := plain(nil)
	e := sigil.Event{Position: 7, Time: m.FadesAt.Add(2500 * time.Millisecond), Kind: sigil.Faded, Reason: sigil.ReasonDecay, Memory: m}
	v := shape.Event(&e)
	a := v.Arithmetic
	if a == nil || v.ID == nil || *v.ID != m.ID || v.Crystal != nil || a.IdleSeconds != 97.5 || a.Threshold != 0.95 {
		t.Fatalf("view %+v", v)
	}
	policy, err := sigil.ParsePolicy(a.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if got := policy.Decay(time.Duration(a.IdleSeconds * float64(time.Second))); got != a.Decay || got != e.Decay() || got < a.Threshold {
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
	const want = `{"position":1,"token":"1","time":"2026-03-01T12:00:00.123Z","tenant":"public","kind":"crystallized","reason":"potential",` +
		`"crystal":{"id":"pattern-64","tenant":"public","kind":"pattern","pattern":64,"members":3,` +
		`"createdAt":"2026-03-01T12:00:00.123Z","updatedAt":"2026-03-01T12:00:00.123Z","stabilityScore":0.95,"frequency":0.64}}`
	if got := asJSON(t, shape.Event(&e)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if e.Decay() != 0 {
		t.Errorf("decay of no memory: %v", e.Decay())
	}
}
