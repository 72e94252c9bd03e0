package store

import "github.com/sigil-dna/sigil"

// Vector is a vector in compact form: a signed byte for each dimension, scaled so that the largest is 127 or -127.
// Only its direction counts. An empty Vector is none.
type Vector []int8

// MaxDimensions is the most dimensions that a vector may have.
const MaxDimensions = 4096

// Meaning chooses where the vectors of texts come from, which find a memory that says the same in other words.
type Meaning string

const (
	// MeaningBuiltIn has them made by the table of word vectors that is part of the program. They are derived from the memories and
	// never stored. It is the default.
	MeaningBuiltIn Meaning = ""
	// MeaningEndpoint means that whoever opened the store has them made, by an endpoint, and hands them to the store: see
	// [Embeddings]. They are stored.
	MeaningEndpoint Meaning = "endpoint"
	// MeaningOff means that no vectors are made or compared. Those that callers gave are kept all the same.
	MeaningOff Meaning = "off"
)

// Check returns ErrInvalid if m is no known value.
func (m Meaning) Check() error {
	if m == MeaningBuiltIn || m == MeaningEndpoint || m == MeaningOff {
		return nil
	}
	return sigil.NewInvalid("invalid_search", "meaning", "must be empty, endpoint or off")
}

// OwnModel is the model of the vectors that callers gave with their memories. They are compared with vectors that have
// as many dimensions, and with no others.
const OwnModel = "own"

// VectorState is whether a search has compared vectors.
type VectorState int

// What a search may say of vectors.
const (
	VectorsOff      VectorState = iota // the store does not compare vectors
	VectorsBuilding                    // some memories may not have their vectors yet
	VectorsReady
)

// String returns "off", "building" or "ready".
func (s VectorState) String() string {
	switch s {
	case VectorsBuilding:
		return "building"
	case VectorsReady:
		return "ready"
	default:
		return "off"
	}
}

// Frequencies say how common words are among a tenant's memories.
type Frequencies struct {
	Memories int     // how many are counted; it may include some that have left
	Average  float64 // words per memory
	With     []int   // of each term that was asked for, how many of Memories have it
}

// NewMeaningOff returns the ErrConflict for a search by a vector in a store that compares none.
func NewMeaningOff() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrConflict, Code: "meaning_off", Detail: "search by meaning is switched off here"}
}
