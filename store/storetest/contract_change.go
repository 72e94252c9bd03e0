package storetest

import (
	"crypto/sha256"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// changing returns a change for Amend that journals what set changes, as [sigil.Changed].
func changing(at time.Time, what sigil.ChangedFields, set func(m *sigil.Memory)) func(*sigil.Memory) (*sigil.Event, error) {
	return func(m *sigil.Memory) (*sigil.Event, error) {
		set(m)
		m.Reschedule()
		return &sigil.Event{Time: at, Kind: sigil.Changed, Reason: sigil.ReasonRequest, Changed: what, Memory: m.Meta}, nil
	}
}

// change makes a change, and returns the memory after it.
func (f *fixture) change(key sigil.Key, at time.Time, what sigil.ChangedFields, set func(m *sigil.Memory)) sigil.Memory {
	f.t.Helper()
	amended, err := f.Amend(f.ctx(), store.Amendment{Key: key, At: at}, changing(at, what, set))
	f.ok("Amend", err)
	return amended.Memory
}

var changeIdeas = []idea{
	{"tags, ttl, stretch and pin change in one entry, which names them", func(f *fixture) {
		m := f.encode(tagged("a"))
		at := start.Add(time.Second)
		const all = sigil.ChangedTags | sigil.ChangedTTL | sigil.ChangedLife | sigil.ChangedPinned
		set := func(m *sigil.Memory) {
			m.Tags, m.TTL, m.Stretch, m.Pinned = []string{"b"}, time.Hour, 2.5, true
		}
		got := f.change(m.Key, at, all, set)
		set(&m)
		m.Reschedule()
		equal(f.t, "changed", got, m)
		stored, err := f.Get(f.ctx(), m.Key, at)
		f.ok("Get", err)
		equal(f.t, "stored", stored, m)
		events := unhashed(f.events(m.Tenant))
		equal(f.t, "entries", len(events), 2)
		equal(f.t, "journaled", events[1], sigil.Event{Position: 2, Time: at, Kind: sigil.Changed, Reason: sigil.ReasonRequest, Changed: all, Memory: m.Meta})
		stats := f.stats(m.Tenant, at)
		equal(f.t, "pinned", stats.Pinned, 1)
		equal(f.t, "next fade", stats.NextFade, m.CreatedAt.Add(time.Hour))
		equal(f.t, "policies", len(stats.Policies), 0)
		for tag, want := range map[string]int{"a": 0, "b": 1} {
			equal(f.t, "listed by "+tag, len(f.list(store.Query{Tenant: m.Tenant, Now: at, Tags: []string{tag}})), want)
		}
	}},
	{"a memory without a word loses its tags", func(f *fixture) {
		m := f.memory(tagged("a"))
		m.Data = []byte(`{}`)
		m.Hash, m.Size = sha256.Sum256(m.Data), len(m.Data)
		m.Frequency = m.Hash.Frequency()
		f.insert(m)
		f.change(m.Key, start.Add(time.Second), sigil.ChangedTags, func(m *sigil.Memory) { m.Tags = nil })
		equal(f.t, "listed by it", len(f.list(store.Query{Tenant: m.Tenant, Now: start.Add(time.Second), Tags: []string{"a"}})), 0)
	}},
	{"an earlier deadline counts at once, also of a memory that was just recalled", func(f *fixture) {
		m, other := f.encode(), f.encode()
		at := start.Add(10 * time.Second)
		_, err := f.recall(m.Key, at)
		f.ok("Update", err)
		got := f.change(m.Key, at, sigil.ChangedTTL, func(m *sigil.Memory) { m.TTL = 20 * time.Second })
		equal(f.t, "fades at", got.FadesAt, m.CreatedAt.Add(20*time.Second))
		page, more, err := f.Fading(f.ctx(), store.FadingQuery{Tenant: m.Tenant, Now: at, Until: start.Add(time.Hour), Limit: 10})
		f.ok("Fading", err)
		equal(f.t, "fading", len(page) == 2 && !more && page[0].ID == m.ID && page[1].ID == other.ID, true)
		equal(f.t, "next fade", f.stats(m.Tenant, at).NextFade, got.FadesAt)
		equal(f.t, "due before", len(f.due(got.FadesAt.Add(-time.Millisecond), 10)), 0)
		equal(f.t, "due", f.due(got.FadesAt, 10), []sigil.Key{m.Key})
		_, err = f.Get(f.ctx(), m.Key, got.FadesAt)
		fails(f.t, "Get", err, sigil.ErrNotFound, "")
	}},
	{"without its ttl a memory lives on, and a recall keeps what was changed", func(f *fixture) {
		m := f.memory()
		m.TTL = 5 * time.Second
		m.Reschedule()
		f.insert(m)
		at := start.Add(time.Second)
		f.change(m.Key, at, sigil.ChangedTTL|sigil.ChangedLife, func(m *sigil.Memory) { m.TTL, m.Stretch = 0, 10 })
		later := start.Add(10 * time.Second)
		equal(f.t, "due", len(f.due(later, 10)), 0)
		recalled, err := f.recall(m.Key, later)
		f.ok("Update", err)
		m.TTL, m.Stretch = 0, 10
		m.Recall(m.Policy, later)
		equal(f.t, "recalled", recalled, m)
		equal(f.t, "lifetime", m.FadesAt, later.Add(950*time.Second))
	}},
}
