package migrate

import (
	"context"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// policy copies the policy that the tenant has of its own.
func (p *pass) policy(ctx context.Context) error {
	from, err := p.readPolicy(ctx)
	if err != nil {
		return err
	}
	return p.to.ChangePolicy(ctx, p.tenant, func(kept *store.TenantPolicy) (*sigil.Event, error) {
		change := &sigil.PolicyChange{From: kept.Policy, To: from.Policy}
		same := kept.Since.Equal(from.Since) && kept.Restamping == from.Restamping
		*kept = from
		if change.From == change.To {
			p.changed = p.changed || !same
			return nil, nil
		}
		p.changed = true
		at := from.Since
		if at.IsZero() {
			at = p.now
		}
		return &sigil.Event{
			Time: at, Kind: sigil.PolicySet, Reason: sigil.ReasonRequest, Memory: sigil.Meta{Key: sigil.Key{Tenant: p.tenant}}, Policies: change,
		}, nil
	})
}

// readPolicy reads the policy that the tenant has of its own.
func (p *pass) readPolicy(ctx context.Context) (store.TenantPolicy, error) {
	all, err := p.from.TenantPolicies(ctx)
	if err != nil {
		return store.TenantPolicy{}, err
	}
	from := store.TenantPolicy{Tenant: p.tenant}
	for i := range all {
		if all[i].Tenant == p.tenant {
			from = all[i]
		}
	}
	if p.report.Policy = from.Policy != nil; p.report.Policy {
		p.sum.Write([]byte(from.Policy.StoredForm()))
	}
	return from, nil
}
