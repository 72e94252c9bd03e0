package migrate

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil/store"
)

// copyClock has the target have the clock of the tenant, before its memories: their figures are by that clock.
func (p *pass) copyClock(ctx context.Context) error {
	there, err := p.readClock(ctx)
	if err != nil {
		return err
	}
	if _, other := p.to.ClockOf(p.tenant); !there && !other {
		return nil
	}
	return p.to.ChangeClock(ctx, p.tenant, func(c *store.TenantClock) {
		p.changed = p.changed || c.Stood != p.clock.Stood || !c.Stops.Equal(p.clock.Stops)
		*c = p.clock
	})
}

// clockNow returns the time by the clock of the tenant.
func (p *pass) clockNow() time.Time { return p.now.Add(-p.stood()) }

// stood returns for how long the clock of the tenant has stood still in all.
func (p *pass) stood() time.Duration { return p.clock.StoodAt(p.now) }

// readClock reads the clock of the tenant, and reports whether the source has one.
func (p *pass) readClock(ctx context.Context) (there bool, err error) {
	all, err := p.from.TenantClocks(ctx)
	p.clock = store.TenantClock{Tenant: p.tenant}
	for i := range all {
		if all[i].Tenant == p.tenant {
			p.clock, there = all[i], true
		}
	}
	return there, err
}
