package pgstore

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// The rows are locked in the order of their keys.
const (
	lockUnnoticed = "select " + metaColumns + ` from sigil.memories
where (tenant, id) in (select * from unnest($1::text[], $2::uuid[])) and noticed <> fades_at and fades_at < 'infinity'
order by tenant, id for no key update`
	markNoticed = "update sigil.memories set noticed = fades_at where (tenant, id) in (select * from unnest($1::text[], $2::uuid[]))"
)

// Notice implements [store.Store].
func (s *Store) Notice(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, nil
	}
	defer s.keys.Lock(keys...)()
	bounded, cancel := s.steady(ctx)
	defer cancel()
	if err := s.flush(bounded, keys...); err != nil {
		return nil, failure(err)
	}
	var events []sigil.Event
	var base uint64
	err := s.transact(bounded, func(t *tx) (err error) {
		events, err = s.notice(bounded, t, keys, decide, &base)
		return err
	})
	if err != nil {
		return nil, failure(err)
	}
	for i := range events {
		events[i].Position = base + uint64(i) + 1
	}
	if len(events) > 0 {
		s.tell()
	}
	return events, nil
}

// notice marks memories in a transaction, which it commits if there are any.
func (s *Store) notice(ctx context.Context, t *tx, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool), base *uint64) (events []sigil.Event, err error) {
	tenants, ids := arrays(keys)
	rows, err := t.rows(ctx, scanMeta, lockUnnoticed, tenants, ids)
	if err == nil {
		err = s.resolve(ctx, t.conn, rows)
	}
	if err != nil {
		return nil, err
	}
	found := make(map[sigil.Key]sigil.Meta, len(rows))
	for _, r := range rows {
		found[r.Key] = r.Meta
	}
	var noticed []sigil.Key
	var j entries
	for _, key := range keys { // in their order, which the journal keeps
		m, ok := found[key]
		if !ok {
			continue
		}
		delete(found, key)
		event, ok := decide(m)
		if !ok {
			continue
		}
		if err := s.journal(&j, &event); err != nil {
			return nil, err
		}
		events, noticed = append(events, event), append(noticed, key)
	}
	if len(noticed) == 0 {
		return nil, nil // it is rolled back
	}
	var w writes
	tenants, ids = arrays(noticed)
	w.add(markNoticed, tenants, ids)
	j.queue(&w, base)
	return events, t.commit(ctx, w)
}
