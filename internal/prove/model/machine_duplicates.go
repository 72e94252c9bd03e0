package model

import (
	"errors"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// clashes reports whether an item must wait for those before it: it must not be stored if its content is, and one of them
// has that.
func clashes(item *store.Item, before []store.Item) bool {
	return item.OnDuplicate.Unique() && slices.ContainsFunc(before, func(b store.Item) bool { return b.Memory.Hash == item.Memory.Hash })
}

// answered returns the expected result for an item with an idempotency key that has an answer.
func answered(item *store.Item, answer *store.Answer) engine.Result {
	switch {
	case answer.Fingerprint != item.Idempotency.Fingerprint:
		return engine.Result{Err: &sigil.Error{Kind: sigil.ErrConflict, Code: "idempotency_mismatch", Field: "Idempotency-Key"}}
	case answer.Amended != nil:
		m := *answer.Amended
		m.DuplicateOf = m.ID
		return engine.Result{Memory: m}
	}
	m := item.Memory // the content was not kept: it is the request's
	m.Meta, m.DuplicateOf = answer.Memory, answer.DuplicateOf
	return engine.Result{Memory: m}
}

// late makes the change of an item that had to wait, or whose duplicate, of, was found. If others of its batch have evicted
// that since, it is stored.
func (m *machine) late(tenant string, item *store.Item, of sigil.ID) engine.Result {
	m.t.Helper()
	if of != (sigil.ID{}) && item.OnDuplicate != sigil.Reject {
		if _, err := m.model.Get(m.ctx(), sigil.Key{Tenant: tenant, ID: of}, m.now); errors.Is(err, sigil.ErrNotFound) {
			of = sigil.ID{}
		}
	}
	if of == (sigil.ID{}) {
		inserted, err := m.model.Insert(m.ctx(), tenant, []store.Item{*item}, m.rules.quota, m.evicted)
		if err != nil {
			if !errors.Is(err, sigil.ErrFull) {
				m.t.Fatalf("the model's insert: %v", err)
			}
			return engine.Result{Err: err}
		}
		if answer, found := inserted.Answers[0]; found {
			return answered(item, &answer)
		}
		if of = inserted.Duplicates[0]; of == (sigil.ID{}) {
			return engine.Result{Memory: item.Memory}
		}
	}
	if item.OnDuplicate == sigil.Reject {
		return engine.Result{Err: &sigil.Error{Kind: sigil.ErrConflict, Code: "duplicate", Field: "data"}}
	}
	return m.reinforce(sigil.Key{Tenant: tenant, ID: of}, item)
}

// reinforce recalls the model's memory at key, and gives it the tags of item that it does not have.
func (m *machine) reinforce(key sigil.Key, item *store.Item) engine.Result {
	m.t.Helper()
	var before sigil.Meta
	more := false
	amended, err := m.model.Amend(m.ctx(), store.Amendment{Key: key, At: m.now, Idempotency: item.Idempotency}, func(had *sigil.Memory) (*sigil.Event, error) {
		before = had.Meta
		m.refresh(&had.Meta, m.now)
		for _, tag := range item.Memory.Tags {
			if !slices.Contains(had.Tags, tag) {
				had.Tags, more = append(had.Tags, tag), true
			}
		}
		if !more {
			return nil, nil
		}
		return &sigil.Event{Time: m.now, Kind: "tagged", Reason: "request", Memory: had.Meta}, nil
	})
	m.ok("the model's amendment", err)
	if amended.Answer != nil {
		return answered(item, amended.Answer)
	}
	if more || item.Idempotency.Key != "" {
		delete(m.refreshed, key)
	} else {
		m.refreshed[key] = append(m.refreshed[key], before)
	}
	amended.Memory.DuplicateOf = key.ID
	return engine.Result{Memory: amended.Memory}
}
