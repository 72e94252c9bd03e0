package storetest

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// Events implements [store.Store].
func (s *Model) Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.eventsAfter(tenant, after, limit)
}

// +checklocks:s.mu
func (s *Model) eventsAfter(tenant string, after uint64, limit int) (events []sigil.Event, err error) {
	if after < s.trimmed {
		return nil, sigil.NewPositionGone(s.trimmed)
	}
	if newest := s.position(); after > newest {
		return nil, sigil.NewPositionAhead(newest)
	}
	for _, e := range s.journal {
		if e.Memory.Tenant == tenant && e.Kind != "" && e.Position > after && len(events) < limit {
			events = append(events, copiedEvent(e))
		}
	}
	return events, nil
}

// JournalBounds implements [store.Store].
func (s *Model) JournalBounds(ctx context.Context) (trimmed, newest uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return 0, 0, err
	}
	return s.trimmed, s.position(), nil
}

// Wait implements [store.Store].
func (s *Model) Wait(ctx context.Context, tenant string, after uint64) error {
	for {
		changed, there, err := s.look(ctx, tenant, after)
		if there || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look reports whether there is an entry. changed is closed when it is time to look again.
func (s *Model) look(ctx context.Context, tenant string, after uint64) (changed <-chan struct{}, there bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	events, err := s.eventsAfter(tenant, after, 1)
	return s.changed.Wait(), len(events) > 0, err
}

// Trim implements [store.Store].
func (s *Model) Trim(ctx context.Context, before time.Time, keep uint64) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	n := 0
	for n < len(s.journal) && (s.journal[n].Time.Before(before) || keep > 0 && s.position()-s.journal[n].Position >= keep) {
		n++
	}
	s.journal = s.journal[n:]
	s.trimmed += uint64(n)
	s.changed.Fire()
	return s.trimmed, nil
}

// Policies implements [store.Store].
func (s *Model) Policies(ctx context.Context) ([]sigil.Policy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	seen := map[sigil.Policy]bool{}
	var all []sigil.Policy
	add := func(m *sigil.Memory) {
		if !seen[m.Policy] {
			seen[m.Policy] = true
			all = append(all, m.Policy)
		}
	}
	for _, m := range s.memories {
		add(&m)
	}
	for _, r := range s.removed {
		add(&r.Memory)
	}
	return all, nil
}
