package index

import "slices"

// dirty is a list of the entries whose refresh is not on disk, oldest first. The index's lock guards it.
type dirty struct {
	all   []dirtyEntry // the first taken elements are unused
	taken int
	last  uint32 // the number of the newest element
}

// dirtyEntry refers to an entry. That entry may have been written, freed or replaced since: then it has
// another number, or none.
type dirtyEntry struct {
	tenant *tenant
	ref    ref
	number uint32
}

// in returns the entry that d refers to, or nil if it is no longer dirty.
func (d *dirtyEntry) in(of *entries) *entry {
	if e := of.named(d.ref); e != nil && e.dirty == d.number {
		return e
	}
	return nil
}

// maxDirty is the maximum number of elements whose memory is kept for reuse: 1 MiB.
const maxDirty = 64 << 10

// add adds an element for an entry, and returns the number that the entry must get.
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

// oldest returns the n oldest elements. They are valid until the next change.
func (d *dirty) oldest(n int) []dirtyEntry { return d.all[d.taken : d.taken+n] }

// forget removes the n oldest elements.
func (d *dirty) forget(n int) {
	clear(d.oldest(n)) // releases their tenants
	if d.taken += n; d.count() > 0 {
		return
	}
	if cap(d.all) > maxDirty {
		d.all = nil
	}
	d.all, d.taken = d.all[:0], 0
}
