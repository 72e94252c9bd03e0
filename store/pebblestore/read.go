package pebblestore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Get returns one memory; see [store.Store].
func (s *Store) Get(ctx context.Context, key sigil.Key, now time.Time) (sigil.Memory, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Memory{}, err
	}
	memory, ok, err := s.get(key, now)
	if err != nil || ok {
		return memory, err
	}
	// The memory seems to be gone or due. But an update that keeps it may be in progress, or a removal that is
	// not durable yet: take the lock to wait for it, and look again.
	defer s.keys.One(key).Unlock()
	memory, ok, err = s.get(key, now)
	if err == nil && !ok {
		err = sigil.NewNotFound()
	}
	return memory, err
}

// Meta returns a memory's figures; see [store.Store]. It reads nothing from disk.
func (s *Store) Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Meta{}, err
	}
	m, ok := s.index.Meta(key)
	if !ok || m.Due(now) { // so it seems; see Get
		defer s.keys.One(key).Unlock()
		if m, ok = s.index.Meta(key); !ok || m.Due(now) {
			return sigil.Meta{}, sigil.NewNotFound()
		}
	}
	return m, nil
}

func (s *Store) get(key sigil.Key, now time.Time) (sigil.Memory, bool, error) {
	m, ok := s.index.Get(key)
	if !ok || m.Due(now) {
		return sigil.Memory{}, false, nil
	}
	kept, known, err := s.content(key)
	if kept.record == nil || err != nil {
		return sigil.Memory{}, false, err
	}
	memory, err := s.decoded(m, kept.record)
	if !known && err == nil {
		s.contents.put(key, kept)
		if _, there := s.index.Meta(key); !there { // removed in the meantime, by a caller that may have dropped the content before it was put here
			s.contents.drop(key)
		}
	}
	return memory, true, err
}

// read adds the content to a memory. ok is false if the content is not, or no longer, on disk.
// read does not cache it: a memory that was not requested by its id is not likely to be read again soon.
func (s *Store) read(m index.Found) (memory sigil.Memory, ok bool, err error) {
	kept, _, err := s.content(m.Key)
	if kept.record == nil || err != nil {
		return sigil.Memory{Meta: m.Meta}, false, err
	}
	memory, err = s.decoded(m, kept.record)
	return memory, true, err
}

// content returns a memory's content, and whether it was cached. The content has no record if it is not, or
// no longer, on disk.
func (s *Store) content(key sigil.Key) (kept content, known bool, err error) {
	if kept, known = s.contents.get(key); !known {
		kept.record, err = s.record(key)
	}
	return kept, known, err
}

// record returns a memory's content record from disk, or nil if it is not, or no longer, there.
func (s *Store) record(key sigil.Key) (_ []byte, err error) {
	b, closer, err := s.db.Get(layout.MemoryKey(layout.BodyFamily, key.Tenant, key.ID))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, s.reading(err)
	}
	defer func() { err = errors.Join(err, s.reading(closer.Close())) }()
	return append(make([]byte, 0, len(b)), b...), nil
}

// decoded returns a memory with the content of a record. The tags of the record are those of the encode.
func (s *Store) decoded(m index.Found, b []byte) (sigil.Memory, error) {
	memory := sigil.Memory{Meta: m.Meta}
	r := record.NewReader(b)
	r.Body(&memory)
	record.Retag(&memory, m.Tags)
	memory.Supersedes = s.chains.of(m.Key)
	return memory, s.reading(r.End())
}

// Due returns memories that are past their deadlines; see [store.Store].
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]sigil.Key, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.index.Due(now.UnixMilli(), limit, s.clocks.lags(now)), nil
}

// Unnoticed returns the keys of memories without a notice; see [store.Store].
func (s *Store) Unnoticed(ctx context.Context, after, until time.Time, limit int) ([]sigil.Key, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.index.Unnoticed(after.UnixMilli(), until.UnixMilli(), limit, func(tenant string) (int64, bool) {
		c, _ := s.clocks.Of(tenant)
		return c.Stood.Milliseconds(), c.Stands(after)
	}), nil
}

// List returns a page; see [store.Store].
func (s *Store) List(ctx context.Context, q store.Query) ([]sigil.Memory, bool, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	byText, err := s.listed(&q)
	if err != nil {
		return nil, false, err
	}
	var page []sigil.Memory
	var bytes int64 // of data
	for more := true; more; {
		var found []index.Found
		if byText != nil {
			found, more, err = byText.next(ctx, &q)
		} else { // one more than the page holds shows whether there are more
			found, more, err = s.next(ctx, &q, q.Limit+1-len(page))
		}
		if err != nil {
			return nil, false, err
		}
		for _, m := range found {
			ends := q.Ends(len(page), bytes, m.Size)
			if ends && !byText.reads() {
				return page, true, nil
			}
			memory, ok, err := s.read(m)
			if err != nil {
				return nil, false, err
			}
			if !ok {
				// It is being removed. Leaving it out means that it is gone, which must be durable first.
				s.keys.One(m.Key).Unlock()
				continue
			}
			if !byText.matches(&memory) {
				continue
			}
			if ends {
				return page, true, nil
			}
			bytes += int64(m.Size)
			if q.NoData {
				memory.Data = nil
			}
			page = append(page, memory)
		}
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
	}
	return page, false, nil
}

// next returns at most limit memories that match q, whether there may be more, and moves q to after them.
func (s *Store) next(ctx context.Context, q *store.Query, limit int) (found []index.Found, more bool, err error) {
	if !q.Sort.ByFigures() {
		found, q.Before, more = s.index.List(q, q.Before, limit)
		return found, more, nil
	}
	found, err = s.index.First(ctx, q, limit)
	if n := len(found); n > 0 {
		q.Before, q.BeforeKey = found[n-1].ID, store.SortKey(q.Sort, &found[n-1].Meta)
	}
	return found, len(found) == limit, err
}

// Fading returns a page by deadline; see [store.Store].
func (s *Store) Fading(ctx context.Context, q store.FadingQuery) ([]sigil.Memory, bool, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	var page []sigil.Memory
	for {
		// One more than the page holds shows whether there are more.
		found := s.index.Fading(&q, q.Limit+1-len(page))
		for _, m := range found {
			q.After, q.AfterAt = m.ID, m.FadesAt
			memory, ok, err := s.read(m)
			if err != nil {
				return nil, false, err
			}
			if !ok {
				s.keys.One(m.Key).Unlock() // it is being removed: see List
				continue
			}
			memory.Data = nil
			if page = append(page, memory); len(page) > q.Limit {
				return page[:q.Limit], true, nil
			}
		}
		if err := ctx.Err(); len(found) == 0 || err != nil {
			return page, false, err
		}
	}
}

// Nearest returns neighbors; see [store.Store].
func (s *Store) Nearest(ctx context.Context, metas []sigil.Meta, q store.NearestQuery) ([]sigil.Meta, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.index.Nearest(metas, &q), nil
}

// Patterns counts patterns; see [store.Store].
func (s *Store) Patterns(ctx context.Context, tenant string, now time.Time) ([]sigil.Pattern, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.index.Patterns(tenant, now.UnixMilli()), nil
}

// Stats counts memories; see [store.Store].
func (s *Store) Stats(ctx context.Context, name string, now time.Time) (store.Stats, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return store.Stats{}, err
	}
	return s.index.Stats(ctx, name, now)
}

// Tenants returns the names of tenants; see [store.Store].
func (s *Store) Tenants(ctx context.Context) ([]string, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	tenants := s.index.Tenants()
	for tenant := range s.signatures.counts() {
		if at, there := slices.BinarySearch(tenants, tenant); !there {
			tenants = slices.Insert(tenants, at, tenant)
		}
	}
	return tenants, nil
}
