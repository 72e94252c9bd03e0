package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// policies checks what is kept of the policies of tenants, and what PolicyOf returns.
func (f *fixture) policies(want ...store.TenantPolicy) {
	f.t.Helper()
	all, err := f.TenantPolicies(f.ctx())
	f.ok("TenantPolicies", err)
	equal(f.t, "policies", all, want)
	for _, p := range want {
		equal(f.t, "policy of "+p.Tenant, f.PolicyOf(p.Tenant), p.Policy)
	}
}

// setPolicy keeps p, and journals the change at start.
func (f *fixture) setPolicy(p store.TenantPolicy) sigil.Event {
	f.t.Helper()
	event := sigil.Event{Time: start, Kind: sigil.PolicySet, Reason: sigil.ReasonRequest, Memory: sigil.Meta{Key: sigil.Key{Tenant: p.Tenant}}}
	f.ok("ChangePolicy", f.ChangePolicy(f.ctx(), p.Tenant, func(kept *store.TenantPolicy) (*sigil.Event, error) {
		event.Policies = &sigil.PolicyChange{From: kept.Policy, To: p.Policy}
		*kept = p
		journaled := event
		return &journaled, nil
	}))
	return event
}

var policyIdeas = []idea{
	{"a policy is kept and journaled, replaced, and dropped", func(f *fixture) {
		f.policies()
		equal(f.t, "policy", f.PolicyOf("a"), sigil.Policy(nil))
		bounded, err := sigil.ParsePolicy("power s=4d grace=1h floor=0.1")
		f.ok("ParsePolicy", err)
		first := store.TenantPolicy{Tenant: "a", Policy: halfLife(f.t), Since: start, Restamping: true}
		second := store.TenantPolicy{Tenant: "a", Policy: bounded, Since: start.Add(time.Second)}
		other := store.TenantPolicy{Tenant: "b", Policy: halfLife(f.t), Since: start}
		var want []sigil.Event
		want = append(want, f.setPolicy(first))
		f.policies(first)
		f.setPolicy(other)
		f.policies(first, other)
		want = append(want, f.setPolicy(second))
		f.policies(second, other)
		third := store.TenantPolicy{Tenant: "a", Since: start, Restamping: true}
		want = append(want, f.setPolicy(third))
		f.policies(third, other)
		want = append(want, f.setPolicy(store.TenantPolicy{Tenant: "a", Since: start}))
		f.policies(other)
		for i, position := range []uint64{1, 3, 4, 5} {
			want[i].Position = position
		}
		equal(f.t, "events", unhashed(f.events("a")), want)
		equal(f.t, "from", want[1].Policies.From, first.Policy)
	}},
	{"a change that is refused changes nothing, and one without an event journals nothing", func(f *fixture) {
		no := errors.New("no")
		err := f.ChangePolicy(f.ctx(), "a", func(p *store.TenantPolicy) (*sigil.Event, error) {
			equal(f.t, "kept", *p, store.TenantPolicy{Tenant: "a"})
			p.Policy = halfLife(f.t)
			return nil, no
		})
		equal(f.t, "error", err, no)
		f.policies()
		f.ok("ChangePolicy", f.ChangePolicy(f.ctx(), "a", func(p *store.TenantPolicy) (*sigil.Event, error) {
			p.Policy, p.Since = halfLife(f.t), start
			return nil, nil
		}))
		f.policies(store.TenantPolicy{Tenant: "a", Policy: halfLife(f.t), Since: start})
		equal(f.t, "events", len(f.events("a")), 0)
	}},
	{"changes at the same time are made one after the other", func(f *fixture) {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := f.ChangePolicy(f.ctx(), "a", func(p *store.TenantPolicy) (*sigil.Event, error) {
					if p.Since.IsZero() {
						p.Since = start
					}
					p.Policy, p.Since = halfLife(f.t), p.Since.Add(time.Second)
					return nil, nil
				}); err != nil {
					f.t.Errorf("ChangePolicy: %v", err)
				}
			})
		}
		all.Wait()
		f.policies(store.TenantPolicy{Tenant: "a", Policy: halfLife(f.t), Since: start.Add(10 * time.Second)})
	}},
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
