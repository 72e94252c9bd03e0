package shape_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

func TestExplanationSaysWhyAMemoryIsAlive(t *testing.T) {
	at := encodedAt.Add(30 * time.Second)
	for want, change := range map[string]func(*sigil.Meta){
		"Its decay 0.105 is under the threshold 0.95. It fades at 2026-03-01T12:01:35.123Z unless it is recalled before.": nil,
		"Its decay 0.105 is under the threshold 0.95. Its ttl ends it at 2026-03-01T12:01:00.123Z, recalled or not.":      func(m *sigil.Meta) { m.TTL = time.Minute },
		"It does not fade: it is pinned.":                                                             func(m *sigil.Meta) { m.Pinned = true },
		"It does not fade: it is pinned and it is crystallized.":                                      func(m *sigil.Meta) { m.Pinned, m.Crystallized = true, true },
		"Decay does not end it, since it is crystallized; its ttl does, at 2026-03-01T13:00:00.123Z.": func(m *sigil.Meta) { m.Crystallized, m.TTL = true, time.Hour },
	} {
		m := sigil.Memory{Meta: plain(change), Data: []byte(`"tea"`), Tags: []string{"a"}}
		v := shape.Explanation(&engine.Explanation{Live: true, Memory: m, At: at})
		if v.Reason != want {
			t.Errorf("got  %s\nwant %s", v.Reason, want)
		}
		if v.Memory == nil || v.Memory.Data != nil || v.Memory.State != nil || v.Memory.Tags[0] != "a" || v.LastEvent != nil || v.History == nil {
			t.Errorf("%s: %+v", want, v)
		}
		if (v.LifetimeSeconds != nil) != m.Evictable() || (v.SecondsLeft != nil) != !m.FadesAt.IsZero() {
			t.Errorf("%s: lifetime %v, left %v", want, v.LifetimeSeconds, v.SecondsLeft)
		}
	}
	v := shape.Explanation(&engine.Explanation{Live: true, Memory: sigil.Memory{Meta: plain(nil)}, At: at})
	if v.Worked != "min(1, 0.001·30·(30 + 5)/(2·5)) = 0.105" || *v.SecondsLeft != 65 || *v.LifetimeSeconds != 95 || v.IdleSeconds != 30 {
		t.Errorf("%+v", v)
	}
}

func TestExplanationSaysWhyAMemoryIsGone(t *testing.T) {
	untouched, ended := plain(nil), plain(func(m *sigil.Meta) { m.TTL = time.Minute })
	at := encodedAt.Add(100 * time.Second)
	for want, e := range map[string]sigil.Event{
		"It was forgotten at 2026-03-01T12:01:40.123Z by a request.":                                                                                                                   {Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: untouched},
		"It was evicted at 2026-03-01T12:01:40.123Z: the tenant's limit of bytes was reached, and it was the nearest to its deadline.":                                                 {Kind: sigil.Evicted, Reason: sigil.ReasonBytes, Memory: untouched},
		"It faded: its ttl ended at 2026-03-01T12:01:00.123Z. Its release was journaled at 2026-03-01T12:01:40.123Z.":                                                                  {Kind: sigil.Faded, Reason: sigil.ReasonTTL, Memory: ended},
		"It faded: untouched since 2026-03-01T12:00:00.123Z, its decay reached the threshold 0.95 at 2026-03-01T12:01:35.123Z. Its release was journaled at 2026-03-01T12:01:40.123Z.": {Kind: sigil.Faded, Reason: sigil.ReasonDecay, Memory: untouched},
		"It is past its deadline, but no sweep has journaled that yet. The figures are from its last journal entry and do not include later recalls.":                                  {Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: untouched},
	} {
		e.Time = at
		encoded := sigil.Event{Time: encodedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: e.Memory}
		v := shape.Explanation(&engine.Explanation{Memory: sigil.Memory{Meta: e.Memory}, At: at, History: []sigil.Event{encoded, e}})
		if v.Reason != want {
			t.Errorf("got  %s\nwant %s", v.Reason, want)
		}
		if v.Live || v.Memory != nil || v.SecondsLeft != nil || v.LastEvent == nil || v.LastEvent.Kind != e.Kind || v.IdleSeconds != 100 {
			t.Errorf("%s: %+v", want, v)
		}
	}
}
