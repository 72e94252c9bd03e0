package store

import (
	"bytes"
	"cmp"
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// Undo keeps memories that were removed, so that they can be restored, until they are purged.
//
// A store that was opened to keep them does so with every memory that is removed by an event whose kind is Forgotten, Faded or
// Evicted: its content, tags, figures, its crystal, and the vector that a caller gave. A memory that is removed by an event of
// another kind is gone for good. What is kept counts towards no [Quota] and no [Stats], and no other method returns it. A
// store that was not opened to keep them returns, restores and purges those that were kept before.
type Undo interface {
	// Removed returns removed memories of a tenant, the one removed last first, and the greater id first if the times are
	// equal. more reports whether there are more after the last one. A memory that is being removed or restored during the
	// call may be missing. The cost depends only on the number of memories returned.
	Removed(ctx context.Context, q RemovedQuery) (page []Removed, more bool, err error)

	// Restore brings back those removed memories among ids for which restore returns true, in one commit with the events that
	// it returned, and returns them as they are then, in the order of ids. All reads and searches find them again, with
	// the same id, content, tags, own vector and crystal. An id that is live, was never stored or was purged is passed over.
	// restore is called while nothing else can change the memory; it may set LastAccessed, Stood, FadesAt, TTL and Policy.
	//
	// Nothing is evicted for a restored memory. If the tenant would be over quota, Restore returns ErrFull ("quota_full")
	// and restores nothing. Duplicates of a restored memory do not matter.
	Restore(ctx context.Context, tenant string, ids []sigil.ID, quota Quota, restore func(m *sigil.Meta, r Removal) (sigil.Event, bool)) ([]sigil.Memory, error)

	// Purge drops removed memories for good, those of a tenant that were removed first before others: all that were removed
	// before a time, and of each tenant those over keep. It drops at most limit, and returns how many it dropped. Its
	// cost depends on that, and on how many tenants have removed memories, not on how many memories are stored.
	Purge(ctx context.Context, before time.Time, keep Quota, limit int) (int, error)
}

// Removal is how a memory was removed.
type Removal struct {
	At     time.Time
	Kind   sigil.EventKind // Forgotten, Faded or Evicted; Corrected in [Corrections]
	Reason string
	// Position is that of the journal entry.
	Position uint64
	// SupersededBy is the memory that corrects it, or the zero id.
	SupersededBy sigil.ID
}

// RemovalOf returns the removal that an event records.
func RemovalOf(e *sigil.Event) Removal {
	return Removal{At: e.Time, Kind: e.Kind, Reason: e.Reason, Position: e.Position, SupersededBy: e.SupersededBy}
}

// KeepsRemoved reports whether a memory that is removed by an event of a kind is kept: it can be restored, or is superseded.
func KeepsRemoved(k sigil.EventKind) bool { return k.Removes() && k != sigil.Erased }

// Removed is a memory that was removed and can be restored, as it was before that.
type Removed struct {
	Removal
	Memory sigil.Memory
}

// RemovedQuery selects removed memories.
type RemovedQuery struct {
	Tenant string
	Limit  int
	// Bytes and NoData are as in [Query].
	Bytes  int64
	NoData bool
	// Since excludes those that were removed before it.
	Since time.Time
	// Before, if not the zero id, continues after the memory with this id that was removed at BeforeAt.
	Before   sigil.ID
	BeforeAt time.Time
}

// Matches reports whether a memory that was removed at a time passes Since, and follows Before.
func (q *RemovedQuery) Matches(id sigil.ID, at time.Time) bool {
	return !at.Before(q.Since) && (q.Before == sigil.ID{} || CompareRemoved(at, id, q.BeforeAt, q.Before) > 0)
}

// Ends reports whether a page ends as [Query.Ends] does.
func (q *RemovedQuery) Ends(n int, bytes int64, size int) bool {
	return n == q.Limit || q.Bytes > 0 && !q.NoData && n > 0 && bytes+int64(size) > q.Bytes
}

// CompareRemoved compares in the order of [Undo].Removed.
func CompareRemoved(at time.Time, id sigil.ID, otherAt time.Time, other sigil.ID) int {
	return cmp.Or(otherAt.Compare(at), bytes.Compare(other[:], id[:]))
}

// NewRestoreFull returns the ErrFull for memories whose restoring would take a tenant over its quota.
func NewRestoreFull() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrFull, Code: "quota_full", Detail: "restored, the memories would take the tenant over its limit, and nothing is evicted for them"}
}
