package storetest

import (
	"math"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Compare asserts that got and want have the same content at now for these tenants: the same memories,
// patterns, crystals, removed memories, signatures, statistics and journal entries, by every kind of read. tenants must include all
// existing ones; an unknown one counts as empty.
func Compare(t TB, got, want store.Store, tenants []string, now time.Time) {
	t.Helper()
	both := func(what string, read func(s store.Store) (any, error)) {
		t.Helper()
		g, err := read(got)
		if err != nil {
			t.Fatalf("%s of the store: %v", what, err)
		}
		w, err := read(want)
		if err != nil {
			t.Fatalf("%s of the one to compare with: %v", what, err)
		}
		equal(t, what, g, w)
	}
	ctx := t.Context()
	both("tenants", func(s store.Store) (any, error) { return s.Tenants(ctx) })
	both("policies of tenants", func(s store.Store) (any, error) { return s.TenantPolicies(ctx) })
	both("clocks of tenants", func(s store.Store) (any, error) { return s.TenantClocks(ctx) })
	for _, tenant := range tenants {
		both(tenant+": memories", func(s store.Store) (any, error) { return allMemories(t, s, tenant, now) })
		both(tenant+": near", func(s store.Store) (any, error) {
			return s.Nearest(ctx, nil, store.NearestQuery{Tenant: tenant, Now: now, Limit: 1000, Frequency: sigil.NumFrequencies / 2, Span: sigil.NumFrequencies})
		})
		both(tenant+": patterns", func(s store.Store) (any, error) { return s.Patterns(ctx, tenant, now) })
		both(tenant+": crystals", func(s store.Store) (any, error) { return s.Crystals(ctx, tenant) })
		both(tenant+": signatures", func(s store.Store) (any, error) {
			page, more, err := s.Signatures(ctx, store.SignatureQuery{Tenant: tenant, Limit: 10_000})
			if more {
				t.Fatalf("%s: more signatures than are compared", tenant)
			}
			return page, err
		})
		both(tenant+": removed", func(s store.Store) (any, error) {
			page, more, err := s.Removed(ctx, store.RemovedQuery{Tenant: tenant, Limit: 10_000})
			if more {
				t.Fatalf("%s: more removed memories than are compared", tenant)
			}
			return page, err
		})
		both(tenant+": superseded", func(s store.Store) (any, error) {
			return s.AllSuperseded(ctx, tenant, sigil.ID{}, 10_000)
		})
		compareStats(t, got, want, tenant, now)
		both(tenant+": events", func(s store.Store) (any, error) { return allEvents(t, s, tenant) })
	}
}

func compareStats(t TB, got, want store.Store, tenant string, now time.Time) {
	t.Helper()
	g, err := got.Stats(t.Context(), tenant, now)
	if err != nil {
		t.Fatalf("%s: stats of the store: %v", tenant, err)
	}
	w, err := want.Stats(t.Context(), tenant, now)
	if err != nil {
		t.Fatalf("%s: stats of the one to compare with: %v", tenant, err)
	}
	if AlmostEqual(g.AverageDecay, w.AverageDecay) {
		g.AverageDecay = w.AverageDecay
	}
	equal(t, tenant+": stats", g, w)
}

// AlmostEqual reports whether two figures are equal up to floating-point error, since no store promises the
// order in which the terms of a mean are added. Comparing rounded figures is not enough, since two close
// values can round to different digits.
func AlmostEqual(a, b float64) bool { return math.Abs(a-b) <= 1e-12 }

// allMemories pages through a tenant's list.
func allMemories(t TB, s store.Store, tenant string, now time.Time) (all []sigil.Memory, err error) {
	q := store.Query{Tenant: tenant, Now: now, Limit: 100}
	for {
		page, more, err := s.List(t.Context(), q)
		if err != nil || len(page) == 0 && !more {
			return all, err
		}
		if len(page) == 0 || page[0].ID == q.Before {
			t.Fatalf("List: after %v a page that does not go on, though more was promised", q.Before)
		}
		all = append(all, page...)
		if !more {
			return all, nil
		}
		q.Before = page[len(page)-1].ID
	}
}

// allEvents reads a tenant's journal to its end.
func allEvents(t TB, s store.Store, tenant string) (all []sigil.Event, err error) {
	for after := uint64(0); ; {
		page, err := s.Events(t.Context(), tenant, after, 1000)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, unhashed(page)...) // the hash depends on the order in which a store first saw its policies
		after = page[len(page)-1].Position
	}
}
