package pebblestore

import "slices"

// dirty names the entries whose refresh is not on disk, the oldest first. The index lock guards it.
type dirty struct {
	all   []dirtyEntry // but the first taken
	taken int
	last  uint32 // the number of the newest
}

// dirtyEntry names an entry. It may have been written, freed or replaced by another since: then the number that it
// has, if any, is not this one.
type dirtyEntry struct {
	tenant *tenant
	ref    ref
	number uint32
}

// maxDirty is how many there is room kept for: 1 MiB.
const maxDirty = 64 << 10

// add names one, and gives the number that it is to have.
func (d *dirty) add(t *tenant, r ref) uint32 {
	if d.last++; d.last == 0 {
		d.last++
	}
	if len(d.all) == cap(d.all) && d.taken > len(d.all)/2 {
		d.all, d.taken = slices.Delete(d.all, 0, d.taken), 0
	}
	d.all = append(d.all, dirtyEntry{t, r, d.last})
	return d.last
}

func (d *dirty) count() int { return len(d.all) - d.taken }

// take shows visit the n oldest that are still dirty, and forgets them.
func (d *dirty) take(n int, of *entries, visit func(*tenant, *entry)) {
	next := d.all[d.taken : d.taken+n]
	each(next, of, visit)
	clear(next) // their tenants
	if d.taken += n; d.count() > 0 {
		return
	}
	if cap(d.all) > maxDirty {
		d.all = nil
	}
	d.all, d.taken = d.all[:0], 0
}

// scan shows visit all that are dirty.
func (d *dirty) scan(of *entries, visit func(*tenant, *entry)) { each(d.all[d.taken:], of, visit) }

func each(named []dirtyEntry, of *entries, visit func(*tenant, *entry)) {
	for _, n := range named {
		if e := of.named(n.ref); e != nil && e.dirty == n.number {
			visit(n.tenant, e)
		}
	}
}
