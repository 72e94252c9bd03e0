package engine

import (
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// clocked is a store whose figures are by the engine's time, whatever clocks tenants have: the verbs need not know of them. For a
// tenant without a clock it only passes calls on. See [store.TenantClocks].
type clocked struct {
	store.Store
	now func() time.Time
}

// clockOf returns the clock of a tenant, or nil if it has none.
func (s *clocked) clockOf(tenant string) *store.TenantClock {
	c, ok := s.ClockOf(tenant)
	if !ok {
		return nil
	}
	kept := c // a variable of its own, so that nothing is allocated for other tenants
	return &kept
}

// show has memories, which a store returned, be as they are at now. It drops those whose ttl has ended.
func show(c *store.TenantClock, all []sigil.Memory, now time.Time) []sigil.Memory {
	live := all[:0]
	for i := range all {
		if all[i].Meta = c.Show(all[i].Meta, now); !all[i].Due(now) {
			live = append(live, all[i])
		}
	}
	clear(all[len(live):])
	return live
}

// Insert implements [store.Store].
func (s *clocked) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	c := s.clockOf(tenant)
	if c == nil {
		return s.Store.Insert(ctx, tenant, items, quota, evict)
	}
	now := s.now()
	lag := c.StoodAt(now)
	items = slices.Clone(items) // the caller's stay as they are, also while the store uses these after an error
	for i := range items {
		item := &items[i]
		item.Memory.Meta, item.Lag = item.Memory.Shift(-lag), lag
		item.Events = slices.Clone(item.Events)
		for j := range item.Events {
			store.Record(&item.Events[j], lag)
		}
		if item.Correct != nil {
			item.Correct = corrected(c, now, item.Correct)
		}
	}
	inserted, err := s.Store.Insert(ctx, tenant, items, quota, func(m sigil.Meta, reason string) sigil.Event {
		event, _ := c.Decide(m, now, func(m sigil.Meta) (sigil.Event, bool) { return evict(m, reason), true })
		return event
	})
	recorded(inserted.Evicted)
	for i, a := range inserted.Answers {
		inserted.Answers[i] = answered(a)
	}
	return inserted, err
}

// corrected returns correct for a memory by the clock of its tenant.
func corrected(c *store.TenantClock, now time.Time, correct func(*sigil.Memory) (sigil.Event, error)) func(*sigil.Memory) (sigil.Event, error) {
	return func(old *sigil.Memory) (event sigil.Event, err error) {
		was := *old
		_, err = c.Change(&was.Meta, now, func(m *sigil.Meta) (*sigil.Event, error) {
			shown := was
			shown.Meta = *m
			event, err = correct(&shown)
			return &event, err
		})
		return event, err
	}
}

func recorded(events []sigil.Event) {
	for i := range events {
		events[i] = store.Recorded(events[i])
	}
}

// answered has the figures of an answer be those that were answered: the memory had just been encoded or recalled.
func answered(a store.Answer) store.Answer {
	a.Memory = a.Memory.Shift(-a.Memory.Stood)
	if a.Amended != nil {
		m := *a.Amended
		m.Meta = m.Shift(-m.Stood)
		a.Amended = &m
	}
	return a
}

// Get implements [store.Store].
func (s *clocked) Get(ctx context.Context, key sigil.Key, now time.Time) (sigil.Memory, error) {
	c := s.clockOf(key.Tenant)
	if c == nil {
		return s.Store.Get(ctx, key, now)
	}
	m, err := s.Store.Get(ctx, key, now.Add(-c.StoodAt(now)))
	if err != nil {
		return m, err
	}
	if m.Meta = c.Show(m.Meta, now); m.Due(now) {
		return sigil.Memory{}, sigil.NewNotFound()
	}
	return m, nil
}

// Meta implements [store.Store].
func (s *clocked) Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error) {
	c := s.clockOf(key.Tenant)
	if c == nil {
		return s.Store.Meta(ctx, key, now)
	}
	m, err := s.Store.Meta(ctx, key, now.Add(-c.StoodAt(now)))
	if err != nil {
		return m, err
	}
	if m = c.Show(m, now); m.Due(now) {
		return sigil.Meta{}, sigil.NewNotFound()
	}
	return m, nil
}

// Update implements [store.Store].
func (s *clocked) Update(ctx context.Context, key sigil.Key, change func(*sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error) {
	c := s.clockOf(key.Tenant)
	if c == nil {
		return s.Store.Update(ctx, key, change)
	}
	now := s.now()
	m, err := s.Store.Update(ctx, key, func(m *sigil.Meta) (*sigil.Event, error) { return c.Change(m, now, change) })
	m.Meta = c.Show(m.Meta, now)
	return m, err
}

// Amend implements [store.Store].
func (s *clocked) Amend(ctx context.Context, a store.Amendment, change func(*sigil.Memory) (*sigil.Event, error)) (store.Amended, error) {
	c := s.clockOf(a.Key.Tenant)
	if c == nil {
		return s.Store.Amend(ctx, a, change)
	}
	now := s.now()
	amended, err := s.Store.Amend(ctx, a, func(m *sigil.Memory) (*sigil.Event, error) {
		return c.Change(&m.Meta, now, func(shown *sigil.Meta) (*sigil.Event, error) {
			whole := *m
			whole.Meta = *shown
			event, err := change(&whole)
			*shown, m.Tags = whole.Meta, whole.Tags
			return event, err
		})
	})
	amended.Memory.Meta = c.Show(amended.Memory.Meta, now)
	if amended.Answer != nil {
		answer := answered(*amended.Answer)
		amended.Answer = &answer
	}
	return amended, err
}

// decided returns decide for memories by the clocks of their tenants.
func (s *clocked) decided(decide func(sigil.Meta) (sigil.Event, bool)) func(sigil.Meta) (sigil.Event, bool) {
	now := s.now()
	return func(m sigil.Meta) (sigil.Event, bool) {
		if c := s.clockOf(m.Tenant); c != nil {
			return c.Decide(m, now, decide)
		}
		return decide(m)
	}
}

// Remove implements [store.Store].
func (s *clocked) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	events, err := s.Store.Remove(ctx, keys, s.decided(decide))
	recorded(events)
	return events, err
}

// Notice implements [store.Store].
func (s *clocked) Notice(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	events, err := s.Store.Notice(ctx, keys, s.decided(decide))
	recorded(events)
	return events, err
}

// Erase implements [store.Store]. Of an event's memory, only the key is kept.
func (s *clocked) Erase(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (store.Erasure, error) {
	now := s.now()
	return s.Store.Erase(ctx, keys, func(m sigil.Meta, removed bool) sigil.Event {
		if c := s.clockOf(m.Tenant); c != nil {
			m = c.Show(m, now)
		}
		return event(m, removed)
	})
}

// Events implements [store.Store].
func (s *clocked) Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error) {
	events, err := s.Store.Events(ctx, tenant, after, limit)
	recorded(events)
	return events, err
}
