package pgstore

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

const (
	// demandNotKept fails if memories that bring their ids along have those of memories that are kept. It follows their insert, which
	// has waited for every transaction that was removing or restoring one of them.
	demandNotKept = `select sigil.demand(not exists (
  select from sigil.removed where (tenant, id) in (select * from unnest($1::text[], $2::uuid[]))
), '` + uniqueViolation + `', 'a memory with this id is kept')`

	linkKept = "update sigil.removed set supersedes = $3 where tenant = $1 and id = $2"

	// lockLinked reads whether a memory that is live or superseded supersedes another. Its parts are in the order in which rows are locked.
	lockLinked  = "select supersedes from sigil.memories where tenant = $1 and id = $2 for update"
	lockVersion = `select m.supersedes from sigil.removals r join sigil.removed m using (tenant, id)
where r.tenant = $1 and r.id = $2 and r.superseded_by is not null for update`
)

// queueNotKept queues the statement that refuses memories whose ids are kept, for those of calls that bring theirs along.
func queueNotKept(w *writes, calls []*insert) {
	var tenants []string
	var ids [][16]byte
	for _, call := range calls {
		for i := range call.memories {
			if m := &call.memories[i]; m.imported {
				tenants, ids = append(tenants, m.Tenant), append(ids, m.ID)
			}
		}
	}
	if len(ids) > 0 {
		w.add(demandNotKept, tenants, ids)
	}
}

// Versions implements [store.Attacher].
func (s *Store) Versions(ctx context.Context, tenant string, ids []sigil.ID) ([]store.Version, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil || len(ids) == 0 {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	wanted := make([][16]byte, len(ids))
	for i, id := range ids {
		wanted[i] = id
	}
	var found []store.Version
	scan := func(rows pgx.Rows) (row, error) {
		var v store.Version
		var position int64
		var by *[16]byte
		var codes []byte
		r, err := scanMemoryAnd(rows, &v.At, (*string)(&v.Kind), &v.Reason, &position, &by, &codes)
		if by != nil {
			v.SupersededBy = *by
		}
		if len(codes) > 0 {
			v.Vector = vectorOf(codes)
		}
		v.At, v.Position = v.At.UTC(), uint64(position)
		found = append(found, v)
		return r, err
	}
	rows, err := s.query(bounded, scan, "select "+removedColumns+`, m.codes from sigil.removals r join sigil.removed m using (tenant, id)
where r.tenant = $1 and r.id = any ($2::uuid[])`, tenant, wanted)
	if err != nil {
		return nil, reading(ctx, err)
	}
	place := make(map[sigil.ID]int, len(rows))
	for i := range rows {
		found[i].Memory = rows[i].Memory
		place[rows[i].ID] = i
	}
	var all []store.Version
	for _, id := range ids {
		if i, there := place[id]; there {
			all = append(all, found[i])
		}
	}
	return all, nil
}

// linkable returns an error if the memory by cannot supersede another one, the key old. It locks its row.
func (s *Store) linkable(ctx context.Context, t *tx, by, old sigil.Key) error {
	var found []*[16]byte
	b := &pgx.Batch{}
	for _, sql := range []string{lockLinked, lockVersion} {
		b.Queue(sql, by.Tenant, [16]byte(by.ID)).Query(func(rows pgx.Rows) error {
			some, err := collect(rows, nil, func(rows pgx.Rows) (supersedes *[16]byte, err error) {
				err = rows.Scan(&supersedes)
				return supersedes, err
			})
			found = append(found, some...)
			return err
		})
	}
	if err := t.send(ctx, b); err != nil {
		return err
	}
	switch {
	case len(found) == 0:
		return sigil.NewNotFound()
	case found[0] != nil || by == old:
		return store.NewLinked()
	}
	versions, err := collectVersions(t.conn.Query(ctx, versionsOf, []string{old.Tenant}, [][16]byte{old.ID}))
	if err == nil && slices.Contains(versions, by) {
		err = store.NewLinked()
	}
	return err
}

// queueLink queues what has a memory supersede another.
func queueLink(w *writes, by sigil.Key, old sigil.ID) {
	w.add(linkMemory, by.Tenant, [16]byte(by.ID), [16]byte(old))
	w.add(linkKept, by.Tenant, [16]byte(by.ID), [16]byte(old))
}

// Attach implements [store.Attacher].
func (s *Store) Attach(ctx context.Context, v *store.Version, events []sigil.Event) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	m := v.Memory
	by := sigil.Key{Tenant: m.Tenant, ID: v.SupersededBy}
	defer s.keys.Lock(by, m.Key)()
	bounded, cancel := s.steady(ctx)
	defer cancel()
	policy, err := s.policies.number(bounded, s.pool, m.Policy)
	if err != nil {
		return failure(err)
	}
	text, err := textOf(&m, policy)
	if err != nil {
		return err
	}
	err = s.transact(bounded, func(t *tx) error {
		if err := s.linkable(bounded, t, by, m.Key); err != nil {
			return err
		}
		var c columns
		c.add(&text)
		var w writes
		w.add(insertMemories, c.args()...)
		if len(v.Vector) > 0 {
			c.own.add(m.Key, v.Vector)
			c.own.queueOwn(&w)
		}
		var j entries
		for i := range events {
			if err := s.journal(&j, &events[i]); err != nil {
				return err
			}
		}
		tenants, ids := arrays([]sigil.Key{m.Key})
		w.add(demandNotKept, tenants, ids)
		last := events[len(events)-1]
		last.Memory, last.Time = m.Meta, v.At
		kept := keeping{keys: []sigil.Key{m.Key}, events: []sigil.Event{last}, entries: []int64{int64(j.n)}}
		kept.queueMove(&w)
		w.add(deleteSearched, tenants, ids)
		queueLink(&w, by, m.ID)
		var base uint64
		j.queue(&w, &base)
		kept.queueRemovals(&w, j.n)
		return t.commit(bounded, w)
	})
	if stateOf(err) == uniqueViolation {
		return store.NewExists()
	}
	if err == nil {
		s.tell()
	}
	return failure(err)
}

// Supersede implements [store.Attacher].
func (s *Store) Supersede(ctx context.Context, key sigil.Key, by sigil.ID, at time.Time, correct func(*sigil.Memory) (sigil.Event, error)) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	newer := sigil.Key{Tenant: key.Tenant, ID: by}
	defer s.keys.Lock(newer, key)()
	bounded, cancel := s.steady(ctx)
	defer cancel()
	if err := s.flush(bounded, key); err != nil {
		return failure(err)
	}
	err := s.transact(bounded, func(t *tx) error {
		rows, err := t.rows(bounded, scanMemory, "select "+outlineColumns+byKey+" for update", key.Tenant, [16]byte(key.ID))
		if err == nil {
			err = s.resolve(bounded, t.conn, rows)
		}
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return sigil.NewNotFound()
		}
		m := &rows[0].Memory
		if err := s.linkable(bounded, t, newer, key); err != nil {
			return err
		}
		event, err := correct(&sigil.Memory{Meta: m.Meta, Tags: m.Tags})
		if err != nil {
			return err
		}
		var j entries
		if err := s.journal(&j, &event); err != nil {
			return err
		}
		event.Memory, event.Time = m.Meta, at
		kept := keeping{keys: []sigil.Key{key}, events: []sigil.Event{event}, entries: []int64{int64(j.n)}}
		var w writes
		kept.queueMove(&w)
		tenants, ids := arrays(kept.keys)
		w.add(deleteSearched, tenants, ids)
		queueLink(&w, newer, key.ID)
		s.queueCounts(&w, []count{{tenant: key.Tenant, memories: -1, bytes: -int64(m.Size)}})
		var base uint64
		j.queue(&w, &base)
		kept.queueRemovals(&w, j.n)
		return t.commit(bounded, w)
	})
	if err == nil {
		s.tell()
	}
	return failure(err)
}
