package pebblestore

import (
	"context"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Claim acquires or renews the lease on name for owner; see [store.Store].
func (s *Store) Claim(ctx context.Context, name string, owner sigil.ID, until, now time.Time) (uint64, bool, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, false, err
	}
	s.claiming.Lock()
	defer s.claiming.Unlock()
	c, found, err := s.claim(name)
	if err != nil {
		return 0, false, s.reading(err)
	}
	if found && c.Owner != owner && c.Until > now.UnixMilli() && c.Until <= now.Add(store.MaxLease).UnixMilli() {
		return c.Position, false, nil
	}
	c.Owner, c.Until = owner, until.UnixMilli()
	if err := s.keepClaim(name, c); err != nil {
		return 0, false, err
	}
	return c.Position, true, nil
}

// Advance stores a position under name; see [store.Store].
func (s *Store) Advance(ctx context.Context, name string, owner sigil.ID, position uint64) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.claiming.Lock()
	defer s.claiming.Unlock()
	c, found, err := s.claim(name)
	switch {
	case err != nil:
		return s.reading(err)
	case !found || c.Owner != owner:
		return sigil.NewNotClaimed()
	case position <= c.Position && c.Position <= s.index.Position():
		return nil
	}
	c.Position = position
	return s.keepClaim(name, c)
}

// claim reads the claim that is stored under a name.
func (s *Store) claim(name string) (c layout.Claim, found bool, err error) {
	value, closer, err := s.db.Get(layout.ClaimKey(name))
	if errors.Is(err, pebble.ErrNotFound) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	if c, found = layout.ReadClaim(value); !found {
		return c, false, record.ErrDamaged
	}
	return c, true, nil
}

func (s *Store) keepClaim(name string, c layout.Claim) error {
	ch := newChange()
	ch.set(layout.ClaimKey(name), c.Bytes())
	return s.commits.do(ch)
}
