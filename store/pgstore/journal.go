package pgstore

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// entries are the journal entries of one transaction, in blocks. Their positions count from a base that the
// database returns at the commit.
type entries struct {
	n       uint64 // number of entries so far
	tenants []string
	lasts   []int64
	counts  []int32
	times   []time.Time
	blocks  [][]byte
	hashes  []byte         // of all entries, by position
	open    map[string]int // the index of each tenant's block that takes more entries
}

// add journals an event, whose record is e, as the next one.
func (j *entries) add(tenant string, at time.Time, e []byte, hash sigil.Hash) {
	i, ok := j.open[tenant]
	if !ok {
		i = len(j.blocks)
		if j.open == nil {
			j.open = map[string]int{}
		}
		j.open[tenant] = i
		j.tenants, j.lasts, j.counts = append(j.tenants, tenant), append(j.lasts, 0), append(j.counts, 0)
		j.times, j.blocks = append(j.times, at), append(j.blocks, nil)
	}
	j.n++
	j.hashes = append(j.hashes, hash[:]...)
	j.blocks[i] = record.AppendEntry(j.blocks[i], uint64(j.lasts[i]), j.n, e)
	j.lasts[i], j.times[i] = int64(j.n), at
	j.counts[i]++
	if len(j.blocks[i]) >= record.MaxBlock {
		delete(j.open, tenant)
	}
}

// appendJournal takes the positions, and so makes journaling transactions commit one after the other: it is
// the last statement of each. So positions have no gaps and become visible in order, and a reader that
// continues after one misses nothing. For the same reason it can make the commit's link.
const appendJournal = `with h as (
  update sigil.head set position = position + $1, link = sha256(link || int8send(position + $1) || $7::bytea)
  returning position - $1 as base, position, link
), l as (insert into sigil.links (position, link) select position, link from h)
insert into sigil.journal (tenant, last, base, entries, at, block)
select e.tenant, h.base + e.last, h.base, e.entries, e.at, e.block
from h, unnest($2::text[], $3::bigint[], $4::integer[], $5::timestamptz[], $6::bytea[]) as e (tenant, last, entries, at, block)
returning base`

// queue adds the statement to w. base receives the position before the first entry.
func (j *entries) queue(w *writes, base *uint64) {
	if j.n == 0 {
		return
	}
	var tenants, lasts, counts, times, blocks array
	for i := range j.blocks {
		tenants.text(j.tenants[i])
		lasts.int64(j.lasts[i])
		counts.int32(int(j.counts[i]))
		times.time(j.times[i])
		blocks.bytes(j.blocks[i])
	}
	w.add(appendJournal, int64(j.n), raw(tenants.of(oidText)), raw(lasts.of(oidInt8)), raw(counts.of(oidInt4)), raw(times.of(oidTime)), raw(blocks.of(oidBytes)), raw(j.hashes))
	(*w)[len(*w)-1].number = base
}

// event returns the record of an event, whose hash it sets, or [unnumbered].
func (s *Store) event(e *sigil.Event) ([]byte, error) {
	var policy uint16
	var err error
	if e.Memory.Policy != nil {
		if policy, err = s.policies.inTransaction(e.Memory.Policy); err != nil {
			return nil, err
		}
	}
	b, err := record.AppendEvent(nil, e, policy)
	e.Hash = record.EntryHash(e.Memory.Tenant, b)
	return b, err
}

// journal adds an event to j, or returns [unnumbered].
func (s *Store) journal(j *entries, e *sigil.Event) error {
	b, err := s.event(e)
	if err == nil {
		j.add(e.Memory.Tenant, e.Time, b, e.Hash)
	}
	return err
}

// Events implements [store.Store].
func (s *Store) Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, nil
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	events, err := s.events(bounded, tenant, after, limit)
	return events, reading(ctx, err)
}

func (s *Store) events(ctx context.Context, tenant string, after uint64, limit int) (events []sigil.Event, err error) {
	for position := after; len(events) < limit; {
		blocks, err := s.blocks(ctx, tenant, position, min(limit-len(events), maxBlocks))
		if err != nil {
			return nil, err
		}
		for _, b := range blocks {
			position = uint64(b.last)
			events, err = record.ReadBlock(events, b.value, tenant, uint64(b.base), after, position, limit, s.policyOf(ctx))
			if err != nil {
				return nil, err
			}
		}
		if len(blocks) == 0 {
			break
		}
	}
	return events, nil
}

// maxBlocks is the maximum number of blocks fetched at once.
const maxBlocks = 64

type block struct {
	last, base int64
	value      []byte
}

// blocks returns at most limit of a tenant's blocks that end after a position, or [sigil.ErrGone].
func (s *Store) blocks(ctx context.Context, tenant string, after uint64, limit int) (blocks []block, err error) {
	b := &pgx.Batch{}
	into(b, &blocks, scanBlock, "select last, base, block from sigil.journal where tenant = $1 and last > $2 order by last limit $3", tenant, int64(min(after, math.MaxInt64)), limit)
	// This is checked last, so that a reader cannot silently miss entries that Trim removed while it was
	// reading. A position that a reader can have seen is committed, and so not beyond the newest one.
	trimmed, newest, err := s.span(ctx, b)
	switch {
	case err != nil:
		return nil, err
	case after < trimmed:
		return nil, sigil.NewPositionGone(trimmed)
	case after > newest:
		return nil, sigil.NewPositionAhead(newest)
	}
	return blocks, nil
}

// span runs b, and then reads where the journal begins and ends.
func (s *Store) span(ctx context.Context, b *pgx.Batch) (trimmed, newest uint64, err error) {
	var span [][2]int64
	into(b, &span, func(rows pgx.Rows) (s [2]int64, err error) {
		err = rows.Scan(&s[0], &s[1])
		return s, err
	}, "select trimmed, position from sigil.head")
	if err := s.pool.run(ctx, b); err != nil {
		return 0, 0, err
	}
	if len(span) == 0 {
		return 0, 0, damaged("no head")
	}
	return uint64(span[0][0]), uint64(span[0][1]), nil
}

// JournalBounds implements [store.Store].
func (s *Store) JournalBounds(ctx context.Context) (trimmed, newest uint64, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, 0, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	var from, to int64
	err = s.pool.QueryRow(bounded, "select trimmed, position from sigil.head").Scan(&from, &to)
	return uint64(from), uint64(to), reading(ctx, err)
}

// Newest returns the time of the newest journal entry of all tenants, or the zero time if there is none.
func (s *Store) Newest(ctx context.Context) (time.Time, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return time.Time{}, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	var at *time.Time
	err := s.pool.QueryRow(bounded, `select (select j.at from sigil.tenants t cross join lateral
(select last, at from sigil.journal where tenant = t.tenant order by last desc limit 1) j order by j.last desc limit 1)`).Scan(&at)
	if err != nil || at == nil {
		return time.Time{}, reading(ctx, err)
	}
	return at.UTC(), nil
}

func scanBlock(rows pgx.Rows) (b block, err error) {
	err = rows.Scan(&b.last, &b.base, &b.value)
	return b, err
}

// scanOne reads a row of one column.
func scanOne[T any](rows pgx.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}

// policyReader looks up policies for a reader of records.
type policyReader struct {
	s   *Store
	ctx context.Context //nolint:containedctx // it lives as long as the call that reads
}

// Policy implements [record.Policies].
func (p policyReader) Policy(number uint16) sigil.Policy {
	policy, err := p.s.policies.find(p.ctx, p.s.pool, number)
	if err != nil {
		p.s.logger.Warn("a policy could not be read", "number", number, "error", err)
	}
	return policy
}

func (s *Store) policyOf(ctx context.Context) record.Policies { return policyReader{s, ctx} }
