package wire

import "github.com/sigil-dna/sigil"

// Removed is a memory that faded, was evicted or was forgotten, and can be restored. Memory is as it was before that, with
// its decay at the time of the removal.
type Removed struct {
	Memory    Memory          `json:"memory"`
	RemovedAt Timestamp       `json:"removedAt"`
	Kind      sigil.EventKind `json:"kind"`     // forgotten, faded or evicted
	Reason    string          `json:"reason"`   // as in [Event]
	Position  uint64          `json:"position"` // of the journal entry
	// Until is the time from which on it cannot be restored. It may be dropped earlier, if the tenant has too many.
	Until Timestamp `json:"until"`
}

// RemovedPage is a page of removed memories, the one removed last first. Next is the cursor of the next page, or null.
type RemovedPage struct {
	Removed []Removed `json:"removed"`
	Next    *string   `json:"next"`
}

// RestoredItem is the result for one memory of several to restore: Memory, without data and state, or Problem.
type RestoredItem struct {
	Status  int       `json:"status"`       // the HTTP status that a separate request would have
	ID      *sigil.ID `json:"id,omitempty"` // nil only if what was sent is no id
	Memory  *Memory   `json:"memory,omitempty"`
	Problem *Problem  `json:"problem,omitempty"`
}

// RestoredPage is the answer to a request to restore several memories, in the order of its ids, or of the journal.
type RestoredPage struct {
	Restored int            `json:"restored"` // how many were restored
	Results  []RestoredItem `json:"results"`
	// Next is set for a span of the journal: the position up to which it was read. If it is under the end of the span, continue
	// from there.
	Next *uint64 `json:"next,omitempty"`
}
