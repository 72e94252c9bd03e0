package pebblestore

import (
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// enough is how many memories, none of them between others' ids, are deleted as a range. The database keeps a range
// in one record instead of one for each key, but looks through all ranges of its memory anew with the first read
// after each commit: a few large ones are cheap, many small ones are not.
const enough = 128

// leaving returns the places that some changes delete, sorted by key. If those of two changes are adjacent, as in a
// sweep, they are adjacent in the result too.
func leaving(changes []*change) (all []index.Place) {
	var parts [][]index.Place
	for _, ch := range changes {
		if ch.err == nil && len(ch.leaving) > 0 {
			parts = append(parts, ch.leaving)
		}
	}
	// Those of a sweep are mostly in order: then so is all, which takes no time to sort.
	slices.SortFunc(parts, func(a, b []index.Place) int { return a[0].Compare(b[0]) })
	all = slices.Concat(parts...)
	slices.SortFunc(all, index.Place.Compare)
	return all
}

// writeLeaving adds a group's deletions to a batch, before anything else of the group, because a memory that the group
// inserts may lie in a deleted range. Only the committer calls it. At that time, everything on disk is in the index,
// except for what the batch itself inserts.
func (s *Store) writeLeaving(b *pebble.Batch, all []index.Place) error {
	var runs [][]index.Place
	for rest := all; len(rest) > 0; {
		n := s.index.Together(rest)
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
func deleteRun(b *pebble.Batch, family byte, run []index.Place, enough int) error {
	key := func(p index.Place) []byte {
		k := p.Key()
		return layout.MemoryKey(family, k.Tenant, k.ID)
	}
	if len(run) >= enough {
		return b.DeleteRange(key(run[0]), append(key(run[len(run)-1]), 0), nil) // to before what follows the last
	}
	for _, p := range run {
		if err := b.Delete(key(p), nil); err != nil {
			return err
		}
	}
	return nil
}
