package index

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// Found is a memory that a read of the index found.
type Found struct {
	sigil.Meta
	Tags string // as in [record.Labels]
}

// +checklocksread:x.mu
func (x *Index) found(tenant string, e *entry) Found {
	return Found{e.meta(tenant, x.policies), x.entries.labels(e).Tags}
}

// Get returns a memory, if it exists.
func (x *Index) Get(key sigil.Key) (f Found, there bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	_, e := x.find(key)
	if e == nil {
		return f, false
	}
	return x.found(key.Tenant, e), true
}

// Meta returns the figures of a memory, if it exists.
func (x *Index) Meta(key sigil.Key) (m sigil.Meta, there bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	_, e := x.find(key)
	if e == nil {
		return m, false
	}
	return e.meta(key.Tenant, x.policies), true
}

// LabelsOf returns the labels of a memory, if it exists.
func (x *Index) LabelsOf(key sigil.Key) (l record.Labels, there bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	_, e := x.find(key)
	if e == nil {
		return l, false
	}
	return x.entries.labels(e), true
}

// Counts returns the numbers of all tenants' memories and crystals, due or not.
func (x *Index) Counts() (memories, crystals int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.memories, x.crystals
}

// Tenants returns the names of the tenants that have a memory or a crystal, sorted.
func (x *Index) Tenants() []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	names := make([]string, 0, len(x.tenants))
	for name, t := range x.tenants {
		if t.all.count+len(t.crystals) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Keys returns the keys of all memories.
func (x *Index) Keys() []sigil.Key {
	x.mu.RLock()
	defer x.mu.RUnlock()
	keys := make([]sigil.Key, 0, x.memories)
	for name, t := range x.tenants {
		t.all.scan(func(e *entry) bool {
			keys = append(keys, sigil.Key{Tenant: name, ID: e.id})
			return true
		})
	}
	return keys
}

// Due returns the keys of at most limit memories that are past their deadlines at now. lag returns by how much the clock of a
// tenant is behind.
func (x *Index) Due(now int64, limit int, lag func(tenant string) int64) []sigil.Key {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var keys []sigil.Key
	x.agenda.Scan(func(a appointment) bool {
		if a.at > now {
			return false
		}
		a.tenant.due(now-lag(a.tenant.name), func(e *entry) bool {
			if len(keys) < limit {
				keys = append(keys, sigil.Key{Tenant: a.tenant.name, ID: e.id})
			}
			return len(keys) < limit
		})
		return len(keys) < limit
	})
	return keys
}

// listStep is how many entries List and Stats look at during one hold of the lock, so that no caller that
// changes the index waits long.
const listStep = 4096

// List scans entries with ids below before, and returns at most limit of those that match q, the last id that
// it scanned, and whether there are more to scan.
func (x *Index) List(q *store.Query, before sigil.ID, limit int) (found []Found, last sigil.ID, more bool) {
	last = before
	x.scan(q.Tenant, q.Tags, before, func(e *entry, of *entries) bool {
		last = e.id
		if m := e.meta(q.Tenant, x.policies); q.Matches(&m) {
			found = append(found, Found{m, of.labels(e).Tags})
		}
		more = len(found) >= limit
		return !more
	}, &more)
	return found, last, more
}

// scan calls visit with the entries of a tenant that have all of tags, newest first, starting after the id before (or
// with the newest, if before is zero), until visit returns false. It looks at no more than listStep entries. more is set
// if visit returned false, or if there may be more entries.
func (x *Index) scan(name string, tags []string, before sigil.ID, visit func(*entry, *entries) bool, more *bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	t := x.tenants[name]
	if t == nil {
		return
	}
	list := t.shortest(tags)
	if list == nil {
		return
	}
	seen := 0
	step := func(e *entry) bool {
		seen++
		if t.of.hasAll(e, tags) && !visit(e, t.of) {
			*more = true
			return false
		}
		*more = seen == listStep
		return !*more
	}
	from := idKey(0, before)
	if before == (sigil.ID{}) {
		from = idKey(1, before) // after all ids
	}
	list.before(from, step)
}

// Fading returns at most limit memories that match q, by deadline.
func (x *Index) Fading(q *store.FadingQuery, limit int) (found []Found) {
	limit = min(limit, listStep)
	x.mu.RLock()
	defer x.mu.RUnlock()
	t := x.tenants[q.Tenant]
	if t == nil {
		return nil
	}
	from := &entry{fades: q.Now.UnixMilli() + 1}
	if q.After != (sigil.ID{}) && !q.AfterAt.Before(milli(from.fades)) {
		from.id, from.fades = q.After, q.AfterAt.UnixMilli()
	}
	for _, e := range t.soonest(from, q.Until.UnixMilli(), limit, x.behind(t)) {
		found = append(found, x.found(q.Tenant, e))
	}
	return found
}

// Nearest appends the neighbors that match q to metas.
func (x *Index) Nearest(metas []sigil.Meta, q *store.NearestQuery) []sigil.Meta {
	x.mu.RLock()
	defer x.mu.RUnlock()
	t := x.tenants[q.Tenant]
	if t == nil || q.Limit <= 0 {
		return metas
	}
	// This takes two passes: entries are not adjacent, and the processor fetches several at once if little is
	// done with each.
	var buf [128]*entry
	found := buf[:0]
	t.near(q.Frequency, q.Span, q.Now.UnixMilli(), func(e *entry) bool {
		found = append(found, e)
		return len(found) < q.Limit
	})
	metas = slices.Grow(metas, len(found))
	for _, e := range found {
		if q.IDsOnly {
			metas = append(metas, sigil.Meta{Key: sigil.Key{Tenant: q.Tenant, ID: e.id}, Frequency: sigil.Frequency(e.frequency)})
		} else {
			metas = append(metas, e.meta(q.Tenant, x.policies))
		}
	}
	return metas
}

// Patterns returns the patterns of a tenant that have live members at now.
func (x *Index) Patterns(name string, now int64) []sigil.Pattern {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if t := x.tenants[name]; t != nil {
		return t.patterns(now)
	}
	return nil
}

// PatternsAndCrystals is like Patterns, but also returns the crystals of patterns, by group. The caller owns
// them.
func (x *Index) PatternsAndCrystals(name string, now int64) ([]sigil.Pattern, map[int]sigil.Crystal) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	t := x.tenants[name]
	if t == nil {
		return nil, nil
	}
	return t.patterns(now), maps.Clone(t.crystals)
}

// Crystals returns the crystals of a tenant's patterns, by group.
func (x *Index) Crystals(name string) []sigil.Crystal {
	x.mu.RLock()
	defer x.mu.RUnlock()
	t := x.tenants[name]
	if t == nil {
		return nil
	}
	crystals := slices.Collect(maps.Values(t.crystals))
	slices.SortFunc(crystals, func(a, b sigil.Crystal) int { return a.Pattern - b.Pattern })
	return crystals
}

// Stats counts the live memories of a tenant at now.
func (x *Index) Stats(ctx context.Context, name string, now time.Time) (store.Stats, error) {
	var stats store.Stats
	var decay float64
	next := int64(Never)
	patterns, fading := map[int]bool{}, map[uint16]store.PolicyCount{}
	var last sigil.ID
	for more := true; more; {
		more = false
		x.scan(name, nil, last, func(e *entry, _ *entries) bool {
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
				own := 0
				if e.ownPolicy {
					own = 1
				}
				fading[e.policy] = fading[e.policy].Add(1, own)
			}
			next = min(next, e.fades)
			patterns[sigil.Frequency(e.frequency).Pattern()] = true
			decay += sigil.DecayOf(x.policies.Policy(e.policy), e.stretch, now.Sub(milli(e.lastAccessed))-time.Duration(e.stood)*time.Second)
			return true
		}, &more)
		if err := ctx.Err(); err != nil {
			return store.Stats{}, err
		}
	}
	stats.Patterns = len(patterns)
	policies := map[sigil.Policy]store.PolicyCount{}
	for number, n := range fading {
		policies[x.policies.Policy(number)] = n
	}
	stats.Policies = store.CountPolicies(policies)
	if stats.Memories > 0 {
		stats.AverageDecay = decay / float64(stats.Memories)
	}
	if next != Never {
		stats.NextFade = milli(next)
	}
	stats.PatternCrystals, stats.Position = x.patternCrystals(name)
	return stats, nil
}

// patternCrystals returns the number of a tenant's crystals of patterns, and the newest journal position.
func (x *Index) patternCrystals(name string) (n int, position uint64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if t := x.tenants[name]; t != nil {
		n = len(t.crystals)
	}
	return n, x.Position()
}
