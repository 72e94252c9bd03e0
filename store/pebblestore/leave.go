package pebblestore

import (
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// enough is the minimum number of adjacent memories that are deleted as a range. The database stores a range
// as one record instead of one for each key, but after each commit the first read looks through all ranges in
// its memory: a few large ones are cheap, many small ones are not.
const enough = 128

// leaving returns the places that some changes delete, sorted by key. If the places of two changes are
// adjacent, as in a sweep, they are adjacent in the result, too.
func leaving(changes []*change) (all []index.Place) {
	var parts [][]index.Place
	for _, ch := range changes {
		if ch.err == nil && len(ch.leaving) > 0 {
			parts = append(parts, ch.leaving)
		}
	}
	// The parts of a sweep are usually in order. Then all is sorted already, and sorting takes no time.
	slices.SortFunc(parts, func(a, b []index.Place) int { return a[0].Compare(b[0]) })
	all = slices.Concat(parts...)
	slices.SortFunc(all, index.Place.Compare)
	return all
}

// writeLeaving adds a group's deletions to a batch, before everything else of the group, because a memory
// that the group inserts may be in a deleted range. Only the committer calls it. At that time, everything on
// disk is in the index, except for what the batch itself inserts.
func (s *Store) writeLeaving(b *pebble.Batch, all []index.Place) error {
	var runs [][]index.Place
	for rest := all; len(rest) > 0; {
		n := s.index.Together(rest)
		runs, rest = append(runs, rest[:n]), rest[n:]
	}
	// Family by family, since the database's memory takes keys in ascending order faster.
	families := []byte{layout.MetaFamily, layout.BodyFamily}
	if s.embeddings.any.Load() {
		families = append(families, layout.EmbeddingFamily)
	}
	if s.hasVectors.Load() {
		families = append(families, layout.VectorFamily)
	}
	for _, family := range families {
		for _, run := range runs {
			if err := deleteRun(b, family, run, s.enough); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteRun deletes the records of adjacent memories.
func deleteRun(b *pebble.Batch, family byte, run []index.Place, enough int) error {
	key := func(p index.Place) []byte {
		k := p.Key()
		return layout.MemoryKey(family, k.Tenant, k.ID)
	}
	if len(run) >= enough {
		return b.DeleteRange(key(run[0]), append(key(run[len(run)-1]), 0), nil) // up to just after the last key
	}
	for _, p := range run {
		if err := b.Delete(key(p), nil); err != nil {
			return err
		}
	}
	return nil
}
