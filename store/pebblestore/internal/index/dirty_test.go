package index

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// TestDeadlinesAreExactBehindRefreshes makes random changes to an index of two tenants, including refreshes that leave
// entries under their old deadlines. At any time, what is due, what fades next and what may be evicted follow from the
// true deadlines.
func TestDeadlinesAreExactBehindRefreshes(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 0)) // a test's draws
		x := New(&layout.Policies{}, true)
		x.mu.Lock()
		all := map[*entry]*tenant{}
		of := [...]*tenant{x.tenant("ann"), x.tenant("ben")}
		for step := range 3000 {
			now := int64(step)
			switch way := rng.IntN(10); {
			case len(all) == 0 || way < 3:
				e := entry{id: sigil.ID{byte(step >> 8), byte(step), byte(rng.Int())}, size: 1, pinned: rng.IntN(5) == 0, crystallized: rng.IntN(9) == 0}
				if e.fades = now + rng.Int64N(2000); rng.IntN(9) == 0 {
					e.fades = Never
				}
				owner := of[rng.IntN(len(of))]
				x.insert(owner, &e, "")
				all[owner.find(e.id)] = owner
			case way < 8:
				e, owner := pick(rng, all)
				m := e.meta(owner.name, &layout.Policies{})
				switch m.AccessCount++; rng.IntN(6) {
				case 0: // a policy by which it fades before
					m.FadesAt = milli(now + rng.Int64N(100))
				case 1: // one by which it does not
					m.FadesAt = time.Time{}
				case 2:
					m.Pinned = !m.Pinned
				default:
					m.FadesAt = milli(now + 2000)
				}
				x.refresh(owner, e, &m, 0)
			case way < 9:
				e, owner := pick(rng, all)
				x.clean(owner, e)
				x.remove(owner, []*entry{e})
				delete(all, e)
			default:
				n := rng.IntN(x.dirty.count() + 1)
				for _, d := range x.dirty.oldest(n) {
					e := d.in(&x.entries)
					if e == nil {
						continue
					}
					if all[e] != d.tenant {
						t.Fatal("an entry is named that is not there")
					}
					x.clean(d.tenant, e)
				}
				x.dirty.forget(n)
			}
			if step%50 == 0 {
				x.mu.Unlock()
				for _, owner := range of {
					exact(t, x, owner, all, now, rng)
				}
				x.mu.Lock()
			}
		}
		x.mu.Unlock()
	}
}

// pick returns one of them.
func pick(rng *rand.Rand, all map[*entry]*tenant) (*entry, *tenant) {
	i := rng.IntN(len(all))
	for e, owner := range all {
		if i--; i < 0 {
			return e, owner
		}
	}
	panic("there is none")
}

// behind is x.behind with the lock.
func behind(x *Index, owner *tenant) []*entry {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.behind(owner)
}

// exact compares the answers of an index about a tenant with its entries.
func exact(t *testing.T, x *Index, owner *tenant, all map[*entry]*tenant, now int64, rng *rand.Rand) {
	t.Helper()
	var mine []*entry
	first := int64(Never)
	for e, o := range all {
		if o != owner {
			continue
		}
		if !e.rightlyListed() {
			t.Fatalf("an entry that fades at %d is listed under %d, dirty: %d", e.fades, e.listed, e.dirty)
		}
		first = min(first, e.listed)
		mine = append(mine, e)
	}
	slices.SortFunc(mine, compareDeadlines)
	if owner.first != first {
		t.Fatalf("the first that is listed is %d, want %d", owner.first, first)
	}
	same := func(what string, got []*entry, belongs func(*entry) bool) {
		t.Helper()
		want := slices.DeleteFunc(slices.Clone(mine), func(e *entry) bool { return !belongs(e) })
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %d entries, want %d, or in another order", what, len(got), len(want))
		}
	}
	collect := func(walk func(visit func(*entry) bool)) (got []*entry) {
		walk(func(e *entry) bool { got = append(got, e); return true })
		return got
	}
	due := collect(func(visit func(*entry) bool) { owner.due(now, visit) })
	slices.SortFunc(due, compareDeadlines)
	same("due", due, func(e *entry) bool { return e.due(now) })

	same("may leave", collect(func(visit func(*entry) bool) { owner.mayLeave(now, visit) }),
		func(e *entry) bool { return e.mayLeave(now) })

	from, until := &entry{fades: now - 50 + rng.Int64N(100)}, now+rng.Int64N(3000)
	var pages []*entry
	for last := from; ; last = pages[len(pages)-1] {
		page := owner.soonest(last, until, 1+rng.IntN(20), behind(x, owner))
		if len(page) == 0 {
			break
		}
		pages = append(pages, page...)
	}
	same("fading", pages, func(e *entry) bool { return compareDeadlines(e, from) > 0 && e.fades <= until })
}
