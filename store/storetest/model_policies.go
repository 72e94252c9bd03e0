package storetest

import (
	"context"
	"maps"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// ChangePolicy implements [store.Store].
func (s *Model) ChangePolicy(ctx context.Context, tenant string, change func(*store.TenantPolicy) (*sigil.Event, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	p := s.allPolicies()[tenant]
	p.Tenant = tenant
	event, err := change(&p)
	if err != nil {
		return err
	}
	all := maps.Clone(s.allPolicies())
	if p.Tenant = tenant; p.Empty() {
		delete(all, tenant)
	} else {
		all[tenant] = p
	}
	s.policies.Store(&all)
	if event != nil {
		s.record(*event)
	}
	return nil
}

// PolicyOf implements [store.Store].
func (s *Model) PolicyOf(tenant string) sigil.Policy { return s.allPolicies()[tenant].Policy }

func (s *Model) allPolicies() map[string]store.TenantPolicy {
	if all := s.policies.Load(); all != nil {
		return *all
	}
	return map[string]store.TenantPolicy{}
}

// TenantPolicies implements [store.Store].
func (s *Model) TenantPolicies(ctx context.Context) (all []store.TenantPolicy, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	kept := s.allPolicies()
	for _, tenant := range slices.Sorted(maps.Keys(kept)) {
		all = append(all, kept[tenant])
	}
	return all, nil
}
