package pebblestore

import (
	"math"
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

// stayingContents returns the places that some changes delete and whose contents stay: they can be restored.
func stayingContents(changes []*change) map[index.Place]bool {
	var all map[index.Place]bool
	for _, ch := range changes {
		if ch.err != nil {
			continue
		}
		for i := range ch.removals {
			if all == nil {
				all = map[index.Place]bool{}
			}
			all[ch.removals[i].at] = true
		}
	}
	return all
}

// writeLeaving adds a group's deletions to a batch, before everything else of the group, because a memory
// that the group inserts may be in a deleted range. Only the committer calls it. At that time, everything on
// disk is in the index, except for what the batch itself inserts, and the contents and vectors of removed memories, as those
// that stay now: if there may be any, these families are deleted from one by one.
func (s *Store) writeLeaving(b *pebble.Batch, all []index.Place, stay map[index.Place]bool) error {
	var runs [][]index.Place
	for rest := all; len(rest) > 0; {
		n := s.index.Together(rest)
		runs, rest = append(runs, rest[:n]), rest[n:]
	}
	// Family by family, since the database's memory takes keys in ascending order faster.
	contents, figures := []byte{layout.BodyFamily}, []byte{layout.MetaFamily}
	if s.embeddings.any.Load() {
		figures = append(figures, layout.EmbeddingFamily)
	}
	if s.hasVectors.Load() {
		contents = append(contents, layout.VectorFamily)
	}
	for _, family := range figures {
		for _, run := range runs {
			if err := deleteRun(b, family, run, s.enough); err != nil {
				return err
			}
		}
	}
	enough := s.enough
	if s.trash.any.Load() {
		runs, enough = [][]index.Place{slices.DeleteFunc(slices.Clone(all), func(p index.Place) bool { return stay[p] })}, math.MaxInt
	}
	for _, family := range contents {
		for _, run := range runs {
			if err := deleteRun(b, family, run, enough); err != nil {
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
