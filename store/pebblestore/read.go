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
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Get gives one memory; see [store.Store].
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
	// Gone or due, as it seems. An update that could keep it may be under way, and so may a removal
	// that is not durable yet: take the lock to wait for it, and look again.
	defer s.keys.One(key).Unlock()
	memory, ok, err = s.get(key, now)
	if err == nil && !ok {
		err = sigil.NotFound()
	}
	return memory, err
}

// Meta gives a memory's figures; see [store.Store]. It reads nothing from disk.
func (s *Store) Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Meta{}, err
	}
	m, ok := s.meta(key)
	if !ok || m.Due(now) { // as it seems; see Get
		defer s.keys.One(key).Unlock()
		if m, ok = s.meta(key); !ok || m.Due(now) {
			return sigil.Meta{}, sigil.NotFound()
		}
	}
	return m, nil
}

func (s *Store) get(key sigil.Key, now time.Time) (sigil.Memory, bool, error) {
	m, ok := s.meta(key)
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
		if _, there := s.meta(key); !there { // removed meanwhile, by who may have dropped it before it was put
			s.contents.drop(key)
		}
	}
	return memory, true, err
}

// read adds its content to the figures of a memory; false where it is not on disk (any more). It is not kept at
// hand: what was not asked for by name is not likely to be again.
func (s *Store) read(m sigil.Meta) (memory sigil.Memory, ok bool, err error) {
	kept, _, err := s.content(m.Key)
	if kept.record == nil || err != nil {
		return sigil.Memory{Meta: m}, false, err
	}
	memory, err = s.decoded(m, kept.record)
	return memory, true, err
}

// content gives a memory's content, and whether it was at hand; it has no record where that is not on disk (any more).
func (s *Store) content(key sigil.Key) (kept content, known bool, err error) {
	if kept, known = s.contents.get(key); !known {
		kept.record, err = s.record(key)
	}
	return kept, known, err
}

// record gives a memory's content as it is on disk; nil where it is not (any more).
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

// decoded adds the content of a record to the figures of its memory.
func (s *Store) decoded(m sigil.Meta, b []byte) (sigil.Memory, error) {
	memory := sigil.Memory{Meta: m}
	r := record.NewReader(b)
	r.Body(&memory)
	return memory, s.reading(r.End())
}

// Due gives what is past its deadline; see [store.Store].
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]sigil.Key, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	return s.index.due(now.UnixMilli(), limit), nil
}

// listStep is how many entries List and Stats look at in one hold of the index lock, so that nobody
// who wants to change it waits long.
const listStep = 4096

// List gives a page; see [store.Store].
func (s *Store) List(ctx context.Context, q store.Query) ([]sigil.Memory, bool, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	var page []sigil.Memory
	var bytes int64 // of data
	for before, more := q.Before, true; more; {
		var metas []sigil.Meta
		// One more than the page holds tells whether there is more.
		metas, before, more = s.listSome(&q, before, q.Limit+1-len(page))
		for _, m := range metas {
			if q.Ends(len(page), bytes, m.Size) {
				return page, true, nil
			}
			memory, ok, err := s.read(m)
			if err != nil {
				return nil, false, err
			}
			if !ok {
				// It is being removed. Not to show it says that it is gone, which must be durable first.
				s.keys.One(m.Key).Unlock()
				continue
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

// listSome looks at the next entries and gives those that match, at most limit; the id to go on from;
// and whether there is more to look at.
func (s *Store) listSome(q *store.Query, before sigil.ID, limit int) (metas []sigil.Meta, last sigil.ID, more bool) {
	last = before
	s.scanEntries(q.Tenant, before, func(e *entry) bool {
		last = e.id
		if m := e.meta(q.Tenant, s.policies); q.Matches(&m) {
			metas = append(metas, m)
		}
		more = len(metas) >= limit
		return !more
	}, &more)
	return metas, last, more
}

// scanEntries shows visit at most listStep entries of a tenant, newest first, after the one of id
// before (zero: from the newest), until visit gives false. more is set where it did, or where there
// may be more.
func (s *Store) scanEntries(name string, before sigil.ID, visit func(*entry) bool, more *bool) {
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	t := s.index.tenants[name]
	if t == nil {
		return
	}
	seen := 0
	step := func(e *entry) bool {
		seen++
		if !visit(e) {
			*more = true
			return false
		}
		*more = seen == listStep
		return !*more
	}
	from := idKey(0, before)
	if before == (sigil.ID{}) {
		from = idKey(1, before) // over all
	}
	t.all.before(from, step)
}

// Fading gives a page by deadline; see [store.Store].
func (s *Store) Fading(ctx context.Context, q store.FadingQuery) ([]sigil.Memory, bool, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	var page []sigil.Memory
	for {
		// One more than the page holds tells whether there is more.
		metas := s.fadingSome(&q, min(q.Limit+1-len(page), listStep))
		for _, m := range metas {
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
		if err := ctx.Err(); len(metas) == 0 || err != nil {
			return page, false, err
		}
	}
}

// fadingSome gives at most limit entries that fit q.
func (s *Store) fadingSome(q *store.FadingQuery, limit int) (metas []sigil.Meta) {
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	t := s.index.tenants[q.Tenant]
	if t == nil {
		return nil
	}
	from := &entry{fades: q.Now.UnixMilli() + 1}
	if q.After != (sigil.ID{}) && !q.AfterAt.Before(milli(from.fades)) {
		from.id, from.fades = q.After, q.AfterAt.UnixMilli()
	}
	for _, e := range t.soonest(from, q.Until.UnixMilli(), limit, s.index.behind(t)) {
		metas = append(metas, e.meta(q.Tenant, s.policies))
	}
	return metas
}

// Near gives neighbors; see [store.Store].
func (s *Store) Near(ctx context.Context, metas []sigil.Meta, q store.NearQuery) ([]sigil.Meta, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	t := s.index.tenants[q.Tenant]
	if t == nil || q.Limit <= 0 {
		return metas, nil
	}
	// In two passes: they lie apart, and the processor fetches several at once where little is done with each.
	var room [128]*entry
	found := room[:0]
	t.near(q.Frequency, q.Span, q.Now.UnixMilli(), func(e *entry) bool {
		found = append(found, e)
		return len(found) < q.Limit
	})
	metas = slices.Grow(metas, len(found))
	for _, e := range found {
		if q.Brief {
			metas = append(metas, sigil.Meta{Key: sigil.Key{Tenant: q.Tenant, ID: e.id}, Frequency: sigil.Frequency(e.frequency)})
		} else {
			metas = append(metas, e.meta(q.Tenant, s.policies))
		}
	}
	return metas, nil
}

// Patterns counts patterns; see [store.Store].
func (s *Store) Patterns(ctx context.Context, tenant string, now time.Time) ([]sigil.Pattern, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	if t := s.index.tenants[tenant]; t != nil {
		return t.patterns(now.UnixMilli()), nil
	}
	return nil, nil
}

// Stats counts; see [store.Store].
func (s *Store) Stats(ctx context.Context, name string, now time.Time) (store.Stats, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return store.Stats{}, err
	}
	var stats store.Stats
	var decay float64
	next := int64(never)
	patterns, fading := map[int]bool{}, map[uint16]int{}
	var last sigil.ID
	for more := true; more; {
		more = false
		s.scanEntries(name, last, func(e *entry) bool {
			last = e.id
			if e.due(now.UnixMilli()) {
				return true
			}
			stats.Memories++
			stats.Bytes += int64(e.size)
			if e.pinned {
				stats.Pinned++
			}
			if e.crystallized {
				stats.Crystallized++
			}
			if !e.pinned && !e.crystallized {
				fading[e.policy]++
			}
			next = min(next, e.fades)
			patterns[sigil.Frequency(e.frequency).Pattern()] = true
			decay += s.policies.Policy(e.policy).Decay(now.Sub(milli(e.lastAccessed)))
			return true
		}, &more)
		if err := ctx.Err(); err != nil {
			return store.Stats{}, err
		}
	}
	stats.Patterns = len(patterns)
	policies := map[sigil.Policy]int{}
	for number, n := range fading {
		policies[s.policies.Policy(number)] = n
	}
	stats.Policies = store.CountPolicies(policies)
	if stats.Memories > 0 {
		stats.AverageDecay = decay / float64(stats.Memories)
	}
	if next != never {
		stats.NextFade = milli(next)
	}
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	if t := s.index.tenants[name]; t != nil {
		stats.PatternCrystals = len(t.crystals)
	}
	stats.Position = s.published.Load()
	return stats, nil
}

// Tenants gives the names; see [store.Store].
func (s *Store) Tenants(ctx context.Context) ([]string, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	names := make([]string, 0, len(s.index.tenants))
	for name, t := range s.index.tenants {
		if t.all.count+len(t.crystals) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
