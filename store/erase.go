package store

import (
	"context"
	"crypto/ed25519"
	"slices"

	"github.com/sigil-dna/sigil"
)

// Eraser erases memories: nothing that was stored of them, or was derived from their content, stays.
type Eraser interface {
	// Erase erases those of keys that are live, due or removed and kept: see [Undo]. In one commit, it deletes the memory with
	// its vectors, replaces the records of all earlier journal entries about it by their hashes, drops the answers to
	// inserts and amendments that name it, and journals the event that event returns. Of that event's Memory, only
	// the key is kept. event gets the memory's figures, and whether it was removed before, while nothing else can
	// change the memory. A key that is neither is passed over. The keys may belong to different tenants. What patterns and their
	// crystals say of all their members stays.
	//
	// After the commit, and before Erase returns, the bytes leave the files that the store itself has; Remains lists where
	// they may still be. If keys is empty, or a key is passed over, it also lists where the bytes of memories may be that were gone
	// before. If Erase returns an error after the commit, the memories are erased all the same, and the next Erase,
	// or the next open, goes on with the bytes. Calls run one after the other. While an Insert or Amend runs whose
	// idempotency key has an answer that is to be dropped, Erase returns ErrConflict ("idempotency_in_flight") and
	// erases nothing. The cost grows with the journal of the tenants, and the number of their answers.
	Erase(ctx context.Context, keys []sigil.Key, event func(m sigil.Meta, removed bool) sigil.Event) (Erasure, error)

	// Key returns the key with which the store signs, the same each time. It is made on first use, durably, and is part of
	// the store: whoever has a copy of the store has it.
	Key(ctx context.Context) (ed25519.PrivateKey, error)
}

// Erasure is what an Erase erased.
type Erasure struct {
	// Events are those that were journaled, with their positions, in the order of keys.
	Events []sigil.Event
	// Memories is the number of memories that were in the store, live or due, and Removed of those that could have been
	// restored. Bytes are those of the data of both.
	Memories, Removed int
	Bytes             int64
	// Entries is the number of journal entries that were replaced by their hashes, and Answers that of the dropped answers.
	Entries, Answers int
	// Link is the journal's link that covers Events, and Position that of the last entry that it covers. They are zero if
	// nothing was erased.
	Position uint64
	Link     sigil.Hash
	// Remains has a sentence for each place where the bytes may still be.
	Remains []string
}

// Add adds a later erasure to e.
func (e *Erasure) Add(later *Erasure) {
	e.Events = append(e.Events, later.Events...)
	e.Memories, e.Removed, e.Bytes = e.Memories+later.Memories, e.Removed+later.Removed, e.Bytes+later.Bytes
	e.Entries, e.Answers = e.Entries+later.Entries, e.Answers+later.Answers
	if later.Position > e.Position {
		e.Position, e.Link = later.Position, later.Link
	}
	for _, one := range later.Remains {
		if !slices.Contains(e.Remains, one) {
			e.Remains = append(e.Remains, one)
		}
	}
}

// Names reports whether an answer names a memory of those that are gone.
func (a *Answer) Names(gone func(sigil.ID) bool) bool {
	if gone(a.Memory.ID) || gone(a.DuplicateOf) {
		return true
	}
	if a.Similar != nil {
		for _, near := range a.Similar.Near {
			if gone(near.ID) {
				return true
			}
		}
	}
	return false
}

// NewErased returns the event as an erasure journals it: of the memory's figures, only the key is left.
func NewErased(e sigil.Event, key sigil.Key) sigil.Event {
	return sigil.Event{Time: e.Time, Kind: sigil.Erased, Reason: e.Reason, Memory: sigil.Meta{Key: key}}
}
