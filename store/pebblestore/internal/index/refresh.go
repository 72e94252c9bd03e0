package index

import (
	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// catchUpStep is how many entries are moved to their deadlines during one hold of the lock. Moving more takes
// longer than a goroutine that waits for the lock spins.
const catchUpStep = 8

// Refresh sets the figures of the memory at a place, whose key the caller has locked, and marks them as not
// on disk.
func (x *Index) Refresh(at Place, m *sigil.Meta, policy uint16) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.refresh(at.tenant, at.entry, m, policy)
}

// Clean removes the mark that the figures at places are not on disk, so that Refreshes does not return them:
// a change that is about to be committed writes or deletes them, and a refresh could be written after it. The
// caller has locked the keys, so there is no new refresh before the change is applied.
func (x *Index) Clean(all []Place) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, p := range all {
		x.clean(p.tenant, p.entry)
	}
}

// Soil undoes Clean if the change failed: some of the memories may have a refresh that is not on disk. For
// the others, writing the figures again does no harm.
func (x *Index) Soil(all []Place) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, p := range all {
		x.soil(p.tenant, p.entry)
	}
}

// refreshed has the figures of a memory after a refresh, and its labels.
type refreshed struct {
	meta   sigil.Meta
	policy uint16
	labels record.Labels
}

// Labels returns the labels of the memory at a place, whose key the caller has locked.
func (x *Index) Labels(at Place) record.Labels {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.entries.labels(at.entry)
}

// Refreshes calls write with the figures, the policy's number and the labels of all memories whose figures are not on
// disk, until write fails, and marks them as being on disk. Only one caller at a time may call it.
func (x *Index) Refreshes(write func(m *sigil.Meta, policy uint16, labels record.Labels) error) error {
	var step []refreshed
	for count := x.unwritten(); count > 0; {
		n := min(catchUpStep, count)
		step = x.takeRefreshes(step[:0], n)
		count -= n
		for i := range step {
			if err := write(&step[i].meta, step[i].policy, step[i].labels); err != nil {
				return err
			}
		}
	}
	return nil
}

// unwritten returns how many refreshes Refreshes looks at.
func (x *Index) unwritten() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.dirty.count()
}

// takeRefreshes appends the figures of the n oldest refreshes, if they are still unwritten, and marks them as
// written.
func (x *Index) takeRefreshes(step []refreshed, n int) []refreshed {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range x.dirty.oldest(n) {
		if e := d.in(&x.entries); e != nil {
			x.clean(d.tenant, e)
			step = append(step, refreshed{e.meta(d.tenant.name, x.policies), e.policy, x.entries.labels(e)})
		}
	}
	x.dirty.forget(n)
	return step
}

// refresh changes an existing entry, and marks its figures as not on disk. If its deadline only moves later,
// the entry keeps its old place in the deadline list; see rightlyListed.
//
// +checklocks:x.mu
func (x *Index) refresh(t *tenant, e *entry, m *sigil.Meta, policy uint16) {
	if m.Pinned == e.pinned && deadline(m) >= e.listed {
		e.set(m, policy)
	} else {
		x.update(t, e, m, policy)
	}
	x.soil(t, e)
}

// clean marks an entry's figures as written.
//
// +checklocks:x.mu
func (x *Index) clean(t *tenant, e *entry) {
	x.catchUp(t, e)
	e.dirty, e.marks = 0, e.marks&^markFormer
}

// soil marks an entry's figures as not on disk.
//
// +checklocks:x.mu
func (x *Index) soil(t *tenant, e *entry) {
	if e.dirty == 0 {
		e.dirty = x.dirty.add(t, e.ref)
	}
}

// behind returns the entries of a tenant that are not listed under their deadlines.
//
// +checklocksread:x.mu
func (x *Index) behind(t *tenant) (all []*entry) {
	for _, d := range x.dirty.all[x.dirty.taken:] {
		if d.tenant != t {
			continue
		}
		if e := d.in(&x.entries); e != nil && e.behind() {
			all = append(all, e)
		}
	}
	return all
}

// catchUp lists an entry under its deadline.
//
// +checklocks:x.mu
func (x *Index) catchUp(t *tenant, e *entry) {
	if e.behind() {
		t.unschedule(e)
		t.schedule(e)
		x.reschedule(t)
	}
}
