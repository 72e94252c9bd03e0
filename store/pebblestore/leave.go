package pebblestore

import (
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// enough is how many memories, none of them between others' ids, are deleted as a range. The database keeps a range
// in one record where it needs one for each key, but looks through all ranges of its memory anew with the first read
// after each commit: a few large ones are cheap, many small ones are not.
const enough = 128

// leave has memories, whose keys the caller holds until the change is made, deleted with it.
func (ch *change) leave(all []located) {
	slices.SortFunc(all, func(a, b located) int {
		if a.tenant != b.tenant {
			return strings.Compare(a.tenant.name, b.tenant.name)
		}
		return compareIDs(a.entry, b.entry)
	})
	ch.leaving = all
}

// writeLeaving puts the deletion of those that leave into a batch, before anything else of its group: a memory that
// comes with the group may lie in a range. Only the committer calls it. What is on disk is in the index then, but for
// what the batch itself brings.
func (ch *change) writeLeaving(b *pebble.Batch, x *index, enough int) error {
	var runs [][]located
	for rest := ch.leaving; len(rest) > 0; {
		n := x.together(rest)
		runs, rest = append(runs, rest[:n]), rest[n:]
	}
	// Family by family: what comes in the order of its keys is put into the database's memory faster.
	for _, family := range [...]byte{metaFamily, bodyFamily} {
		for _, run := range runs {
			if err := deleteRun(b, family, run, enough); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteRun deletes records of memories that lie together.
func deleteRun(b *pebble.Batch, family byte, run []located, enough int) error {
	key := func(l located) []byte { return memoryKey(family, l.tenant.name, l.entry.id) }
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

// together tells how many of the first of some, which are there and by ascending tenant and id, lie together: all
// that there is between them are they.
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
