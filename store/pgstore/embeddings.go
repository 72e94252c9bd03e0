package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var _ store.Embeddings = (*Store)(nil)

// UseModel puts a model into the database; see [store.Embeddings].
func (s *Store) UseModel(ctx context.Context, m store.TextModel, anew bool) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	if s.searching.given.Meaning != store.MeaningEndpoint {
		return store.NewMeaningOff()
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	name := m.String()
	err := again(func() error {
		var kept string
		if err := s.pool.QueryRow(bounded, "select model from sigil.searched").Scan(&kept); err != nil {
			return err
		}
		rows, err := s.pool.Query(bounded, miscountVectors)
		wrong, err := collect(rows, err, scanOne[string])
		if err != nil || kept == name && !anew && len(wrong) == 0 {
			return err
		}
		if kept != "" && kept != name {
			s.logger.Warn("the vectors of texts are of another model: they are all made anew", "was", kept, "is", name)
		}
		return s.dropVectors(bounded, name)
	})
	if err == nil {
		s.searching.endpoint.Store(&name)
	}
	return reading(ctx, err)
}

// Reembed drops vectors; see [store.Embeddings].
func (s *Store) Reembed(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	model := s.searching.textModel()
	if s.searching.analyzer == nil || s.searching.given.Meaning == store.MeaningOff {
		return store.NewMeaningOff()
	}
	if model == "" {
		return nil
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	return failure(again(func() error { return s.dropVectors(bounded, model) }))
}

// Unembedded returns memories without a vector; see [store.Embeddings].
func (s *Store) Unembedded(ctx context.Context, after sigil.Key, limit int) (keys []sigil.Key, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, "select tenant from sigil.tenants where vectors <> memories and tenant >= $1 order by tenant", after.Tenant)
	tenants, err := collect(rows, err, scanOne[string])
	for _, tenant := range tenants {
		if err != nil || len(keys) == limit {
			break
		}
		var last sigil.ID
		if tenant == after.Tenant {
			last = after.ID
		}
		rows, failed := s.pool.Query(bounded, `select id from sigil.memories m where tenant = $1 and id > $2
and not exists (select from sigil.vectors v where v.tenant = m.tenant and v.id = m.id) order by id limit $3`, tenant, [16]byte(last), limit-len(keys))
		ids, failed := collect(rows, failed, scanOne[[16]byte])
		for _, id := range ids {
			keys = append(keys, sigil.Key{Tenant: tenant, ID: id})
		}
		err = failed
	}
	return keys, reading(ctx, err)
}

// lockKeys locks those of some memories that are there, so that they stay until their vectors are written, and so that
// nobody else writes these.
const lockKeys = `select m.tenant, m.id from sigil.memories m join unnest($1::text[], $2::uuid[]) as k (tenant, id) on m.tenant = k.tenant and m.id = k.id
order by m.tenant, m.id for no key update of m`

// keepVectors inserts or replaces vectors of memories that are there and have the tags $6, unless another model is in use, and
// counts those that are new. Its lock on the table of vectors keeps the model as it is, and it returns whether that is in use.
const keepVectors = `with live as materialized (
  select m.tenant, m.id from sigil.memories m join unnest($1::text[], $2::uuid[], $6::text[]) as k (tenant, id, tags)
    on m.tenant = k.tenant and m.id = k.id and m.tags = k.tags
  where (select settings || model from sigil.searched) = $5
), new as materialized (
  select tenant, count(*) as n from live where not exists (select from sigil.vectors v where v.tenant = live.tenant and v.id = live.id) group by tenant
), kept as (
  insert into sigil.vectors (tenant, id, signs, codes)
  select n.tenant, n.id, n.signs, n.codes
  from unnest($1::text[], $2::uuid[], $3::bit varying[], $4::bytea[]) as n (tenant, id, signs, codes) join live using (tenant, id)
  on conflict (tenant, id) do update set signs = excluded.signs, codes = excluded.codes
), counted as (
  insert into sigil.tenants as t (tenant, vectors) select tenant, n from new order by tenant
  on conflict (tenant) do update set vectors = t.vectors + excluded.vectors
)
select case when settings || model = $5 then 1::bigint else 0 end from sigil.searched`

// KeepVectors keeps vectors; see [store.Embeddings].
func (s *Store) KeepVectors(ctx context.Context, m store.TextModel, made []store.Embedding) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	var rows vectorRows
	var tags array
	var keys []sigil.Key
	seen := make(map[sigil.Key]bool, len(made))
	for i := range made {
		if e := &made[i]; !seen[e.Key] {
			text, err := textOfTags(e.Tags)
			if err != nil {
				return err
			}
			seen[e.Key] = true
			rows.add(e.Key, e.Vector)
			tags.bytes(text)
			keys = append(keys, e.Key)
		}
	}
	tenants, ids := arrays(keys)
	var used uint64
	err := s.transact(bounded, func(t *tx) error {
		b := &pgx.Batch{}
		b.Queue(lockKeys, tenants, ids)
		if err := t.send(bounded, b); err != nil {
			return err
		}
		var w writes
		w.add(keepVectors, append(rows.args(), bytesOf(s.searching.settings+m.String()), raw(tags.of(oidText)))...)
		w[0].number = &used
		return t.commit(bounded, w)
	})
	if err == nil && used == 0 {
		return store.NewModelChanged()
	}
	return failure(err)
}

// Embedded counts memories and vectors; see [store.Embeddings].
func (s *Store) Embedded(ctx context.Context) (memories, embedded int, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, 0, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	row := s.pool.QueryRow(bounded, "select coalesce(sum(memories), 0)::bigint, coalesce(sum(vectors), 0)::bigint from sigil.tenants")
	err = row.Scan(&memories, &embedded)
	return memories, embedded, reading(ctx, err)
}
