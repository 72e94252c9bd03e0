package wire

import (
	"encoding/json"

	"github.com/sigil-dna/sigil"
)

// Memory is a memory as it was at the moment of the answer.
type Memory struct {
	ID     sigil.ID `json:"id"`
	Tenant string   `json:"tenant"`
	// Data is what was kept, as it was sent but for insignificant white space. It is left out if content was not asked
	// for.
	Data json.RawMessage `json:"data,omitempty"`
	// State is left out like Data.
	State *sigil.State `json:"state,omitempty"`
	// Hash is the SHA-256 of the canonical content, as 64 hexadecimal digits.
	Hash      string  `json:"hash,omitempty"`
	Frequency float64 `json:"frequency"` // from 0, under 1.618…
	Pattern   int     `json:"pattern"`   // the group key, 0 to 161
	Potential float64 `json:"potential"` // 0 to 1
	Decay     float64 `json:"decay"`     // 0 to 1

	CreatedAt    Timestamp `json:"createdAt"`
	LastAccessed Timestamp `json:"lastAccessed"`
	AccessCount  uint64    `json:"accessCount"` // recalls so far
	// FadesAt is the deadline; null: never.
	FadesAt *Timestamp `json:"fadesAt"`
	// TTL is the hard end, as a duration after CreatedAt; null: none.
	TTL          *string `json:"ttl"`
	Pinned       bool    `json:"pinned"`
	Crystallized bool    `json:"crystallized"`
	Policy       string  `json:"policy"`
	// Tags is never null.
	Tags []string `json:"tags"`
	// Spiral has six points, and is set only if it was asked for.
	Spiral []SpiralPoint `json:"spiral,omitempty"`
	// Resonance, from 0 to 1, is set if the memory was found as related to another.
	Resonance *float64 `json:"resonance,omitempty"`
	// Warnings are set only in the answer to an encode.
	Warnings []Warning `json:"warnings,omitempty"`
}

// SpiralPoint is one of the six points of a memory's spiral pattern.
type SpiralPoint struct {
	Angle     float64 `json:"spiralAngle"`        // radians, from 0
	Radius    float64 `json:"spiralRadius"`       // 0 to 1.618…
	Intensity float64 `json:"resonanceIntensity"` // 0 to 1
	Weight    float64 `json:"memoryWeight"`       // 0 to 1
}

// Warning is about a request that was carried out, but probably meant something else.
type Warning struct {
	Code   string `json:"code"`
	Field  string `json:"field"`  // of the request
	Detail string `json:"detail"` // a sentence for people
}

// WarnTTLOverLife is the code of a [Warning] about a ttl that ends after the memory has faded, if it stays untouched.
const WarnTTLOverLife = "ttl_over_life"

// MemoryPage is a page of memories, newest first.
type MemoryPage struct {
	Memories []Memory `json:"memories"`
	Next     *string  `json:"next"` // the cursor of the next page; null: this is the last
}

// RelatedPage is the neighbors of one memory, strongest first; each has its Resonance.
type RelatedPage struct {
	Related []Memory `json:"related"`
}

// NeighborPage is a [RelatedPage] for callers to whom ids are enough.
type NeighborPage struct {
	Related []Neighbor `json:"related"`
}

// Neighbor is one neighbor in short.
type Neighbor struct {
	ID        sigil.ID `json:"id"`
	Resonance float64  `json:"resonance"` // 0 to 1
}

// Kept is the answer to an encode for callers to whom the id is enough.
type Kept struct {
	ID       sigil.ID  `json:"id"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// BatchItem is the result for one memory of a batch. Memory is set, or ID if no more was asked for, or Problem.
type BatchItem struct {
	Status   int       `json:"status"` // of HTTP, as a separate request would have been answered
	ID       *sigil.ID `json:"id,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"` // set with ID; Memory has its own
	Memory   *Memory   `json:"memory,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
}

// BatchPage answers a batch, in the order of the request.
type BatchPage struct {
	Results []BatchItem `json:"results"`
}
