package model

import (
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// undos are the windows and limits that a history may use.
var undos = []engine.Undo{
	{Window: time.Minute}, {Window: time.Hour, Keep: store.Quota{Memories: 3}}, {Window: 10 * time.Minute, Keep: store.Quota{Memories: 20, Bytes: 60}}, {},
}

// spans are the times before a deadline at which a history may have notices.
var spans = []time.Duration{0, 5 * time.Second, time.Minute, 2 * time.Hour}

// restore restores a memory, most often one that was removed.
func (m *machine) restore() {
	key := m.key()
	if kept, _, err := m.model.Removed(m.ctx(), store.RemovedQuery{Tenant: m.tenant(), Limit: all}); err == nil && len(kept) > 0 && !m.once(4, "any other") {
		key = kept[rapid.IntRange(0, len(kept)-1).Draw(m.t, "which")].Memory.Key
	}
	got, err := m.engine.Restore(m.ctx(), key)
	undo := m.rules.undo
	if undo.Window == 0 {
		m.fails("restore", err, &sigil.Error{Kind: sigil.ErrConflict, Code: "undo_off"})
		return
	}
	_, modelErr := m.model.Remove(m.ctx(), []sigil.Key{key}, func(meta sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: m.now, Kind: "faded", Reason: reason(&meta), Memory: meta}, reached(&meta, m.now)
	})
	m.ok("the model's remove", modelErr)
	back, modelErr := m.model.Restore(m.ctx(), key.Tenant, []sigil.ID{key.ID}, m.rules.quota, func(meta *sigil.Meta, r store.Removal) (sigil.Event, bool) {
		if m.now.Sub(r.At) >= undo.Window {
			return sigil.Event{}, false
		}
		meta.LastAccessed, meta.Policy = m.now, m.policyFor(meta)
		if e := end(meta); !e.IsZero() && !m.now.Before(e) {
			meta.TTL = 0
		}
		reschedule(meta)
		return sigil.Event{Time: m.now, Kind: "restored", Reason: "request", Memory: *meta}, true
	})
	if modelErr == nil && len(back) == 0 {
		modelErr = &sigil.Error{Kind: sigil.ErrNotFound, Code: "not_restorable", Field: "id"}
		if _, err := look(m.ctx(), m.model, key); err == nil {
			modelErr = &sigil.Error{Kind: sigil.ErrConflict, Code: "not_removed", Field: "id"}
		}
	}
	m.fails("restore", err, m.superseded(key, sigil.ErrConflict, modelErr))
	if modelErr == nil {
		storetest.Equal(m.t, "restored", got, back[0])
		delete(m.refreshed, key)
	}
}

// removed pages through what can be restored.
func (m *machine) removed() {
	tenant, q := m.tenant(), engine.RemovedQuery{Limit: rapid.IntRange(1, 5).Draw(m.t, "limit")}
	var got []engine.Removed
	for {
		page, err := m.engine.Removed(m.ctx(), tenant, q)
		if m.rules.undo.Window == 0 {
			m.fails("removed", err, &sigil.Error{Kind: sigil.ErrConflict, Code: "undo_off"})
			return
		}
		m.ok("removed", err)
		if len(page.Removed) > q.Limit || page.Next != "" && len(page.Removed) == 0 {
			m.t.Fatalf("removed: a page of %d, at most %d, with cursor %q", len(page.Removed), q.Limit, page.Next)
		}
		got = append(got, page.Removed...)
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	kept, _, err := m.model.Removed(m.ctx(), store.RemovedQuery{Tenant: tenant, Limit: all})
	m.ok("the model's removed", err)
	var want []engine.Removed
	for _, r := range kept {
		if m.now.Sub(r.At) < m.rules.undo.Window {
			want = append(want, engine.Removed{Removed: r, Until: r.At.Add(m.rules.undo.Window)})
		}
	}
	storetest.Equal(m.t, "removed", got, want)
}
