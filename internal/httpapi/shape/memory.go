package shape

import (
	"fmt"
	"net/http"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// Memory returns the shape of m at the time now.
func Memory(m *sigil.Memory, now time.Time) wire.Memory {
	v := Figures(&m.Meta, now)
	v.Data, v.State, v.Hash = m.Data, &m.State, m.Hash.String()
	if m.Tags != nil {
		v.Tags = m.Tags
	}
	if m.Supersedes != (sigil.ID{}) {
		id := m.Supersedes
		v.Supersedes = &id
	}
	return v
}

// Outline returns the shape of m at the time now, without data and state.
func Outline(m *sigil.Memory, now time.Time) wire.Memory {
	v := Memory(m, now)
	v.Data, v.State = nil, nil
	return v
}

// Figures returns the shape of a memory at the time now, without its content.
func Figures(m *sigil.Meta, now time.Time) wire.Memory {
	return wire.Memory{
		ID: m.ID, Tenant: m.Tenant, Frequency: m.Frequency.Value(), Pattern: m.Frequency.Pattern(),
		Potential: m.Potential, Decay: m.Decay(now), CreatedAt: wire.Timestamp{Time: m.CreatedAt},
		LastAccessed: wire.Timestamp{Time: m.LastAccessed}, AccessCount: m.AccessCount, StoodSeconds: stood(m), FadesAt: deadline(m.FadesAt), TTL: ttl(m), Life: life(m),
		Pinned: m.Pinned, Crystallized: m.Crystallized, Policy: m.Policy.String(), Tags: []string{},
	}
}

// Spiral returns the shape of the spiral pattern of h.
func Spiral(h sigil.Hash) []wire.SpiralPoint {
	points := h.Spiral()
	v := make([]wire.SpiralPoint, len(points))
	for i, p := range points {
		v[i] = wire.SpiralPoint(p)
	}
	return v
}

// Encoded returns the shape of m at the time of its encode, or of the recall by which an encode reinforced it, so that a
// repeated request with the same Idempotency-Key gets the same answer, byte for byte.
func Encoded(m *sigil.Memory) wire.Memory {
	v := Memory(m, m.CreatedAt)
	if m.Reinforced() {
		v = Refreshed(m)
	}
	v.DuplicateOf, v.Similar, v.Warnings = Duplicate(m), similar(m.Similar), Warnings(m)
	return v
}

// Changed returns the shape of m at the time now, after a change. It has a warning if the change set a ttl that is over the life of m.
func Changed(m *sigil.Memory, c *sigil.Change, now time.Time) wire.Memory {
	v := Memory(m, now)
	if c.TTL != nil && m.FadesBeforeTTL() {
		v.Warnings = []wire.Warning{overLife(&m.Meta)}
	}
	return v
}

// Kept returns the short shape of m after its encode.
func Kept(m *sigil.Memory) wire.Kept {
	return wire.Kept{ID: m.ID, DuplicateOf: Duplicate(m), Similar: similar(m.Similar), Warnings: Warnings(m)}
}

// Duplicate returns the duplicate of m, the answer to an encode, or nil if there is none.
func Duplicate(m *sigil.Memory) *sigil.ID {
	if m.DuplicateOf == (sigil.ID{}) {
		return nil
	}
	id := m.DuplicateOf
	return &id
}

// EncodeStatus returns the HTTP status of an encode that m answers.
func EncodeStatus(m *sigil.Memory) int {
	if m.Reinforced() {
		return http.StatusOK
	}
	return http.StatusCreated
}

// Refreshed returns the shape of m at the time of its last recall, when its decay was 0.
func Refreshed(m *sigil.Memory) wire.Memory { return Memory(m, m.LastAccessed) }

// similar returns nil if they were not asked for.
func similar(s *sigil.Similar) []wire.Similar {
	if s == nil {
		return nil
	}
	v := make([]wire.Similar, len(s.Near))
	for i, n := range s.Near {
		v[i] = wire.Similar(n)
	}
	return v
}

// Warnings returns the warnings for the caller of the encode that m answers, usually nil.
func Warnings(m *sigil.Memory) (all []wire.Warning) {
	if !m.Reinforced() && m.FadesBeforeTTL() {
		all = append(all, overLife(&m.Meta))
	}
	if m.Similar != nil && m.Similar.Incomplete {
		all = append(all, wire.Warning{Code: wire.WarnSimilarIncomplete, Field: "similar", Detail: "may lack memories: not all of them had their vectors yet, " +
			"or the endpoint that makes vectors did not answer; a search with like asks again"})
	}
	return all
}

func overLife(m *sigil.Meta) wire.Warning {
	life := m.Idle(m.FadesAt).Round(time.Millisecond)
	return wire.Warning{Code: wire.WarnTTLOverLife, Field: "ttl", Detail: fmt.Sprintf("is longer than the %s that a memory lives untouched: "+
		"a ttl is a hard end and keeps nothing alive; pin the memory, or give it a longer life, or a policy under which it lives longer", sigil.FormatDuration(life))}
}

// Recalls returns the shape of a message about recalls. more means that there were further ones.
func Recalls(memories []sigil.Meta, more bool) wire.Recalls {
	v := wire.Recalls{Memories: make([]wire.Recall, len(memories)), More: more}
	for i := range memories {
		m := &memories[i]
		v.Memories[i] = wire.Recall{
			ID: m.ID, LastAccessed: wire.Timestamp{Time: m.LastAccessed}, AccessCount: m.AccessCount,
			FadesAt: deadline(m.FadesAt), Policy: m.Policy.String(),
		}
	}
	return v
}

// ttl returns nil, null in JSON, if there is no ttl.
func ttl(m *sigil.Meta) *string {
	if m.TTL == 0 {
		return nil
	}
	text := sigil.FormatDuration(m.TTL)
	return &text
}

func stood(m *sigil.Meta) int64 { return int64(m.Stood / time.Second) }

// life returns how long m lives untouched, rounded up to a millisecond as its deadline is, or nil, null in JSON, if decay never
// ends it.
func life(m *sigil.Meta) *string {
	lifetime := m.Lifetime()
	if lifetime == sigil.Never {
		return nil
	}
	if up := lifetime.Truncate(time.Millisecond); up < lifetime {
		lifetime = up + time.Millisecond
	}
	text := sigil.FormatDuration(lifetime)
	return &text
}

// ownLife returns the life of m, or nil if that is as its policy says.
func ownLife(m *sigil.Meta) *string {
	if m.Stretch == 0 {
		return nil
	}
	return life(m)
}

// lifetimeSeconds returns nil, null in JSON, for [sigil.Never].
func lifetimeSeconds(lifetime time.Duration) *float64 {
	if lifetime == sigil.Never {
		return nil
	}
	s := lifetime.Seconds()
	return &s
}

// deadline returns nil, null in JSON, for the zero time.
func deadline(t time.Time) *wire.Timestamp {
	if t.IsZero() {
		return nil
	}
	return &wire.Timestamp{Time: t}
}
