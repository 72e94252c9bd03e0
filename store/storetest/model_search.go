package storetest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

// Search implements [store.Store]. It has no index: it cuts every memory of the tenant into terms each time.
func (s *Model) Search(ctx context.Context, q store.SearchQuery) (found store.Found, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return found, err
	}
	analyzer, err := new(store.SearchSettings).Analyzer()
	if err != nil {
		return found, err
	}
	text, err := analyzer.Parse(q.Text)
	if err != nil {
		return found, store.NewInvalidQuery(err)
	}
	live := slices.DeleteFunc(s.of(q.Tenant), func(m sigil.Memory) bool { return m.Due(q.Now) })
	all := documentsOf(analyzer, live)
	for i, m := range live {
		matched, ok := text.Match(m.Data, m.Tags)
		if !ok || !q.Filter.Matches(&m.Meta) || !q.Filter.MatchesTags(m.Tags) {
			continue
		}
		arithmetic := all.score(text, i)
		hit := store.Hit{Memory: copied(m)}
		for _, p := range arithmetic.Parts {
			hit.Words += p.Score
		}
		if q.Highlight {
			hit.Matched = matched
		}
		if q.Explain {
			hit.Terms = arithmetic
		}
		found.Hits = append(found.Hits, hit)
	}
	slices.SortFunc(found.Hits, func(a, b store.Hit) int {
		return cmp.Or(cmp.Compare(b.Words, a.Words), bytes.Compare(b.Memory.ID[:], a.Memory.ID[:]))
	})
	found.Hits = found.Hits[:min(q.Limit, len(found.Hits))]
	return found, nil
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
