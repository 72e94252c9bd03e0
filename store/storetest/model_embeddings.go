package storetest

import (
	"context"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var _ store.Embeddings = (*Model)(nil)

// UseModel implements [store.Embeddings]. The model makes its vectors itself.
func (*Model) UseModel(context.Context, store.TextModel, bool) error { return store.NewMeaningOff() }

// Unembedded implements [store.Embeddings]. Every memory has a vector.
func (*Model) Unembedded(context.Context, sigil.Key, int) ([]sigil.Key, error) { return nil, nil }

// KeepVectors implements [store.Embeddings].
func (*Model) KeepVectors(context.Context, store.TextModel, []store.Embedding) error {
	return store.NewModelChanged()
}

// Reembed implements [store.Embeddings]. Vectors are made at each search.
func (s *Model) Reembed(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enter(ctx)
}

// Embedded implements [store.Embeddings].
func (s *Model) Embedded(ctx context.Context) (memories, embedded int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.memories), len(s.memories), s.enter(ctx)
}
