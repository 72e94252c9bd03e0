package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// ForecastQuery selects what to forecast. Within must be set.
type ForecastQuery struct {
	Within time.Duration // over 0, at most 100 years
	// Policy is a proposed policy, applied as if every memory had had it since it was last touched. If nil, each
	// memory's own policy applies; that is also what happens after [Engine.Configure], as a new policy reaches a memory
	// only when it is touched.
	Policy sigil.Policy
	// Tags, if any, leave out all memories that do not have all of them. They are read all the same.
	Tags  []string
	Limit int // maximum number of memories listed; 0 means 100
	Bins  int // number of bins of the timeline, at most 1,000; 0 means 48
}

const (
	defaultBins = 48
	maxBins     = 1_000
	maxTags     = 100 // maximum number of tags in a forecast
)

// Forecast is what fades from From until Until if nothing is recalled.
type Forecast struct {
	From  time.Time
	Until time.Time
	// Policy is the proposed policy, or nil if each memory's own applies.
	Policy sigil.Policy
	// Fading counts the memories that fade; under a proposed policy, as if each had had it since its last access.
	Fading int
	// FadingByOwnPolicy counts the memories that fade under their own policies. It is what happens if the proposed
	// policy is set and nothing is recalled, since a policy reaches a memory at its next recall.
	FadingByOwnPolicy int
	Bytes             int64 // of data, of the memories that Fading counts
	// Patterns and Tags count what fades, the most frequent first; at most 100 tags.
	Patterns []PatternCount
	Tags     []TagCount
	// Bins divide the span evenly. Under a proposed policy the first bin also counts what would fade at once.
	Bins []ForecastBin
	// Memories are the first to fade, soonest first; their FadesAt is the forecast's.
	Memories []sigil.Memory
}

// PatternCount counts memories of a pattern.
type PatternCount struct {
	Pattern int // the group key
	Count   int
}

// TagCount counts memories with a tag.
type TagCount struct {
	Tag   string
	Count int
}

// ForecastBin counts what fades after From and up to Until.
type ForecastBin struct {
	From  time.Time
	Until time.Time
	Count int
}

// Forecast returns which memories of a tenant fade within a time if nothing is recalled. It changes nothing. Its cost
// grows with the memories it counts. Memories that do not fade in that time are not read, except, under a proposed
// policy, as many as could fade earlier than under their own. If a policy of the store has a floor under which nothing fades, that is all of
// the tenant's memories.
func (e *Engine) Forecast(ctx context.Context, tenant string, q ForecastQuery) (f Forecast, err error) {
	defer e.observe("forecast", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return f, err
	}
	limit, err := e.limit(q.Limit)
	if err != nil {
		return f, err
	}
	if q.Within <= 0 || q.Within > sigil.MaxTTL {
		return f, sigil.NewInvalid("invalid_within", "within", "must be over 0 and at most 36500d")
	}
	if q.Bins < 0 || q.Bins > maxBins {
		return f, sigil.NewInvalid("invalid_bins", "bins", fmt.Sprintf("must be from 1 to %d", maxBins))
	}
	if err := e.checkFilter(q.Tags); err != nil {
		return f, err
	}
	e.use(ctx, tenant)
	now := e.now()
	c := count{
		query: q, now: now, until: now.Add(q.Within).Truncate(time.Millisecond), limit: limit,
		patterns: map[int]int{}, tags: map[string]int{}, bins: make([]int, cmp.Or(q.Bins, defaultBins)),
	}
	until, endless, err := e.horizon(ctx, &c)
	if err == nil && endless {
		err = e.addEndless(ctx, tenant, &c)
	}
	if err != nil {
		return f, wrap(err)
	}
	err = e.store.eachFading(ctx, store.FadingQuery{Tenant: tenant, Now: now, Until: until, Limit: e.limits.Page}, c.add)
	if err != nil {
		return f, wrap(err)
	}
	return c.forecast(), nil
}

// horizon returns the latest deadline that a memory which fades in the span may have. Under a proposed policy that may have a
// shorter life for some memory, that is any: a memory may be stretched, and then both of its lives are, but no grace.
// endless reports whether there may be memories without a deadline that have one under the proposed policy.
func (e *Engine) horizon(ctx context.Context, c *count) (until time.Time, endless bool, err error) {
	if c.query.Policy == nil {
		return c.until, false, nil
	}
	policies, err := e.store.Policies(ctx)
	if err != nil {
		return time.Time{}, false, err
	}
	until = c.until
	for _, p := range policies {
		_, bounded := p.(sigil.Bounded)
		if p != c.query.Policy && (bounded || p.Lifetime() > sigil.Unbounded(c.query.Policy).Lifetime()) {
			until = c.now.Add(sigil.MaxTTL + sigil.MaxTTL)
		}
		endless = endless || p.Lifetime() == sigil.Never
	}
	return until, endless && c.query.Policy.Lifetime() != sigil.Never, nil
}

// addEndless counts memories that have no deadline, but are neither pinned nor crystallized.
func (e *Engine) addEndless(ctx context.Context, tenant string, c *count) error {
	page := store.Query{Tenant: tenant, Now: c.now, Limit: e.limits.Page, NoData: true, Pinned: new(false), Crystallized: new(false)}
	for more := true; more; {
		var memories []sigil.Memory
		var err error
		if memories, more, err = e.store.List(ctx, page); err != nil {
			return err
		}
		if more {
			page.Before = memories[len(memories)-1].ID
		}
		c.add(slices.DeleteFunc(memories, func(m sigil.Memory) bool { return !m.FadesAt.IsZero() }))
	}
	return nil
}

// count is a forecast in the making.
type count struct {
	query      ForecastQuery
	now, until time.Time
	limit      int

	fading   int
	own      int // under each memory's own policy
	bytes    int64
	patterns map[int]int
	tags     map[string]int
	bins     []int
	soonest  []sigil.Memory
}

// add counts memories, which without a proposed policy must come in the order of their deadlines, and changes them.
func (c *count) add(memories []sigil.Memory) {
	for i := range memories {
		m := &memories[i]
		if !hasAll(m.Tags, c.query.Tags) {
			continue
		}
		if !m.FadesAt.IsZero() && !m.FadesAt.After(c.until) {
			c.own++
		}
		if c.query.Policy != nil {
			m.Policy = c.query.Policy
			m.Reschedule()
		}
		if m.FadesAt.IsZero() || m.FadesAt.After(c.until) {
			continue
		}
		c.fading++
		c.bytes += int64(m.Size)
		c.patterns[m.Frequency.Pattern()]++
		for _, tag := range m.Tags {
			c.tags[tag]++
		}
		c.bins[c.bin(m.FadesAt)]++
		if c.query.Policy != nil || len(c.soonest) < c.limit {
			c.soonest = append(c.soonest, *m)
		}
	}
	if c.query.Policy != nil { // the proposed policy changes their order
		slices.SortStableFunc(c.soonest, func(a, b sigil.Memory) int { return a.FadesAt.Compare(b.FadesAt) })
		c.soonest = c.soonest[:min(c.limit, len(c.soonest))]
	}
}

// hasAll reports whether all of want are among tags.
func hasAll(tags, want []string) bool {
	return !slices.ContainsFunc(want, func(tag string) bool { return !slices.Contains(tags, tag) })
}

// bin returns the index of the bin that a deadline falls in: after its start and up to its end.
func (c *count) bin(at time.Time) int {
	width := float64(c.until.Sub(c.now)) / float64(len(c.bins))
	n := int(float64(at.Sub(c.now)-1) / width)
	return min(max(0, n), len(c.bins)-1)
}

func (c *count) forecast() Forecast {
	f := Forecast{
		From: c.now, Until: c.until, Policy: c.query.Policy, Fading: c.fading, FadingByOwnPolicy: c.own, Bytes: c.bytes,
		Bins: make([]ForecastBin, len(c.bins)), Memories: c.soonest,
	}
	for _, p := range slices.Sorted(maps.Keys(c.patterns)) {
		f.Patterns = append(f.Patterns, PatternCount{Pattern: p, Count: c.patterns[p]})
	}
	slices.SortStableFunc(f.Patterns, func(a, b PatternCount) int { return b.Count - a.Count })
	for _, tag := range slices.Sorted(maps.Keys(c.tags)) {
		f.Tags = append(f.Tags, TagCount{Tag: tag, Count: c.tags[tag]})
	}
	slices.SortStableFunc(f.Tags, func(a, b TagCount) int { return b.Count - a.Count })
	f.Tags = f.Tags[:min(maxTags, len(f.Tags))]
	edge := func(i int) time.Time {
		return c.now.Add(time.Duration(float64(i) / float64(len(c.bins)) * float64(c.until.Sub(c.now))))
	}
	for i, n := range c.bins {
		f.Bins[i] = ForecastBin{From: edge(i), Until: edge(i + 1), Count: n}
	}
	return f
}
