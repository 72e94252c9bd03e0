package pgstore

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/clocks"
)

// tenantClocks has the clocks of tenants, as they were last read from the database, or changed. An older one than the database has is
// behind, never ahead. So other processes are not notified of changes.
type tenantClocks struct {
	clocks.Clocks
	reading sync.Mutex // held while they are read, else an older answer could replace a newer one
}

// behind returns the tenants whose clocks are behind at now, and the times that they show.
func (c *tenantClocks) behind(now time.Time) (tenants []string, times []time.Time) {
	for _, clock := range c.All() {
		if stood := clock.StoodAt(now); stood != 0 {
			tenants, times = append(tenants, clock.Tenant), append(times, now.Add(-stood))
		}
	}
	return tenants, times
}

// running returns the tenants whose clocks are behind at now or stand still, those among them whose clocks run, and the times that these show.
func (c *tenantClocks) running(now time.Time) (all []string, times []time.Time, running []string) {
	for _, clock := range c.All() {
		stands := clock.Stands(now)
		if !stands && clock.Stood == 0 {
			continue
		}
		all = append(all, clock.Tenant)
		if !stands {
			running, times = append(running, clock.Tenant), append(times, now.Add(-clock.Stood))
		}
	}
	return all, times, running
}

const clockColumns = "tenant, stops, stood"

func scanClock(rows pgx.Rows) (c store.TenantClock, err error) {
	var stops pgtype.Timestamptz
	var stood int32
	err = rows.Scan(&c.Tenant, &stops, &stood)
	c.Stops, c.Stood = fromDeadline(stops), time.Duration(stood)*time.Second
	return c, err
}

// ChangeClock implements [store.Store].
func (s *Store) ChangeClock(ctx context.Context, tenant string, change func(*store.TenantClock)) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	var c store.TenantClock
	err := s.transact(bounded, func(t *tx) error {
		var found []store.TenantClock
		b := &pgx.Batch{}
		b.Queue("insert into sigil.tenant_clocks values ($1, 'infinity', 0) on conflict do nothing", tenant)
		into(b, &found, scanClock, "select "+clockColumns+" from sigil.tenant_clocks where tenant = $1 for update", tenant)
		if err := t.send(bounded, b); err != nil {
			return err
		}
		c = found[0]
		change(&c)
		var w writes
		w.add("update sigil.tenant_clocks set stops = $2, stood = $3 where tenant = $1", tenant, deadline(c.Stops), int32(c.Stood/time.Second))
		return t.commit(bounded, w)
	})
	if err != nil {
		return failure(err)
	}
	c.Tenant = tenant
	s.clocks.reading.Lock()
	defer s.clocks.reading.Unlock()
	s.clocks.Set(c)
	return nil
}

// ClockOf implements [store.Store].
func (s *Store) ClockOf(tenant string) (store.TenantClock, bool) { return s.clocks.Of(tenant) }

// TenantClocks implements [store.Store].
func (s *Store) TenantClocks(ctx context.Context) ([]store.TenantClock, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	all, err := s.readClocks(bounded)
	return all, reading(ctx, err)
}

// readClocks reads the clocks of tenants from the database.
func (s *Store) readClocks(ctx context.Context) ([]store.TenantClock, error) {
	s.clocks.reading.Lock()
	defer s.clocks.reading.Unlock()
	rows, err := s.pool.Query(ctx, "select "+clockColumns+" from sigil.tenant_clocks order by tenant")
	all, err := collect(rows, err, scanClock)
	if err == nil {
		s.clocks.Set(all...)
	}
	return all, err
}
