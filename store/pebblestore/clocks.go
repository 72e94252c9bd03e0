package pebblestore

import (
	"context"
	"sync"
	"time"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/clocks"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// tenantClocks has the clocks of tenants.
type tenantClocks struct {
	clocks.Clocks
	changing sync.Mutex // held while one is changed, until that is durable
}

// lags returns a function that returns by how many milliseconds the clock of a tenant is behind at now.
func (c *tenantClocks) lags(now time.Time) func(tenant string) int64 {
	return func(tenant string) int64 {
		kept, ok := c.Of(tenant)
		if !ok {
			return 0
		}
		return kept.StoodAt(now).Milliseconds()
	}
}

// ChangeClock changes the clock of a tenant; see [store.TenantClocks].
func (s *Store) ChangeClock(ctx context.Context, tenant string, change func(*store.TenantClock)) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.clocks.changing.Lock()
	defer s.clocks.changing.Unlock()
	was, there := s.clocks.Of(tenant)
	c := was
	change(&c)
	c.Tenant = tenant
	if there && c == was {
		return nil
	}
	ch := newChange()
	ch.grows = true
	ch.set(layout.TenantPrefix(layout.ClockFamily, tenant), record.AppendTenantClock(nil, &c))
	if err := s.commits.do(ch); err != nil {
		return err
	}
	s.clocks.Set(c)
	return nil
}

// ClockOf returns the clock of a tenant; see [store.TenantClocks].
func (s *Store) ClockOf(tenant string) (store.TenantClock, bool) { return s.clocks.Of(tenant) }

// TenantClocks returns all clocks; see [store.TenantClocks].
func (s *Store) TenantClocks(ctx context.Context) (all []store.TenantClock, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.clocks.All(), nil
}

// rebuildClocks reads the clocks of tenants from the disk.
func (s *Store) rebuildClocks() error {
	var all []store.TenantClock
	err := s.scan([]byte{layout.ClockFamily}, func(key, value []byte) error {
		c, err := tenantClockIn(key, value)
		all = append(all, c)
		return err
	})
	s.clocks.Set(all...)
	return err
}

// tenantClockIn decodes a record of [layout.ClockFamily].
func tenantClockIn(key, value []byte) (store.TenantClock, error) {
	tenant, rest, ok := layout.SplitTenant(key)
	r := record.NewReader(value)
	c := r.TenantClock(tenant)
	if err := r.End(); err != nil {
		return c, err
	}
	if !ok || len(rest) > 0 || !c.Valid() {
		return c, record.ErrDamaged
	}
	return c, nil
}

func (c *checker) tenantClock(key, value []byte) {
	if _, err := tenantClockIn(key, value); err != nil {
		c.found.Add(store.CheckPolicies, "the clock of a tenant, %q, cannot be read", key)
	}
}
