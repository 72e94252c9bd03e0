package pgstore

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil/store/internal/record"
)

// Trim implements [store.Store]. Several processes may trim at once. Trim first writes the position up to
// which entries are dropped, and then deletes them in steps. If it fails in between, the next Trim finishes
// the deletion.
func (s *Store) Trim(ctx context.Context, before time.Time, keep uint64) (uint64, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	upTo, err := s.trim(ctx, before, keep)
	return upTo, reading(ctx, err)
}

func (s *Store) trim(ctx context.Context, before time.Time, keep uint64) (uint64, error) {
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	var position, trimmed int64
	if err := s.pool.QueryRow(bounded, "select position, trimmed from sigil.head").Scan(&position, &trimmed); err != nil {
		return 0, err
	}
	rows, err := s.pool.Query(bounded, "select tenant from sigil.tenants")
	tenants, err := collect(rows, err, scanOne[string])
	if err != nil {
		return 0, err
	}
	upTo := trimmed
	if keep > 0 && uint64(position) > keep {
		upTo = max(upTo, position-int64(keep))
	}
	if !before.IsZero() {
		young := position + 1 // the first entry that stays
		for _, tenant := range tenants {
			if young, err = s.firstYoung(ctx, tenant, upTo, young, before); err != nil {
				return 0, err
			}
		}
		upTo = max(upTo, young-1)
	}
	if upTo > trimmed {
		bounded, cancel := s.steady(ctx)
		defer cancel()
		if err := s.pool.QueryRow(bounded, "update sigil.head set trimmed = greatest(trimmed, $1) returning trimmed", upTo).Scan(&upTo); err != nil {
			return 0, err
		}
	}
	for _, tenant := range tenants {
		if err := s.dropBlocks(ctx, tenant, upTo); err != nil {
			return uint64(upTo), err
		}
	}
	return uint64(upTo), s.dropLinks(ctx, upTo)
}

// firstYoung returns the position of the tenant's first entry after over that is not older than before, or
// young if that is lower.
func (s *Store) firstYoung(ctx context.Context, tenant string, over, young int64, before time.Time) (int64, error) {
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	for at := over; ; {
		rows, err := s.pool.Query(bounded, "select last, base, block from sigil.journal where tenant = $1 and last > $2 and base < $3 order by last limit $4", tenant, at, young, maxBlocks)
		blocks, err := collect(rows, err, scanBlock)
		if err != nil || len(blocks) == 0 {
			return young, err
		}
		for _, b := range blocks {
			at = b.last
			events, err := record.ReadBlock(nil, b.value, tenant, uint64(b.base), uint64(over), uint64(b.last), len(b.value), s.policyOf(bounded))
			if err != nil {
				return young, err
			}
			if p, ok := record.FirstFrom(events, uint64(over), before); ok {
				return min(young, int64(p)), nil
			}
		}
	}
}

// dropStep is the maximum number of blocks that one statement deletes.
const dropStep = 1_000

func (s *Store) dropBlocks(ctx context.Context, tenant string, upTo int64) error {
	for {
		bounded, cancel := s.steady(ctx)
		tag, err := s.pool.Exec(bounded, `delete from sigil.journal where tenant = $1 and last in
(select last from sigil.journal where tenant = $1 and last <= $2 order by last limit $3)`, tenant, upTo, dropStep)
		cancel()
		if err != nil || tag.RowsAffected() < dropStep {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// dropLinks deletes the links before the last one up to a position, which those that stay follow from.
func (s *Store) dropLinks(ctx context.Context, upTo int64) error {
	for {
		bounded, cancel := s.steady(ctx)
		tag, err := s.pool.Exec(bounded, `delete from sigil.links where position in (select position from sigil.links
where position < (select max(position) from sigil.links where position <= $1) order by position limit $2)`, upTo, dropStep)
		cancel()
		if err != nil || tag.RowsAffected() < dropStep {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
