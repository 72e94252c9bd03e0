package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
)

// once draws true once in n times; false is the simpler value.
func (m *machine) once(n int, what string) bool {
	return rapid.IntRange(1, n).Draw(m.t, what) == n
}

func (m *machine) tenant() string { return rapid.SampledFrom(tenants).Draw(m.t, "tenant") }

// key draws a key to call with: mostly that of a recent memory, live or not; sometimes that of another
// tenant, or one that does not exist.
func (m *machine) key() sigil.Key {
	if len(m.keys) == 0 || m.once(20, "unknown id") {
		return sigil.Key{Tenant: m.tenant(), ID: sigil.ID{1}}
	}
	key := m.keys[len(m.keys)-1-rapid.IntRange(0, min(len(m.keys), 30)-1).Draw(m.t, "how long ago")]
	if m.once(20, "other tenant") {
		key.Tenant = m.tenant()
	}
	return key
}

// contents are kinds of data: as sent, as stored, and in canonical form. There are few different ones, so
// that memories share patterns.
var contents = []func(n int) (sent, kept, canonical string){
	func(n int) (sent, kept, canonical string) {
		same := fmt.Sprintf(`{"n":%d}`, n)
		return same, same, same
	},
	func(n int) (sent, kept, canonical string) {
		return fmt.Sprintf(" {\n\"b\" : 2 , \"a\":%d}", n), fmt.Sprintf(`{"b":2,"a":%d}`, n), fmt.Sprintf(`{"a":%d,"b":2}`, n)
	},
	func(n int) (sent, kept, canonical string) {
		return fmt.Sprintf(`[%d.50, 1E1]`, n), fmt.Sprintf(`[%d.50,1E1]`, n), fmt.Sprintf(`[%d.5,10]`, n)
	},
	func(n int) (sent, kept, canonical string) {
		return fmt.Sprintf(`"\u00e9 %d"`, n), fmt.Sprintf(`"\u00e9 %d"`, n), fmt.Sprintf(`"é %d"`, n)
	},
	func(n int) (sent, kept, canonical string) {
		same := `"` + strings.Repeat("x", 9*n) + `"`
		return same, same, same
	},
}

// mistakes are the possible mistakes in a draft, with the expected errors.
var mistakes = []struct {
	make func(d *sigil.Draft)
	want *sigil.Error
}{
	{func(d *sigil.Draft) { d.Data = []byte(`nope`) }, sigil.NewInvalid("invalid_json", "data", "")},
	{func(d *sigil.Draft) { d.Data = []byte(`{"a":1,"a":2}`) }, sigil.NewInvalid("duplicate_key", "data/a", "")},
	{func(d *sigil.Draft) { d.Data = []byte(`1e999`) }, sigil.NewInvalid("number_out_of_range", "data", "")},
	{func(d *sigil.Draft) { d.State = &sigil.State{Phi: 1.5} }, sigil.NewInvalid("invalid_state", "state.phi", "")},
	{func(d *sigil.Draft) { d.Life = -1 }, sigil.NewInvalid("invalid_life", "life", "")},
	{func(d *sigil.Draft) { d.Policy = sigil.Classic{} }, sigil.NewInvalid("invalid_policy", "policy", "")},
	{func(d *sigil.Draft) { d.TTL = -1 }, sigil.NewInvalid("invalid_ttl", "ttl", "")},
	{func(d *sigil.Draft) { d.Tags = []string{"a", ""} }, sigil.NewInvalid("invalid_tag", "tags/1", "")},
	{func(d *sigil.Draft) { d.Vector = []float32{0, 0} }, sigil.NewInvalid("invalid_vector", "vector", "")},
	{func(d *sigil.Draft) { d.OnDuplicate = "merge" }, sigil.NewInvalid("invalid_on_duplicate", "onDuplicate", "")},
	{func(d *sigil.Draft) { d.Similar = 1.5 }, sigil.NewInvalid("invalid_similar", "similar", "")},
	{func(d *sigil.Draft) { d.IdempotencyKey = "\n" }, sigil.NewInvalid("invalid_idempotency_key", "Idempotency-Key", "")},
}

var ttls = []time.Duration{0, 0, 0, 0, 1, 10 * time.Millisecond, 5 * time.Second, time.Minute, 30 * time.Hour}

// lives are what memories live for untouched, if their policies do not say so.
var lives = []time.Duration{0, 3 * time.Second, 95 * time.Second, 40 * time.Minute, 30 * time.Hour}

// asked draws a draft.
func (m *machine) asked() asked {
	var a asked
	content, n := rapid.IntRange(0, len(contents)-1).Draw(m.t, "content"), rapid.IntRange(0, 5).Draw(m.t, "n")
	var sent string
	sent, a.kept, a.canonical = contents[content](n)
	a.draft = sigil.Draft{
		Data: []byte(sent), State: m.state(), TTL: rapid.SampledFrom(ttls).Draw(m.t, "ttl"), Pinned: m.once(8, "pinned"),
		Tags: slices.Clone(rapid.SampledFrom([][]string{nil, {"a", "b"}, {}, {"a"}, {"c", "c", "b"}}).Draw(m.t, "tags")),
	}
	a.draft.OnDuplicate = rapid.SampledFrom([]sigil.OnDuplicate{"", "", sigil.Keep, sigil.Reinforce, sigil.Reinforce, sigil.Reject}).Draw(m.t, "on duplicate")
	if m.once(4, "idempotent") {
		a.draft.IdempotencyKey = rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(m.t, "idempotency key")
	}
	if m.once(6, "a life") {
		a.draft.Life = rapid.SampledFrom(lives).Draw(m.t, "life")
	}
	if m.once(6, "a policy of its own") {
		a.draft.Policy = m.law()
	}
	if m.once(12, "mistaken") {
		mistake := mistakes[rapid.IntRange(0, len(mistakes)-1).Draw(m.t, "mistake")]
		mistake.make(&a.draft)
		a.wrong = mistake.want
	}
	return a
}

// state draws a state that crystallizes, one that just does not, or any other.
func (m *machine) state() *sigil.State {
	figure := rapid.Float64Range(0, 1)
	switch rapid.IntRange(0, 7).Draw(m.t, "state") {
	default:
		return nil
	case 4, 5:
		return &sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 0.6} // p = 0.913
	case 6:
		return &sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 0.5} // p = 0.892
	case 7:
		return &sigil.State{
			Phi: figure.Draw(m.t, "phi"), Coherence: figure.Draw(m.t, "coherence"), Awareness: figure.Draw(m.t, "awareness"),
			EmotionalResonance: figure.Draw(m.t, "emotional resonance"),
			Extra:              map[string]json.RawMessage{"mood": json.RawMessage(`"calm"`)},
		}
	}
}

// pause draws how far the clock advances. Deadlines are hit to the millisecond.
func (m *machine) pause() time.Duration {
	next := time.Second
	if of, err := look(m.ctx(), m.model, m.key()); err == nil && of.FadesAt.After(m.now) {
		next = of.FadesAt.Sub(m.now)
	}
	switch rapid.IntRange(0, 9).Draw(m.t, "how far") {
	default:
		return time.Duration(rapid.IntRange(0, 999).Draw(m.t, "milliseconds")) * time.Millisecond
	case 3, 4:
		return time.Duration(rapid.IntRange(1, 30).Draw(m.t, "seconds")) * time.Second
	case 5, 6:
		return next
	case 7:
		return max(0, next-time.Millisecond)
	case 8:
		return time.Second
	case 9:
		return rapid.SampledFrom([]time.Duration{2 * time.Minute, time.Hour, 23*time.Hour + 30*time.Minute, 25 * time.Hour}).Draw(m.t, "long")
	}
}
