package shape

import (
	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// TenantPolicy returns the shape of p. effect is nil, or that of a dry run.
func TenantPolicy(p *engine.TenantPolicy, effect *engine.PolicyEffect) *wire.TenantPolicy {
	v := &wire.TenantPolicy{
		Tenant: p.Tenant, Policy: p.Policy.String(), Own: p.Own, LifetimeSeconds: lifetimeSeconds(p.Policy.Lifetime()),
		Since: deadline(p.Since), Restamping: p.Restamping,
	}
	if v.LifetimeSeconds != nil {
		text := sigil.FormatDuration(p.Policy.Lifetime())
		v.Lifetime = &text
	}
	if effect != nil {
		v.Effect = &wire.PolicyEffect{
			Memories: effect.Memories, Moved: effect.Moved, Fading: wire.PolicyFading(effect.Fading), Present: wire.PolicyFading(effect.Present),
		}
	}
	return v
}

// policyText returns the text of a policy, nil for none.
func policyText(p sigil.Policy) *string {
	if p == nil {
		return nil
	}
	text := p.String()
	return &text
}
