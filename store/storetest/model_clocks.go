package storetest

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// ChangeClock implements [store.Store].
func (s *Model) ChangeClock(ctx context.Context, tenant string, change func(*store.TenantClock)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	c, _ := s.ClockOf(tenant)
	change(&c)
	c.Tenant = tenant
	s.clocks.Set(c)
	return nil
}

// ClockOf implements [store.Store].
func (s *Model) ClockOf(tenant string) (store.TenantClock, bool) {
	return s.clocks.Of(tenant)
}

// TenantClocks implements [store.Store].
func (s *Model) TenantClocks(ctx context.Context) (all []store.TenantClock, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.clocks.All(), nil
}

// at returns the time on the clock of a memory's tenant.
func (s *Model) at(m *sigil.Meta, now time.Time) time.Time {
	c, _ := s.ClockOf(m.Tenant)
	return now.Add(-c.StoodAt(now))
}
