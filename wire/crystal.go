package wire

import "github.com/sigil-dna/sigil"

// Crystal is the record of a memory or a pattern that was strong enough to be durable.
type Crystal struct {
	ID        string            `json:"id"` // "memory-<uuid>" or "pattern-<group key>"
	Tenant    string            `json:"tenant"`
	Kind      sigil.CrystalKind `json:"kind"`
	Memory    *sigil.ID         `json:"memory,omitempty"` // nil for a pattern
	Pattern   int               `json:"pattern"`          // the group key, 0 to 161
	Members   int               `json:"members"`          // live memories; 1 for a memory
	CreatedAt Timestamp         `json:"createdAt"`
	UpdatedAt Timestamp         `json:"updatedAt"`
	Stability float64           `json:"stabilityScore"` // 0 to 1
	Frequency float64           `json:"frequency"`      // 0 to under 1.618…
	// Lattice is set for the crystal of a memory, if it was asked for.
	Lattice *Lattice `json:"lattice,omitempty"`
}

// Lattice is the shape of a crystallized memory. Its slices are never null.
type Lattice struct {
	ResonanceField float64       `json:"resonanceField"` // 0 to 1.618…
	Nodes          []LatticeNode `json:"nodes"`          // at most 12
	Connections    []LatticeEdge `json:"connections"`    // at most 66
}

// LatticeNode is one node, on a circle.
type LatticeNode struct {
	ID        int     `json:"id"` // from 0
	X         float64 `json:"x"`
	Y         float64 `json:"y"`
	Z         float64 `json:"z"`
	Resonance float64 `json:"resonance"` // 0 to 1
	Weight    float64 `json:"weight"`    // 1 to 1.618…
}

// LatticeEdge joins two nodes, named by their ids.
type LatticeEdge struct {
	From      int     `json:"from"`
	To        int     `json:"to"`
	Strength  float64 `json:"strength"`  // 1/distance, at most the maximum float64
	Resonance float64 `json:"resonance"` // 0 to 1
}

// CrystalPage is a page of crystals: first those of patterns, by group key, then those of memories, newest first.
type CrystalPage struct {
	Crystals []Crystal `json:"crystals"`
	Next     *string   `json:"next"` // the cursor of the next page; null on the last
}

// Pattern counts the live memories of one group.
type Pattern struct {
	Pattern int `json:"pattern"` // the group key, 0 to 161
	Members int `json:"members"`
	// Potential (0 to 1) and Frequency (0 to under 1.618…) are means over the members.
	Potential    float64 `json:"potential"`
	Frequency    float64 `json:"frequency"`
	Crystallizes bool    `json:"crystallizes"` // strong enough to crystallize
}

// PatternList is all patterns of a tenant that have a live member.
type PatternList struct {
	Patterns []Pattern `json:"patterns"`
}
