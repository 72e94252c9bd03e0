package store

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Corrections keeps memories that others supersede.
//
// An Insert of an item that has Correct set removes the memory Memory.Supersedes of the same tenant in its commit. Correct gets the figures and
// tags of that memory, live or not, locked against every other change. It returns the event to journal, of the
// kind Corrected with SupersededBy set, which comes before those of the item; or an error, which Insert returns unchanged,
// and nothing changes. If there is no such memory, Insert returns ErrNotFound. It counts towards no quota from then on, and is
// never evicted for the item.
//
// A superseded memory is kept by every store, whether it was opened to keep removed memories or not, with its content, tags,
// figures and own vector. It counts towards no [Quota] and no [Stats], and only the methods here return it: [Undo].Removed does not
// list it, Restore passes it over, and it is no part of what Purge has to bound. A memory supersedes at most one other, and is
// superseded by at most one, so they form chains. A chain has the fate of its newest memory: if that is removed, it is kept as in a store
// that keeps removed memories, whatever the event, and Purge drops with it all that it superseded, uncounted. Erase erases with a
// memory all that it superseded, after it in the order of keys.
type Corrections interface {
	// Superseded returns a superseded memory, or ErrNotFound if there is none with the key. Its data is nil if noData is set.
	Superseded(ctx context.Context, key sigil.Key, noData bool) (Removed, error)

	// AllSuperseded returns superseded memories of a tenant, without data, by ascending id of the memory that supersedes them, which
	// is greater than after. It returns at most limit. One that is removed during the call may be missing.
	AllSuperseded(ctx context.Context, tenant string, after sigil.ID, limit int) ([]Removed, error)

	// Chain returns the ids of the chain that a memory belongs to, live, removed or superseded: the newest first, then what it
	// superseded, and so on. An id that there is not is a chain of its own. It reads no contents.
	Chain(ctx context.Context, key sigil.Key) ([]sigil.ID, error)

	// DropOlder drops, for good and in one commit, all that a superseded memory superseded, and returns how many that were. That
	// memory supersedes none from then on. Nothing is journaled. If it is not superseded, nothing is dropped.
	DropOlder(ctx context.Context, key sigil.Key) (int, error)
}
