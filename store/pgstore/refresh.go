package pgstore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/keylock"
)

const (
	// flushEvery is the time between two writes of refreshes: including the time of a write, refreshes are
	// durable at most a second late.
	flushEvery = 400 * time.Millisecond
	// near is how close a deadline must be so that a recall that moves it is written before it is answered.
	// Otherwise, another process's sweep could come first if this process is stopped or killed, or waits for a
	// row that another process has locked, which the server ends after twice the timeout.
	near = 15 * time.Second
	// maxBehind is the maximum number of memories whose refreshes may be outstanding; further ones are written
	// at once.
	maxBehind = 50_000
	// flushStep is the maximum number of refreshes that one statement writes.
	flushStep = 1_000
)

// refreshes are the outstanding changes by recalls, which the database does not have yet. This process's
// calls see them; other processes see them once they are written.
type refreshes struct {
	mu sync.Mutex
	// +checklocks:mu
	behind map[sigil.Key]refresh
	// soonest is the first time at which one of them decides whether a memory is live.
	// +checklocks:mu
	soonest time.Time

	// writing is held while refreshes are written.
	writing sync.Mutex
	// step has the refreshes that were sent to be written and are not acknowledged: they may be committed now
	// or soon. Until that is known, nothing else is written, and they remain outstanding.
	// +checklocks:writing
	step []refresh
	// number is the number of the last step, by which the database recognizes a step that is sent again.
	// +checklocks:writing
	number int64
}

// refresh is the sum of the recalls of one memory.
type refresh struct {
	recalls  uint64     // that the database's figures do not include
	meta     sigil.Meta // after them
	revision int32      // of the row that the recalls read
}

// A read is combined with outstanding refreshes in three steps: of (or all), the query, and over. A refresh
// that is written between the first and the last step is in one of the two results, and counted once.

// of returns the outstanding refresh of a memory, or the zero refresh.
func (r *refreshes) of(key sigil.Key) refresh {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.behind[key]
}

// all returns the outstanding refreshes of a tenant's memories.
func (r *refreshes) all(tenant string) map[sigil.Key]refresh {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[sigil.Key]refresh{}
	for key, f := range r.behind {
		if key.Tenant == tenant {
			all[key] = f
		}
	}
	return all
}

// over returns a row that was read, updated by the refreshes that were outstanding before the read and those
// that are now.
func (r *refreshes) over(read row, before refresh) row {
	return r.of(read.Key).over(before.over(read))
}

// over returns a row updated by f. It does not add counts, since the row may already include f.
func (f refresh) over(r row) row {
	switch {
	case f.meta.Policy == nil:
		return r
	case f.revision > r.revision: // the row was read before it was pinned or unpinned, and f comes after that
		recalls := max(r.AccessCount, f.meta.AccessCount)
		r.Meta, r.revision = f.meta, f.revision
		r.AccessCount = recalls
		r.setNoticed()
		return r
	}
	r.AccessCount = max(r.AccessCount, f.meta.AccessCount)
	if f.revision == r.revision && !f.meta.LastAccessed.Before(r.LastAccessed) {
		r.LastAccessed, r.Stood, r.FadesAt, r.Stretch, r.Policy = f.meta.LastAccessed, f.meta.Stood, f.meta.FadesAt, f.meta.Stretch, f.meta.Policy
		r.setNoticed()
	}
	return r
}

// put adds the recalls that changed before into after, to be written later. It returns false if too many are
// outstanding. stored is the deadline in the database.
func (r *refreshes) put(before row, after *sigil.Meta, stored time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.behind[after.Key]
	if !ok && len(r.behind) >= maxBehind {
		return false
	}
	if r.behind == nil {
		r.behind = map[sigil.Key]refresh{}
	}
	f.recalls += after.AccessCount - before.AccessCount
	f.meta, f.revision = *after, before.revision
	r.behind[after.Key] = f
	for _, at := range []time.Time{stored, after.FadesAt} {
		if !at.IsZero() && (r.soonest.IsZero() || at.Before(r.soonest)) {
			r.soonest = at
		}
	}
	return true
}

// take returns the outstanding refreshes of keys, or of all memories, sorted by key, which is the order in
// which every transaction locks rows.
func (r *refreshes) take(keys ...sigil.Key) []refresh {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []refresh
	if keys == nil {
		all = slices.Collect(maps.Values(r.behind))
	}
	for _, key := range keys {
		if f, ok := r.behind[key]; ok {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b refresh) int { return keylock.Compare(a.meta.Key, b.meta.Key) })
	return all
}

// written removes refreshes that were written. Later recalls remain outstanding.
func (r *refreshes) written(done []refresh) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range done {
		f, ok := r.behind[d.meta.Key]
		if !ok {
			continue
		}
		if f.recalls -= min(d.recalls, f.recalls); f.recalls == 0 && f.meta == d.meta && f.revision == d.revision {
			delete(r.behind, d.meta.Key)
		} else {
			r.behind[d.meta.Key] = f
		}
	}
	if len(r.behind) == 0 {
		r.soonest = time.Time{}
	}
}

// decides reports whether an outstanding refresh decides which memories are live, or their deadlines, at a
// time up to by.
func (r *refreshes) decides(by time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.soonest.IsZero() && !r.soonest.After(by)
}

// keepRefreshing writes outstanding refreshes until ctx ends.
func (s *Store) keepRefreshing(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		bounded, cancel := s.steady(ctx)
		err := s.flush(bounded)
		cancel()
		if err != nil && !failing {
			s.logger.Error("refreshes of recalls cannot be written; retrying", "error", err)
		} else if err == nil && failing {
			s.logger.Info("refreshes of recalls are written again")
		}
		failing = err != nil
	}
}

// settle makes sure that queries find the memories that are live at now. Usually there is nothing to do,
// since refreshes are written long before the deadline that they move.
func (s *Store) settle(ctx context.Context, now time.Time) error {
	if !s.refreshes.decides(now) {
		return nil
	}
	return s.flush(ctx)
}

// flush writes the outstanding refreshes of keys, or all, that exist when it is called. Afterwards, a caller
// that has locked the keys knows that their rows are up to date.
func (s *Store) flush(ctx context.Context, keys ...sigil.Key) error {
	r := &s.refreshes
	if len(r.take(keys...)) == 0 {
		return nil
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := s.writeStep(ctx); err != nil {
		return err
	}
	for left := r.take(keys...); len(left) > 0; {
		n := min(len(left), flushStep)
		r.step, left = left[:n], left[n:]
		r.number++
		if err := s.writeStep(ctx); err != nil {
			return err
		}
	}
	return nil
}

// writeStep writes the current step, unless it was written without an acknowledgment.
//
// +checklocks:s.refreshes.writing
func (s *Store) writeStep(ctx context.Context) error {
	r := &s.refreshes
	if len(r.step) == 0 {
		return nil
	}
	if err := s.writeRefreshes(ctx, r.number, r.step); err != nil {
		return err
	}
	r.written(r.step)
	for _, f := range r.step {
		if f.recalls > 0 { // otherwise nothing was changed
			s.told.add(f.meta.Tenant, false, f.meta.ID)
		}
	}
	r.step = nil
	return nil
}

// writeRefreshes does nothing if this step, or a later one, was written: two writers of the same step wait
// for each other at its row in flushes. It locks memories in the order of their keys, whatever order the
// update's plan has.
const writeRefreshes = `with new as (
  insert into sigil.flushes as f (process, number, at) values ($8, $9, clock_timestamp())
  on conflict (process) do update set number = excluded.number, at = excluded.at where f.number < excluded.number
  returning number
), r as (
  select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::smallint[], $7::integer[], $10::double precision[], $11::integer[])
    as r (tenant, id, recalls, last_accessed, fades_at, policy, revision, stretch, stood)
  where exists (select from new)
), locked as (
  select m.tenant, m.id from sigil.memories m join r on m.tenant = r.tenant and m.id = r.id order by m.tenant, m.id for no key update of m
)
update sigil.memories m set
  access_count = m.access_count + r.recalls,
  last_accessed = case when m.revision = r.revision and r.last_accessed >= m.last_accessed then r.last_accessed else m.last_accessed end,
  fades_at = case when m.revision = r.revision and r.last_accessed >= m.last_accessed then r.fades_at else m.fades_at end,
  policy = case when m.revision = r.revision and r.last_accessed >= m.last_accessed then r.policy else m.policy end,
  stretch = case when m.revision = r.revision and r.last_accessed >= m.last_accessed then r.stretch else m.stretch end,
  stood = case when m.revision = r.revision and r.last_accessed >= m.last_accessed then r.stood else m.stood end
from r join locked l on l.tenant = r.tenant and l.id = r.id
where m.tenant = r.tenant and m.id = r.id
`

func (s *Store) writeRefreshes(ctx context.Context, number int64, step []refresh) error {
	var tenants, ids, recalls, accessed, fades, policies, revisions, stretches, stoods array
	for _, f := range step {
		policy, err := s.policies.number(ctx, s.pool, f.meta.Policy)
		if err != nil {
			return err
		}
		tenants.text(f.meta.Tenant)
		ids.bytes(f.meta.ID[:])
		recalls.int64(int64(f.recalls)) // counts are far below the maximum
		accessed.time(f.meta.LastAccessed)
		fades.deadline(f.meta.FadesAt)
		policies.int16(policy)
		revisions.int32(int(f.revision))
		stretches.float(f.meta.Stretch)
		stoods.seconds(f.meta.Stood)
	}
	var w writes
	w.add(writeRefreshes, raw(tenants.of(oidText)), raw(ids.of(oidUUID)), raw(recalls.of(oidInt8)), raw(accessed.of(oidTime)),
		raw(fades.of(oidTime)), raw(policies.of(oidInt2)), raw(revisions.of(oidInt4)), s.process, number, raw(stretches.of(oidFloat)), raw(stoods.of(oidInt4)))
	return s.transact(ctx, func(t *tx) error { return t.commit(ctx, w) })
}
