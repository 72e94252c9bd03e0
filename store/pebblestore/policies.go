package pebblestore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// tenantPolicies has the policies of tenants.
type tenantPolicies struct {
	changing sync.Mutex // held while one is changed, until that is durable
	// all is replaced by a changed copy, because every encode and recall reads it.
	all atomic.Pointer[map[string]store.TenantPolicy]
}

// of returns what is kept of a tenant's policy.
func (p *tenantPolicies) of(tenant string) store.TenantPolicy {
	if all := p.all.Load(); all != nil {
		return (*all)[tenant]
	}
	return store.TenantPolicy{}
}

// set replaces what is kept of a tenant's policy.
//
// +checklocks:p.changing
func (p *tenantPolicies) set(kept store.TenantPolicy) {
	all := map[string]store.TenantPolicy{}
	if old := p.all.Load(); old != nil {
		maps.Copy(all, *old)
	}
	if kept.Empty() {
		delete(all, kept.Tenant)
	} else {
		all[kept.Tenant] = kept
	}
	p.all.Store(&all)
}

// ChangePolicy changes a tenant's policy; see [store.TenantPolicies].
func (s *Store) ChangePolicy(ctx context.Context, tenant string, change func(*store.TenantPolicy) (*sigil.Event, error)) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	if err := s.commits.refresh(ctx); err != nil {
		return err
	}
	s.tenantPolicies.changing.Lock()
	defer s.tenantPolicies.changing.Unlock()
	p := s.tenantPolicies.of(tenant)
	p.Tenant = tenant
	event, err := change(&p)
	if err != nil {
		return err
	}
	p.Tenant = tenant
	ch := newChange()
	ch.grows = true
	key := layout.TenantPrefix(layout.TenantFamily, tenant)
	if p.Empty() {
		ch.remove(key)
	} else {
		ch.set(key, record.AppendTenantPolicy(nil, &p))
	}
	if event != nil {
		if err := s.addEvent(ch, event); err != nil {
			ch.discard()
			return err
		}
	}
	if err := s.commits.do(ch); err != nil {
		return err
	}
	s.tenantPolicies.set(p)
	return nil
}

// PolicyOf returns a tenant's policy; see [store.TenantPolicies].
func (s *Store) PolicyOf(tenant string) sigil.Policy { return s.tenantPolicies.of(tenant).Policy }

// TenantPolicies returns all policies of tenants; see [store.TenantPolicies].
func (s *Store) TenantPolicies(ctx context.Context) (all []store.TenantPolicy, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if kept := s.tenantPolicies.all.Load(); kept != nil {
		for _, tenant := range slices.Sorted(maps.Keys(*kept)) {
			all = append(all, (*kept)[tenant])
		}
	}
	return all, nil
}

// rebuildPolicies reads the policies of tenants from the disk.
func (s *Store) rebuildPolicies() error {
	all := map[string]store.TenantPolicy{}
	err := s.scan([]byte{layout.TenantFamily}, func(key, value []byte) error {
		p, err := tenantPolicyIn(key, value)
		all[p.Tenant] = p
		return err
	})
	s.tenantPolicies.all.Store(&all)
	return err
}

// tenantPolicyIn decodes a record of [layout.TenantFamily].
func tenantPolicyIn(key, value []byte) (store.TenantPolicy, error) {
	tenant, rest, ok := layout.SplitTenant(key)
	r := record.NewReader(value)
	p := r.TenantPolicy(tenant)
	if err := r.End(); err != nil {
		return p, err
	}
	if !ok || len(rest) > 0 || p.Empty() {
		return p, record.ErrDamaged
	}
	return p, nil
}

func (c *checker) tenantPolicy(key, value []byte) {
	if _, err := tenantPolicyIn(key, value); err != nil {
		c.found.Add(store.CheckPolicies, "the policy of a tenant, %q, cannot be read", key)
	}
}
