package pebblestore

import (
	"context"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// A memory that is removed and can be restored leaves the index, like any other. On disk, its figures and the vector that an
// endpoint made of it go; its content and the vector that its caller gave stay where they are, and two records are
// added: one with its figures (t), and one that finds it by the time of its removal (u).

// removal is a memory that a change removes and that is kept.
type removal struct {
	at     index.Place
	event  *sigil.Event // its position is set when the change is written
	meta   sigil.Meta
	policy uint16
	labels record.Labels
	since  time.Time // if it was superseded before its event, when
}

// keep has a change keep the memory at a place, whose key is locked, if it is kept after e.
func (s *Store) keep(ch *change, at index.Place, m *sigil.Meta, e *sigil.Event) error {
	if !s.keeps(e) {
		return nil
	}
	policy, err := s.policies.Number(m.Policy)
	if err != nil {
		return err
	}
	s.trash.any.Store(true) // before the commit
	ch.removals = append(ch.removals, removal{at: at, event: e, meta: *m, policy: policy, labels: s.index.Labels(at)})
	return nil
}

// writeRemovals adds the records of the memories that are kept to a batch, once the positions of the events are known.
func (ch *change) writeRemovals(b *pebble.Batch) error {
	var value []byte
	for i := range ch.removals {
		r := &ch.removals[i]
		how := store.RemovalOf(r.event)
		if !r.since.IsZero() {
			how.At = r.since
		}
		var err error
		if value, err = record.AppendRemoval(value[:0], how, &r.meta, r.policy, r.labels); err != nil {
			return err
		}
		if err := b.Set(layout.MemoryKey(layout.RemovedFamily, r.meta.Tenant, r.meta.ID), value, nil); err != nil {
			return err
		}
		if r.event.Kind == sigil.Corrected {
			continue
		}
		if err := b.Set(layout.RemovalKey(r.meta.Tenant, r.event.Time.UnixMilli(), r.meta.ID), layout.RemovalSize(r.meta.Size), nil); err != nil {
			return err
		}
	}
	return nil
}

// kept counts memories that were removed, once that is durable. Their keys are still locked.
func (s *Store) kept(events []sigil.Event) {
	for i := range events {
		if e := &events[i]; s.keeps(e) {
			s.trash.add(e.Memory.Tenant, e.Time.UnixMilli(), e.Memory.Size)
		}
	}
}

// Removed lists removed memories; see [store.Undo].
func (s *Store) Removed(ctx context.Context, q store.RemovedQuery) (page []store.Removed, more bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	from := layout.TenantPrefix(layout.RemovalFamily, q.Tenant)
	to := layout.After(from)
	if q.Since.UnixMilli() > 0 {
		from = layout.RemovalKey(q.Tenant, q.Since.UnixMilli(), sigil.ID{})
	}
	if q.Before != (sigil.ID{}) {
		to = layout.RemovalKey(q.Tenant, q.BeforeAt.UnixMilli(), q.Before)
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return nil, false, s.reading(err)
	}
	defer func() { err = errors.Join(err, s.reading(it.Close())) }()
	var bytes int64 // of data
	for ok := it.Last(); ok; ok = it.Prev() {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		key, _, size, ok := layout.SplitRemoval(it.Key(), it.Value())
		if !ok {
			return nil, false, s.reading(record.ErrDamaged)
		}
		if s.exists(key) {
			continue // its removal is not durable yet, or it has just been restored
		}
		if q.Ends(len(page), bytes, size) {
			return page, true, nil
		}
		r, there, err := s.removed(key)
		if err != nil {
			return nil, false, err
		}
		if !there {
			continue // it was restored or purged in the meantime
		}
		bytes += int64(size)
		if q.NoData {
			r.Memory.Data = nil
		}
		page = append(page, r.Removed)
	}
	return page, false, s.reading(it.Error())
}

// restorable is a removed memory, with its labels.
type restorable struct {
	store.Removed
	labels record.Labels
}

// removed reads a removed memory. there is false if it is not, or no longer, on disk.
func (s *Store) removed(key sigil.Key) (r restorable, there bool, err error) {
	b, closer, err := s.db.Get(layout.MemoryKey(layout.RemovedFamily, key.Tenant, key.ID))
	if errors.Is(err, pebble.ErrNotFound) {
		return r, false, nil
	}
	if err != nil {
		return r, false, s.reading(err)
	}
	var m sigil.Meta
	from := record.NewReader(b)
	r.Removal, m, r.labels = from.Removal(key, s.policies)
	if err := errors.Join(from.End(), closer.Close()); err != nil {
		return r, false, s.reading(err)
	}
	content, err := s.record(key)
	if content == nil || err != nil {
		return r, false, err
	}
	r.Memory, err = s.decoded(index.Found{Meta: m, Tags: r.labels.Tags}, content)
	return r, true, err
}

// Restore brings removed memories back; see [store.Undo].
func (s *Store) Restore(ctx context.Context, tenant string, ids []sigil.ID, quota store.Quota, restore func(*sigil.Meta, store.Removal) (sigil.Event, bool)) ([]sigil.Memory, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	keys := make([]sigil.Key, len(ids))
	for i, id := range ids {
		keys[i] = sigil.Key{Tenant: tenant, ID: id}
	}
	s.importing.Lock() // an import that finds an id neither live nor kept must be right
	defer s.importing.Unlock()
	defer s.keys.Lock(keys...)()

	ch := newChange()
	ch.effect.Tenant, ch.grows = tenant, true
	items, err := s.restorable(ch, keys, restore)
	if err != nil || len(items) == 0 {
		ch.discard()
		return nil, err
	}
	if err := s.restore(ch, tenant, items, quota); err != nil {
		return nil, err
	}
	all := make([]sigil.Memory, len(items))
	for i := range items {
		all[i] = items[i].Memory
	}
	return all, nil
}

// restorable adds to ch what restores those of keys, which are locked, that can be restored and for which restore returns
// true. It returns them as they are then.
func (s *Store) restorable(ch *change, keys []sigil.Key, restore func(*sigil.Meta, store.Removal) (sigil.Event, bool)) ([]store.Item, error) {
	var items []store.Item
	events := make([]sigil.Event, 0, len(keys)) // must not be reallocated: ch points into it
	seen := make(map[sigil.ID]bool, len(keys))
	for _, key := range keys {
		if seen[key.ID] || s.exists(key) {
			continue
		}
		seen[key.ID] = true
		r, there, err := s.removed(key)
		if err != nil {
			return nil, err
		}
		if !there || r.Kind == sigil.Corrected {
			continue
		}
		m := r.Memory.Meta
		event, ok := restore(&m, r.Removal)
		if !ok {
			continue
		}
		r.Memory.LastAccessed, r.Memory.Stood, r.Memory.TTL, r.Memory.Policy = m.LastAccessed, m.Stood, m.TTL, m.Policy
		r.Memory.MoveDeadline(m.FadesAt)
		vector, err := s.ownVector(key)
		if err != nil {
			return nil, err
		}
		policy, err := s.policies.Number(m.Policy)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
		if err := s.addEvent(ch, &events[len(events)-1]); err != nil {
			return nil, err
		}
		ch.set(layout.MemoryKey(layout.MetaFamily, key.Tenant, key.ID), record.AppendLabels(record.AppendMeta(nil, &r.Memory.Meta, policy), r.labels))
		ch.remove(layout.MemoryKey(layout.RemovedFamily, key.Tenant, key.ID))
		ch.remove(layout.RemovalKey(key.Tenant, r.At.UnixMilli(), key.ID))
		if r.labels.Tags != "" {
			ch.effect.Tagged = append(ch.effect.Tagged, index.Tagged{Entry: len(ch.effect.Entries), Tags: r.labels.Tags})
		}
		ch.effect.Entries = append(ch.effect.Entries, index.NewEntry(&r.Memory.Meta, policy, r.labels.Hash))
		items = append(items, store.Item{Memory: r.Memory, Vector: vector})
	}
	return items, nil
}

// restore commits ch, which restores items, within a quota.
func (s *Store) restore(ch *change, tenant string, items []store.Item, quota store.Quota) error {
	var arriving store.Quota
	for i := range items {
		arriving.Memories++
		arriving.Bytes += int64(items[i].Memory.Size)
	}
	var reserved *index.Reservation
	if quota != (store.Quota{}) {
		var ok bool
		if reserved, ok = s.index.ReserveFree(tenant, index.Load{Memories: arriving.Memories, Bytes: arriving.Bytes}, quota); !ok {
			ch.discard()
			return store.NewRestoreFull()
		}
		ch.effect.Reservation = reserved
	}
	docs := s.finder.documents(items)
	defer docs.release()
	ch.searched, ch.postings = s.finder.queueAgain(tenant, docs), len(docs.terms)
	if err := s.commits.do(ch); err != nil {
		s.finder.remove(tenant, docs.ids())
		if reserved != nil {
			s.index.Release(reserved)
		}
		return err
	}
	s.trash.drop(tenant, arriving)
	return nil
}

// Purge drops removed memories; see [store.Undo].
func (s *Store) Purge(ctx context.Context, before time.Time, keep store.Quota, limit int) (purged int, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	for _, tenant := range s.trash.due(before.UnixMilli(), keep) {
		if purged == limit {
			break
		}
		if err := ctx.Err(); err != nil {
			return purged, err
		}
		n, err := s.purge(tenant, before.UnixMilli(), keep, limit-purged)
		purged += n
		if err != nil {
			return purged, err
		}
	}
	return purged, nil
}

// purge drops removed memories of one tenant.
func (s *Store) purge(tenant string, before int64, keep store.Quota, limit int) (int, error) {
	has, oldest := s.trash.begin(tenant), int64(0) // until it is known: then the next purge looks again
	defer func() { s.trash.end(tenant, oldest) }()
	var keys []sigil.Key
	var times []int64
	next := int64(index.Never)
	err := s.scan(layout.TenantPrefix(layout.RemovalFamily, tenant), func(key, value []byte) error {
		of, at, size, ok := layout.SplitRemoval(key, value)
		switch {
		case !ok:
			return record.ErrDamaged
		case len(keys) == limit || at >= before && !over(has, keep):
			next = at
			return errEnough
		}
		keys, times = append(keys, of), append(times, at)
		has.Memories--
		has.Bytes -= int64(size)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return 0, s.reading(err)
	}
	n, err := s.dropRemoved(tenant, keys, times)
	if err == nil {
		oldest = next
	}
	return n, err
}

// dropRemoved drops those of keys that are still there as they were removed at times, with all that they superseded, and returns how
// many of keys it dropped.
func (s *Store) dropRemoved(tenant string, keys []sigil.Key, times []int64) (int, error) {
	all := s.chains.versions(keys)
	defer s.keys.Lock(all...)()
	ch, dropped := newChange(), store.Quota{}
	var unlinked []sigil.Key
	for i, key := range keys {
		at := layout.RemovalKey(tenant, times[i], key.ID)
		b, closer, err := s.db.Get(at)
		if errors.Is(err, pebble.ErrNotFound) {
			continue // it was restored, or purged by another call
		}
		if err != nil {
			ch.discard()
			return 0, s.reading(err)
		}
		_, _, size, ok := layout.SplitRemoval(at, b)
		if err := closer.Close(); err != nil || !ok {
			ch.discard()
			return 0, s.reading(errors.Join(err, record.ErrDamaged))
		}
		dropped.Memories++
		dropped.Bytes += int64(size)
		versions := s.chains.versions(keys[i : i+1])
		s.dropVersions(ch, versions)
		unlinked = append(unlinked, s.unlink(ch, versions)...)
		ch.remove(at)
	}
	if ch.empty() {
		ch.discard()
		return 0, nil
	}
	if err := s.commits.do(ch); err != nil {
		return 0, err
	}
	s.chains.drop(unlinked...)
	s.trash.drop(tenant, dropped)
	return dropped.Memories, nil
}
