package storetest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

// Search implements [store.Store]. It has no index: it cuts every memory of the tenant into terms each time, and makes every
// vector.
func (s *Model) Search(ctx context.Context, q store.SearchQuery) (found store.Found, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return found, err
	}
	settings := s.Searching()
	analyzer, err := settings.Analyzer()
	if err != nil {
		return found, err
	}
	var text *words.Query
	if len(q.Vector) == 0 || strings.TrimSpace(q.Text) != "" {
		if text, err = analyzer.Parse(q.Text); err != nil {
			return found, store.NewInvalidQuery(err)
		}
	}
	found.Vectors = store.VectorsReady
	if !settings.Compares(cmp.Or(q.Model, settings.Model())) {
		found.Vectors = store.VectorsOff
	}
	live := slices.DeleteFunc(s.of(q.Tenant), func(m sigil.Memory) bool { return m.Due(q.Now) })
	all := documentsOf(analyzer, live)
	found.Memories, found.Average = len(live), all.average
	var byWords, byVector []modelHit
	for i, m := range live {
		if !q.Filter.Matches(&m.Meta) || !q.Filter.MatchesTags(m.Tags) {
			continue
		}
		hit := modelHit{Hit: store.Hit{Memory: sigil.Memory{Meta: m.Meta}}}
		matches, allowed := false, true
		if text != nil {
			_, matches = text.Match(m.Data, m.Tags)
			allowed = len(text.Must) == 0 && text.Allows(m.Data, m.Tags)
			arithmetic := all.score(text, i)
			for _, p := range arithmetic.Parts {
				hit.Words += p.Score
			}
			if q.Explain {
				hit.Terms = arithmetic
			}
		}
		if v := s.vector(analyzer, q.Model, &m); len(q.Vector) > 0 && len(v) == len(q.Vector) {
			hit.Vector = v
			hit.cosine = float64(meaning.Cosine(meaning.Vector(q.Vector), meaning.Vector(v)))
		}
		if matches {
			byWords = append(byWords, hit)
		}
		if allowed && hit.Vector != nil && hit.cosine > q.Nearest {
			byVector = append(byVector, hit)
		}
	}
	slices.SortFunc(byWords, func(a, b modelHit) int { return a.before(&b, a.Words, b.Words) })
	slices.SortFunc(byVector, func(a, b modelHit) int { return a.before(&b, a.cosine, b.cosine) })
	seen := map[sigil.ID]bool{}
	for _, h := range slices.Concat(byWords[:min(q.Limit, len(byWords))], byVector[:min(q.Limit, len(byVector))]) {
		if !seen[h.Memory.ID] {
			seen[h.Memory.ID] = true
			found.Hits = append(found.Hits, h.Hit)
		}
	}
	return found, nil
}

// modelHit is a hit, and how near it is to the query's vector.
type modelHit struct {
	store.Hit
	cosine float64
}

// before orders hits by a score, and of the same score the newest first.
func (h *modelHit) before(other *modelHit, mine, theirs float64) int {
	return cmp.Or(cmp.Compare(theirs, mine), bytes.Compare(other.Memory.ID[:], h.Memory.ID[:]))
}

// vector returns a memory's vector of a model.
//
// +checklocks:s.mu
func (s *Model) vector(a *words.Analyzer, model string, m *sigil.Memory) store.Vector {
	if model == store.OwnModel {
		return s.vectors[m.Key]
	}
	if model != meaning.Model {
		return nil
	}
	sum := meaning.BuiltIn().NewSum()
	a.Texts(m.Data, m.Tags, sum.Add)
	return store.Vector(sum.Take())
}

// Searching implements [store.Store].
func (*Model) Searching() store.SearchSettings { return store.SearchSettings{} }

// Contents implements [store.Store].
func (s *Model) Contents(ctx context.Context, tenant string, ids []sigil.ID, now time.Time) (all []sigil.Memory, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if m, ok := s.memories[sigil.Key{Tenant: tenant, ID: id}]; ok && !m.Due(now) {
			all = append(all, copied(m))
		}
	}
	return all, nil
}

// Frequencies implements [store.Store]. It counts memories that are due as well.
func (s *Model) Frequencies(ctx context.Context, tenant string, terms []string) (store.Frequencies, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return store.Frequencies{}, err
	}
	analyzer, err := new(store.SearchSettings).Analyzer()
	if err != nil {
		return store.Frequencies{}, err
	}
	all := documentsOf(analyzer, s.of(tenant))
	f := store.Frequencies{Memories: len(all.counts), Average: all.average, With: make([]int, len(terms))}
	for i, term := range terms {
		for _, counts := range all.counts {
			if counts[term] > 0 {
				f.With[i]++
			}
		}
	}
	return f, nil
}

// Vectors implements [store.Store].
func (s *Model) Vectors(ctx context.Context, tenant, model string, ids []sigil.ID) ([]store.Vector, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	analyzer, err := new(store.SearchSettings).Analyzer()
	if err != nil {
		return nil, err
	}
	all := make([]store.Vector, len(ids))
	for i, id := range ids {
		if m, ok := s.memories[sigil.Key{Tenant: tenant, ID: id}]; ok {
			all[i] = s.vector(analyzer, model, &m)
		}
	}
	return all, nil
}

// documents are the terms of all memories of a tenant.
type documents struct {
	counts  []map[string]int
	lengths []int
	average float64
}

func documentsOf(a *words.Analyzer, all []sigil.Memory) documents {
	var d documents
	total := 0
	for _, m := range all {
		doc := a.Document(m.Data, m.Tags, nil)
		counts := map[string]int{}
		for _, t := range doc.Terms {
			counts[t.Text] = t.Count
		}
		d.counts, d.lengths = append(d.counts, counts), append(d.lengths, doc.Length)
		total += doc.Length
	}
	d.average = float64(total) / float64(max(len(all), 1))
	return d
}

// score returns the arithmetic of one memory.
func (d *documents) score(q *words.Query, i int) *store.Arithmetic {
	a := &store.Arithmetic{Memories: len(d.counts), Average: d.average, Length: d.lengths[i]}
	for _, w := range q.Words {
		best := store.TermScore{}
		for term := range d.counts[i] {
			if term != w.Term && (w.Prefix == "" || !strings.HasPrefix(term, w.Prefix)) && !slices.Contains(w.Cut, term) {
				continue
			}
			p := store.TermScore{Term: term, Count: d.counts[i][term], Weight: w.Weight}
			for _, counts := range d.counts {
				if counts[term] > 0 {
					p.DF++
				}
			}
			p.IDF = words.IDF(a.Memories, p.DF)
			p.Score = p.Weight * words.BM25(p.IDF, p.Count, a.Length, a.Average)
			if p.Score > best.Score {
				best = p
				best.Term = words.Name(term)
			}
		}
		if best.Score > 0 {
			a.Parts = append(a.Parts, best)
		}
	}
	return a
}
