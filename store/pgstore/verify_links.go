package pgstore

import (
	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// entry records the hash of an entry.
func (r *replay) entry(position uint64, hash sigil.Hash) {
	if position <= r.trimmed {
		return // a block may have trimmed and kept entries
	}
	if _, ok := r.seen[position]; ok {
		r.wrong("position %d occurs twice", position)
	}
	r.seen[position] = hash
}

// links checks whether each link follows from the one before and the entries of its commit. The first one cannot be checked. The
// entries that it should cover were trimmed, or it has zeros because the database had no links before.
func (r *replay) links(links []link, newest uint64) {
	if len(links) == 0 {
		r.wrong("the journal has no links")
		return
	}
	before := links[0]
	if uint64(before.position) > r.trimmed && before.link != (sigil.Hash{}) {
		r.wrong("the journal's links before position %d are missing", before.position)
	}
	for _, next := range links[1:] {
		if from := uint64(before.position); from >= r.trimmed { // otherwise some of its entries are trimmed
			r.link(before.link, from, uint64(next.position), next.link)
		}
		before = next
	}
	if end := uint64(before.position); end < newest {
		r.wrong("positions %d to %d are not linked: an older program journaled them", end+1, newest)
	}
}

// link checks the link at a position, given the one before, which is at from.
func (r *replay) link(before sigil.Hash, from, position uint64, link sigil.Hash) {
	if base, ok := r.bases[position]; ok && base > from {
		r.wrong("positions %d to %d are not linked: an older program journaled them", from+1, base)
		from = base
	}
	var hashes []sigil.Hash
	for p := from + 1; p <= position; p++ {
		hash, ok := r.seen[p]
		if !ok {
			return // end reports it
		}
		hashes = append(hashes, hash)
	}
	if record.NextLink(before, position, hashes) != link {
		r.wrong("the link at position %d does not follow from the one before and the entries from %d on: one of them was changed", position, from+1)
	}
}
