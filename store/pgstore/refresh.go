package pgstore

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/keylock"
)

const (
	// flushEvery is how often refreshes are written: with the time that takes, they are durable at most
	// a second late.
	flushEvery = 400 * time.Millisecond
	// near is the time before a deadline from which a refresh is written at once. Behind, it could come
	// too late for a sweep of another process.
	near = 3 * time.Second
	// maxBehind is how many memories' refreshes may wait; more are written at once.
	maxBehind = 50_000
	// flushStep is how many of them one statement writes.
	flushStep = 1_000
)

// refreshes are what recalls changed and the database does not have yet: this process's calls see it,
// others do when it is written.
type refreshes struct {
	mu sync.Mutex
	// +checklocks:mu
	behind map[sigil.Key]refresh
	// soonest is the first moment at which one of them decides whether a memory is live.
	// +checklocks:mu
	soonest time.Time

	// writing is held while they are written, and read-held by a transaction that writes what is
	// behind of a memory itself: else it would be counted twice.
	writing sync.RWMutex
}

// refresh is what recalls of one memory come to.
type refresh struct {
	recalls  uint64     // since the database's figures
	meta     sigil.Meta // after them
	revision int32      // of the row that they were of
}

// A read is put together with what is behind in three steps: of (or all), the query, and over. What was
// written between the first and the last is in one of the two, and counted once.

// of gives what is behind of a memory; the zero refresh is nothing.
func (r *refreshes) of(key sigil.Key) refresh {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.behind[key]
}

// all gives what is behind of a tenant's memories.
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

// over gives a row, as it was read, with what was behind of it before the read, and is now.
func (r *refreshes) over(read row, before refresh) row {
	return r.of(read.Key).over(before.over(read))
}

// over gives a row with f. Not as a sum: the row may have it by now.
func (f refresh) over(r row) row {
	switch {
	case f.meta.Policy == nil:
		return r
	case f.revision > r.revision: // the row was read before it was pinned or unpinned, and f comes after that
		recalls := max(r.AccessCount, f.meta.AccessCount)
		r.Meta, r.revision = f.meta, f.revision
		r.AccessCount = recalls
		return r
	}
	r.AccessCount = max(r.AccessCount, f.meta.AccessCount)
	if f.revision == r.revision && !f.meta.LastAccessed.Before(r.LastAccessed) {
		r.LastAccessed, r.FadesAt, r.Policy = f.meta.LastAccessed, f.meta.FadesAt, f.meta.Policy
	}
	return r
}

// put leaves the recalls that made after of before to be written later; false where too many are. stored
// is the deadline that the database has.
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

// take gives those behind, by key: the order in which all lock rows.
func (r *refreshes) take() []refresh {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]refresh, 0, len(r.behind))
	for _, f := range r.behind {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b refresh) int { return keylock.Compare(a.meta.Key, b.meta.Key) })
	return all
}

// written forgets what was written of them; what came since stays.
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
	r.idle()
}

// idle forgets the soonest of none.
//
// +checklocks:r.mu
func (r *refreshes) idle() {
	if len(r.behind) == 0 {
		r.soonest = time.Time{}
	}
}

// decides tells whether something that is behind decides what is live, or its deadline, by a moment.
func (r *refreshes) decides(by time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.soonest.IsZero() && !r.soonest.After(by)
}

// forget drops those of keys: a transaction wrote or removed them. The caller read-holds writing and
// has the keys locked.
func (r *refreshes) forget(keys ...sigil.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		delete(r.behind, key)
	}
	r.idle()
}

func (r *refreshes) none() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.behind) == 0
}

// keepRefreshing writes what is behind until ctx ends.
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
			s.logger.Error("refreshes of recalls cannot be written, and wait", "error", err)
		} else if err == nil && failing {
			s.logger.Info("refreshes of recalls are written again")
		}
		failing = err != nil
	}
}

// settle makes sure that a query finds the memories live that are so at now. Mostly nothing is to be
// done: refreshes are written long before the deadline that they move.
func (s *Store) settle(ctx context.Context, now time.Time) error {
	if !s.refreshes.decides(now) {
		return nil
	}
	return s.flush(ctx)
}

// flush writes all that is behind when it is called.
func (s *Store) flush(ctx context.Context) error {
	if s.refreshes.none() {
		return nil
	}
	s.refreshes.writing.Lock()
	defer s.refreshes.writing.Unlock()
	for step := range slices.Chunk(s.refreshes.take(), flushStep) {
		if err := s.writeRefreshes(ctx, step); err != nil {
			return err
		}
		s.refreshes.written(step)
	}
	return nil
}

// writeRefreshes locks the memories in the order of their keys, whatever order the plan of the update
// has.
const writeRefreshes = `with r as (
  select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::smallint[], $7::integer[])
    as r (tenant, id, recalls, last_accessed, fades_at, policy, revision)
), locked as (
  select m.tenant, m.id from sigil.memories m join r on m.tenant = r.tenant and m.id = r.id order by m.tenant, m.id for no key update of m
)
update sigil.memories m set
  access_count = m.access_count + r.recalls,
  last_accessed = case when m.revision = r.revision and r.last_accessed >= m.last_accessed then r.last_accessed else m.last_accessed end,
  fades_at = case when m.revision = r.revision and r.last_accessed >= m.last_accessed then r.fades_at else m.fades_at end,
  policy = case when m.revision = r.revision and r.last_accessed >= m.last_accessed then r.policy else m.policy end
from r join locked l on l.tenant = r.tenant and l.id = r.id
where m.tenant = r.tenant and m.id = r.id
`

func (s *Store) writeRefreshes(ctx context.Context, step []refresh) error {
	var tenants, ids, recalls, accessed, fades, policies, revisions array
	for _, f := range step {
		number, err := s.policies.number(ctx, s.pool, f.meta.Policy)
		if err != nil {
			return err
		}
		tenants.text(f.meta.Tenant)
		ids.bytes(f.meta.ID[:])
		recalls.int64(int64(f.recalls)) // not that many
		accessed.time(f.meta.LastAccessed)
		fades.deadline(f.meta.FadesAt)
		policies.int16(number)
		revisions.int32(int(f.revision))
	}
	var w writes
	w.add(writeRefreshes, raw(tenants.of(oidText)), raw(ids.of(oidUUID)), raw(recalls.of(oidInt8)), raw(accessed.of(oidTime)),
		raw(fades.of(oidTime)), raw(policies.of(oidInt2)), raw(revisions.of(oidInt4)))
	return s.transact(ctx, func(t *tx) error { return t.commit(ctx, w) })
}
