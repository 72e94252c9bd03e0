package model

import (
	"errors"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// law draws a policy.
func (m *machine) law() sigil.Policy {
	return laws[rapid.IntRange(0, len(laws)-1).Draw(m.t, "policy")].policy
}

// policyOf returns the policy of a tenant: its own, or that of the service.
func (m *machine) policyOf(tenant string) sigil.Policy {
	if p := m.model.PolicyOf(tenant); p != nil {
		return p
	}
	return m.rules.policy
}

// policyFor returns the policy that a memory gets when it is touched.
func (m *machine) policyFor(meta *sigil.Meta) sigil.Policy {
	if meta.OwnPolicy {
		return meta.Policy
	}
	return m.policyOf(meta.Tenant)
}

// stretch returns the stretch of a memory that is to live for life under p, or none if life is 0.
func stretch(p sigil.Policy, life time.Duration) float64 {
	if life == 0 {
		return 0
	}
	return sigil.StretchFor(p, life)
}

// setPolicy sets the policy that a tenant has of its own, or takes it away.
func (m *machine) setPolicy() {
	tenant := m.tenant()
	var p sigil.Policy
	if !m.once(4, "none") {
		p = m.law()
	}
	want := engine.TenantPolicy{Tenant: tenant}
	err := m.model.ChangePolicy(m.ctx(), tenant, func(kept *store.TenantPolicy) (event *sigil.Event, err error) {
		if kept.Policy != p {
			event = &sigil.Event{
				Time: m.now, Kind: "policy", Reason: "request", Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}},
				Policies: &sigil.PolicyChange{From: kept.Policy, To: p},
			}
			kept.Policy, kept.Since, kept.Restamping = p, m.now, true
		}
		want.Own, want.Since, want.Restamping = p != nil, kept.Since, kept.Restamping
		return event, nil
	})
	m.ok("the model's policy", err)
	want.Policy = m.policyOf(tenant)
	got, err := m.engine.SetPolicy(m.ctx(), tenant, p)
	m.ok("set a policy", err)
	storetest.Equal(m.t, "policy", got, want)
	got, err = m.engine.Policy(m.ctx(), tenant)
	m.ok("policy", err)
	storetest.Equal(m.t, "policy that is in force", got, want)
}

// tryPolicy counts what a policy would do.
func (m *machine) tryPolicy() {
	tenant, p := m.tenant(), m.law()
	got, err := m.engine.TryPolicy(m.ctx(), tenant, p)
	m.ok("try a policy", err)
	var want engine.PolicyEffect
	count := func(f *engine.PolicyFading, meta *sigil.Meta) {
		for _, span := range []struct {
			n      *int
			within time.Duration
		}{{&f.Now, 0}, {&f.Day, 24 * time.Hour}, {&f.Week, 168 * time.Hour}} {
			if reached(meta, m.now.Add(span.within)) {
				*span.n++
			}
		}
	}
	for _, memory := range m.live(m.model, tenant) {
		want.Memories++
		count(&want.Present, &memory.Meta)
		if memory.Policy != p && !memory.OwnPolicy {
			want.Moved++
			memory.Policy = p
		}
		count(&want.Fading, &memory.Meta)
	}
	storetest.Equal(m.t, "what a policy would do", got, want)
}

// restamp brings memories under the policies that were set for their tenants. It is done with a tenant that had nothing left to change,
// once all processes know of its policy.
func (m *machine) restamp() {
	kept, err := m.model.TenantPolicies(m.ctx())
	m.ok("the model's policies", err)
	changed := 0
	for _, p := range kept {
		if !p.Restamping {
			continue
		}
		before := changed
		for _, memory := range m.live(m.model, p.Tenant) {
			if memory.OwnPolicy || memory.Policy == m.policyOf(p.Tenant) {
				continue
			}
			_, err := m.model.Update(m.ctx(), memory.Key, func(meta *sigil.Meta) (*sigil.Event, error) {
				meta.Policy = m.policyOf(p.Tenant)
				reschedule(meta)
				return nil, nil
			})
			m.ok("the model's update", err)
			m.refreshed[memory.Key] = append(m.refreshed[memory.Key], memory.Meta)
			changed++
		}
		if changed > before || m.now.Sub(p.Since) < store.PolicyDelay {
			continue
		}
		m.ok("the model's policy", m.model.ChangePolicy(m.ctx(), p.Tenant, func(p *store.TenantPolicy) (*sigil.Event, error) {
			p.Restamping = false
			return nil, nil
		}))
	}
	got, err := m.engine.Restamp(m.ctx())
	m.ok("restamp", err)
	storetest.Equal(m.t, "restamped", got, changed)
}

// checkPolicies asserts that a tenant whose restamping is done has all memories under its own policy, except for those with policies of their
// own.
func (m *machine) checkPolicies() {
	m.t.Helper()
	kept, err := m.store.TenantPolicies(m.ctx())
	m.ok("policies", err)
	for _, p := range kept {
		if p.Restamping {
			continue
		}
		for _, memory := range m.live(m.store, p.Tenant) {
			if !memory.OwnPolicy && memory.Policy != p.Policy {
				m.t.Errorf("%v is under %v, and the restamping of %s to %v is done", memory.Key, memory.Policy, p.Tenant, p.Policy)
			}
		}
	}
}

// superseded returns err, which a verb must return for the memory at key. If another has taken its place, that is an error of a kind.
func (m *machine) superseded(key sigil.Key, kind, err error) error {
	if !errors.Is(err, sigil.ErrNotFound) && sigil.CodeOf(err) != "not_restorable" {
		return err
	}
	if _, found := m.model.Superseded(m.ctx(), key, true); found != nil {
		return err
	}
	return &sigil.Error{Kind: kind, Code: "superseded", Field: "id"}
}
