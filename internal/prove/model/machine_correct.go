package model

import (
	"errors"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// correct encodes a memory that supersedes another, most often one that is there.
func (m *machine) correct() {
	key, a := m.key(), m.asked()
	if a.draft.OnDuplicate == sigil.Reinforce && !m.once(8, "reinforce all the same") {
		a.draft.OnDuplicate = sigil.Keep
	}
	a.corrects = key.ID
	if a.draft.OnDuplicate == sigil.Reinforce {
		a.wrong = sigil.NewInvalid("invalid_on_duplicate", "onDuplicate", "")
	}
	got, err := m.engine.Correct(m.ctx(), key, a.draft)
	want := engine.Result{Err: a.wrong}
	if a.wrong == nil {
		want = m.correctModel(key, &a, got.ID)
	}
	m.fails("correct", err, want.Err)
	if err != nil {
		return
	}
	storetest.Equal(m.t, "corrected", got, want.Memory)
	if !m.known(got.Key) {
		m.keys = append(m.keys, got.Key)
	}
	delete(m.refreshed, key)
}

// known reports whether a memory was kept before.
func (m *machine) known(key sigil.Key) bool {
	for _, k := range m.keys {
		if k == key {
			return true
		}
	}
	return false
}

// correctModel makes the change to the model that a correction of the memory at key should make, by one with an id.
func (m *machine) correctModel(key sigil.Key, a *asked, id sigil.ID) engine.Result {
	m.t.Helper()
	if id == (sigil.ID{}) {
		id = sigil.NewID(m.now) // the model needs an id, even to find out that it is refused
	}
	item := m.item(a, sigil.Key{Tenant: key.Tenant, ID: id}, m.predecessor(key))
	item.Memory.Supersedes = key.ID
	item.Correct = func(old *sigil.Memory) (sigil.Event, error) {
		if reached(&old.Meta, m.now) {
			return sigil.Event{}, sigil.NewNotFound()
		}
		return sigil.Event{Time: m.now, Kind: "corrected", Reason: "request", Memory: old.Meta, SupersededBy: id}, nil
	}
	var results [1]engine.Result
	if err := m.insert(key.Tenant, []store.Item{item}, []int{0}, results[:]); err != nil {
		return engine.Result{Err: m.superseded(key, sigil.ErrConflict, err)}
	}
	return results[0]
}

// predecessor returns a memory that is to be corrected, live or superseded, or nil.
func (m *machine) predecessor(key sigil.Key) *sigil.Memory {
	if memory, err := m.model.Get(m.ctx(), key, m.now); err == nil {
		return &memory
	}
	r, err := m.model.Superseded(m.ctx(), key, true)
	if err != nil {
		return nil
	}
	return &r.Memory
}

// inherit sets of a memory that is encoded by a correction what its draft does not say.
func inherit(memory *sigil.Memory, a *asked, old *sigil.Memory) {
	if a.draft.Tags == nil {
		memory.Tags = old.Tags
	}
	if a.draft.State == nil {
		memory.State, memory.Potential = old.State, old.Potential
	}
	if old.Pinned {
		memory.Pinned = true
	}
	if a.draft.TTL == 0 && old.TTL > 0 {
		memory.TTL = old.CreatedAt.Add(old.TTL).Sub(memory.CreatedAt)
	}
	if a.draft.Policy == nil && old.OwnPolicy {
		memory.Policy, memory.OwnPolicy = old.Policy, true
	}
}

// history pages through the chain that a memory belongs to.
func (m *machine) history() {
	key, q := m.key(), engine.HistoryQuery{Limit: rapid.IntRange(1, 4).Draw(m.t, "limit"), NoData: m.once(2, "no data")}
	want, wantErr := m.versions(key)
	for {
		page, err := m.engine.History(m.ctx(), key, q)
		m.fails("history", err, wantErr)
		if wantErr != nil {
			return
		}
		n := min(q.Limit, len(want))
		for i := range want[:n] {
			if q.NoData {
				want[i].Memory.Data = nil
			}
		}
		storetest.Equal(m.t, "versions", page.Versions, want[:n])
		want = want[n:]
		if (page.Next == "") != (len(want) == 0) {
			m.t.Fatalf("history: %d versions remain, but the cursor is %q", len(want), page.Next)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return
		}
	}
}

// versions returns the chain that a memory belongs to, the newest version first, or an error if that is not live.
func (m *machine) versions(key sigil.Key) (all []engine.Version, err error) {
	for {
		newest, err := m.model.Get(m.ctx(), key, m.now)
		if err == nil {
			all = append(all, engine.Version{Memory: newest})
			break
		}
		r, failed := m.model.Superseded(m.ctx(), key, true)
		if failed != nil {
			if !errors.Is(failed, sigil.ErrNotFound) {
				m.t.Fatalf("the model's superseded: %v", failed)
			}
			return nil, err
		}
		key.ID = r.SupersededBy
	}
	for key.ID = all[0].Memory.Supersedes; key.ID != (sigil.ID{}); {
		r, err := m.model.Superseded(m.ctx(), key, false)
		m.ok("the model's superseded", err)
		all = append(all, engine.Version{Memory: r.Memory, Superseded: &r.Removal})
		key.ID = r.Memory.Supersedes
	}
	return all, nil
}
