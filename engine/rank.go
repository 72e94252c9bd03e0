package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

// ranking ranks the hits of one search.
type ranking struct {
	e       *Engine
	tenant  string
	now     time.Time
	weights Weights
	text    *words.Query   // nil if only a vector is searched with
	vector  meaning.Vector // nil if only words are
	found   store.Found
	hits    []SearchHit

	unavailable bool    // the endpoint that makes vectors of queries does not answer
	explain     bool    // whether hits have Why
	least       float64 // the cosine over which a memory is found by its vector alone
}

// rank sets the scores of the hits and orders them.
func (r *ranking) rank(ctx context.Context) error {
	best := 0.0
	for i := range r.found.Hits {
		best = max(best, r.found.Hits[i].Words)
	}
	r.hits = make([]SearchHit, len(r.found.Hits))
	for i := range r.found.Hits {
		f := &r.found.Hits[i]
		h := &r.hits[i]
		h.Memory, h.vector = f.Memory, meaning.Vector(f.Vector)
		h.Parts.Freshness = 1 - f.Memory.Decay(r.now)
		h.Parts.Strength = float64(f.Memory.AccessCount) / (float64(f.Memory.AccessCount) + halfStrength)
		if best > 0 {
			h.Parts.Words = f.Words / best
		}
		if r.explain {
			h.Why = r.begin(f, best)
		}
	}
	r.compare(r.vector)
	r.order()
	if r.vector == nil || r.text == nil || r.weights.Words == 0 {
		return nil
	}
	if err := r.rerank(ctx); err != nil {
		return err
	}
	r.order()
	var nearest []meaning.Vector
	for i := range r.hits {
		if v := r.hits[i].vector; v != nil && len(nearest) < meaning.Feedback {
			nearest = append(nearest, v)
		}
	}
	r.compare(meaning.Toward(r.vector, nearest, meaning.FeedbackShare))
	r.order()
	return nil
}

// compare sets the parts that are of meaning: the cosines of the angles between the memories' vectors and v, or 0 if they are below.
func (r *ranking) compare(v meaning.Vector) {
	if v == nil {
		return
	}
	for i := range r.hits {
		h := &r.hits[i]
		cosine := float64(meaning.Cosine(v, h.vector))
		h.Parts.Meaning = max(0, cosine)
		if h.Why != nil && h.vector != nil {
			h.Why.compared(cosine, r.least)
		}
	}
}

// order sets the scores by the parts and orders the hits.
func (r *ranking) order() {
	w := &r.weights
	for i := range r.hits {
		p := &r.hits[i].Parts
		r.hits[i].Score = w.Words*p.Words + w.Meaning*p.Meaning + w.Freshness*p.Freshness + w.Strength*p.Strength
	}
	slices.SortStableFunc(r.hits, func(a, b SearchHit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Parts.Freshness, a.Parts.Freshness), cmp.Compare(b.Parts.Strength, a.Parts.Strength))
	})
}

// rerank sets the parts that are of words anew: those of the best by all words of their content, and those of the others so that
// they are comparable.
func (r *ranking) rerank(ctx context.Context) error {
	best := make([]*SearchHit, min(len(r.hits), meaning.Reranked))
	for i := range best {
		best[i] = &r.hits[i]
	}
	if err := r.e.read(ctx, r.tenant, r.now, best); err != nil {
		return err
	}
	query := r.text.Sequence()
	texts := make([][]words.Token, len(best))
	numbers := map[string]int{}
	var terms []string
	add := func(all []words.Token) {
		for _, t := range all {
			if _, ok := numbers[t.Term]; !ok {
				numbers[t.Term] = len(terms)
				terms = append(terms, t.Term)
			}
		}
	}
	add(query)
	for i, h := range best {
		if !h.gone {
			texts[i] = r.e.analyzer.Sequence(h.Memory.Data, h.Memory.Tags, nil)
			add(texts[i])
		}
	}
	f, err := r.e.store.Frequencies(ctx, r.tenant, terms)
	if err != nil {
		return wrap(err)
	}
	weighed := func(all []words.Token) []meaning.Word {
		weighed := make([]meaning.Word, len(all))
		for i, t := range all {
			weighed[i] = meaning.Word{Term: t.Term, Text: t.Text, IDF: words.IDF(f.Memories, f.With[numbers[t.Term]])}
		}
		return weighed
	}
	ranker := meaning.BuiltIn().NewRanker(weighed(query), f.Average)
	scores, pairs := make([]float64, len(best)), make([]float64, len(best))
	for i := range best {
		scores[i], pairs[i] = ranker.Score(weighed(texts[i]))
	}
	top := 0.0
	for _, score := range scores {
		top = max(top, score)
	}
	for i, h := range best {
		h.Parts.Words = ranker.WordsPart(h.Parts.Words, scores[i], top, pairs[i])
		if h.Why != nil {
			h.Why.read(ranker, scores[i], top, pairs[i])
		}
	}
	for i := len(best); i < len(r.hits); i++ {
		h := &r.hits[i]
		h.Parts.Words = ranker.UnreadPart(h.Parts.Words)
		if h.Why != nil {
			h.Why.unread(ranker)
		}
	}
	r.hits = slices.DeleteFunc(r.hits, func(h SearchHit) bool { return h.gone })
	return nil
}
