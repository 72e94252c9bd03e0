package store

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// TenantClocks keeps the clocks of tenants that stand still while the tenant is not used; see [sigil.WithActive]. A tenant without one has
// the clock of the caller.
//
// A store keeps figures by the clock of their tenant, so that nothing has to be rewritten after a standstill: the [sigil.Meta] of every
// memory, live or removed, in every method and function of a Store, is [sigil.Meta.Shift] by minus [TenantClock.StoodAt] of what it
// is by the caller's clock. That concerns FadesAt, which decides, and Stood. All other times are the caller's. So a caller
//
//   - passes the times at which it asks what is live, or near its deadline, less what the tenant's clock has stood still by then, and
//     an [Item] with its Lag,
//   - shifts what it gets and gives, also in functions that it passes: see [TenantClock.Show], [TenantClock.Change], [TenantClock.Decide],
//   - hides what is [sigil.Meta.Ended]: a TTL goes on while the clock stands still, but FadesAt is later by then.
//
// Only Due and Unnoticed, which are about all tenants, take the caller's times. An event has in ClockStood what its Memory is shifted by.
type TenantClocks interface {
	// ChangeClock calls change with the clock of a tenant, or one that never stops if there is none, and keeps what change makes of it if
	// that is different. It is durable when ChangeClock returns. The calls for one tenant run one after the other, in all processes.
	ChangeClock(ctx context.Context, tenant string, change func(c *TenantClock)) error

	// ClockOf returns the clock of a tenant, and whether it has one. It does no I/O and never fails, so functions that are passed to the
	// store may call it. It knows every change made through this store whose ChangeClock has returned, and those of other processes
	// within [PolicyDelay], unless the database cannot be reached. A clock that is not up to date is
	// behind, except where another process has given the tenant its first one, or an earlier stop: who removes what is due reads TenantClocks before.
	ClockOf(tenant string) (TenantClock, bool)

	// TenantClocks returns all clocks, by tenant, with every change of any process that is durable. ClockOf knows them then, too.
	TenantClocks(ctx context.Context) ([]TenantClock, error)
}

// TenantClock is the clock of one tenant. Times are in whole milliseconds.
type TenantClock struct {
	Tenant string
	// Stops is when it stops if the tenant is not used before; zero means never.
	Stops time.Time
	// Stood is for how long it had stood still, in all, when the tenant was last used; in whole seconds.
	Stood time.Duration
}

// StoodAt returns for how long the clock has stood still in all at now, in whole seconds, rounded up; at most [MaxStood].
func (c *TenantClock) StoodAt(now time.Time) time.Duration {
	if !c.Stands(now) {
		return c.Stood
	}
	return min(c.Stood+(min(now.Sub(c.Stops), MaxStood)+time.Second-1).Truncate(time.Second), MaxStood)
}

// Stands reports whether the clock stands still at now.
func (c *TenantClock) Stands(now time.Time) bool { return !c.Stops.IsZero() && now.After(c.Stops) }

// Use has the clock run again from at on, and stop after span, or never if that is 0.
func (c *TenantClock) Use(at time.Time, span time.Duration) {
	c.Stood = c.StoodAt(at)
	if c.Stops = (time.Time{}); span != 0 {
		c.Stops = at.Add(span)
	}
}

// Valid reports whether c has figures that [TenantClock.Use] can have made.
func (c *TenantClock) Valid() bool {
	return c.Stood >= 0 && c.Stood <= MaxStood && c.Stood%time.Second == 0
}

// MaxStood is the longest time for which a clock can have stood still: 50 years; then it runs. Drivers keep seconds in 32 bits.
const MaxStood = sigil.MaxTTL / 2

// Show returns the figures of a memory of the tenant, which are by its clock, as they are at now. A deadline that passed before
// the clock stopped has passed.
func (c *TenantClock) Show(m sigil.Meta, now time.Time) sigil.Meta { return m.Shift(c.shift(&m, now)) }

// shift returns what Show shifts m by.
func (c *TenantClock) shift(m *sigil.Meta, now time.Time) time.Duration {
	if !m.FadesAt.IsZero() && !m.FadesAt.Add(c.Stood).After(c.Stops) {
		return c.Stood
	}
	return c.StoodAt(now)
}

// Change has change see the figures of a memory as they are at now, and puts what it makes of them back by the clock of the tenant,
// with the event that it returns. A deadline that it does not move stays as it is.
func (c *TenantClock) Change(m *sigil.Meta, now time.Time, change func(m *sigil.Meta) (*sigil.Event, error)) (*sigil.Event, error) {
	by := c.shift(m, now)
	was := m.Shift(by)
	shown := was
	event, err := change(&shown)
	if err != nil {
		return nil, err
	}
	if shown.Stood == 0 && !shown.LastAccessed.Before(now) { // it was touched: it counts from now on
		by = c.StoodAt(now)
	}
	kept := shown.Shift(-by)
	if shown.FadesAt.Equal(was.FadesAt) && shown.Stood == was.Stood {
		kept.FadesAt = m.FadesAt
	}
	*m = kept
	if event != nil {
		Record(event, by)
	}
	return event, nil
}

// Record has the figures in an event, which are as they are for a caller, be by the clock of the tenant, which has stood still for so long.
func Record(e *sigil.Event, stood time.Duration) {
	if e.Memory.Policy != nil {
		e.Memory, e.ClockStood = e.Memory.Shift(-stood), stood
	}
}

// Recorded returns an event with the figures as they were for its caller.
func Recorded(e sigil.Event) sigil.Event {
	e.Memory = e.Memory.Shift(e.ClockStood)
	return e
}

// Decide has decide see the figures of a memory as they are at now, and its event be by the clock of the tenant.
func (c *TenantClock) Decide(m sigil.Meta, now time.Time, decide func(m sigil.Meta) (sigil.Event, bool)) (sigil.Event, bool) {
	by := c.shift(&m, now)
	event, yes := decide(m.Shift(by))
	Record(&event, by)
	return event, yes
}

// EndByClock reports whether the deadline of m, by the clock of its tenant, is the end of its TTL: that may be so by what the clock had stood
// still at any time, since a deadline is moved there some time after a standstill, and without an entry.
func EndByClock(m *sigil.Meta) bool {
	by := m.End().Sub(m.FadesAt)
	return m.TTL != 0 && by >= 0 && by <= MaxStood && by%time.Second == 0
}
