package model

import (
	"context"
	"slices"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/receipt"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// erase erases some memories of a tenant, live, due, removed or unknown, by their ids.
func (m *machine) erase() {
	first := m.key()
	keys := []sigil.Key{first}
	if kept, _, err := m.model.Removed(m.ctx(), store.RemovedQuery{Tenant: first.Tenant, Limit: all}); err == nil && len(kept) > 0 && m.once(2, "a removed one, too") {
		keys = append(keys, kept[rapid.IntRange(0, len(kept)-1).Draw(m.t, "which")].Memory.Key)
	}
	if m.once(3, "one twice") {
		keys = append(keys, first)
	}
	q := engine.EraseQuery{}
	for _, key := range keys {
		q.IDs = append(q.IDs, key.ID)
	}
	m.erases(first.Tenant, q, keys)
}

// eraseMany erases the memories of a tenant that have tags, live, removed or superseded, those that a text finds, or all.
func (m *machine) eraseMany() {
	tenant, q := m.tenant(), engine.EraseQuery{}
	switch rapid.IntRange(0, 9).Draw(m.t, "which") {
	default:
		q.Tags = rapid.SampledFrom([][]string{{"a"}, {"a", "b"}, {"new"}, {"none"}}).Draw(m.t, "tags")
	case 7, 8:
		q.Text = rapid.SampledFrom(queries).Draw(m.t, "text")
	case 9:
		q.All = true
	}
	m.sweep() // an erasure does that first
	m.ledger.read(m.t, m.news())
	var keys []sigil.Key
	matches := m.matcher(q.Text)
	chosen := func(memory *sigil.Memory) bool {
		return matches(memory) && !slices.ContainsFunc(q.Tags, func(tag string) bool { return !slices.Contains(memory.Tags, tag) })
	}
	for _, memory := range m.live(m.model, tenant) {
		if chosen(&memory) {
			keys = append(keys, memory.Key)
		}
	}
	if q.Text == "" {
		removed, _, err := m.model.Removed(m.ctx(), store.RemovedQuery{Tenant: tenant, Limit: all})
		m.ok("the model's removed", err)
		old, err := m.model.AllSuperseded(m.ctx(), tenant, sigil.ID{}, all)
		m.ok("the model's superseded", err)
		removed = append(removed, old...)
		for i := range removed {
			if chosen(&removed[i].Memory) {
				keys = append(keys, removed[i].Memory.Key)
			}
		}
	}
	m.erases(tenant, q, keys)
}

// erases erases what q chooses, which must be the memories at keys, with all that they superseded.
func (m *machine) erases(tenant string, q engine.EraseQuery, keys []sigil.Key) {
	m.t.Helper()
	q.DryRun = true
	counted, err := m.engine.Erase(m.ctx(), tenant, q)
	m.ok("count", err)
	q.DryRun = false
	// Its end would be a channel made outside the bubble: while something waits for that, no time passes, and an erasure polls.
	done, err := m.engine.Erase(context.WithoutCancel(m.ctx()), tenant, q)
	m.ok("erase", err)
	want, err := m.model.Erase(m.ctx(), keys, func(meta sigil.Meta, _ bool) sigil.Event {
		return sigil.Event{Time: m.now, Kind: "erased", Reason: "request", Memory: meta}
	})
	m.ok("the model's erase", err)
	counts := receipt.Counts{Memories: want.Memories, Removed: want.Removed, Bytes: want.Bytes, Entries: want.Entries, Answers: want.Answers}
	storetest.Equal(m.t, "erased", done.Counts, counts)
	counts.Entries, counts.Answers = 0, 0
	storetest.Equal(m.t, "counted", counted.Counts, counts)
	for _, key := range keys {
		delete(m.refreshed, key)
	}
}

// erased checks an entry about a memory that was erased.
func (l *ledger) erased(t storetest.TB, e *sigil.Event) {
	t.Helper()
	key := e.Memory.Key
	was, live := l.memories[key]
	_, gone := l.removed[key]
	if _, superseded := l.superseded[key]; superseded {
		gone = true
	}
	if !live && !gone || e.Memory != (sigil.Meta{Key: key}) {
		t.Errorf("journal: at %d %v is erased: live %v, removed %v, with %#v", e.Position, key, live, gone, e.Memory)
	}
	if live {
		l.count[key.Tenant]--
		l.bytes[key.Tenant] -= was.Size
	}
	delete(l.memories, key)
	delete(l.removed, key)
	delete(l.superseded, key)
}
