package engine

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/sigil-dna/sigil"
)

// Stats counts a tenant's live memories. Its average decay looks at each of them.
func (e *Engine) Stats(ctx context.Context, tenant string) (stats sigil.Stats, err error) {
	defer e.observe("stats", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return stats, err
	}
	now := e.now()
	s, err := e.store.Stats(ctx, tenant, now)
	if err != nil {
		return stats, wrap(err)
	}
	policy := e.Settings().Policy
	stats = sigil.Stats{
		Tenant: tenant, Memories: s.Memories, Bytes: s.Bytes, Pinned: s.Pinned, Crystallized: s.Crystallized,
		Patterns: s.Patterns, Crystals: s.Crystallized + s.PatternCrystals, AverageDecay: s.AverageDecay,
		Policy: policy.String(), LifetimeSeconds: policy.Lifetime().Seconds(), UptimeSeconds: now.Sub(e.started).Seconds(),
		Position: s.Position, Policies: make([]sigil.PolicyCount, len(s.Policies)),
	}
	for i, p := range s.Policies {
		stats.Policies[i] = sigil.PolicyCount{Policy: p.Policy.String(), LifetimeSeconds: p.Policy.Lifetime().Seconds(), Count: p.Memories}
	}
	if !s.NextFade.IsZero() {
		stats.NextFade = &sigil.Timestamp{Time: s.NextFade}
	}
	return stats, nil
}

// Longer counts, over all tenants, the live memories whose own policy lets them live longer untouched than the policy
// in force: their next recall shortens their life. most is the longest of those policies, or nil if there are none.
// It looks at each memory.
func (e *Engine) Longer(ctx context.Context) (memories int, most sigil.Policy, err error) {
	tenants, err := e.store.Tenants(ctx)
	if err != nil {
		return 0, nil, wrap(err)
	}
	lifetime := e.Settings().Policy.Lifetime()
	for _, tenant := range tenants {
		s, err := e.store.Stats(ctx, tenant, e.now())
		if err != nil {
			return 0, nil, wrap(err)
		}
		for _, p := range s.Policies {
			if p.Policy.Lifetime() <= lifetime {
				continue
			}
			memories += p.Memories
			if most == nil || p.Policy.Lifetime() > most.Lifetime() {
				most = p.Policy
			}
		}
	}
	return memories, most, nil
}

// Identity gives the sigil of the engine's own store and tenant.
func (e *Engine) Identity(ctx context.Context, tenant string) (id sigil.Identity, err error) {
	defer e.observe("identity", 1)(&err)
	stats, err := e.Stats(ctx, tenant)
	if err != nil {
		return id, err
	}
	info := e.store.Info()
	// Already in canonical form: keys in order, and nothing in a tenant or UUID needs escaping.
	hash := sigil.Hash(sha256.Sum256(fmt.Appendf(nil, `{"service":"sigil","store":"%s","tenant":"%s"}`, info.ID, tenant)))
	spiral := hash.Spiral()
	return sigil.Identity{
		Service: "sigil", Store: info.ID, Driver: info.Driver, Tenant: tenant,
		Hash: hash.String(), Frequency: hash.Frequency().Value(), Pattern: hash.Frequency().Pattern(), Spiral: spiral[:],
		CreatedAt: sigil.Timestamp{Time: info.CreatedAt}, StartedAt: sigil.Timestamp{Time: e.started},
		UptimeSeconds: stats.UptimeSeconds, Memories: stats.Memories, Crystals: stats.Crystals,
	}, nil
}
