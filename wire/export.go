package wire

import (
	"encoding/json"

	"github.com/sigil-dna/sigil"
)

// ExportedMemory is a memory in an export: everything that an import needs to bring it back as it was. All members are in
// every line but StoodSeconds, Stretch, OwnPolicy, Vector, SupersededBy and SupersededAt.
type ExportedMemory struct {
	ID           sigil.ID  `json:"id"`
	Tenant       string    `json:"tenant"`
	CreatedAt    Timestamp `json:"createdAt"`
	LastAccessed Timestamp `json:"lastAccessed"`
	AccessCount  uint64    `json:"accessCount"` // recalls so far
	// StoodSeconds is for how long the clock of the tenant has stood still since LastAccessed. It is left out if it has not.
	StoodSeconds int64 `json:"stoodSeconds,omitempty"`
	// FadesAt is the deadline; null if the memory never fades.
	FadesAt *Timestamp `json:"fadesAt"`
	// TTL is the hard end, as a duration after CreatedAt; null if there is none.
	TTL *string `json:"ttl"`
	// Stretch is how many times as slowly as Policy says the memory decays. It is left out if the memory has none.
	Stretch      float64 `json:"stretch,omitempty"`
	Pinned       bool    `json:"pinned"`
	Crystallized bool    `json:"crystallized"`
	Policy       string  `json:"policy"`
	// OwnPolicy is set if Policy is the memory's own, which it keeps.
	OwnPolicy bool `json:"ownPolicy,omitempty"`
	// Hash is the SHA-256 of the canonical content, as 64 hexadecimal digits.
	Hash      string      `json:"hash"`
	Frequency float64     `json:"frequency"` // 0 to under 1.618…
	Potential float64     `json:"potential"` // 0 to 1
	State     sigil.State `json:"state"`
	// Tags is never null.
	Tags []string `json:"tags"`
	// Vector is the one that the caller gave, in compact form: whole numbers from -127 to 127. Only its direction counts.
	Vector []int8 `json:"vector,omitempty"`
	// SupersededBy is the memory that superseded this one, at SupersededAt. Both are set of former versions only.
	SupersededBy *sigil.ID       `json:"supersededBy,omitempty"`
	SupersededAt *Timestamp      `json:"supersededAt,omitempty"`
	Data         json.RawMessage `json:"data"`
}

// ExportPage is a page of an export: memories, newest first, or former versions, chain by chain and each from the newest version on.
type ExportPage struct {
	Memories []ExportedMemory `json:"memories"`
	// LeftOut is, in an export of versions, how many were passed over up to the end of the page, since the newest one of their chain is not live.
	LeftOut int     `json:"leftOut,omitempty"`
	Next    *string `json:"next"` // the cursor of the next page; null on the last
}

// ImportItem is the result for one memory of an import: Outcome, or Problem.
type ImportItem struct {
	Status  int      `json:"status"`            // 201, 200 for what is not inserted, or that of the problem
	Outcome string   `json:"outcome,omitempty"` // inserted, same, faded, superseded or detached
	Problem *Problem `json:"problem,omitempty"`
}

// ImportPage is the answer to an import, in the order of the request.
type ImportPage struct {
	Results []ImportItem `json:"results"`
}

// TenantList names the tenants that have a memory, a crystal, a signature or a policy of their own, in order.
type TenantList struct {
	Tenants []string `json:"tenants"`
	// Store is the id of the store, and Position that of its newest journal entry.
	Store    sigil.ID `json:"store"`
	Position uint64   `json:"position"`
}
