package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, key sigil.Key, now time.Time) (sigil.Memory, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Memory{}, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	m, found, err := s.get(bounded, key, "")
	if err == nil && found && m.Due(now) {
		// An Update in progress, here or in another process, may keep the memory: wait for it.
		defer s.keys.One(key).Unlock()
		m, found, err = s.get(bounded, key, " for share")
	}
	switch {
	case err != nil:
		return sigil.Memory{}, reading(ctx, err)
	case !found || m.Due(now):
		return sigil.Memory{}, sigil.NewNotFound()
	}
	return m, nil
}

// Meta implements [store.Store]. It also reads the content, which is in the same row.
func (s *Store) Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error) {
	m, err := s.Get(ctx, key, now)
	return m.Meta, err
}

// get returns a memory, due or not.
func (s *Store) get(ctx context.Context, key sigil.Key, locking string) (m sigil.Memory, found bool, err error) {
	behind := s.refreshes.of(key)
	rows, err := s.query(ctx, scanMemory, "select "+memoryColumns+byKey+locking, key.Tenant, [16]byte(key.ID))
	if err != nil || len(rows) == 0 {
		return m, false, err
	}
	return s.refreshes.over(rows[0], behind).Memory, true, nil
}

// due queries tenant by tenant: an index over all tenants would cost every insert more than it saves here.
const due = `select m.tenant, m.id from sigil.tenants t cross join lateral (
  select tenant, id from sigil.memories where tenant = t.tenant and fades_at <= $1 order by fades_at limit $2 for update skip locked
) m where t.memories > 0 limit $2`

// Due implements [store.Store]. Its cost is one index lookup per tenant, plus the memories it returns. It
// skips locked rows, so that concurrent sweeps get different ones.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]sigil.Key, error) {
	if tenants, times := s.clocks.behind(now); len(tenants) > 0 {
		return s.before(ctx, now, dueByClocks, now, limit, tenants, times)
	}
	return s.before(ctx, now, due, now, limit)
}

// dueByClocks is due with the time by the clock of each tenant whose clock is behind.
const dueByClocks = `select m.tenant, m.id from sigil.tenants t
left join unnest($3::text[], $4::timestamptz[]) as c (tenant, at) on c.tenant = t.tenant
cross join lateral (
  select tenant, id from sigil.memories where tenant = t.tenant and fades_at <= coalesce(c.at, $1) order by fades_at limit $2 for update skip locked
) m where t.memories > 0 limit $2`

// The conditions are those of the index memories_unnoticed.
const unnoticed = `select tenant, id from sigil.memories
where noticed <> fades_at and fades_at < 'infinity' and fades_at > $1 and fades_at <= $2 order by fades_at limit $3 for update skip locked`

// Unnoticed implements [store.Store]. It skips locked rows, as Due does.
func (s *Store) Unnoticed(ctx context.Context, after, until time.Time, limit int) ([]sigil.Key, error) {
	tenants, times, running := s.clocks.running(after)
	if len(tenants) == 0 {
		return s.before(ctx, until, unnoticed, after, until, limit)
	}
	keys, err := s.before(ctx, until, unnoticedElsewhere, after, until, limit, tenants)
	if err != nil || len(keys) == limit || len(running) == 0 {
		return keys, err
	}
	more, err := s.before(ctx, until, unnoticedByClocks, running, times, until.Sub(after), limit-len(keys))
	return append(keys, more...), err
}

const (
	// unnoticedElsewhere is unnoticed without those tenants whose clocks have ever stood still.
	unnoticedElsewhere = `select tenant, id from sigil.memories
where noticed <> fades_at and fades_at < 'infinity' and fades_at > $1 and fades_at <= $2 and tenant <> all ($4::text[]) order by fades_at limit $3 for update skip locked`

	// unnoticedByClocks looks for those of tenants with the times by their clocks. It also reads what is noticed and near.
	unnoticedByClocks = `select m.tenant, m.id from unnest($1::text[], $2::timestamptz[]) as c (tenant, after) cross join lateral (
  select tenant, id from sigil.memories where tenant = c.tenant and noticed <> fades_at and fades_at < 'infinity' and fades_at > c.after and fades_at <= c.after + $3::interval
  order by fades_at limit $4 for update skip locked
) m limit $4`
)

// before returns the keys from a query about deadlines until a time.
func (s *Store) before(ctx context.Context, until time.Time, query string, args ...any) ([]sigil.Key, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.settle(bounded, until); err != nil {
		return nil, reading(ctx, err)
	}
	rows, err := s.pool.Query(bounded, query, args...)
	keys, err := collect(rows, err, scanKey)
	return keys, reading(ctx, err)
}

func scanKey(rows pgx.Rows) (key sigil.Key, err error) {
	err = rows.Scan(&key.Tenant, (*[16]byte)(&key.ID))
	return key, err
}

// Fading implements [store.Store].
func (s *Store) Fading(ctx context.Context, q store.FadingQuery) (page []sigil.Memory, more bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.settle(bounded, q.Until); err != nil {
		return nil, false, reading(ctx, err)
	}
	// A zero id comes before all others with the same deadline.
	from := q.Now
	if q.After != (sigil.ID{}) && q.AfterAt.After(from) {
		from = q.AfterAt
	}
	rows, err := s.query(bounded, scanMemory, "select "+outlineColumns+` from sigil.memories
where tenant = $1 and fades_at > $2 and fades_at <= $3 and fades_at < 'infinity' and (fades_at, id) > ($4, $5)
order by fades_at, id limit $6`, q.Tenant, q.Now, q.Until, from, [16]byte(q.After), q.Limit+1)
	if err != nil {
		return nil, false, reading(ctx, err)
	}
	for _, r := range rows {
		page = append(page, r.Memory)
	}
	if len(page) > q.Limit {
		return page[:q.Limit], true, nil
	}
	return page, false, nil
}

// Policies implements [store.Store].
func (s *Store) Policies(ctx context.Context) ([]sigil.Policy, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	all, err := s.policies.all(bounded, s.pool)
	return all, reading(ctx, err)
}

// ring queries each distance on both sides separately, so that each part comes sorted from an index, and no
// more of it is read than needed.
const ring = "select " + metaColumns + ` from generate_series($3::integer, $4::integer) as d cross join lateral (
  (select * from sigil.memories where tenant = $1 and frequency = ($2::smallint - d)::smallint and fades_at > $5 order by id desc limit $6)
  union all
  (select * from sigil.memories where tenant = $1 and frequency = ($2::smallint + d)::smallint and d > 0 and fades_at > $5 order by id desc limit $6)
) m order by d, id desc limit $6`

// Nearest implements [store.Store].
func (s *Store) Nearest(ctx context.Context, metas []sigil.Meta, q store.NearestQuery) ([]sigil.Meta, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.settle(bounded, q.Now); err != nil {
		return nil, reading(ctx, err)
	}
	behind := s.refreshes.all(q.Tenant)
	given := 0
	// From the inside out, in rings of growing width: usually the first one has enough.
	for from, to := 0, 0; from <= q.Span && given < q.Limit; from, to = to+1, 2*to+2 {
		rows, err := s.query(bounded, scanMeta, ring, q.Tenant, int16(q.Frequency), from, min(to, q.Span), q.Now, q.Limit-given)
		if err != nil {
			return nil, reading(ctx, err)
		}
		for _, r := range rows {
			metas = append(metas, s.refreshes.over(r, behind[r.Key]).Meta)
		}
		given += len(rows)
	}
	return metas, nil
}
