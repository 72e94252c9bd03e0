package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

// likeWords is how many words of a memory are searched for when others like it are: those that tell most about it.
const likeWords = 24

// like reads the memory that q.Like names and searches for its words and its vector.
func (r *ranking) like(ctx context.Context, q *SearchQuery, find *store.SearchQuery, byMeaning bool) error {
	if q.Vector != nil || strings.TrimSpace(q.Text) != "" {
		return sigil.NewInvalid("invalid_like", "like", "cannot be together with a query or a vector")
	}
	all, err := r.e.store.Contents(ctx, r.tenant, []sigil.ID{q.Like}, r.now)
	if err != nil {
		return wrap(err)
	}
	if len(all) == 0 {
		gone := sigil.NewNotFound()
		gone.Field = "like"
		return gone
	}
	if find.Text, err = r.telling(ctx, &all[0]); err != nil {
		return err
	}
	if find.Text != "" {
		if r.text, err = r.e.analyzer.Parse(find.Text); err != nil {
			return wrap(store.NewInvalidQuery(err))
		}
	}
	for _, model := range []string{store.OwnModel, r.e.textModel()} {
		if !byMeaning || !r.e.compares(model) || len(find.Vector) > 0 {
			continue
		}
		vectors, err := r.e.store.Vectors(ctx, r.tenant, model, []sigil.ID{q.Like})
		if err != nil {
			return wrap(err)
		}
		find.Vector, find.Model = vectors[0], model
		if model != store.OwnModel {
			find.Nearest = leastCosine
		}
	}
	r.vector = meaning.Vector(find.Vector)
	return nil
}

// telling returns the words of a memory that tell most about it: those that are frequent in it and rare in others, in their
// order.
func (r *ranking) telling(ctx context.Context, m *sigil.Memory) (string, error) {
	counts := map[string]int{}
	var all []words.Token
	var terms []string
	for _, t := range r.e.analyzer.Sequence(m.Data, m.Tags, nil) {
		if !plainWord(t.Text) {
			continue
		}
		if counts[t.Term]++; counts[t.Term] == 1 {
			all, terms = append(all, t), append(terms, t.Term)
		}
	}
	f, err := r.e.store.Frequencies(ctx, r.tenant, terms)
	if err != nil {
		return "", wrap(err)
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	weight := func(i int) float64 { return float64(counts[terms[i]]) * words.IDF(f.Memories, f.With[i]) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight(b), weight(a)) })
	order = order[:min(len(order), likeWords)]
	slices.Sort(order)
	var texts []string
	for _, i := range order {
		texts = append(texts, all[i].Text)
	}
	return strings.Join(texts, " "), nil
}

// plainWord reports whether a query reads a text as a word and nothing else.
func plainWord(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return (unicode.IsLetter(first) || unicode.IsDigit(first)) && !strings.ContainsAny(text, ":*\"")
}
