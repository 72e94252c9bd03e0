// Package clocks has the clocks of tenants in memory, where every read looks for one.
package clocks

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sigil-dna/sigil/store"
)

// Clocks has the clocks of tenants. The zero value has none. Its methods may be called from any goroutine.
type Clocks struct {
	adding sync.Mutex // held while the map is replaced by one with another tenant
	all    atomic.Pointer[map[string]*atomic.Pointer[store.TenantClock]]
}

// Of returns the clock of a tenant, and whether it has one. It takes no lock.
func (c *Clocks) Of(tenant string) (store.TenantClock, bool) {
	if all := c.all.Load(); all != nil {
		if kept, ok := (*all)[tenant]; ok {
			return *kept.Load(), true
		}
	}
	return store.TenantClock{Tenant: tenant}, false
}

// Set adds or replaces clocks.
func (c *Clocks) Set(some ...store.TenantClock) {
	c.adding.Lock()
	defer c.adding.Unlock()
	var all map[string]*atomic.Pointer[store.TenantClock] // a changed copy, if there are new tenants
	old := c.all.Load()
	for _, one := range some {
		if old != nil {
			if kept, ok := (*old)[one.Tenant]; ok {
				kept.Store(&one)
				continue
			}
		}
		if all == nil {
			all = map[string]*atomic.Pointer[store.TenantClock]{}
			if old != nil {
				all = maps.Clone(*old)
			}
		}
		kept := &atomic.Pointer[store.TenantClock]{}
		kept.Store(&one)
		all[one.Tenant] = kept
	}
	if all != nil {
		c.all.Store(&all)
	}
}

// All returns the clocks, by tenant.
func (c *Clocks) All() (some []store.TenantClock) {
	if all := c.all.Load(); all != nil {
		for _, kept := range *all {
			some = append(some, *kept.Load())
		}
	}
	slices.SortFunc(some, func(a, b store.TenantClock) int { return strings.Compare(a.Tenant, b.Tenant) })
	return some
}
