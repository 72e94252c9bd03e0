package storetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

// List implements [store.Store].
func (s *Model) List(ctx context.Context, q store.Query) (page []sigil.Memory, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	var text *words.Query
	if q.Text != "" {
		analyzer, err := new(store.SearchSettings).Analyzer()
		if err != nil {
			return nil, false, err
		}
		if text, err = analyzer.Parse(q.Text); err != nil {
			return nil, false, store.NewInvalidQuery(err)
		}
	}
	all := s.of(q.Tenant)
	slices.SortFunc(all, func(a, b sigil.Memory) int { return q.Compare(&a.Meta, &b.Meta) })
	var total int64
	for _, m := range all {
		if !q.Follows(&m.Meta) || !q.Matches(&m.Meta) || !hasAll(m.Tags, q.Tags) {
			continue
		}
		if text != nil {
			if _, ok := text.Match(m.Data, m.Tags); !ok {
				continue
			}
		}
		if q.Ends(len(page), total, m.Size) {
			return page, true, nil
		}
		total += int64(m.Size)
		m = copied(m)
		if q.NoData {
			m.Data = nil
		}
		page = append(page, m)
	}
	return page, false, nil
}

// hasAll reports whether all of want are among tags.
func hasAll(tags, want []string) bool {
	return !slices.ContainsFunc(want, func(tag string) bool { return !slices.Contains(tags, tag) })
}

// Fading implements [store.Store].
func (s *Model) Fading(ctx context.Context, q store.FadingQuery) (page []sigil.Memory, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	after := sigil.Meta{Key: sigil.Key{Tenant: q.Tenant, ID: q.After}, FadesAt: q.AfterAt}
	all := s.of(q.Tenant)
	slices.SortFunc(all, func(a, b sigil.Memory) int { return byDeadline(a.Meta, b.Meta) })
	for _, m := range all {
		if m.Due(q.Now) || m.FadesAt.IsZero() || m.FadesAt.After(q.Until) || q.After != (sigil.ID{}) && byDeadline(m.Meta, after) <= 0 {
			continue
		}
		if len(page) == q.Limit {
			return page, true, nil
		}
		m = copied(m)
		m.Data = nil
		page = append(page, m)
	}
	return page, false, nil
}

// Nearest implements [store.Store].
func (s *Model) Nearest(ctx context.Context, metas []sigil.Meta, q store.NearestQuery) ([]sigil.Meta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	distance := func(m sigil.Meta) int {
		return max(int(m.Frequency)-int(q.Frequency), int(q.Frequency)-int(m.Frequency))
	}
	var near []sigil.Meta
	for _, m := range s.of(q.Tenant) {
		if !m.Due(q.Now) && distance(m.Meta) <= q.Span {
			near = append(near, m.Meta)
		}
	}
	// They are newest first, and a stable sort keeps that order among equals.
	slices.SortStableFunc(near, func(a, b sigil.Meta) int { return cmp.Compare(distance(a), distance(b)) })
	return append(metas, near[:min(q.Limit, len(near))]...), nil
}

// Patterns implements [store.Store].
func (s *Model) Patterns(ctx context.Context, tenant string, now time.Time) ([]sigil.Pattern, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.patterns(tenant, now), nil
}

// +checklocks:s.mu
func (s *Model) patterns(tenant string, now time.Time) []sigil.Pattern {
	type group struct {
		members   int
		potential store.Sum
		frequency int // the sum of the indexes
	}
	var groups [sigil.NumPatterns]group
	for _, m := range s.of(tenant) {
		if !m.Due(now) {
			g := &groups[m.Frequency.Pattern()]
			g.members++
			g.potential.Add(m.Potential)
			g.frequency += int(m.Frequency)
		}
	}
	var patterns []sigil.Pattern
	for i, g := range groups {
		if g.members > 0 {
			patterns = append(patterns, sigil.Pattern{
				Group: i, Members: g.members, Potential: g.potential.Mean(g.members),
				Frequency: float64(g.frequency) / float64(g.members) / sigil.NumFrequencies * sigil.Phi,
			})
		}
	}
	return patterns
}

// Crystallize implements [store.Store].
func (s *Model) Crystallize(ctx context.Context, tenant string, now time.Time, change func(sigil.Pattern, *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	patterns := map[int]sigil.Pattern{}
	for group := range s.crystals[tenant] {
		patterns[group] = sigil.Pattern{Group: group}
	}
	for _, p := range s.patterns(tenant, now) {
		patterns[p.Group] = p
	}
	for _, group := range slices.Sorted(maps.Keys(patterns)) {
		var old *sigil.Crystal
		if crystal, ok := s.crystals[tenant][group]; ok {
			old = &crystal
		}
		crystal, event := change(patterns[group], old)
		if crystal != nil {
			if s.crystals[tenant] == nil {
				s.crystals[tenant] = map[int]sigil.Crystal{}
			}
			s.crystals[tenant][group] = *crystal
		}
		if event != nil {
			s.record(*event)
		}
	}
	return nil
}

// Crystals implements [store.Store].
func (s *Model) Crystals(ctx context.Context, tenant string) ([]sigil.Crystal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	var crystals []sigil.Crystal
	for _, group := range slices.Sorted(maps.Keys(s.crystals[tenant])) {
		crystals = append(crystals, s.crystals[tenant][group])
	}
	return crystals, nil
}

// Stats implements [store.Store].
func (s *Model) Stats(ctx context.Context, tenant string, now time.Time) (store.Stats, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return store.Stats{}, err
	}
	stats := store.Stats{
		Patterns: len(s.patterns(tenant, now)), PatternCrystals: len(s.crystals[tenant]), Position: s.position(),
	}
	decay, policies := 0.0, map[sigil.Policy]store.PolicyCount{}
	for _, m := range s.of(tenant) {
		if m.Due(now) {
			continue
		}
		stats.Memories++
		stats.Bytes += int64(m.Size)
		if m.Pinned {
			stats.Pinned++
		}
		if m.Crystallized {
			stats.Crystallized++
		}
		if !m.FadesAt.IsZero() && (stats.NextFade.IsZero() || m.FadesAt.Before(stats.NextFade)) {
			stats.NextFade = m.FadesAt
		}
		decay += m.Decay(now)
		if !m.Pinned && !m.Crystallized {
			own := 0
			if m.OwnPolicy {
				own = 1
			}
			policies[m.Policy] = policies[m.Policy].Add(1, own)
		}
	}
	stats.Policies = store.CountPolicies(policies)
	if stats.Memories > 0 {
		stats.AverageDecay = decay / float64(stats.Memories)
	}
	return stats, nil
}

// Tenants implements [store.Store].
func (s *Model) Tenants(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	tenants := map[string]bool{}
	for key := range s.memories {
		tenants[key.Tenant] = true
	}
	for tenant := range s.crystals {
		tenants[tenant] = true
	}
	for key := range s.signatures {
		tenants[key.Tenant] = true
	}
	return slices.Sorted(maps.Keys(tenants)), nil
}
