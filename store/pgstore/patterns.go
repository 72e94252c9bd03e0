package pgstore

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// group has the sums over the live memories of one frequency.
type group struct {
	frequency sigil.Frequency
	members   int
	units     *big.Int // sum of the potentials, in the units of [store.Sum]
	// The fields below are set only if stats were requested.
	bytes                int64
	pinned, crystallized int
	next                 time.Time
}

// countGroups rounds like [store.Sum]: half away from zero.
const countGroups = `select frequency, count(*), sum((trunc(units) + case when units - trunc(units) >= 0.5 then 1 else 0 end)::bigint)::text,
  sum(size), count(*) filter (where pinned), count(*) filter (where crystallized), min(fades_at)
from (select *, potential * 1152921504606846976 as units from sigil.memories where tenant = $1 and fades_at > $2) as live
group by frequency order by frequency`

func scanGroup(rows pgx.Rows) (g group, err error) {
	var f int16
	var units string
	var next pgtype.Timestamptz
	if err := rows.Scan(&f, &g.members, &units, &g.bytes, &g.pinned, &g.crystallized, &next); err != nil {
		return g, err
	}
	g.frequency, g.next = sigil.Frequency(f), fromDeadline(next)
	var ok bool
	if g.units, ok = new(big.Int).SetString(units, 10); !ok {
		return g, damaged("a sum")
	}
	return g, nil
}

// patterns merges groups into patterns.
func patterns(groups []group) []sigil.Pattern {
	var all []sigil.Pattern
	for len(groups) > 0 {
		p := sigil.Pattern{Group: groups[0].frequency.Pattern()}
		sum, frequency := store.Sum{}, 0
		n := 0
		for ; n < len(groups) && groups[n].frequency.Pattern() == p.Group; n++ {
			g := &groups[n]
			p.Members += g.members
			sum.AddUnits(g.units)
			frequency += int(g.frequency) * g.members
		}
		groups = groups[n:]
		p.Potential = sum.Mean(p.Members)
		p.Frequency = float64(frequency) / float64(p.Members) / sigil.NumFrequencies * sigil.Phi
		all = append(all, p)
	}
	return all
}

// frequencies returns the first and the last frequency of a pattern.
func frequencies(pattern int) (first, last int16) {
	first, last = sigil.NumFrequencies, -1
	for f := range int16(sigil.NumFrequencies) {
		if sigil.Frequency(f).Pattern() == pattern {
			first, last = min(first, f), f
		}
	}
	return first, last
}

// snapshot runs reads that all see the same state of the database, in one round trip.
func (s *Store) snapshot(ctx context.Context, b *pgx.Batch) error {
	all := &pgx.Batch{}
	all.Queue("begin isolation level repeatable read read only")
	all.QueuedQueries = append(all.QueuedQueries, b.QueuedQueries...)
	all.Queue("commit")
	return s.pool.run(ctx, all)
}

// into queues a query. Its rows, converted by read, are stored in all.
func into[T any](b *pgx.Batch, all *[]T, read func(pgx.Rows) (T, error), sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*all, err = collect(rows, nil, read)
		return err
	})
}

// Patterns implements [store.Store]. It reads each memory of the tenant.
func (s *Store) Patterns(ctx context.Context, tenant string, now time.Time) ([]sigil.Pattern, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.settle(bounded, now); err != nil {
		return nil, reading(ctx, err)
	}
	rows, err := s.pool.Query(bounded, countGroups, tenant, now)
	groups, err := collect(rows, err, scanGroup)
	return patterns(groups), reading(ctx, err)
}

// Stats implements [store.Store]. It reads each memory of the tenant.
func (s *Store) Stats(ctx context.Context, tenant string, now time.Time) (store.Stats, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return store.Stats{}, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	stats, err := s.stats(bounded, tenant, now)
	return stats, reading(ctx, err)
}

func (s *Store) stats(ctx context.Context, tenant string, now time.Time) (stats store.Stats, err error) {
	if err := s.flush(ctx); err != nil { // decays and deadlines depend on outstanding refreshes
		return stats, err
	}
	type idle struct {
		policy   uint16
		stretch  float64
		accessed time.Time
		stood    int32 // seconds
		n        int
		fading   int // neither pinned nor crystallized
		own      int // of fading, those whose policy is their own
	}
	var groups []group
	var idles []idle
	var counts []int64
	b := &pgx.Batch{}
	into(b, &groups, scanGroup, countGroups, tenant, now)
	into(b, &idles, func(rows pgx.Rows) (i idle, err error) {
		var policy int16
		err = rows.Scan(&policy, &i.stretch, &i.accessed, &i.stood, &i.n, &i.fading, &i.own)
		i.policy = uint16(policy)
		return i, err
	}, "select policy, stretch, last_accessed, stood, count(*), count(*) filter (where not pinned and not crystallized), count(*) filter (where not pinned and not crystallized and own_policy) from sigil.memories where tenant = $1 and fades_at > $2 group by policy, stretch, last_accessed, stood", tenant, now)
	into(b, &counts, scanOne[int64],
		"select position from sigil.head union all select count(*) from sigil.crystals where tenant = $1", tenant)
	if err := s.snapshot(ctx, b); err != nil {
		return stats, err
	}
	for _, g := range groups {
		stats.Memories += g.members
		stats.Bytes += g.bytes
		stats.Pinned += g.pinned
		stats.Crystallized += g.crystallized
		if !g.next.IsZero() && (stats.NextFade.IsZero() || g.next.Before(stats.NextFade)) {
			stats.NextFade = g.next
		}
	}
	stats.Patterns = len(patterns(groups))
	stats.Position, stats.PatternCrystals = uint64(counts[0]), int(counts[1])
	policy := s.policyOf(ctx)
	decay, fading := 0.0, map[sigil.Policy]store.PolicyCount{}
	for _, i := range idles {
		p := policy.Policy(i.policy)
		if p == nil {
			return stats, damaged("a memory's policy")
		}
		decay += sigil.DecayOf(p, i.stretch, now.Sub(i.accessed)-time.Duration(i.stood)*time.Second) * float64(i.n)
		if i.fading > 0 {
			fading[p] = fading[p].Add(i.fading, i.own)
		}
	}
	stats.Policies = store.CountPolicies(fading)
	if stats.Memories > 0 {
		stats.AverageDecay = decay / float64(stats.Memories)
	}
	return stats, nil
}

// Tenants implements [store.Store].
func (s *Store) Tenants(ctx context.Context) ([]string, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, "select tenant from sigil.tenants where memories > 0 or crystallized > 0 or signatures > 0 order by tenant")
	tenants, err := collect(rows, err, scanOne[string])
	return tenants, reading(ctx, err)
}

const crystalsOf = "select pattern, members, created_at, updated_at, stability, frequency from sigil.crystals where tenant = $1 order by pattern"

func scanCrystal(tenant string) func(rows pgx.Rows) (sigil.Crystal, error) {
	return func(rows pgx.Rows) (sigil.Crystal, error) {
		c := sigil.Crystal{Tenant: tenant, Kind: sigil.CrystalOfPattern}
		err := rows.Scan(&c.Pattern, &c.Members, &c.CreatedAt, &c.UpdatedAt, &c.Stability, &c.Frequency)
		c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
		return c, err
	}
}

// Crystals implements [store.Store].
func (s *Store) Crystals(ctx context.Context, tenant string) ([]sigil.Crystal, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, crystalsOf, tenant)
	crystals, err := collect(rows, err, scanCrystal(tenant))
	return crystals, reading(ctx, err)
}

// errOvertaken means that another process has changed the tenant's crystals since they were read.
var errOvertaken = errors.New("pgstore: another crystallization was first")

// Crystallize implements [store.Store]. It reads every memory of the tenant, without a lock, and writes only
// if no other process has written crystals of the tenant since.
func (s *Store) Crystallize(ctx context.Context, tenant string, now time.Time, change func(sigil.Pattern, *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.keys.One(sigil.Key{Tenant: tenant}).Unlock() // no memory has the zero id
	bounded, cancel := s.steady(ctx)
	defer cancel()
	if err := s.settle(bounded, now); err != nil {
		return failure(err)
	}
	for {
		err := s.crystallize(bounded, tenant, now, change)
		if !errors.Is(err, errOvertaken) {
			return failure(err)
		}
	}
}

func (s *Store) crystallize(ctx context.Context, tenant string, now time.Time, change func(sigil.Pattern, *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error {
	var groups []group
	var crystals []sigil.Crystal
	var revision []int64
	b := &pgx.Batch{}
	into(b, &revision, scanOne[int64], "select crystallized from sigil.tenants where tenant = $1", tenant)
	into(b, &groups, scanGroup, countGroups, tenant, now)
	into(b, &crystals, scanCrystal(tenant), crystalsOf, tenant)
	if err := s.snapshot(ctx, b); err != nil {
		return err
	}
	if len(revision) == 0 {
		return nil // nothing was ever stored
	}
	var write writes
	var j entries
	old := map[int]*sigil.Crystal{}
	all := patterns(groups)
	for i := range crystals {
		old[crystals[i].Pattern] = &crystals[i]
		if !slices.ContainsFunc(all, func(p sigil.Pattern) bool { return p.Group == crystals[i].Pattern }) {
			all = append(all, sigil.Pattern{Group: crystals[i].Pattern})
		}
	}
	slices.SortFunc(all, func(a, b sigil.Pattern) int { return a.Group - b.Group })
	for _, p := range all {
		c, event := change(p, old[p.Group])
		if c != nil {
			write.add(`insert into sigil.crystals (tenant, pattern, members, created_at, updated_at, stability, frequency) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant, pattern) do update set members = excluded.members, created_at = excluded.created_at, updated_at = excluded.updated_at, stability = excluded.stability, frequency = excluded.frequency`,
				tenant, p.Group, c.Members, c.CreatedAt, c.UpdatedAt, c.Stability, c.Frequency)
		}
		if event != nil {
			if err := s.policies.ensure(ctx, s.pool, event.Memory.Policy); err != nil {
				return err
			}
			if err := s.journal(&j, event); err != nil {
				return err
			}
		}
	}
	if len(write) == 0 && j.n == 0 {
		return nil
	}
	return s.writeCrystals(ctx, tenant, revision[0], write, &j)
}

func (s *Store) writeCrystals(ctx context.Context, tenant string, revision int64, write writes, j *entries) error {
	err := s.transact(ctx, func(t *tx) error {
		var found []int64
		b := &pgx.Batch{}
		into(b, &found, scanOne[int64],
			"update sigil.tenants set crystallized = crystallized + 1 where tenant = $1 and crystallized = $2 returning crystallized", tenant, revision)
		if err := t.send(ctx, b); err != nil {
			return err
		}
		if len(found) == 0 {
			return errOvertaken
		}
		var base uint64
		all := slices.Clone(write)
		j.queue(&all, &base)
		return t.commit(ctx, all)
	})
	if err == nil && j.n > 0 {
		s.tell()
	}
	return err
}
