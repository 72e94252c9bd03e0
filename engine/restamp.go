package engine

import (
	"context"
	"errors"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Restamp brings the memories of tenants whose policies were changed under the policies that they have now: their deadlines are those
// that they would have if they had had the policy since they were last touched. It removes nothing: a memory whose deadline has passed by then fades at the next sweep, as
// any other. Nothing is journaled. It returns the number of memories that it changed.
//
// It yields to requested changes like a sweep, in steps of the same size. When ctx ends, it finishes its step and returns the context's error; the next call
// passes over the memories that have the policy already. Any number of calls may run at once, in any number of processes. A tenant is done when a
// call that began [store.PolicyDelay] after the change has found nothing to do. While the clock is held, Restamp changes nothing: see [Engine.Clock].
func (e *Engine) Restamp(ctx context.Context) (restamped int, err error) {
	if _, err := e.certain(); err != nil { // a deadline that has passed by a wrong clock would be the end of a memory
		return 0, err
	}
	started := time.Now()
	defer func() {
		if restamped > 0 {
			e.observer.Did("restamp", restamped, time.Since(started), nil)
		}
		if err != nil {
			e.observer.Did("restamp", 0, time.Since(started), err)
		}
	}()
	if err := e.settleClocks(ctx); err != nil {
		return 0, wrap(err)
	}
	all, err := e.store.TenantPolicies(ctx)
	if err != nil {
		return 0, wrap(err)
	}
	for i := range all {
		if !all[i].Restamping {
			continue
		}
		begin := e.now()
		n, err := e.restampTenant(ctx, all[i].Tenant)
		restamped += n
		if err != nil {
			return restamped, err
		}
		// Before that, another process may still give the former policy to memories. And what this call changed may not be durable yet.
		if n > 0 || begin.Before(all[i].Since.Add(store.PolicyDelay)) {
			continue
		}
		if err := e.endRestamp(ctx, all[i]); err != nil {
			return restamped, wrap(err)
		}
	}
	return restamped, nil
}

// restampTenant brings the memories of a tenant under its policy.
func (e *Engine) restampTenant(ctx context.Context, tenant string) (restamped int, err error) {
	uncut := context.WithoutCancel(ctx) // a step in progress is finished even if ctx ends
	pages := e.pages(tenant, e.now())
	err = e.inSteps(ctx, func(limit int, goOn func() bool) (did int, more bool, err error) {
		more = true
		for more && did < limit && (did == 0 || goOn()) {
			var page []sigil.Memory
			if page, more, err = pages(uncut); err != nil {
				return did, false, err
			}
			for i := range page {
				if !outdated(&page[i].Meta, e.policyOf(tenant)) {
					continue
				}
				_, err := e.store.Update(uncut, page[i].Key, e.restamp)
				if err == nil {
					restamped++
				} else if !errors.Is(err, sigil.ErrNotFound) {
					return did, false, err
				}
			}
			did += len(page)
		}
		return did, more, nil
	})
	return restamped, err
}

// restamp brings one memory under the policy of its tenant.
func (e *Engine) restamp(m *sigil.Meta) (*sigil.Event, error) {
	p := e.policyOf(m.Tenant)
	if m.Due(e.now()) || !outdated(m, p) {
		return nil, sigil.NewNotFound() // not any more
	}
	m.Policy = p
	m.Reschedule()
	return nil, nil
}

// endRestamp records that a tenant's memories are under its policy, unless that has changed since.
func (e *Engine) endRestamp(ctx context.Context, done store.TenantPolicy) error {
	return e.store.ChangePolicy(ctx, done.Tenant, func(kept *store.TenantPolicy) (*sigil.Event, error) {
		if kept.Policy == done.Policy && kept.Since.Equal(done.Since) {
			kept.Restamping = false
		}
		return nil, nil
	})
}
