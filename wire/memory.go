package wire

import (
	"encoding/json"

	"github.com/sigil-dna/sigil"
)

// Memory is a memory as it was at the moment of the answer.
type Memory struct {
	ID     sigil.ID `json:"id"`
	Tenant string   `json:"tenant"`
	// Data is the value as it was sent, without insignificant white space. It is left out if the content was not asked
	// for.
	Data json.RawMessage `json:"data,omitempty"`
	// State is left out like Data.
	State *sigil.State `json:"state,omitempty"`
	// Hash is the SHA-256 of the canonical content, as 64 hexadecimal digits.
	Hash      string  `json:"hash,omitempty"`
	Frequency float64 `json:"frequency"` // 0 to under 1.618…
	Pattern   int     `json:"pattern"`   // the group key, 0 to 161
	Potential float64 `json:"potential"` // 0 to 1
	Decay     float64 `json:"decay"`     // 0 to 1

	CreatedAt    Timestamp `json:"createdAt"`
	LastAccessed Timestamp `json:"lastAccessed"`
	AccessCount  uint64    `json:"accessCount"` // recalls so far
	// StoodSeconds is for how long the clock of the tenant has stood still since LastAccessed, which is no idleness. It is left out if it has not.
	StoodSeconds int64 `json:"stoodSeconds,omitempty"`
	// FadesAt is the deadline; null if the memory never fades.
	FadesAt *Timestamp `json:"fadesAt"`
	// TTL is the hard end, as a duration after CreatedAt; null if there is none.
	TTL *string `json:"ttl"`
	// Life is how long the memory lives if untouched, unless it is pinned or crystallized; null if decay never ends it.
	Life         *string `json:"life"`
	Pinned       bool    `json:"pinned"`
	Crystallized bool    `json:"crystallized"`
	Policy       string  `json:"policy"`
	// Tags is never null.
	Tags []string `json:"tags"`
	// Spiral has six points. It is set only if it was asked for.
	Spiral []SpiralPoint `json:"spiral,omitempty"`
	// Resonance, from 0 to 1, is set if the memory was found as related to another.
	Resonance *float64 `json:"resonance,omitempty"`
	// Supersedes is the memory that this one corrects, if that is still kept; see [VersionPage].
	Supersedes *sigil.ID `json:"supersedes,omitempty"`
	// DuplicateOf is set only in the answer to an encode, if the tenant had a memory with the same content: its id. It is
	// the memory's own ID if the encode reinforced it.
	DuplicateOf *sigil.ID `json:"duplicateOf,omitempty"`
	// Similar is set only in the answer to an encode that asked for it: the nearest first, at most ten, or none. It is nil otherwise.
	Similar []Similar `json:"similar,omitzero"`
	// Warnings are set only in the answer to an encode or a change.
	Warnings []Warning `json:"warnings,omitempty"`
}

// SpiralPoint is one of the six points of a memory's spiral pattern.
type SpiralPoint struct {
	Angle     float64 `json:"spiralAngle"`        // radians, 0 or more
	Radius    float64 `json:"spiralRadius"`       // 0 to 1.618…
	Intensity float64 `json:"resonanceIntensity"` // 0 to 1
	Weight    float64 `json:"memoryWeight"`       // 0 to 1
}

// Warning is about a request that was carried out, but was probably meant differently.
type Warning struct {
	Code   string `json:"code"`
	Field  string `json:"field"`  // a field of the request
	Detail string `json:"detail"` // a sentence for people
}

// Similar is a memory that was there and is near in meaning to one that was encoded.
type Similar struct {
	ID    sigil.ID `json:"id"`
	Score float64  `json:"score"` // the cosine of the angle between their vectors, over 0 and at most 1
}

// WarnSimilarIncomplete is the code of a [Warning] about similar memories that may lack some, since vectors were missing.
const WarnSimilarIncomplete = "similar_incomplete"

// WarnTTLOverLife is the code of a [Warning] about a ttl that ends only after the memory, if untouched, has faded.
const WarnTTLOverLife = "ttl_over_life"

// MemoryPage is a page of memories, newest first.
type MemoryPage struct {
	Memories []Memory `json:"memories"`
	Next     *string  `json:"next"` // the cursor of the next page; null on the last
}

// RelatedPage is the neighbors of one memory, strongest first. Each has its Resonance.
type RelatedPage struct {
	Related []Memory `json:"related"`
}

// NeighborPage is a [RelatedPage] with only ids and resonances.
type NeighborPage struct {
	Related []Neighbor `json:"related"`
}

// Neighbor is the id and resonance of one neighbor.
type Neighbor struct {
	ID        sigil.ID `json:"id"`
	Resonance float64  `json:"resonance"` // 0 to 1
}

// Kept is the answer to an encode that asked for the id only.
type Kept struct {
	ID          sigil.ID  `json:"id"`
	DuplicateOf *sigil.ID `json:"duplicateOf,omitempty"` // as in Memory
	Similar     []Similar `json:"similar,omitzero"`      // as in Memory
	Warnings    []Warning `json:"warnings,omitempty"`
}

// BatchItem is the result for one memory of a batch: Memory, or ID if only that was asked for, or Problem.
type BatchItem struct {
	Status int       `json:"status"` // the HTTP status that a separate request would have
	ID     *sigil.ID `json:"id,omitempty"`
	// DuplicateOf, Similar and Warnings are set only with ID; Memory has its own.
	DuplicateOf *sigil.ID `json:"duplicateOf,omitempty"`
	Similar     []Similar `json:"similar,omitzero"`
	Warnings    []Warning `json:"warnings,omitempty"`
	Memory      *Memory   `json:"memory,omitempty"`
	Problem     *Problem  `json:"problem,omitempty"`
}

// BatchPage is the answer to a batch, in the order of the request.
type BatchPage struct {
	Results []BatchItem `json:"results"`
}
