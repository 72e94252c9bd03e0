package store

import (
	"context"
	"strconv"

	"github.com/sigil-dna/sigil"
)

// TextModel is what makes vectors of texts outside of the store. Only vectors of the same one can be compared.
type TextModel struct {
	Name string
	Dims int // the length of its vectors, from 1 to MaxDimensions
}

// String returns the name by which a search asks for vectors of the model. No other model has it: not one of the same name
// whose vectors are longer or shorter, and none that a store makes itself.
func (m TextModel) String() string { return "endpoint/" + strconv.Itoa(m.Dims) + "/" + m.Name }

// Embedding is a vector that was made of a memory.
type Embedding struct {
	Key sigil.Key
	// Tags are those that the memory had then. They are part of its text, and the only one that changes.
	Tags   []string
	Vector Vector
}

// Embeddings is an ability of a [Store]: it keeps the vectors that are made of texts, and knows which memories have none.
// Those that somebody else makes it keeps if it was opened with MeaningEndpoint. All of them are derived: their loss costs that they are
// made again.
type Embeddings interface {
	// UseModel makes m the model whose vectors are compared. If it is another than before, or if anew is set, all vectors
	// that were kept are dropped. It waits until the index of the store is built.
	UseModel(ctx context.Context, m TextModel, anew bool) error

	// Unembedded returns up to limit memories for which nothing is kept, due or not, in the order of their keys, that come
	// after a key.
	Unembedded(ctx context.Context, after sigil.Key, limit int) ([]sigil.Key, error)

	// KeepVectors keeps vectors that were made of memories, instead of those that were kept. An empty one is kept as well: the
	// memory has no vector. It leaves out those of memories that are not in the store, or have other tags by now. It
	// returns ErrConflict ("model_changed") if m is not the model in use.
	KeepVectors(ctx context.Context, m TextModel, made []Embedding) error

	// Reembed drops the vectors that are made of texts, and makes those anew that the store makes itself, behind the
	// call. Of the others Unembedded then has all.
	Reembed(ctx context.Context) error

	// Embedded returns how many memories there are, and for how many of them something is kept.
	Embedded(ctx context.Context) (memories, embedded int, err error)
}

// NewModelChanged returns the ErrConflict for vectors of a model that is not in use.
func NewModelChanged() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrConflict, Code: "model_changed", Detail: "vectors of another model are in use here"}
}
