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
		Position: s.Position,
	}
	if !s.NextFade.IsZero() {
		stats.NextFade = &sigil.Timestamp{Time: s.NextFade}
	}
	return stats, nil
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
