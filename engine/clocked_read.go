package engine

import (
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// by returns a time by a clock that has stood still for stood, or the zero time for that.
func by(t time.Time, stood time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-stood)
}

// List implements [store.Store]. In an order by deadline, a page continues by the clock of the tenant: see listPage.
func (s *clocked) List(ctx context.Context, q store.Query) (page []sigil.Memory, more bool, err error) {
	page, _, more, err = s.listPage(ctx, q)
	return page, more, err
}

// place is where a list continues: after a memory with this key, by the clock of its tenant, and id.
type place struct {
	key int64
	id  sigil.ID
}

// listPage is List that also returns where the next page begins, for [store.Query.Before] and BeforeKey: after its last memory, as it is in the
// store. The deadline that is shown may be earlier, the end of a ttl, and moves on while the clock stands still.
func (s *clocked) listPage(ctx context.Context, q store.Query) (page []sigil.Memory, next place, more bool, err error) {
	c := s.clockOf(q.Tenant)
	now := q.Now
	if c != nil {
		stood := c.StoodAt(now)
		q.Now, q.FadingAfter, q.FadingBefore = by(now, stood), by(q.FadingAfter, stood), by(q.FadingBefore, stood)
	}
	for {
		page, more, err = s.Store.List(ctx, q)
		if len(page) > 0 {
			last := &page[len(page)-1]
			next = place{store.SortKey(q.Sort, &last.Meta), last.ID}
			q.BeforeKey, q.Before = next.key, next.id
		}
		if c == nil {
			return page, next, more, err
		}
		if page = show(c, page, now); len(page) > 0 || !more || err != nil {
			return page, next, more, err
		}
	}
}

// eachFading calls visit with what Fading returns, page by page. The next page begins after the deadline that the store has, which may be
// another one than is shown: see [Engine.ends].
func (s *clocked) eachFading(ctx context.Context, q store.FadingQuery, visit func(page []sigil.Memory)) error {
	c, ok := s.ClockOf(q.Tenant)
	now := q.Now
	stood := c.StoodAt(now)
	q.Now, q.Until = by(now, stood), by(q.Until, stood)
	for more := true; more; {
		var page []sigil.Memory
		var err error
		if page, more, err = s.Fading(ctx, q); err != nil {
			return err
		}
		if len(page) > 0 {
			last := &page[len(page)-1]
			q.After, q.AfterAt = last.ID, last.FadesAt // before visit changes the memory
		}
		if ok {
			page = show(&c, page, now)
		}
		visit(page)
	}
	return nil
}

// Nearest implements [store.Store].
func (s *clocked) Nearest(ctx context.Context, metas []sigil.Meta, q store.NearestQuery) ([]sigil.Meta, error) {
	c := s.clockOf(q.Tenant)
	if c == nil {
		return s.Store.Nearest(ctx, metas, q)
	}
	now, had := q.Now, len(metas)
	q.Now = by(now, c.StoodAt(now))
	metas, err := s.Store.Nearest(ctx, metas, q)
	if q.IDsOnly {
		return metas, err
	}
	live := metas[:had]
	for _, m := range metas[had:] {
		if m = c.Show(m, now); !m.Due(now) {
			live = append(live, m)
		}
	}
	return live, err
}

// Stats implements [store.Store]. For a moment after a standstill, it may count memories whose ttl has ended.
func (s *clocked) Stats(ctx context.Context, tenant string, now time.Time) (store.Stats, error) {
	c := s.clockOf(tenant)
	if c == nil {
		return s.Store.Stats(ctx, tenant, now)
	}
	stood := c.StoodAt(now)
	stats, err := s.Store.Stats(ctx, tenant, by(now, stood))
	stats.NextFade = by(stats.NextFade, -stood)
	return stats, err
}

// Patterns implements [store.Store].
func (s *clocked) Patterns(ctx context.Context, tenant string, now time.Time) ([]sigil.Pattern, error) {
	return s.Store.Patterns(ctx, tenant, s.at(tenant, now))
}

// Crystallize implements [store.Store].
func (s *clocked) Crystallize(ctx context.Context, tenant string, now time.Time, change func(sigil.Pattern, *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error {
	return s.Store.Crystallize(ctx, tenant, s.at(tenant, now), change)
}

// at returns a time by the clock of a tenant, or the zero time for that.
func (s *clocked) at(tenant string, now time.Time) time.Time {
	if c := s.clockOf(tenant); c != nil {
		return by(now, c.StoodAt(now))
	}
	return now
}

// Search implements [store.Store].
func (s *clocked) Search(ctx context.Context, q store.SearchQuery) (store.Found, error) {
	c := s.clockOf(q.Tenant)
	if c == nil {
		return s.Store.Search(ctx, q)
	}
	now := q.Now
	stood := c.StoodAt(now)
	q.Now, q.Filter.FadingAfter, q.Filter.FadingBefore = by(now, stood), by(q.Filter.FadingAfter, stood), by(q.Filter.FadingBefore, stood)
	found, err := s.Store.Search(ctx, q)
	live := found.Hits[:0]
	for _, hit := range found.Hits {
		if hit.Memory.Meta = c.Show(hit.Memory.Meta, now); !hit.Memory.Due(now) {
			live = append(live, hit)
		}
	}
	found.Hits = live
	return found, err
}

// Contents implements [store.Store].
func (s *clocked) Contents(ctx context.Context, tenant string, ids []sigil.ID, now time.Time) ([]sigil.Memory, error) {
	c := s.clockOf(tenant)
	if c == nil {
		return s.Store.Contents(ctx, tenant, ids, now)
	}
	if now.IsZero() {
		all, err := s.Store.Contents(ctx, tenant, ids, now)
		for i := range all {
			all[i].Meta = c.Show(all[i].Meta, s.now())
		}
		return all, err
	}
	all, err := s.Store.Contents(ctx, tenant, ids, by(now, c.StoodAt(now)))
	return show(c, all, now), err
}

// showRemoved has memories that were removed be as they are now.
func (s *clocked) showRemoved(tenant string, page []store.Removed) {
	c := s.clockOf(tenant)
	if c == nil {
		return
	}
	now := s.now()
	for i := range page {
		page[i].Memory.Meta = c.Show(page[i].Memory.Meta, now)
	}
}

// Removed implements [store.Store].
func (s *clocked) Removed(ctx context.Context, q store.RemovedQuery) (page []store.Removed, more bool, err error) {
	page, more, err = s.Store.Removed(ctx, q)
	s.showRemoved(q.Tenant, page)
	return page, more, err
}

// Superseded implements [store.Store].
func (s *clocked) Superseded(ctx context.Context, key sigil.Key, noData bool) (store.Removed, error) {
	r, err := s.Store.Superseded(ctx, key, noData)
	page := []store.Removed{r}
	s.showRemoved(key.Tenant, page)
	return page[0], err
}

// AllSuperseded implements [store.Store].
func (s *clocked) AllSuperseded(ctx context.Context, tenant string, after sigil.ID, limit int) ([]store.Removed, error) {
	page, err := s.Store.AllSuperseded(ctx, tenant, after, limit)
	s.showRemoved(tenant, page)
	return page, err
}

// Versions implements [store.Attacher].
func (s *clocked) Versions(ctx context.Context, tenant string, ids []sigil.ID) ([]store.Version, error) {
	all, err := s.Store.Versions(ctx, tenant, ids)
	if c := s.clockOf(tenant); c != nil {
		now := s.now()
		for i := range all {
			all[i].Memory.Meta = c.Show(all[i].Memory.Meta, now)
		}
	}
	return all, err
}

// Attach implements [store.Attacher].
func (s *clocked) Attach(ctx context.Context, v *store.Version, events []sigil.Event) error {
	c := s.clockOf(v.Memory.Tenant)
	if c == nil {
		return s.Store.Attach(ctx, v, events)
	}
	lag := c.StoodAt(s.now())
	kept := *v
	kept.Memory.Meta = v.Memory.Shift(-lag)
	events = slices.Clone(events)
	for i := range events {
		store.Record(&events[i], lag)
	}
	return s.Store.Attach(ctx, &kept, events)
}

// Supersede implements [store.Attacher].
func (s *clocked) Supersede(ctx context.Context, key sigil.Key, by sigil.ID, at time.Time, correct func(*sigil.Memory) (sigil.Event, error)) error {
	if c := s.clockOf(key.Tenant); c != nil {
		correct = corrected(c, s.now(), correct)
	}
	return s.Store.Supersede(ctx, key, by, at, correct)
}

// Restore implements [store.Store].
func (s *clocked) Restore(ctx context.Context, tenant string, ids []sigil.ID, quota store.Quota, restore func(*sigil.Meta, store.Removal) (sigil.Event, bool)) ([]sigil.Memory, error) {
	c := s.clockOf(tenant)
	if c == nil {
		return s.Store.Restore(ctx, tenant, ids, quota, restore)
	}
	now := s.now()
	back, err := s.Store.Restore(ctx, tenant, ids, quota, func(m *sigil.Meta, r store.Removal) (event sigil.Event, yes bool) {
		_, _ = c.Change(m, now, func(m *sigil.Meta) (*sigil.Event, error) {
			event, yes = restore(m, r)
			return &event, nil
		})
		return event, yes
	})
	for i := range back {
		back[i].Meta = c.Show(back[i].Meta, now)
	}
	return back, err
}

// OnRecall implements [store.Shared] for a store that is one.
func (s *clocked) onRecall(w store.RecallWatcher) {
	if shared, ok := s.Store.(store.Shared); ok {
		shared.OnRecall(clockedRecalls{w, s})
	}
}

// clockedRecalls are recalls by other processes.
type clockedRecalls struct {
	store.RecallWatcher
	s *clocked
}

// Recalled implements [store.RecallWatcher].
func (r clockedRecalls) Recalled(m sigil.Meta) {
	if c := r.s.clockOf(m.Tenant); c != nil {
		m = c.Show(m, r.s.now())
	}
	r.RecallWatcher.Recalled(m)
}
