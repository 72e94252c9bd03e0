package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// CrystalOf returns the crystal of a crystallized memory.
func CrystalOf(m *sigil.Meta) sigil.Crystal {
	return sigil.Crystal{
		Tenant: m.Tenant, Kind: sigil.CrystalOfMemory, Memory: m.ID, Pattern: m.Frequency.Pattern(), Members: 1,
		CreatedAt: m.CreatedAt, UpdatedAt: m.CreatedAt, Stability: m.Potential, Frequency: m.Frequency.Value(),
	}
}

// Crystallize creates a crystal for every pattern that is strong enough and has none, and updates the others. A
// pattern has at most one crystal, ever. Its creation is journaled; its updates are not, since they follow from the
// memories' own entries.
//
// When ctx ends, Crystallize finishes the current tenant and returns what it did with the context's error.
func (e *Engine) Crystallize(ctx context.Context) (s Sweep, err error) {
	now := e.now()
	s = Sweep{Job: sigil.CrystallizeJob, StartedAt: now}
	defer e.swept(&s, &err)()

	step := context.WithoutCancel(ctx)
	tenants, err := e.store.Tenants(step)
	if err != nil {
		return s, wrap(err)
	}
	for _, tenant := range tenants {
		if ctx.Err() != nil {
			break
		}
		var patterns, created, updated int // for this tenant; reset if the store retries
		err := e.store.Crystallize(step, tenant, now, func(p sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event) {
			patterns++
			switch {
			case old == nil && p.Crystallizes():
				created++
				crystal := sigil.Crystal{
					Tenant: tenant, Kind: sigil.CrystalOfPattern, Pattern: p.Group, Members: p.Members,
					CreatedAt: now, UpdatedAt: now, Stability: p.Potential, Frequency: p.Frequency,
				}
				return &crystal, &sigil.Event{
					Time: now, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential,
					Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}, Crystal: &crystal,
				}
			case old != nil:
				crystal := *old
				crystal.Members = p.Members
				if p.Members > 0 { // otherwise the last figures stay
					crystal.Stability, crystal.Frequency = p.Potential, p.Frequency
				}
				if crystal == *old {
					return nil, nil
				}
				updated++
				crystal.UpdatedAt = now
				return &crystal, nil
			}
			return nil, nil
		})
		if err != nil {
			return s, wrap(err)
		}
		s.Patterns, s.Created, s.Updated = s.Patterns+patterns, s.Created+created, s.Updated+updated
	}
	return s, ctx.Err()
}
