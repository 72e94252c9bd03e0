package storetest

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// claim is the owner of a lease, its end, and the position stored under the name.
type claim struct {
	position uint64
	owner    sigil.ID
	until    time.Time
}

// Claim implements [store.Store].
func (s *Model) Claim(ctx context.Context, name string, owner sigil.ID, until, now time.Time) (uint64, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return 0, false, err
	}
	c := s.claims[name]
	if c.owner != owner && c.until.After(now) && !c.until.After(now.Add(store.MaxLease)) {
		return c.position, false, nil
	}
	c.owner, c.until = owner, until
	s.claims[name] = c
	return c.position, true, nil
}

// Advance implements [store.Store].
func (s *Model) Advance(ctx context.Context, name string, owner sigil.ID, position uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	c, ok := s.claims[name]
	if !ok || c.owner != owner {
		return sigil.NewNotClaimed()
	}
	if c.position <= s.position() {
		position = max(c.position, position)
	}
	c.position = position
	s.claims[name] = c
	return nil
}
