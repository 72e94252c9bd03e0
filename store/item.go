package store

import (
	"time"

	"github.com/sigil-dna/sigil"
)

// Item is one memory to insert.
type Item struct {
	Memory sigil.Memory
	// Events are journaled with the memory, in order. The store may set their positions in place.
	Events []sigil.Event
	// Vector, if not empty, is the memory's own: of [OwnModel]. It is kept with the memory and leaves with it. The values
	// must never be changed.
	Vector Vector
	// Idempotency is stored with the memory if Key is not empty.
	Idempotency Idempotency
	// Life is the life that the draft asked for, or 0. Stores ignore it: it is in the memory's Stretch.
	Life time.Duration
	// OnDuplicate decides whether the item is unique: see [sigil.OnDuplicate.Unique].
	OnDuplicate sigil.OnDuplicate
	// Correct is set if the item supersedes Memory.Supersedes, which means nothing otherwise: see [Corrections].
	Correct func(old *sigil.Memory) (sigil.Event, error)
	// At, if not zero, is when the item is inserted. It is set for a memory that brings its id and its CreatedAt along, as
	// from an export. If zero, the item is inserted at its CreatedAt.
	At time.Time
	// Lag is for how long the clock of the tenant has stood still in all: see [TenantClocks].
	Lag time.Duration
}

// Now returns the time at which i is inserted.
func (i *Item) Now() time.Time {
	if i.At.IsZero() {
		return i.Memory.CreatedAt
	}
	return i.At
}

// Live returns the time, by the clock of the tenant, at which memories that i meets are live or due.
func (i *Item) Live() time.Time { return i.Now().Add(-i.Lag) }

// Amendment is what [Memories.Amend] needs, beside the change itself.
type Amendment struct {
	Key sigil.Key
	// Idempotency is stored with the change if its Key is not empty.
	Idempotency Idempotency
	// At is the time at which an earlier answer must have ended.
	At time.Time
}

// Amended is the result of an Amend.
type Amended struct {
	Memory sigil.Memory
	// Answer is the answer found under the idempotency key, or nil. If it is set, nothing was changed, and Memory is
	// not set.
	Answer *Answer
}

// Idempotency ties an insert to the request that caused it.
type Idempotency struct {
	Key string
	// Fingerprint identifies the request, so that a repeated one is recognized.
	Fingerprint [32]byte
	// Ends is the time at which the answer may be dropped.
	Ends time.Time
	// Similar, if not nil, is kept with the answer.
	Similar *sigil.Similar
}

// Inserted is the result of an Insert.
type Inserted struct {
	// Evicted are the events of the evicted memories, with their positions.
	Evicted []sigil.Event
	// Answers are the answers found under the items' idempotency keys, by index of the item. If there are any,
	// nothing was inserted.
	Answers map[int]Answer
	// Duplicates are the duplicates of the items, by index of the item: of those stored before the call and live at the
	// item's time the one with the lowest id, otherwise the first item of the call with the hash. If one of the
	// items is unique, nothing was inserted, and the duplicates of others may be missing. Of items that are not unique,
	// a duplicate that is inserted or removed during the call may or may not count.
	Duplicates map[int]sigil.ID
}

// Refused reports whether nothing of items was inserted, since answers or duplicates were found.
func (i *Inserted) Refused(items []Item) bool {
	for at := range i.Duplicates {
		if items[at].OnDuplicate.Unique() {
			return true
		}
	}
	return len(i.Answers) > 0
}

// Answer is the stored result of an idempotent insert. With the request itself, it is enough to return the
// first answer again, even if the memory has changed or is gone.
type Answer struct {
	Fingerprint [32]byte
	Memory      sigil.Meta // when it was inserted, or amended
	// DuplicateOf is the duplicate that the insert found, or the zero id.
	DuplicateOf sigil.ID
	// Similar is that of the request, or nil.
	Similar *sigil.Similar
	// Amended is the whole memory after an Amend, whose content does not follow from the request; nil after an insert.
	// What it supersedes is not in it: that may be erased meanwhile.
	Amended *sigil.Memory
}
