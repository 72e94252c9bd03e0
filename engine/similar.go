package engine

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
)

// cosineSteps is in how many steps a cosine is told: the last digits of the arithmetic say nothing.
const cosineSteps = 10_000

// checkSimilar checks the cosine that a draft asks for.
func (e *Engine) checkSimilar(least float64) error {
	switch {
	case least == 0:
		return nil
	case !(least > 0 && least <= 1): // also not a number
		return sigil.NewInvalid("invalid_similar", "similar", "must be a number over 0 and at most 1")
	case e.analyzer == nil:
		return wrap(store.NewSearchOff())
	case e.searching.Meaning == store.MeaningOff:
		return wrap(store.NewMeaningOff())
	}
	return nil
}

// lookAround finds the similar memories of those items whose drafts asked for them.
func (e *Engine) lookAround(ctx context.Context, tenant string, items []store.Item) error {
	for i := range items {
		if similar := items[i].Idempotency.Similar; similar != nil {
			if err := e.findSimilar(ctx, tenant, &items[i], similar); err != nil {
				return err
			}
		}
	}
	return nil
}

// findSimilar finds what is near to an item: by its own vector if it has one, otherwise by that of its text.
func (e *Engine) findSimilar(ctx context.Context, tenant string, item *store.Item, similar *sigil.Similar) error {
	similar.Near = []sigil.Near{}
	// One more than is told, since an encode that reinforces is about one of them.
	find := store.SearchQuery{Tenant: tenant, Now: e.now(), Limit: sigil.MaxSimilar + 1, Nearest: similar.Least - 1.0/cosineSteps}
	var err error
	if find.Vector, find.Model, err = e.vectorOf(ctx, item); err != nil {
		if errors.Is(err, sigil.ErrUnavailable) { // the endpoint: the memory is kept all the same
			similar.Incomplete = true
			return nil
		}
		return wrap(err)
	}
	if len(find.Vector) == 0 {
		similar.Incomplete = find.Model == ""
		return nil
	}
	found, err := e.store.Search(ctx, find)
	if err != nil {
		return wrap(err)
	}
	similar.Incomplete = found.Incomplete || found.Vectors != store.VectorsReady
	for i := range found.Hits {
		h := &found.Hits[i]
		cosine := float64(meaning.Cosine(meaning.Vector(find.Vector), meaning.Vector(h.Vector)))
		if score := min(1, math.Round(cosine*cosineSteps)/cosineSteps); score >= similar.Least {
			similar.Near = append(similar.Near, sigil.Near{ID: h.Memory.ID, Score: score})
		}
	}
	slices.SortStableFunc(similar.Near, func(a, b sigil.Near) int { return cmp.Compare(b.Score, a.Score) })
	return nil
}

// vectorOf returns the vector of an item and its model, which is empty if it is not known yet. It is nil if the item has no words to
// make one of.
func (e *Engine) vectorOf(ctx context.Context, item *store.Item) (store.Vector, string, error) {
	if len(item.Vector) > 0 {
		return item.Vector, store.OwnModel, nil
	}
	by := e.embeds()
	if by == nil {
		if e.searching.Model() != meaning.Model { // an endpoint is to make them, which is not there yet
			return nil, "", nil
		}
		sum := meaning.BuiltIn().NewSum()
		e.analyzer.Texts(item.Memory.Data, item.Memory.Tags, sum.Add)
		return store.Vector(sum.Take()), meaning.Model, nil
	}
	m, known := by.Model()
	text := e.textOf(&item.Memory)
	if !known || strings.TrimSpace(text) == "" {
		return nil, e.textModel(), nil
	}
	v, err := by.Query(ctx, text)
	return v, m.String(), err
}
