package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// What vectors are made of and by, under this package's name.
type (
	// TextModel is [store.TextModel].
	TextModel = store.TextModel
	// Vector is [store.Vector].
	Vector = store.Vector
	// Embedding is [store.Embedding].
	Embedding = store.Embedding
)

// Embedder makes vectors of texts by an endpoint. The engine asks it for those of queries, and tells it of new memories, whose
// vectors it hands to [Engine.KeepVectors]. Its methods are safe for concurrent use.
type Embedder interface {
	// Query returns the vector of a query, which may be empty. It returns [sigil.ErrUnavailable], soon, if the endpoint
	// does not answer.
	Query(ctx context.Context, text string) (Vector, error)
	// Model returns the model, which is known once the endpoint has answered.
	Model() (m TextModel, known bool)
	// Add is called with new memories, and Look when others have lost their vectors. They never wait.
	Add(keys ...sigil.Key)
	Look()
	// Hold stops the making of vectors for others than new memories, or goes on with it. Held reports it.
	Hold(held bool)
	Held() bool
	// Forget is called when the endpoint may make other vectors than before of the same queries.
	Forget()
}

// UseEmbedder has vectors made by an embedder from now on. The store must be one that was opened with [store.MeaningEndpoint].
func (e *Engine) UseEmbedder(by Embedder) { e.embedder.Store(&by) }

// embeds returns the embedder, or nil.
func (e *Engine) embeds() Embedder {
	if by := e.embedder.Load(); by != nil {
		return *by
	}
	return nil
}

// textModel returns the model of the vectors that are made of texts, or "" if there are none.
func (e *Engine) textModel() string {
	if by := e.embeds(); by != nil {
		if m, known := by.Model(); known {
			return m.String()
		}
		return ""
	}
	return e.searching.Model()
}

// compares reports whether vectors of a model are compared.
func (e *Engine) compares(model string) bool {
	return e.searching.Compares(model) || model != "" && model == e.textModel()
}

// byEndpoint sets the vector of a query by the embedder. If its endpoint does not answer, words do, and vectors is what the
// answer says of vectors.
func (r *ranking) byEndpoint(ctx context.Context, by Embedder, find *store.SearchQuery) error {
	m, known := by.Model()
	text := r.text.Plain()
	if !known || strings.TrimSpace(text) == "" {
		return nil
	}
	v, err := by.Query(ctx, text)
	if errors.Is(err, sigil.ErrUnavailable) {
		r.unavailable = true
		return nil
	}
	if err != nil {
		return wrap(err)
	}
	find.Vector, find.Model, find.Nearest = v, m.String(), leastCosine
	return nil
}

// embedded passes new memories to the embedder.
func (e *Engine) embedded(items []store.Item) {
	by := e.embeds()
	if by == nil {
		return
	}
	keys := make([]sigil.Key, len(items))
	for i := range items {
		keys[i] = items[i].Memory.Key
	}
	by.Add(keys...)
}

// embeddings returns the ability of the store to keep vectors that an endpoint makes.
func (e *Engine) embeddings() (store.Embeddings, error) {
	s, ok := e.store.Store.(store.Embeddings)
	if !ok || e.analyzer == nil || e.searching.Meaning == store.MeaningOff {
		return nil, store.NewMeaningOff()
	}
	return s, nil
}

// UseModel makes m the model whose vectors are compared; see [store.Embeddings].
func (e *Engine) UseModel(ctx context.Context, m TextModel) error {
	s, err := e.embeddings()
	if err != nil {
		return wrap(err)
	}
	return wrap(s.UseModel(ctx, m, false))
}

// Unembedded returns memories without a vector; see [store.Embeddings].
func (e *Engine) Unembedded(ctx context.Context, after sigil.Key, limit int) ([]sigil.Key, error) {
	s, err := e.embeddings()
	if err != nil {
		return nil, wrap(err)
	}
	keys, err := s.Unembedded(ctx, after, limit)
	return keys, wrap(err)
}

// KeepVectors keeps vectors of memories; see [store.Embeddings].
func (e *Engine) KeepVectors(ctx context.Context, m TextModel, made []Embedding) error {
	s, err := e.embeddings()
	if err != nil {
		return wrap(err)
	}
	return wrap(s.KeepVectors(ctx, m, made))
}

// Text is what a vector of a memory is made of.
type Text struct {
	// Text has the memory's tags and values that are searched, a line each. It is empty if the memory is not live.
	Text string
	// Tags are the memory's, for [Embedding].
	Tags []string
}

// Texts returns the texts of memories, by index of keys.
func (e *Engine) Texts(ctx context.Context, keys []sigil.Key) ([]Text, error) {
	texts := make([]Text, len(keys))
	if e.analyzer == nil {
		return texts, nil
	}
	byTenant := map[string][]sigil.ID{}
	place := map[sigil.Key]int{}
	for i, key := range keys {
		byTenant[key.Tenant] = append(byTenant[key.Tenant], key.ID)
		place[key] = i
	}
	now := e.now()
	for tenant, ids := range byTenant {
		// The tags of memories that are not live are needed as well, so that it is kept that they have no vector.
		all, err := e.store.Contents(ctx, tenant, ids, time.Time{})
		if err != nil {
			return nil, wrap(err)
		}
		for i := range all {
			to := &texts[place[all[i].Key]]
			to.Tags = all[i].Tags
			if !all[i].Due(now) {
				to.Text = e.textOf(&all[i])
			}
		}
	}
	return texts, nil
}

// textOf returns the text of a memory that a vector is made of.
func (e *Engine) textOf(m *sigil.Memory) string {
	var text strings.Builder
	e.analyzer.Texts(m.Data, m.Tags, func(part []byte) bool {
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		text.Write(part)
		return text.Len() < maxEmbedded
	})
	return text.String()
}

// maxEmbedded is about how many bytes of a memory's texts are made a vector of.
const maxEmbedded = 16 << 10

// Coverage is how many memories have the vectors that are made of texts.
type Coverage struct {
	Model    string // empty if none is in use yet
	Memories int
	Vectors  int // of memories for which one was made, or which have nothing to make one of
	// Stopped means that this process does not make those that are missing, until that is undone or it is started again.
	Stopped bool
}

// Complete reports whether all memories have vectors.
func (c *Coverage) Complete() bool { return c.Model != "" && c.Vectors >= c.Memories }

// Coverage returns how many memories have the vectors that are made of texts. It returns [sigil.ErrConflict] ("meaning_off") if
// none are made.
func (e *Engine) Coverage(ctx context.Context) (c Coverage, err error) {
	s, err := e.embeddings()
	if err != nil {
		return c, wrap(err)
	}
	c.Model = e.textModel()
	if by := e.embeds(); by != nil {
		c.Stopped = by.Held()
	}
	c.Memories, c.Vectors, err = s.Embedded(ctx)
	return c, wrap(err)
}

// Reembed drops the vectors that are made of texts, and has them made anew, while words find. It returns
// [sigil.ErrConflict] ("meaning_off") if none are made.
func (e *Engine) Reembed(ctx context.Context) (err error) {
	defer e.observe("reembed", 1)(&err)
	s, err := e.embeddings()
	if err != nil {
		return wrap(err)
	}
	if err := s.Reembed(ctx); err != nil {
		return wrap(err)
	}
	if by := e.embeds(); by != nil {
		by.Forget()
		by.Hold(false)
	}
	return nil
}

// HoldEmbedding stops the making of missing vectors by the endpoint in this process, or goes on with it. It has no effect if no
// endpoint makes them.
func (e *Engine) HoldEmbedding(held bool) {
	if by := e.embeds(); by != nil {
		by.Hold(held)
	}
}
