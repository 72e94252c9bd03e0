package pebblestore

import (
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/keylock"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// enough is how many memories, none of them between others' ids, are deleted as a range. The database keeps a range
// in one record where it needs one for each key, but looks through all ranges of its memory anew with the first read
// after each commit: a few large ones are cheap, many small ones are not.
const enough = 128

func (l located) key() sigil.Key { return sigil.Key{Tenant: l.tenant.name, ID: l.entry.id} }

// compare orders as the database does.
func (l located) compare(m located) int {
	if l.tenant == m.tenant {
		return compareIDs(l.entry, m.entry)
	}
	return keylock.Compare(l.key(), m.key())
}

// leaving gives those that leave with some changes, by key: where those of two lie one after the other, as in a sweep,
// they lie together.
func leaving(changes []*change) (all []located) {
	var parts [][]located
	for _, ch := range changes {
		if ch.err == nil && len(ch.leaving) > 0 {
			parts = append(parts, ch.leaving)
		}
	}
	// Those of a sweep are mostly in order: then so is all, which takes no time to sort.
	slices.SortFunc(parts, func(a, b []located) int { return a[0].compare(b[0]) })
	all = slices.Concat(parts...)
	slices.SortFunc(all, located.compare)
	return all
}

// writeLeaving puts the deletion of those that leave with a group into a batch, before anything else of the group: a
// memory that comes with it may lie in a range. Only the committer calls it. What is on disk is in the index then,
// but for what the batch itself brings.
func (s *Store) writeLeaving(b *pebble.Batch, all []located) error {
	var runs [][]located
	for rest := all; len(rest) > 0; {
		n := s.index.together(rest)
		runs, rest = append(runs, rest[:n]), rest[n:]
	}
	// Family by family: what comes in the order of its keys is put into the database's memory faster.
	for _, family := range [...]byte{layout.MetaFamily, layout.BodyFamily} {
		for _, run := range runs {
			if err := deleteRun(b, family, run, s.enough); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteRun deletes records of memories that lie together.
func deleteRun(b *pebble.Batch, family byte, run []located, enough int) error {
	key := func(l located) []byte { return layout.MemoryKey(family, l.tenant.name, l.entry.id) }
	if len(run) >= enough {
		return b.DeleteRange(key(run[0]), append(key(run[len(run)-1]), 0), nil) // to before what follows the last
	}
	for _, l := range run {
		if err := b.Delete(key(l), nil); err != nil {
			return err
		}
	}
	return nil
}

// together tells how many of the first of some, which are there, lie together in the order of some: there is nothing
// else between them.
func (x *index) together(some []located) (n int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	t := some[0].tenant
	t.all.from(byID(some[0].entry), func(e *entry) bool {
		if n == len(some) || some[n] != (located{t, e}) {
			return false
		}
		n++
		return true
	})
	return n
}

// leave takes entries, which are in the order of their keys, out.
//
// +checklocks:x.mu
func (x *index) leave(all []located) {
	entries := make([]*entry, len(all))
	for i, l := range all {
		entries[i] = l.entry
	}
	eachStretch(all, func(l located) *tenant { return l.tenant }, func(t *tenant, of []located) {
		x.remove(t, entries[:len(of)]) // +checklocksignore: it is locked
		entries = entries[len(of):]
	})
}

// eachStretch shows visit the stretches of all that have one property in common.
func eachStretch[E any, P comparable](all []E, property func(E) P, visit func(P, []E)) {
	for len(all) > 0 {
		p, n := property(all[0]), 1
		for n < len(all) && property(all[n]) == p {
			n++
		}
		visit(p, all[:n])
		all = all[n:]
	}
}
