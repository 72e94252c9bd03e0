package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

const (
	linkMemory = "update sigil.memories set supersedes = $3 where tenant = $1 and id = $2"

	// versionsOf returns keys, each followed by those of all that the memory superseded, the newest first.
	versionsOf = `with recursive v as (
  select tenant collate "C" as tenant, id, n, 0 as depth from unnest($1::text[], $2::uuid[]) with ordinality as k (tenant, id, n)
  union all select r.tenant, r.id, v.n, v.depth + 1 from sigil.removals r join v on r.tenant = v.tenant and r.superseded_by = v.id
)
select tenant, id from v order by n, depth`

	// chainOf returns the ids of the chain that $2 is in, the newest first.
	chainOf = `with recursive newer as (
  select $2::uuid as id, 0 as n
  union all select r.superseded_by, v.n + 1 from newer v join sigil.removals r on r.tenant = $1 and r.id = v.id where r.superseded_by is not null
), chain as (
  (select id, 0 as n from newer order by newer.n desc limit 1)
  union all select r.id, v.n + 1 from chain v join sigil.removals r on r.tenant = $1 and r.superseded_by = v.id
)
select id from chain order by n`

	// dropOlder drops what the superseded memory $2 superseded, and returns how many that were.
	dropOlder = `with recursive kept as materialized (
  select tenant, id from sigil.removals where tenant = $1 and id = $2 and superseded_by is not null for update
), older as (
  select r.tenant, r.id from sigil.removals r join kept k on r.tenant = k.tenant and r.superseded_by = k.id
  union all select r.tenant, r.id from sigil.removals r join older o on r.tenant = o.tenant and r.superseded_by = o.id
),
r as (delete from sigil.removals r using older o where r.tenant = o.tenant and r.id = o.id returning r.id),
m as (delete from sigil.removed m using older o where m.tenant = o.tenant and m.id = o.id),
u as (update sigil.removed m set supersedes = null from kept k where m.tenant = k.tenant and m.id = k.id)
select count(*) from r`
)

// superseded returns the key of the memory that an item supersedes.
func superseded(item *store.Item) sigil.Key {
	return sigil.Key{Tenant: item.Memory.Tenant, ID: item.Memory.Supersedes}
}

// lockOld returns the memory that a call supersedes, with its row locked, or nil if the call supersedes none.
func (s *Store) lockOld(ctx context.Context, t *tx, call *insert) (*sigil.Memory, error) {
	if call.correct == nil {
		return nil, nil
	}
	key := superseded(call.correct)
	rows, err := t.rows(ctx, scanMemory, "select "+outlineColumns+byKey+" for update", key.Tenant, [16]byte(key.ID))
	if err == nil {
		err = s.resolve(ctx, t.conn, rows)
	}
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, sigil.NewNotFound()
	}
	return &rows[0].Memory, nil
}

// versions returns keys with those of all that the memories superseded. What a memory supersedes never changes, but it may be dropped.
func (s *Store) versions(ctx context.Context, keys []sigil.Key) ([]sigil.Key, error) {
	tenants, ids := arrays(keys)
	return collectVersions(s.pool.Query(ctx, versionsOf, tenants, ids))
}

func collectVersions(rows pgx.Rows, err error) ([]sigil.Key, error) {
	return collect(rows, err, func(rows pgx.Rows) (key sigil.Key, err error) {
		err = rows.Scan(&key.Tenant, (*[16]byte)(&key.ID))
		return key, err
	})
}

// queueUnlink queues what has memories supersede none from then on.
func queueUnlink(w *writes, keys []sigil.Key) {
	if len(keys) == 0 {
		return
	}
	tenants, ids := arrays(keys)
	for _, table := range []string{"memories", "removed"} {
		w.add("update sigil."+table+" set supersedes = null where (tenant, id) in (select * from unnest($1::text[], $2::uuid[]))", tenants, ids)
	}
}

// Superseded implements [store.Corrections].
func (s *Store) Superseded(ctx context.Context, key sigil.Key, noData bool) (store.Removed, error) {
	all, err := s.supersededBy(ctx, "r.tenant = $1 and r.id = $2", key.Tenant, [16]byte(key.ID))
	if err == nil && len(all) == 0 {
		err = sigil.NewNotFound()
	}
	if err != nil {
		return store.Removed{}, err
	}
	if noData {
		all[0].Memory.Data = nil
	}
	return all[0], nil
}

// AllSuperseded implements [store.Corrections].
func (s *Store) AllSuperseded(ctx context.Context, tenant string, after sigil.ID, limit int) ([]store.Removed, error) {
	all, err := s.supersededBy(ctx, "r.tenant = $1 and r.superseded_by > $2 order by r.superseded_by limit $3", tenant, [16]byte(after), limit)
	for i := range all {
		all[i].Memory.Data = nil
	}
	return all, err
}

// Chain implements [store.Corrections].
func (s *Store) Chain(ctx context.Context, key sigil.Key) ([]sigil.ID, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, chainOf, key.Tenant, [16]byte(key.ID))
	ids, err := collect(rows, err, func(rows pgx.Rows) (id sigil.ID, err error) {
		err = rows.Scan((*[16]byte)(&id))
		return id, err
	})
	return ids, reading(ctx, err)
}

// DropOlder implements [store.Corrections].
func (s *Store) DropOlder(ctx context.Context, key sigil.Key) (int, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	n, err := s.drop(bounded, dropOlder, key.Tenant, [16]byte(key.ID))
	return n, failure(err)
}

// supersededBy returns the superseded memories that fit the end of a query.
func (s *Store) supersededBy(ctx context.Context, which string, args ...any) (all []store.Removed, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	var how []store.Removal
	rows, err := s.query(bounded, scanRemoved(&how), "select "+removedColumns+` from sigil.removals r join sigil.removed m using (tenant, id)
where r.superseded_by is not null and `+which, args...)
	if err != nil {
		return nil, reading(ctx, err)
	}
	for i := range rows {
		all = append(all, store.Removed{Removal: how[i], Memory: rows[i].Memory})
	}
	return all, nil
}
