package model

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

func (m *machine) encode() {
	tenant, a := m.tenant(), m.asked()
	var got engine.Result
	got.Memory, got.Err = m.engine.Encode(m.ctx(), tenant, a.draft)
	m.encoded(tenant, []asked{a}, []engine.Result{got})
}

func (m *machine) encodeBatch() {
	tenant := m.tenant()
	drafts := make([]asked, rapid.IntRange(1, 5).Draw(m.t, "size"))
	for i := range drafts {
		if i > 0 && m.once(2, "the same again") {
			drafts[i] = drafts[i-1]
		} else {
			drafts[i] = m.asked()
		}
	}
	sent := make([]sigil.Draft, len(drafts))
	for i := range drafts {
		sent[i] = drafts[i].draft
	}
	got, err := m.engine.EncodeBatch(m.ctx(), tenant, sent)
	m.ok("batch", err)
	m.encoded(tenant, drafts, got)
}

// encoded compares the answers to drafts with the expected ones, and adds the kept memories to the model.
func (m *machine) encoded(tenant string, drafts []asked, got []engine.Result) {
	m.t.Helper()
	if len(got) != len(drafts) {
		m.t.Fatalf("encode: %d answers to %d drafts", len(got), len(drafts))
	}
	keys := make([]sigil.Key, len(drafts))
	for i := range got {
		keys[i] = sigil.Key{Tenant: tenant, ID: got[i].Memory.ID}
		if got[i].Err != nil {
			keys[i].ID = sigil.NewID(m.now) // the model needs an id, even to find out that the draft is refused
		}
	}
	want := m.encodeModel(tenant, drafts, keys)
	kept := false
	for i := range got {
		m.fails("encode", got[i].Err, want[i].Err)
		storetest.Equal(m.t, "encoded", got[i].Memory, want[i].Memory)
		if got[i].Err == nil && !slices.Contains(m.keys, keys[i]) {
			kept = true
			if created := sigil.NewID(m.now); keys[i].ID.Version() != 7 || [6]byte(keys[i].ID[:6]) != [6]byte(created[:6]) {
				m.t.Errorf("encode: %v is no id made at %v", keys[i].ID, m.now)
			}
			m.keys = append(m.keys, keys[i])
		}
	}
	m.ledger.read(m.t, m.news())
	q := m.rules.quota
	if count, size := m.ledger.count[tenant], m.ledger.bytes[tenant]; kept &&
		(q.Memories > 0 && count > q.Memories || q.Bytes > 0 && int64(size) > q.Bytes) {
		m.t.Errorf("encode: %s has %d memories of %d bytes, over its quota of %+v", tenant, count, size, q)
	}
}

// update applies a verb's expected change to one memory of the model, and compares the answer.
func (m *machine) update(verb string, do func(sigil.Key) (sigil.Memory, error), change func(*sigil.Meta) (*sigil.Event, bool)) {
	m.t.Helper()
	key := m.key()
	got, err := do(key)
	var before sigil.Meta
	durable := true
	want, wantErr := m.model.Update(m.ctx(), key, func(meta *sigil.Meta) (event *sigil.Event, err error) {
		before = *meta
		if reached(meta, m.now) {
			return nil, sigil.NewNotFound()
		}
		event, durable = change(meta)
		return event, nil
	})
	m.fails(verb, err, m.superseded(key, sigil.ErrGone, wantErr))
	storetest.Equal(m.t, verb, got, want)
	switch {
	case wantErr != nil || want.Meta == before:
	case durable:
		delete(m.refreshed, key)
	default:
		m.refreshed[key] = append(m.refreshed[key], before)
	}
}

func (m *machine) recall() {
	m.update("recall", func(key sigil.Key) (sigil.Memory, error) { return m.engine.Recall(m.ctx(), key) },
		func(meta *sigil.Meta) (*sigil.Event, bool) {
			m.refresh(meta, m.now)
			return nil, false
		})
}

// refresh applies a recall's expected change.
func (m *machine) refresh(meta *sigil.Meta, now time.Time) {
	meta.AccessCount++
	meta.LastAccessed, meta.Policy = now, m.policyFor(meta)
	reschedule(meta)
}

// recallLate recalls the memory through an engine whose time is a millisecond before the memory's deadline,
// like an engine in another process, or a caller that was delayed.
func (m *machine) recallLate(key sigil.Key) {
	m.t.Helper()
	before, err := look(m.ctx(), m.model, key)
	m.ok("the model's memory", err)
	then := before.FadesAt.Add(-time.Millisecond)
	late := engine.New(m.store, &engine.Options{Clock: func() time.Time { return then }, Settings: m.rules.settings()})
	got, err := late.Recall(m.ctx(), key)
	m.ok("recall in the last millisecond", err)
	want, err := m.model.Update(m.ctx(), key, func(meta *sigil.Meta) (*sigil.Event, error) {
		m.refresh(meta, then)
		return nil, nil
	})
	m.ok("the model's update", err)
	storetest.Equal(m.t, "recalled in the last millisecond", got, want)
	m.refreshed[key] = append(m.refreshed[key], before)
}

func (m *machine) pin() {
	m.update("pin", func(key sigil.Key) (sigil.Memory, error) { return m.engine.Pin(m.ctx(), key) },
		func(meta *sigil.Meta) (*sigil.Event, bool) {
			if meta.Pinned {
				return nil, false
			}
			meta.Pinned = true
			reschedule(meta)
			return &sigil.Event{Time: m.now, Kind: "pinned", Reason: "request", Memory: *meta}, true
		})
}

func (m *machine) unpin() {
	m.update("unpin", func(key sigil.Key) (sigil.Memory, error) { return m.engine.Unpin(m.ctx(), key) },
		func(meta *sigil.Meta) (*sigil.Event, bool) {
			if !meta.Pinned {
				return nil, false
			}
			meta.Pinned, meta.LastAccessed, meta.Policy = false, m.now, m.policyFor(meta)
			reschedule(meta)
			return &sigil.Event{Time: m.now, Kind: "unpinned", Reason: "request", Memory: *meta}, true
		})
}

// change changes tags, ttl, life and pin of a memory.
func (m *machine) change() {
	key := m.key()
	var c sigil.Change
	if rapid.Bool().Draw(m.t, "changes tags") {
		c.Tags = new(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "new"}), 0, 2).Draw(m.t, "tags"))
	}
	if rapid.Bool().Draw(m.t, "changes the ttl") {
		c.TTL = new(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour, 24 * time.Hour}).Draw(m.t, "ttl"))
	}
	if rapid.Bool().Draw(m.t, "changes the life") {
		c.Life = new(rapid.SampledFrom(lives).Draw(m.t, "life"))
	}
	if rapid.Bool().Draw(m.t, "changes the pin") {
		c.Pinned = new(rapid.Bool().Draw(m.t, "pinned"))
	}
	got, err := m.engine.Change(m.ctx(), key, c)
	var changed sigil.ChangedFields
	want, wantErr := m.model.Amend(m.ctx(), store.Amendment{Key: key, At: m.now}, func(had *sigil.Memory) (*sigil.Event, error) {
		changed = 0
		if reached(&had.Meta, m.now) {
			return nil, sigil.NewNotFound()
		}
		if c.Tags != nil && !slices.Equal(*c.Tags, had.Tags) {
			had.Tags, changed = *c.Tags, sigil.ChangedTags
		}
		if c.TTL != nil && *c.TTL != had.TTL {
			had.TTL, changed = *c.TTL, changed|sigil.ChangedTTL
			if at := end(&had.Meta); !at.IsZero() && !m.now.Before(at) {
				return nil, sigil.NewInvalid("invalid_ttl", "ttl", "")
			}
		}
		touched := false
		if c.Life != nil && stretch(had.Policy, *c.Life) != had.Stretch {
			had.Stretch, changed, touched = stretch(m.policyFor(&had.Meta), *c.Life), changed|sigil.ChangedLife, true
		}
		if c.Pinned != nil && *c.Pinned != had.Pinned {
			had.Pinned, changed = *c.Pinned, changed|sigil.ChangedPinned
			touched = touched || !had.Pinned
		}
		if changed == 0 {
			return nil, nil
		}
		if touched {
			had.LastAccessed, had.Policy = m.now, m.policyFor(&had.Meta)
		}
		had.MoveDeadline(fadesAt(&had.Meta))
		return &sigil.Event{Time: m.now, Kind: "changed", Reason: "request", Changed: changed, Memory: had.Meta}, nil
	})
	m.fails("change", err, m.superseded(key, sigil.ErrGone, wantErr))
	storetest.Equal(m.t, "change", got, want.Memory)
	if wantErr == nil && changed != 0 {
		delete(m.refreshed, key)
	}
}

func (m *machine) forget() {
	key := m.key()
	err := m.engine.Forget(m.ctx(), key)
	gone, modelErr := m.model.Remove(m.ctx(), []sigil.Key{key}, func(meta sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: m.now, Kind: "forgotten", Reason: "request", Memory: meta}, !reached(&meta, m.now)
	})
	m.ok("the model's remove", modelErr)
	if len(gone) == 0 {
		m.fails("forget", err, m.superseded(key, sigil.ErrGone, sigil.NewNotFound()))
	} else {
		m.ok("forget", err)
	}
}

// sweep must release everything that is due, in any order, and nothing else. A memory recalled before its
// deadline stays, even if the sweep had found it due.
func (m *machine) sweep() {
	due, err := m.model.Due(m.ctx(), m.now, all)
	m.ok("the model's due", err)
	if len(due) > 0 && m.once(2, "recalled in between") {
		key := due[rapid.IntRange(0, len(due)-1).Draw(m.t, "which")]
		m.between = func() { m.recallLate(key) }
	}
	swept, err := m.engine.Sweep(m.ctx())
	m.ok("sweep", err)
	// No order is promised: the model uses that of the journal, with memories that are missing there last.
	var order []sigil.Key
	for _, event := range m.news() {
		if slices.Contains(due, event.Memory.Key) {
			order = append(order, event.Memory.Key)
		}
	}
	released := map[string]int{}
	_, err = m.model.Remove(m.ctx(), append(order, due...), func(meta sigil.Meta) (sigil.Event, bool) {
		if !reached(&meta, m.now) {
			return sigil.Event{}, false
		}
		why := reason(&meta)
		released[why]++
		return sigil.Event{Time: m.now, Kind: "faded", Reason: why, Memory: meta}, true
	})
	m.ok("the model's remove", err)
	_, err = m.model.PruneAnswers(m.ctx(), m.now, all)
	m.ok("the model's prune", err)
	// The time of those that were removed a window ago, or longer, is over.
	purged, err := m.model.Purge(m.ctx(), m.now.Add(time.Millisecond-m.rules.undo.Window), m.rules.undo.Keep, all)
	m.ok("the model's purge", err)
	storetest.Equal(m.t, "purged", swept.Purged, purged)
	storetest.Equal(m.t, "released", swept.Released, released)
	m.notices(swept.Noticed)
	left, err := m.store.Due(m.ctx(), m.now, 1)
	m.ok("due", err)
	if len(left) > 0 {
		m.t.Errorf("sweep: %v is due and still there", left[0])
	}
}

// notices has the model write the notices of a sweep, which wrote n.
func (m *machine) notices(n int) {
	span := m.rules.notice
	var order []sigil.Key // as in the journal, since no order is promised
	for _, event := range m.news() {
		if event.Kind == sigil.Fading {
			order = append(order, event.Memory.Key)
		}
	}
	keys, err := m.model.Unnoticed(m.ctx(), m.now, m.now.Add(span), all)
	m.ok("the model's unnoticed", err)
	events, err := m.model.Notice(m.ctx(), append(order, keys...), func(meta sigil.Meta) (sigil.Event, bool) {
		near := near(&meta, m.now, span)
		meta.Noticed = true
		return sigil.Event{Time: m.now, Kind: "fading", Reason: reason(&meta), Memory: meta}, near
	})
	m.ok("the model's notice", err)
	storetest.Equal(m.t, "noticed", n, len(events))
}

func (m *machine) crystallize() {
	got, err := m.engine.Crystallize(m.ctx())
	m.ok("crystallize", err)
	want := engine.Sweep{Job: "crystallize", StartedAt: m.now, Took: got.Took}
	names, err := m.model.Tenants(m.ctx())
	m.ok("the model's tenants", err)
	for _, tenant := range names {
		err := m.model.Crystallize(m.ctx(), tenant, m.now, func(p sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event) {
			want.Patterns++
			c := sigil.Crystal{
				Tenant: tenant, Kind: "pattern", Pattern: p.Group, Members: p.Members, CreatedAt: m.now, UpdatedAt: m.now,
				Stability: p.Potential, Frequency: p.Frequency,
			}
			if old == nil {
				if p.Members < 3 || p.Potential <= 0.9 {
					return nil, nil
				}
				want.Created++
				return &c, &sigil.Event{
					Time: m.now, Kind: "crystallized", Reason: "potential", Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}, Crystal: &c,
				}
			}
			if p.Members == 0 {
				c.Stability, c.Frequency = old.Stability, old.Frequency
			}
			if c.Members == old.Members && c.Stability == old.Stability && c.Frequency == old.Frequency {
				return nil, nil
			}
			want.Updated++
			c.CreatedAt = old.CreatedAt
			return &c, nil
		})
		m.ok("the model's crystallize", err)
	}
	storetest.Equal(m.t, "crystallize", got, want)
}

// configure changes the settings for later operations.
func (m *machine) configure() {
	m.rules.policy = laws[rapid.IntRange(0, len(laws)-1).Draw(m.t, "policy")].policy
	m.rules.quota = rapid.SampledFrom([]store.Quota{
		{}, {Memories: 12}, {Memories: 4}, {Bytes: 100}, {Memories: 8, Bytes: 160}, {Bytes: 30},
	}).Draw(m.t, "quota")
	m.rules.undo = rapid.SampledFrom(undos).Draw(m.t, "undo")
	m.rules.notice = rapid.SampledFrom(spans).Draw(m.t, "notice")
	m.engine.Configure(m.rules.settings())
}

func (m *machine) advance() {
	d := m.pause()
	m.clock = m.clock.Add(d)
	if m.clock.After(m.now) {
		m.now = m.clock
	}
	storetest.Equal(m.t, "the engine's time", m.engine.Now(), m.now)
	if d >= time.Second { // long enough for refreshes to have become durable
		m.driver.Settle()
		clear(m.refreshed)
	}
}

// turnBack turns the clock back: the engine's time stands still until the clock has caught up.
func (m *machine) turnBack() {
	m.clock = m.clock.Add(-time.Duration(rapid.IntRange(1, 5000).Draw(m.t, "milliseconds back")) * time.Millisecond)
	storetest.Equal(m.t, "the engine's time", m.engine.Now(), m.now)
}
