package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// claim is who works under a name, until when, and how far that came.
type claim struct {
	position uint64
	owner    sigil.ID
	until    int64 // ms
}

// claimSize is the bytes of a claim on disk.
const claimSize = 8 + len(sigil.ID{}) + 8

// Claim makes owner the one who works under name; see [store.Store].
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
	if found && c.owner != owner && c.until > now.UnixMilli() && c.until <= now.Add(store.MaxLease).UnixMilli() {
		return c.position, false, nil
	}
	c.owner, c.until = owner, until.UnixMilli()
	if err := s.keepClaim(name, c); err != nil {
		return 0, false, err
	}
	return c.position, true, nil
}

// Advance keeps a position under name; see [store.Store].
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
	case !found || c.owner != owner:
		return sigil.NotClaimed()
	case position <= c.position && c.position <= s.published.Load():
		return nil
	}
	c.position = position
	return s.keepClaim(name, c)
}

// claim reads what is kept under a name.
func (s *Store) claim(name string) (c claim, found bool, err error) {
	value, closer, err := s.db.Get(claimKey(name))
	if errors.Is(err, pebble.ErrNotFound) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	if len(value) != claimSize {
		return c, false, record.ErrDamaged
	}
	c.position = binary.BigEndian.Uint64(value)
	copy(c.owner[:], value[8:])
	c.until = int64(binary.BigEndian.Uint64(value[claimSize-8:]))
	return c, true, nil
}

func (s *Store) keepClaim(name string, c claim) error {
	value := make([]byte, 0, claimSize)
	value = binary.BigEndian.AppendUint64(value, c.position)
	value = append(value, c.owner[:]...)
	value = binary.BigEndian.AppendUint64(value, uint64(c.until))
	ch := newChange()
	ch.set(claimKey(name), value)
	return s.commits.do(ch)
}
