package pgstore

import (
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
)

const byKey = " from sigil.memories where tenant = $1 and id = $2"

// Update implements [store.Store]. A refresh is written within a second, and then visible to other processes.
// A refresh that moves a near deadline is written before Update returns.
func (s *Store) Update(ctx context.Context, key sigil.Key, change func(*sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Memory{}, err
	}
	defer s.keys.One(key).Unlock()
	bounded, cancel := s.steady(ctx)
	defer cancel()
	behind := s.refreshes.of(key)
	rows, err := s.query(bounded, scanMemory, "select "+memoryColumns+byKey, key.Tenant, [16]byte(key.ID))
	if err != nil {
		return sigil.Memory{}, failure(err)
	}
	if len(rows) == 0 {
		return sigil.Memory{}, sigil.NewNotFound()
	}
	before := s.refreshes.over(rows[0], behind)
	m, stored := before.Memory, rows[0].FadesAt
	event, err := decide(&m.Meta, change)
	if err != nil {
		return sigil.Memory{}, err
	}
	if event == nil && far(stored, &m.Meta) && m.Pinned == before.Pinned && s.refreshes.put(before, &m.Meta, stored) {
		return m, nil
	}
	m.Meta, err = s.update(bounded, key, change)
	return m, failure(err)
}

// far reports whether a change to m need not be written before the stored deadline. With a ttl, the deadline may stay the same.
func far(stored time.Time, m *sigil.Meta) bool {
	return stored.IsZero() || stored.Equal(m.FadesAt) || stored.Sub(m.LastAccessed)-m.Stood > near
}

// decide runs change on m, and takes over only the fields that it may change.
func decide(m *sigil.Meta, change func(*sigil.Meta) (*sigil.Event, error)) (*sigil.Event, error) {
	changed := *m
	event, err := change(&changed)
	if err != nil {
		return nil, err
	}
	m.LastAccessed, m.Stood, m.AccessCount, m.Stretch = changed.LastAccessed, changed.Stood, changed.AccessCount, changed.Stretch
	m.MoveDeadline(changed.FadesAt)
	m.Pinned, m.Policy = changed.Pinned, changed.Policy
	return event, nil
}

// update changes one memory in a transaction, after writing its outstanding refresh.
func (s *Store) update(ctx context.Context, key sigil.Key, change func(*sigil.Meta) (*sigil.Event, error)) (sigil.Meta, error) {
	if err := s.flush(ctx, key); err != nil {
		return sigil.Meta{}, err
	}
	var m sigil.Meta
	journaled, recalled := false, false
	err := s.transact(ctx, func(t *tx) error {
		rows, err := t.rows(ctx, scanMeta, "select "+metaColumns+byKey+" for no key update", key.Tenant, [16]byte(key.ID))
		if err == nil {
			err = s.resolve(ctx, t.conn, rows)
		}
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return sigil.NewNotFound()
		}
		m = rows[0].Meta
		event, err := decide(&m, change)
		if err != nil {
			return err
		}
		policy, err := s.policies.inTransaction(m.Policy)
		if err != nil {
			return err
		}
		repinned := 0
		if m.Pinned != rows[0].Pinned || event != nil {
			repinned = 1
		}
		var w writes
		w.add("update sigil.memories set last_accessed = $3, access_count = $4, fades_at = $5, pinned = $6, policy = $7, revision = revision + $8, stretch = $9, stood = $10 where tenant = $1 and id = $2",
			key.Tenant, [16]byte(key.ID), m.LastAccessed, int64(m.AccessCount), deadline(m.FadesAt), m.Pinned, int16(policy), repinned, m.Stretch, int32(m.Stood/time.Second))
		var j entries
		if event != nil {
			if err := s.journal(&j, event); err != nil {
				return err
			}
		}
		var base uint64
		j.queue(&w, &base)
		journaled, recalled = j.n > 0, event == nil && m.AccessCount > rows[0].AccessCount
		return t.commit(ctx, w)
	})
	if err != nil {
		return sigil.Meta{}, err
	}
	if journaled {
		s.tell()
	}
	if recalled {
		s.told.add(key.Tenant, false, key.ID)
	}
	return m, nil
}

// Remove implements [store.Store].
func (s *Store) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
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
	events, err := s.remove(bounded, keys, decide)
	return events, failure(err)
}

const (
	// The rows are locked in the order of their keys.
	lockMemories = "select " + metaColumns + ` from sigil.memories
where (tenant, id) in (select * from unnest($1::text[], $2::uuid[])) order by tenant, id for update`
	deleteMemories = "delete from sigil.memories where (tenant, id) in (select * from unnest($1::text[], $2::uuid[]))"
)

func (s *Store) remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) (events []sigil.Event, err error) {
	var base uint64
	err = s.transact(ctx, func(t *tx) error {
		events = nil
		var gone []sigil.Key
		tenants, ids := arrays(keys)
		rows, err := t.rows(ctx, scanMeta, lockMemories, tenants, ids)
		if err == nil {
			err = s.resolve(ctx, t.conn, rows)
		}
		if err != nil {
			return err
		}
		found := make(map[sigil.Key]*sigil.Memory, len(rows))
		for i := range rows {
			found[rows[i].Key] = &rows[i].Memory
		}
		change := map[string]count{}
		var j entries
		var kept keeping
		var lost []sigil.Key
		// In the order of keys, which the journal keeps.
		for _, key := range keys {
			m, ok := found[key]
			if !ok {
				continue
			}
			delete(found, key)
			event, ok := decide(m.Meta)
			if !ok {
				continue
			}
			if err := s.journal(&j, &event); err != nil {
				return err
			}
			events, gone = append(events, event), append(gone, key)
			if !kept.add(s, &event, m, j.n) {
				lost = append(lost, key)
			}
			c := change[key.Tenant]
			change[key.Tenant] = count{tenant: key.Tenant, memories: c.memories - 1, bytes: c.bytes - int64(m.Size)}
		}
		if len(gone) == 0 {
			return nil // it is rolled back
		}
		var w writes
		kept.queueMove(&w)
		if len(lost) > 0 {
			tenants, ids = arrays(lost)
			w.add(deleteMemories, tenants, ids)
		}
		tenants, ids = arrays(gone)
		w.add(deleteSearched, tenants, ids)
		s.queueCounts(&w, sorted(change))
		j.queue(&w, &base)
		kept.queueRemovals(&w, j.n)
		return t.commit(ctx, w)
	})
	if err != nil {
		return nil, err
	}
	for i := range events {
		events[i].Position = base + uint64(i) + 1
	}
	if len(events) > 0 {
		s.tell()
	}
	return slices.Clip(events), nil
}

func arrays(keys []sigil.Key) (tenants []string, ids [][16]byte) {
	tenants, ids = make([]string, len(keys)), make([][16]byte, len(keys))
	for i, key := range keys {
		tenants[i], ids[i] = key.Tenant, key.ID
	}
	return tenants, ids
}
