package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// CrystalQuery selects crystals; the zero value selects the first 100.
type CrystalQuery struct {
	Limit   int               // maximum number of entries; 0 means 100
	Cursor  string            // from the previous page; empty means the first page
	Kind    sigil.CrystalKind // empty selects both kinds
	Lattice bool              // also compute the lattices of memories' crystals
}

// Crystal is a crystal, with its lattice if that was asked for.
type Crystal struct {
	sigil.Crystal
	Lattice *sigil.Lattice // nil if not asked for, or for the crystal of a pattern
}

// CrystalPage is one page of crystals.
type CrystalPage struct {
	Crystals []Crystal
	Next     string // the cursor of the next page; empty on the last
}

// Crystals returns a tenant's crystals: first those of patterns, by group, then those of memories, newest first.
func (e *Engine) Crystals(ctx context.Context, tenant string, q CrystalQuery) (page CrystalPage, err error) {
	defer e.observe("crystals", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return page, err
	}
	e.use(ctx, tenant)
	limit, err := e.limit(q.Limit)
	if err != nil {
		return page, err
	}
	if q.Kind != "" && q.Kind != sigil.CrystalOfMemory && q.Kind != sigil.CrystalOfPattern {
		return page, sigil.NewInvalid("invalid_kind", "kind", "must be memory or pattern")
	}
	before, err := decodeCursor(q.Cursor)
	if err != nil {
		return page, err
	}

	// A cursor into the patterns is a group key after 15 zero bytes. No id looks like that, because an id begins with
	// its time.
	from, inPatterns := 0, before == sigil.ID{}
	if group := int(before[15]); before == (sigil.ID{15: before[15]}) && group > 0 {
		from, inPatterns = group, true
	}
	if q.Kind != sigil.CrystalOfMemory && inPatterns {
		crystals, err := e.store.Crystals(ctx, tenant)
		if err != nil {
			return page, wrap(err)
		}
		for i := range crystals {
			if crystals[i].Pattern < from {
				continue
			}
			if len(page.Crystals) == limit {
				page.Next = encodeCursor(sigil.ID{15: byte(crystals[i].Pattern)})
				return page, nil
			}
			page.Crystals = append(page.Crystals, Crystal{Crystal: crystals[i]})
		}
		before = sigil.ID{}
	}
	if q.Kind == sigil.CrystalOfPattern {
		return page, nil
	}
	room := limit - len(page.Crystals)
	crystallized := true
	memories, more, err := e.store.List(ctx, store.Query{
		Tenant: tenant, Now: e.now(), Limit: max(room, 1), Before: before, Crystallized: &crystallized, NoData: true,
	})
	if err != nil {
		return page, wrap(err)
	}
	if room == 0 && len(memories) > 0 {
		page.Next = encodeCursor(sigil.ID{15: sigil.NumPatterns}) // after the last group: continue with the memories
		return page, nil
	}
	for i := range memories {
		crystal := Crystal{Crystal: CrystalOf(&memories[i].Meta)}
		if q.Lattice {
			lattice := memories[i].State.Lattice()
			crystal.Lattice = &lattice
		}
		page.Crystals = append(page.Crystals, crystal)
	}
	if more {
		page.Next = encodeCursor(memories[len(memories)-1].ID)
	}
	return page, nil
}

// Patterns returns a tenant's patterns that have a live member, by group.
func (e *Engine) Patterns(ctx context.Context, tenant string) (patterns []sigil.Pattern, err error) {
	defer e.observe("patterns", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return nil, err
	}
	patterns, err = e.store.Patterns(ctx, tenant, e.now())
	return patterns, wrap(err)
}
