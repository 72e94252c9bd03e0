package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// TenantPolicy is the policy that a tenant's memories get at each encode, recall and unpin.
type TenantPolicy struct {
	Tenant string
	Policy sigil.Policy
	// Own is set if the tenant has it of its own. Otherwise it is that of [Settings].
	Own bool
	// Since is when the tenant got it, or lost its own; zero if that is not known.
	Since time.Time
	// Restamping is set while memories that have another policy are being brought under it: see [Engine.Restamp].
	Restamping bool
}

// PolicyEffect is what a policy would do to a tenant's live memories, if nothing was recalled.
type PolicyEffect struct {
	Memories int // all
	Moved    int // those that would get another policy; memories with policies of their own keep these
	// Fading counts the memories that would fade under the policy: those whose deadlines would have passed at once, and those that would
	// follow within a day and within a week, each including the ones before. Present is the same under the policies that they have.
	Fading, Present PolicyFading
}

// PolicyFading counts memories by when they fade.
type PolicyFading struct{ Now, Day, Week int }

// add counts a memory at a time.
func (f *PolicyFading) add(m *sigil.Meta, now time.Time) {
	for _, span := range []struct {
		count  *int
		within time.Duration
	}{{&f.Now, 0}, {&f.Day, 24 * time.Hour}, {&f.Week, 7 * 24 * time.Hour}} {
		if m.Due(now.Add(span.within)) {
			*span.count++
		}
	}
}

// policyOf returns the policy that a tenant's memories get. It may be called while a memory is locked.
func (e *Engine) policyOf(tenant string) sigil.Policy {
	if p := e.store.PolicyOf(tenant); p != nil {
		return p
	}
	return e.Settings().Policy
}

// policyFor returns the policy that a memory gets when it is touched: its own if it has one, or that of its tenant. It may be called while the memory is locked.
func (e *Engine) policyFor(m *sigil.Meta) sigil.Policy {
	if m.OwnPolicy {
		return m.Policy
	}
	return e.policyOf(m.Tenant)
}

// Policy returns the policy of a tenant.
func (e *Engine) Policy(ctx context.Context, tenant string) (p TenantPolicy, err error) {
	defer e.observe("policy", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return p, err
	}
	all, err := e.store.TenantPolicies(ctx)
	if err != nil {
		return p, wrap(err)
	}
	for i := range all {
		if all[i].Tenant == tenant {
			return e.effective(&all[i]), nil
		}
	}
	return e.effective(&store.TenantPolicy{Tenant: tenant}), nil
}

func (e *Engine) effective(kept *store.TenantPolicy) TenantPolicy {
	p := TenantPolicy{Tenant: kept.Tenant, Policy: kept.Policy, Own: kept.Policy != nil, Since: kept.Since, Restamping: kept.Restamping}
	if !p.Own {
		p.Policy = e.Settings().Policy
	}
	return p
}

// givenPolicies has the different policies that drafts of each tenant had.
type givenPolicies struct {
	mu sync.RWMutex
	// +checklocks:mu
	of map[string]map[sigil.Policy]bool
}

// add reports whether a draft of a tenant may have a policy: one that was given before, or one more of at most limit.
func (g *givenPolicies) add(tenant string, p sigil.Policy, limit int) bool {
	g.mu.RLock()
	known := g.of[tenant][p]
	g.mu.RUnlock()
	if known {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.of[tenant]
	switch {
	case all[p]:
		return true
	case len(all) >= limit:
		return false
	case all == nil:
		if g.of == nil {
			g.of = map[string]map[sigil.Policy]bool{}
		}
		all = map[sigil.Policy]bool{}
		g.of[tenant] = all
	}
	all[p] = true
	return true
}

func newTooManyPolicies(limit int) error {
	return &sigil.Error{
		Kind: sigil.ErrFull, Code: "policies_full", Field: "policy",
		Detail: fmt.Sprintf("memories of the tenant were given %d different policies already, which is the limit: use one of those, or set how long the memory lives with life, which needs no policy of its own", limit),
	}
}

// checkPolicy returns an error for a policy that a store could not read back, such as one that was not made by its constructor.
func checkPolicy(p sigil.Policy) error {
	if p == nil {
		return nil
	}
	if read, err := sigil.ParsePolicy(p.StoredForm()); err != nil || read != p {
		return sigil.NewInvalid("invalid_policy", "policy", "is not one that ParsePolicy reads back from its stored form")
	}
	return nil
}

// SetPolicy sets the policy that a tenant has of its own, or takes it away if p is nil. It is journaled, and durable when SetPolicy returns; if it changes
// nothing, nothing is journaled. Encodes, recalls and unpins give it to memories from then on: those in other processes within
// [store.PolicyDelay]. [Engine.Restamp] brings the other memories under it. Those that are past their deadlines then fade at the next sweep, and can be
// restored like all others; [Engine.TryPolicy] counts them.
func (e *Engine) SetPolicy(ctx context.Context, tenant string, p sigil.Policy) (set TenantPolicy, err error) {
	defer e.observe("policy", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return set, err
	}
	if err := checkPolicy(p); err != nil {
		return set, err
	}
	e.changes.Add(1)
	err = e.store.ChangePolicy(ctx, tenant, func(kept *store.TenantPolicy) (*sigil.Event, error) {
		if kept.Policy == p {
			set = e.effective(kept)
			return nil, nil
		}
		now := e.now()
		event := &sigil.Event{
			Time: now, Kind: sigil.PolicySet, Reason: sigil.ReasonRequest,
			Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}, Policies: &sigil.PolicyChange{From: kept.Policy, To: p},
		}
		kept.Policy, kept.Since, kept.Restamping = p, now, true
		set = e.effective(kept)
		return event, nil
	})
	if err == nil {
		e.uses.settled.Store(nil) // in case that the clock of the tenant cannot be set now
		e.useNew(ctx, tenant)
	}
	return set, wrap(err)
}

// TryPolicy returns what SetPolicy with p would do, and changes nothing. Its cost grows with the number of memories.
func (e *Engine) TryPolicy(ctx context.Context, tenant string, p sigil.Policy) (effect PolicyEffect, err error) {
	defer e.observe("policy", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return effect, err
	}
	if p == nil {
		p = e.Settings().Policy
	}
	now := e.now()
	pages := e.pages(tenant, now)
	for more := true; more; {
		var page []sigil.Memory
		if page, more, err = pages(ctx); err != nil {
			return effect, wrap(err)
		}
		for i := range page {
			m := &page[i].Meta
			effect.Memories++
			effect.Present.add(m, now)
			if outdated(m, p) {
				effect.Moved++
				m.Policy = p
				m.Reschedule()
			}
			effect.Fading.add(m, now)
		}
	}
	return effect, nil
}

// outdated reports whether a memory is to get the policy p, which its tenant has.
func outdated(m *sigil.Meta, p sigil.Policy) bool { return !m.OwnPolicy && m.Policy != p }

// pages returns a function that returns the tenant's live memories without data, newest first, a page with each call.
func (e *Engine) pages(tenant string, now time.Time) func(context.Context) (page []sigil.Memory, more bool, err error) {
	q := store.Query{Tenant: tenant, Now: now, Limit: sweepStep, Sort: sigil.SortCreated, NoData: true}
	return func(ctx context.Context) (page []sigil.Memory, more bool, err error) {
		page, more, err = e.store.List(ctx, q)
		if len(page) > 0 {
			last := &page[len(page)-1].Meta
			q.Before, q.BeforeKey = last.ID, store.SortKey(q.Sort, last)
		}
		return page, more, err
	}
}
