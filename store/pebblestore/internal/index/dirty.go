package index

import "slices"

// dirty names the entries whose refresh is not on disk, the oldest first. The index's lock guards it.
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

// in returns the entry that is named, or nil if it is dirty no more.
func (d *dirtyEntry) in(of *entries) *entry {
	if e := of.named(d.ref); e != nil && e.dirty == d.number {
		return e
	}
	return nil
}

// maxDirty is for how many the memory is kept: 1 MiB.
const maxDirty = 64 << 10

// add names one, and returns the number that it is to have.
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

// oldest returns the n oldest that are named, until the next change.
func (d *dirty) oldest(n int) []dirtyEntry { return d.all[d.taken : d.taken+n] }

// forget forgets the n oldest.
func (d *dirty) forget(n int) {
	clear(d.oldest(n)) // their tenants
	if d.taken += n; d.count() > 0 {
		return
	}
	if cap(d.all) > maxDirty {
		d.all = nil
	}
	d.all, d.taken = d.all[:0], 0
}
