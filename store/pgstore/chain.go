package pgstore

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// Link implements [store.Store].
func (s *Store) Link(ctx context.Context) (position uint64, link sigil.Hash, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, link, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, "select position, link from sigil.links order by position desc limit 1")
	newest, err := collect(rows, err, scanLink)
	if err == nil && len(newest) == 0 {
		err = damaged("no link")
	}
	if err != nil {
		return 0, link, reading(ctx, err)
	}
	return uint64(newest[0].position), newest[0].link, nil
}

// EntryHash implements [store.Store].
func (s *Store) EntryHash(ctx context.Context, position uint64) (sigil.Hash, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Hash{}, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	hash, err := s.entryHash(bounded, position)
	return hash, reading(ctx, err)
}

func (s *Store) entryHash(ctx context.Context, position uint64) (hash sigil.Hash, err error) {
	var blocks []tenantBlock
	b := &pgx.Batch{}
	into(b, &blocks, scanTenantBlock, `select t.tenant, j.last, j.base, j.block from sigil.tenants t cross join lateral
(select last, base, block from sigil.journal where tenant = t.tenant and last >= $1 order by last limit 1) j where j.base < $1`, int64(min(position, math.MaxInt64)))
	trimmed, newest, err := s.span(ctx, b) // checked last, since Trim may drop the entry at the same time
	switch {
	case err != nil:
		return hash, err
	case position > newest:
		return hash, sigil.NewPositionAhead(newest)
	case position <= trimmed:
		return hash, sigil.NewPositionGone(trimmed)
	}
	found := false
	for _, b := range blocks {
		if err := record.ReadHashes(b.value, b.tenant, uint64(b.base), uint64(b.last), func(at uint64, h sigil.Hash) {
			if at == position {
				hash, found = h, true
			}
		}); err != nil {
			return hash, err
		}
	}
	if !found {
		return hash, damaged("a gap in the journal")
	}
	return hash, nil
}

type tenantBlock struct {
	tenant string
	block
}

func scanTenantBlock(rows pgx.Rows) (b tenantBlock, err error) {
	err = rows.Scan(&b.tenant, &b.last, &b.base, &b.value)
	return b, err
}

type link struct {
	position int64
	link     sigil.Hash
}

func scanLink(rows pgx.Rows) (l link, err error) {
	var b []byte
	if err = rows.Scan(&l.position, &b); err != nil {
		return l, err
	}
	if len(b) != len(l.link) {
		return l, damaged("a link")
	}
	copy(l.link[:], b)
	return l, nil
}
