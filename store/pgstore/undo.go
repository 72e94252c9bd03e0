package pgstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

const (
	// keepMemories moves memories to removed, with the vectors that their callers gave.
	keepMemories = `with gone as (
  delete from sigil.memories where (tenant, id) in (select * from unnest($1::text[], $2::uuid[]))
  returning ` + storedColumns + `
)
insert into sigil.removed (` + storedColumns + `, signs, codes)
select ` + storedColumns + `, signs, codes from gone left join sigil.own_vectors using (tenant, id)`

	storedColumns = metaColumns + ", hash, state, tags, data"

	// insertRemovals follows the journal entries of its transaction, of which there are $7 and whose positions it takes.
	insertRemovals = `insert into sigil.removals (tenant, id, removed_at, kind, reason, size, position, superseded_by)
select r.tenant, r.id, r.removed_at, r.kind, r.reason, r.size, h.position - $7 + r.entry, nullif(r.by, '00000000-0000-0000-0000-000000000000')
from sigil.head h, unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::integer[], $8::bigint[], $9::uuid[])
  as r (tenant, id, removed_at, kind, reason, size, entry, by)`

	countRemoved = `insert into sigil.tenants as t (tenant, removed, removed_bytes)
select * from unnest($1::text[], $2::bigint[], $3::bigint[])
on conflict (tenant) do update set removed = t.removed + excluded.removed, removed_bytes = t.removed_bytes + excluded.removed_bytes`

	// dropRemoved ends a statement that begins with what to drop, gone: "with recursive gone as materialized (select" and
	// goneColumns. It drops also what they superseded, and returns the number of rows of gone.
	dropRemoved = `,
old as (
  select tenant, id from gone
  union select r.tenant, r.id from sigil.removals r join old on r.tenant = old.tenant and r.superseded_by = old.id
),
r as (delete from sigil.removals r using old g where r.tenant = g.tenant and r.id = g.id),
m as (delete from sigil.removed m using old g where m.tenant = g.tenant and m.id = g.id),
c as (
  insert into sigil.tenants as t (tenant, removed, removed_bytes)
  select tenant, -count(*), -sum(size) from gone where superseded_by is null group by tenant order by tenant
  on conflict (tenant) do update set removed = t.removed + excluded.removed, removed_bytes = t.removed_bytes + excluded.removed_bytes
)
select count(*) from gone`

	goneColumns = "tenant, id, size, superseded_by"

	// restoreMemories moves memories back, with the figures that a restore may set. Recalls that were made before the removal, and
	// are not written yet, have an earlier revision.
	restoreMemories = `with back as (
  delete from sigil.removed where tenant = $1 and id = any ($2::uuid[]) returning *
), own as (
  insert into sigil.own_vectors (tenant, id, signs, codes) select tenant, id, signs, codes from back where codes is not null
)
insert into sigil.memories (` + storedColumns + `)
select b.tenant, b.id, b.created_at, n.last_accessed, n.fades_at, n.ttl, b.access_count, b.potential, b.frequency, b.size, n.policy, b.pinned, b.crystallized, b.own_policy, b.stretch, n.stood, b.supersedes, b.noticed, b.revision + 1,
  b.hash, b.state, b.tags, b.data
from back b join unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::bigint[], $6::smallint[], $7::integer[]) as n (id, last_accessed, fades_at, ttl, policy, stood) using (id)`
)

// keeping are the memories that a transaction removes and that are kept.
type keeping struct {
	keys    []sigil.Key
	events  []sigil.Event
	entries []int64 // the number of each event among those of the transaction
}

// add keeps the memory of an event, the nth of the transaction, if it is kept after that. It returns false if not.
func (k *keeping) add(s *Store, e *sigil.Event, m *sigil.Memory, n uint64) bool {
	chained := e.Kind == sigil.Corrected || m.Supersedes != sigil.ID{}
	if !s.undo && !chained || !store.KeepsRemoved(e.Kind) {
		return false
	}
	kept := *e
	kept.Memory = m.Meta
	k.keys, k.events, k.entries = append(k.keys, m.Key), append(k.events, kept), append(k.entries, int64(n))
	return true
}

// queueMove queues the statements that move them, before what is searched of them is deleted.
func (k *keeping) queueMove(w *writes) {
	if len(k.keys) == 0 {
		return
	}
	tenants, ids := arrays(k.keys)
	w.add(keepMemories, tenants, ids)
	change := map[string]count{}
	for i := range k.events {
		m := &k.events[i].Memory
		if k.events[i].Kind == sigil.Corrected {
			continue
		}
		c := change[m.Tenant]
		change[m.Tenant] = count{tenant: m.Tenant, memories: c.memories + 1, bytes: c.bytes + int64(m.Size)}
	}
	if len(change) > 0 {
		queueCountRemoved(w, sorted(change))
	}
}

func queueCountRemoved(w *writes, all []count) {
	var tenants, memories, bytes array
	for _, c := range all {
		tenants.text(c.tenant)
		memories.int64(c.memories)
		bytes.int64(c.bytes)
	}
	w.add(countRemoved, raw(tenants.of(oidText)), raw(memories.of(oidInt8)), raw(bytes.of(oidInt8)))
}

// queueRemovals queues the statement that says how they were removed, after the n journal entries of the transaction.
func (k *keeping) queueRemovals(w *writes, n uint64) {
	if len(k.keys) == 0 {
		return
	}
	tenants, ids := arrays(k.keys)
	var times, sizes, kinds, reasons array
	by := make([][16]byte, len(k.events))
	for i := range k.events {
		times.time(k.events[i].Time)
		kinds.text(string(k.events[i].Kind))
		reasons.text(k.events[i].Reason)
		sizes.int32(k.events[i].Memory.Size)
		by[i] = k.events[i].SupersededBy
	}
	w.add(insertRemovals, tenants, ids, raw(times.of(oidTime)), raw(kinds.of(oidText)), raw(reasons.of(oidText)), raw(sizes.of(oidInt4)), int64(n), k.entries, by)
}

// removedColumns are read by scanRemoved.
var removedColumns = "m." + strings.ReplaceAll(storedColumns, ", ", ", m.") + ", r.removed_at, r.kind, r.reason, r.position, r.superseded_by"

// scanRemoved returns a func that reads a row of removedColumns, and adds how the memory was removed to all.
func scanRemoved(all *[]store.Removal) func(pgx.Rows) (row, error) {
	return func(rows pgx.Rows) (row, error) {
		var how store.Removal
		var position int64
		var by *[16]byte
		r, err := scanMemoryAnd(rows, &how.At, (*string)(&how.Kind), &how.Reason, &position, &by)
		if by != nil {
			how.SupersededBy = *by
		}
		how.At, how.Position = how.At.UTC(), uint64(position)
		*all = append(*all, how)
		return r, err
	}
}

// Removed implements [store.Undo].
func (s *Store) Removed(ctx context.Context, q store.RemovedQuery) (page []store.Removed, more bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	before, beforeAt := q.Before, q.BeforeAt
	if before == (sigil.ID{}) {
		beforeAt = time.Time{}
	}
	type found struct {
		id   [16]byte
		size int
	}
	rows, err := s.pool.Query(bounded, `select id, size from sigil.removals
where superseded_by is null and tenant = $1 and removed_at >= $2 and (removed_at, id) < ($3, $4) order by removed_at desc, id desc limit $5`,
		q.Tenant, q.Since, deadline(beforeAt), [16]byte(before), q.Limit+1)
	all, err := collect(rows, err, func(rows pgx.Rows) (f found, err error) {
		err = rows.Scan(&f.id, &f.size)
		return f, err
	})
	if err != nil {
		return nil, false, reading(ctx, err)
	}
	var ids [][16]byte
	var bytes int64 // of data
	for _, f := range all {
		if q.Ends(len(ids), bytes, f.size) {
			more = true
			break
		}
		ids, bytes = append(ids, f.id), bytes+int64(f.size)
	}
	if len(ids) == 0 {
		return nil, more, nil
	}
	var how []store.Removal
	memories, err := s.query(bounded, scanRemoved(&how), "select "+removedColumns+` from sigil.removals r join sigil.removed m using (tenant, id)
where r.tenant = $1 and r.id = any ($2::uuid[]) order by r.removed_at desc, r.id desc`, q.Tenant, ids)
	if err != nil {
		return nil, false, reading(ctx, err)
	}
	for i, r := range memories {
		if q.NoData {
			r.Data = nil
		}
		page = append(page, store.Removed{Removal: how[i], Memory: r.Memory})
	}
	return page, more && len(page) > 0, nil
}

// Restore implements [store.Undo].
func (s *Store) Restore(ctx context.Context, tenant string, ids []sigil.ID, quota store.Quota, restore func(*sigil.Meta, store.Removal) (sigil.Event, bool)) ([]sigil.Memory, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil || len(ids) == 0 {
		return nil, err
	}
	keys := make([]sigil.Key, len(ids))
	for i, id := range ids {
		keys[i] = sigil.Key{Tenant: tenant, ID: id}
	}
	defer s.keys.Lock(keys...)()
	bounded, cancel := s.steady(ctx)
	defer cancel()
	var back []sigil.Memory
	err := s.transact(bounded, func(t *tx) (err error) {
		back, err = s.restore(bounded, t, tenant, keys, quota, restore)
		return err
	})
	if stateOf(err) == overQuota {
		return nil, store.NewRestoreFull()
	}
	if err != nil {
		return nil, failure(err)
	}
	if len(back) > 0 {
		s.tell()
	}
	return back, nil
}

// restore restores memories in a transaction, which it commits if there are any.
func (s *Store) restore(ctx context.Context, t *tx, tenant string, keys []sigil.Key, quota store.Quota, restore func(*sigil.Meta, store.Removal) (sigil.Event, bool)) ([]sigil.Memory, error) {
	_, all := arrays(keys)
	var how []store.Removal
	rows, err := t.rows(ctx, scanRemoved(&how), "select "+removedColumns+` from sigil.removals r join sigil.removed m using (tenant, id)
where r.tenant = $1 and r.id = any ($2::uuid[]) and r.superseded_by is null order by r.id for update of r`, tenant, all)
	if err == nil {
		err = s.resolve(ctx, t.conn, rows)
	}
	if err != nil {
		return nil, err
	}
	found := make(map[sigil.ID]int, len(rows))
	for i := range rows {
		found[rows[i].ID] = i
	}
	var back []sigil.Memory
	var ids [][16]byte
	var accessed, fades, ttls, policies, stoods array
	var c columns
	var j entries
	change := count{tenant: tenant, maxMemories: int64(quota.Memories), maxBytes: quota.Bytes}
	for _, key := range keys {
		i, there := found[key.ID]
		if !there {
			continue
		}
		delete(found, key.ID)
		m, meta := rows[i].Memory, rows[i].Meta
		event, ok := restore(&meta, how[i])
		if !ok {
			continue
		}
		m.LastAccessed, m.Stood, m.TTL, m.Policy = meta.LastAccessed, meta.Stood, meta.TTL, meta.Policy
		m.MoveDeadline(meta.FadesAt)
		policy, err := s.policies.inTransaction(m.Policy)
		if err == nil {
			err = s.journal(&j, &event)
		}
		if err != nil {
			return nil, err
		}
		back, ids = append(back, m), append(ids, key.ID)
		accessed.time(m.LastAccessed)
		fades.deadline(m.FadesAt)
		ttls.int64(m.TTL.Milliseconds())
		policies.int16(policy)
		stoods.seconds(m.Stood)
		change.memories, change.bytes = change.memories+1, change.bytes+int64(m.Size)
		if s.searching.analyzer != nil {
			doc := s.searching.document(&m)
			c.searched.add(&m, &doc)
			change.words++
		}
		if s.searching.model != "" {
			c.vectors.add(m.Key, s.searching.vector(&m))
			change.vectors++
		}
	}
	if len(back) == 0 {
		return nil, nil // it is rolled back
	}
	var w writes
	w.add("delete from sigil.removals where tenant = $1 and id = any ($2::uuid[])", tenant, ids)
	w.add(restoreMemories, tenant, ids, raw(accessed.of(oidTime)), raw(fades.of(oidTime)), raw(ttls.of(oidInt8)), raw(policies.of(oidInt2)), raw(stoods.of(oidInt4)))
	c.searched.queue(&w, s.searching)
	c.vectors.queue(&w, s.searching)
	s.queueCounts(&w, []count{change})
	queueCountRemoved(&w, []count{{tenant: tenant, memories: -change.memories, bytes: -change.bytes}})
	var base uint64
	j.queue(&w, &base)
	return slices.Clip(back), t.commit(ctx, w)
}

// Purge implements [store.Undo]. It passes over memories that another call is about to restore or purge.
func (s *Store) Purge(ctx context.Context, before time.Time, keep store.Quota, limit int) (int, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	// Materialized, as in PruneAnswers.
	purged, err := s.drop(bounded, `with recursive gone as materialized (
  select `+goneColumns+` from sigil.removals where superseded_by is null and removed_at < $1 order by removed_at, tenant, id limit $2 for update skip locked)`+dropRemoved, before, limit)
	if err != nil || purged == limit || keep == (store.Quota{}) {
		return purged, failure(err)
	}
	type tenant struct {
		name string
		has  store.Quota
	}
	rows, err := s.pool.Query(bounded, `select tenant, removed, removed_bytes from sigil.tenants
where removed > 0 and ($1 > 0 and removed > $1 or $2 > 0 and removed_bytes > $2) order by tenant`, int64(keep.Memories), keep.Bytes)
	over, err := collect(rows, err, func(rows pgx.Rows) (t tenant, err error) {
		err = rows.Scan(&t.name, &t.has.Memories, &t.has.Bytes)
		return t, err
	})
	for _, t := range over {
		if err != nil || purged == limit {
			break
		}
		var n int
		n, err = s.purgeOver(bounded, t.name, t.has, keep, limit-purged)
		purged += n
	}
	return purged, failure(err)
}

// purgeOver drops the memories of a tenant, which has more than keep, that were removed first.
func (s *Store) purgeOver(ctx context.Context, tenant string, has, keep store.Quota, limit int) (int, error) {
	type oldest struct {
		id   [16]byte
		size int64
	}
	rows, err := s.pool.Query(ctx, "select id, size from sigil.removals where superseded_by is null and tenant = $1 order by removed_at, id limit $2", tenant, limit)
	all, err := collect(rows, err, func(rows pgx.Rows) (o oldest, err error) {
		err = rows.Scan(&o.id, &o.size)
		return o, err
	})
	if err != nil {
		return 0, err
	}
	var ids [][16]byte
	for _, o := range all {
		if (keep.Memories == 0 || has.Memories <= keep.Memories) && (keep.Bytes == 0 || has.Bytes <= keep.Bytes) {
			break
		}
		ids = append(ids, o.id)
		has.Memories--
		has.Bytes -= o.size
	}
	return s.drop(ctx, `with recursive gone as materialized (
  select `+goneColumns+` from sigil.removals where superseded_by is null and tenant = $1 and id = any ($2::uuid[]) order by id for update skip locked)`+dropRemoved, tenant, ids)
}

// drop runs a statement that ends with dropRemoved.
func (s *Store) drop(ctx context.Context, sql string, args ...any) (n int, err error) {
	err = again(func() error { return s.pool.QueryRow(ctx, sql, args...).Scan(&n) })
	return n, err
}
