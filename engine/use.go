package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// uses is what an engine knows of the use of tenants.
type uses struct {
	recording sync.Map                 // by tenant whose use is being recorded, a channel that is closed at the end
	settled   atomic.Pointer[Settings] // those by which the clocks of all tenants were set last
	ends      sync.Map                 // endsAt by tenant
}

// slackOf returns by how much less than a span after the last use a clock may stop: so often a use is recorded at most.
func slackOf(span time.Duration) time.Duration { return min(span/16, time.Hour) }

// isRecorded reports whether a use at now need not be recorded, because a clock runs and stops about a span later.
func (e *Engine) isRecorded(c *store.TenantClock, now time.Time, span time.Duration) bool {
	if span == 0 || c.Stops.IsZero() {
		return span == 0 && c.Stops.IsZero()
	}
	left := c.Stops.Sub(now)
	return left > span-slackOf(span) && left <= span+slackOf(span)
}

// use has the clock of a tenant run, if it is one that stands still while the tenant is not used; see [sigil.WithActive]. Requests that
// read or write memories call it before they do. It usually reads two values in memory; a use is recorded when that moves the stop of the
// clock by a sixteenth of the span, or an hour.
//
// If it cannot be recorded, the clock stands still for a moment longer, which every read takes into account: so nobody has to
// know. While another call records the end of a standstill, it waits: else what it touches would count more of that than there was. Nothing is recorded while the engine's clock is held, or not confirmed: the gap since the last use may be wrong.
func (e *Engine) use(ctx context.Context, tenant string) {
	if c, ok := e.store.ClockOf(tenant); ok {
		e.record(ctx, &c)
	}
}

// useNew is use for a request that stores something, which gives a tenant a clock that has none.
func (e *Engine) useNew(ctx context.Context, tenant string) {
	c, ok := e.store.ClockOf(tenant)
	if ok || sigil.ActiveSpan(e.policyOf(tenant)) != 0 {
		e.record(ctx, &c)
	}
}

func (e *Engine) record(ctx context.Context, c *store.TenantClock) {
	span := sigil.ActiveSpan(e.policyOf(c.Tenant))
	now := e.now()
	if e.isRecorded(c, now, span) {
		return
	}
	if s := e.Clock(); s.Held || s.Unconfirmed {
		return
	}
	done := make(chan struct{})
	if other, busy := e.uses.recording.LoadOrStore(c.Tenant, done); busy {
		if c.Stands(now) {
			select {
			case <-other.(chan struct{}): //nolint:forcetypeassert // only channels are put there
			case <-ctx.Done():
			}
		}
		return
	}
	defer func() {
		e.uses.recording.Delete(c.Tenant)
		close(done)
	}()
	err := e.store.ChangeClock(ctx, c.Tenant, func(c *store.TenantClock) {
		if !e.isRecorded(c, now, span) { // another process may have recorded it
			c.Use(now, span)
		}
	})
	if err != nil {
		e.uses.ends.Delete(c.Tenant) // what comes with this use is looked at while the clock stands still on
	}
}

// settleClocks has the clocks of all tenants follow the settings after a change of these: tenants whose policies have an active span get a clock that stops, as
// if they were used now, and those whose policies have none one that does not. It does nothing while the engine's clock is not certain.
func (e *Engine) settleClocks(ctx context.Context) error {
	settings := e.settings.Load()
	if s := e.Clock(); e.uses.settled.Load() == settings || s.Held || s.Unconfirmed {
		return nil
	}
	clocks, err := e.store.TenantClocks(ctx)
	if err != nil {
		return err
	}
	stops := map[string]bool{}
	for i := range clocks {
		stops[clocks[i].Tenant] = !clocks[i].Stops.IsZero()
	}
	tenants, err := e.store.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		if _, ok := stops[tenant]; !ok { // it has no clock
			stops[tenant] = false
		}
	}
	for tenant, stops := range stops {
		if span := sigil.ActiveSpan(e.policyOf(tenant)); stops != (span != 0) {
			if err := e.settleClock(ctx, tenant, span); err != nil {
				return err
			}
		}
	}
	e.uses.settled.Store(settings)
	return nil
}

// settleClock has the clock of a tenant run, and stop after span, or never if that is 0.
func (e *Engine) settleClock(ctx context.Context, tenant string, span time.Duration) error {
	now := e.now()
	return e.store.ChangeClock(ctx, tenant, func(c *store.TenantClock) {
		if c.Stops.IsZero() == (span != 0) {
			c.Use(now, span)
		}
	})
}

// endsAt is what is known of the ttls of a tenant whose clock has stood still.
type endsAt struct {
	clock store.TenantClock
	next  time.Time // when the next one ends; zero if none does, or if the clock runs
	jumps uint64    // of the engine's clock by then: after one, memories may have come while the tenant's clock stood still on
}

// ends returns a step of a sweep that releases the memories whose ttl has ended while the clock of their tenant stands still: the store
// does not find these to be due. After a standstill, it moves the deadlines that are the ends of a ttl to where the clock has them by then. It looks at the memories with a ttl of
// one tenant when its clock has stopped or has been used again since it looked, and when a ttl ends. clocks are those of all tenants.
func (e *Engine) ends(ctx context.Context, clocks []store.TenantClock, due, now time.Time, s *Sweep) func(limit int, goOn func() bool) (did int, more bool, err error) {
	var pages func() (page []sigil.Memory, more bool, err error)
	var found endsAt
	return func(limit int, goOn func() bool) (did int, more bool, err error) {
		for ; len(clocks) > 0 && did < limit && (did == 0 || goOn()); did++ {
			c := &clocks[0]
			if pages == nil {
				if !e.looksForEnds(c, now) {
					clocks = clocks[1:]
					continue
				}
				found, pages = endsAt{clock: *c, jumps: e.Clock().Jumps}, e.withTTL(ctx, c, now)
			}
			page, more, err := pages()
			if err != nil {
				return did, false, err
			}
			if err := e.endPage(ctx, c, page, due, now, &found, s); err != nil {
				return did, false, err
			}
			did += len(page)
			if !more {
				if e.Clock().Unconfirmed { // uses are not recorded: memories come, and the clock stands still on
					e.uses.ends.Delete(c.Tenant)
				} else {
					e.uses.ends.Store(c.Tenant, found)
				}
				clocks, pages = clocks[1:], nil
			}
		}
		return did, len(clocks) > 0, nil
	}
}

// looksForEnds reports whether the memories of a tenant with a ttl have to be looked at.
func (e *Engine) looksForEnds(c *store.TenantClock, now time.Time) bool {
	stands := c.Stands(now)
	if !stands && c.Stood == 0 {
		return false
	}
	known, ok := e.uses.ends.Load(c.Tenant)
	if !ok {
		return true
	}
	ends := known.(endsAt) //nolint:forcetypeassert // only endsAt is put there
	if !stands {
		return ends.clock.Stood != c.Stood || !ends.next.IsZero()
	}
	return ends.clock != *c || ends.jumps != e.Clock().Jumps || ends.next.IsZero() || !now.Before(ends.next)
}

// withTTL returns a function that returns the memories of a tenant that have a ttl, by its clock, a page with each call.
func (e *Engine) withTTL(ctx context.Context, c *store.TenantClock, now time.Time) func() (page []sigil.Memory, more bool, err error) {
	q := store.Query{Tenant: c.Tenant, Now: now.Add(-c.StoodAt(now)), Limit: sweepStep, Sort: sigil.SortCreated, NoData: true, TTL: new(true)}
	return func() (page []sigil.Memory, more bool, err error) {
		page, more, err = e.store.Store.List(ctx, q)
		if len(page) > 0 {
			q.Before = page[len(page)-1].ID
		}
		return page, more, err
	}
}

// endPage releases those of a page whose ttl has ended, and moves the deadlines of others that the clock has too late.
func (e *Engine) endPage(ctx context.Context, c *store.TenantClock, page []sigil.Memory, due, now time.Time, found *endsAt, s *Sweep) error {
	var ended []sigil.Key
	stands := c.Stands(now)
	if stands && found.next.IsZero() {
		found.next = now.Add(farAhead)
	}
	for i := range page {
		m := &page[i].Meta
		shown := c.Show(*m, now)
		if shown.Ended(due) {
			ended = append(ended, m.Key)
			continue
		}
		if end := m.End(); stands && end.Before(found.next) {
			found.next = end
		}
		if !stands && m.FadesAt.After(shown.Shift(-c.Stood).FadesAt) {
			if err := e.moveEnd(ctx, c, m.Key); err != nil {
				return err
			}
		}
	}
	if len(ended) == 0 {
		return nil
	}
	events, err := e.store.Remove(ctx, ended, func(m sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: now, Kind: sigil.Faded, Reason: m.FadeReason(), Memory: m}, m.Due(due)
	})
	for i := range events {
		s.Released[events[i].Reason]++
	}
	return err
}

// farAhead is when a tenant without a ttl is looked at again while its clock stands still.
const farAhead = 365 * 24 * time.Hour

// moveEnd has the deadline of a memory, which is the end of its ttl, be where the clock of its tenant has that.
func (e *Engine) moveEnd(ctx context.Context, c *store.TenantClock, key sigil.Key) error {
	_, err := e.store.Store.Update(ctx, key, func(m *sigil.Meta) (*sigil.Event, error) {
		if at := m.Shift(c.Stood).Shift(-c.Stood).FadesAt; at.Before(m.FadesAt) {
			m.FadesAt = at
			return nil, nil
		}
		return nil, sigil.NewNotFound() // not any more
	})
	if errors.Is(err, sigil.ErrNotFound) {
		return nil
	}
	return err
}
