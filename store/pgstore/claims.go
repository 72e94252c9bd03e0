package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// claimName acquires a lease if owner has it, or if it is free, has expired, or ends later than MaxLease
// allows. Otherwise, the second part returns the position, and that the lease is not held.
const claimName = `with taken as (
  insert into sigil.claims as claims (name, owner, until) values ($1, $2, $3)
  on conflict (name) do update set owner = excluded.owner, until = excluded.until
  where claims.owner = excluded.owner or claims.until <= $4 or claims.until > $5
  returning position
)
select position, true from taken
union all
select position, false from sigil.claims where name = $1 and not exists (select from taken)`

// advance stores the greater position, unless the stored one is beyond the journal's newest.
const advance = `update sigil.claims set position = case when position > (select position from sigil.head) then $3 else greatest(position, $3) end
where name = $1 and owner = $2`

// Claim implements [store.Store].
func (s *Store) Claim(ctx context.Context, name string, owner sigil.ID, until, now time.Time) (position uint64, held bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, false, err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	err = s.pool.QueryRow(bounded, claimName, name, [16]byte(owner), until, now, now.Add(store.MaxLease)).Scan(&position, &held)
	if errors.Is(err, pgx.ErrNoRows) { // another process claimed the new name at the same moment: no position is stored yet
		return 0, false, nil
	}
	return position, held, failure(err)
}

// Advance implements [store.Store].
func (s *Store) Advance(ctx context.Context, name string, owner sigil.ID, position uint64) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	tag, err := s.pool.Exec(bounded, advance, name, [16]byte(owner), int64(position))
	if err != nil {
		return failure(err)
	}
	if tag.RowsAffected() == 0 {
		return sigil.NewNotClaimed()
	}
	return nil
}
