package pgstore

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

// searchBounds bound what a search costs.
type searchBounds struct {
	// sample is how many of a tenant's newest memories are looked at for how common words are. If the tenant has fewer,
	// they are all.
	sample int
	// postings is how many memories with one of the rarer words of a query are looked at, about. Words that more have are
	// looked for among the newest memories only, and only if the others find too few.
	postings int
	// firstWalk and maxWalk are how many of the newest memories are looked at in the first step, and in a later one.
	firstWalk, maxWalk int
	// Of the vectors whose sign bits are nearest to the query's, so many are compared by their bytes: rescored, or
	// rescoredPerHit for each that is wanted, or one of rescoredOneOf of all, whichever is most.
	rescored, rescoredPerHit int
	// counted is how many of a tenant's newest memories are looked at for how common words are when hits are ranked.
	counted int
}

const rescoredOneOf = 80

var defaultBounds = searchBounds{sample: 1_000, postings: 10_000, firstWalk: 4_000, maxWalk: 64_000, rescored: 8192, rescoredPerHit: 64, counted: 4_000}

// fetched is the least number of memories whose content is read at once.
const fetched = 64

// Search finds memories by their words and vectors; see [store.Searcher]. If a word is in more than some 10,000 memories, memories
// that have none of the rarer words are found only if there are too few others, and then the newest of them are ranked.
// A search ends with the timeout of the store.
func (s *Store) Search(ctx context.Context, q store.SearchQuery) (found store.Found, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return found, err
	}
	if s.searching.analyzer == nil {
		return found, store.NewSearchOff()
	}
	text := &words.Query{} // finds nothing
	if len(q.Vector) == 0 || strings.TrimSpace(q.Text) != "" {
		if text, err = s.searching.analyzer.Parse(q.Text); err != nil {
			return found, store.NewInvalidQuery(err)
		}
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.settle(bounded, latest(q.Now, q.Filter.FadingAfter, q.Filter.FadingBefore)); err != nil {
		return found, reading(ctx, err)
	}
	one := newSearch(s, &q, text)
	if err = one.start(bounded, &found); err == nil && !one.nothing {
		found.Hits, err = one.run(bounded)
	}
	if err == nil && len(q.Vector) > 0 && found.Vectors != store.VectorsOff {
		err = one.addNearest(bounded, &found)
	}
	found.Memories, found.Average = one.memories, one.average
	return found, reading(ctx, err)
}

// search is one search.
type search struct {
	s        *Store
	q        *store.SearchQuery
	text     *words.Query
	words    []searchedWord
	required []choice
	not      []choice
	wanted   *wanted
	verify   bool // Match decides about each memory
	nothing  bool // no memory can be found

	memories int     // of the tenant; known after the sample
	average  float64 // length of those in the sample
	// prefixed is how many of those that the words found have each term that a prefix of the query stands for.
	prefixed map[string]int
}

// searchedWord is a word that ranks.
type searchedWord struct {
	choice
	weight float64
	df     int // how many memories have it, of a word that is not a prefix
	common bool
}

func newSearch(s *Store, q *store.SearchQuery, text *words.Query) *search {
	r := &search{s: s, q: q, text: text, verify: text.Verify}
	for _, w := range text.Words {
		one := searchedWord{weight: w.Weight}
		if w.Term != "" {
			one.choice = newChoice([]string{w.Term}, "", nil)
		} else {
			one.choice = newChoice(nil, w.Prefix, w.Cut)
		}
		if !one.impossible() {
			r.words = append(r.words, one)
			r.verify = r.verify || one.inexact
		}
	}
	for _, c := range text.Must {
		for _, all := range c.All {
			r.require(newChoice(all.Terms, all.Prefix, all.Cut))
		}
	}
	for _, c := range text.Not {
		if c.Verify || len(c.All) != 1 {
			continue // Match decides
		}
		if one := newChoice(c.All[0].Terms, c.All[0].Prefix, c.All[0].Cut); one.inexact {
			r.verify = true
		} else if !one.impossible() {
			r.not = append(r.not, one)
		}
	}
	for _, tag := range q.Filter.Tags {
		r.require(wholeTags(tag))
	}
	if len(q.Filter.AnyTags) > 0 {
		r.require(wholeTags(q.Filter.AnyTags...))
	}
	if len(q.Filter.NotTags) > 0 {
		r.not = append(r.not, wholeTags(q.Filter.NotTags...))
	}
	r.nothing = r.nothing || len(text.Must) == 0 && (len(text.Words) > 0 && len(r.words) == 0 || len(text.Words) == 0 && len(text.Not) == 0)
	r.wanted = newWanted(r)
	return r
}

func (r *search) require(c choice) {
	r.required = append(r.required, c)
	r.verify = r.verify || c.inexact
	r.nothing = r.nothing || c.impossible()
}

func wholeTags(tags ...string) (c choice) {
	for _, tag := range tags {
		c.terms = append(c.terms, stored(wholeTag+tag))
	}
	return c
}

// needsWord reports whether a memory must have one of the words.
func (r *search) needsWord() bool { return len(r.text.Must) == 0 && len(r.words) > 0 }

// bounds bound what the search costs.
func (r *search) bounds() *searchBounds { return &r.s.searching.bounds }

// run returns the hits.
func (r *search) run(ctx context.Context) ([]store.Hit, error) {
	newest, err := r.candidates(ctx, source{limit: r.bounds().sample})
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	total := 0
	for i := range newest {
		total += newest[i].length
	}
	r.average = float64(total) / float64(len(newest))
	if len(newest) < r.bounds().sample { // they are all
		r.memories = len(newest)
		r.count(newest)
		return r.best(ctx, newest)
	}
	known, rows, err := r.s.statistics(ctx, r.q.Tenant)
	if err != nil {
		return nil, err
	}
	r.memories, r.average = max(rows, len(newest)), known.average
	r.estimate(newest)
	if len(r.required) == 0 {
		return r.rareThenNewest(ctx)
	}
	if err := r.countStored(ctx); err != nil {
		return nil, err
	}
	all, err := r.candidates(ctx, source{indexed: r.condition(r.words)})
	if err != nil {
		return nil, err
	}
	return r.best(ctx, all)
}

// rareThenNewest finds memories by the rarer words, and then among the newest.
func (r *search) rareThenNewest(ctx context.Context) (hits []store.Hit, err error) {
	var all []candidate
	rare := slices.DeleteFunc(slices.Clone(r.words), func(w searchedWord) bool { return w.common })
	if len(rare) > 0 {
		if all, err = r.candidates(ctx, source{indexed: r.condition(rare)}); err != nil {
			return nil, err
		}
		r.count(all)
		if hits, err = r.best(ctx, all); err != nil || len(hits) == r.q.Limit || len(rare) == len(r.words) {
			return hits, err
		}
	}
	seen := make(map[sigil.ID]bool, len(all))
	for i := range all {
		seen[all[i].id] = true
	}
	from := source{limit: r.bounds().firstWalk}
	for {
		more, err := r.candidates(ctx, from)
		if err != nil {
			return nil, err
		}
		for i := range more {
			if !seen[more[i].id] {
				all = append(all, more[i])
			}
		}
		if hits, err = r.best(ctx, all); err != nil || len(hits) == r.q.Limit || len(more) < from.limit {
			return hits, err
		}
		from = source{limit: min(4*from.limit, r.bounds().maxWalk), before: more[len(more)-1].id}
	}
}

// count counts how many memories have each word that is neither common nor a prefix, by candidates that have all with it.
func (r *search) count(all []candidate) {
	counts := r.counts(all)
	for i := range r.words {
		if !r.words[i].common {
			r.words[i].df = counts[i]
		}
	}
}

// counts returns how many candidates have each word.
func (r *search) counts(all []candidate) []int {
	counts := make([]int, len(r.words))
	for i := range all {
		last := -1
		for _, m := range all[i].matches { // by word
			if m.word != last {
				counts[m.word]++
				last = m.word
			}
		}
	}
	return counts
}

// estimate estimates how many memories have each word by those of a sample, and finds out which words are common: so many
// memories have them that the others are looked at first.
func (r *search) estimate(sample []candidate) {
	counts := r.counts(sample)
	order := make([]int, len(r.words)) // the rarest first
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[a], counts[b]) })
	total := 0
	for _, i := range order {
		w := &r.words[i]
		w.df = max(1, counts[i]*r.memories/len(sample))
		total += w.df
		w.common = total > r.bounds().postings
	}
}

// best ranks candidates and returns the best that are live and match.
func (r *search) best(ctx context.Context, all []candidate) (hits []store.Hit, err error) {
	begun := r.begun(all)
	r.prefixed = begun
	ranked := make([]*candidate, 0, len(all))
	for i := range all {
		c := &all[i]
		if !c.pass {
			continue
		}
		c.score = 0
		r.score(c, begun, func(t store.TermScore) { c.score += t.Score })
		if c.score > 0 || !r.needsWord() {
			ranked = append(ranked, c)
		}
	}
	slices.SortFunc(ranked, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), bytes.Compare(b.id[:], a.id[:]))
	})
	for len(ranked) > 0 && len(hits) < r.q.Limit {
		next := ranked[:min(len(ranked), max(fetched, r.q.Limit-len(hits)))]
		ranked = ranked[len(next):]
		found, err := r.fetch(ctx, next)
		if err != nil {
			return nil, err
		}
		for _, c := range next {
			m, ok := found[c.id]
			if !ok || len(hits) == r.q.Limit {
				continue
			}
			hit := store.Hit{Memory: m, Words: c.score}
			if r.verify {
				if _, ok = r.text.Match(m.Data, m.Tags); !ok {
					continue
				}
			}
			if r.q.Explain {
				hit.Terms = &store.Arithmetic{Memories: r.memories, Average: r.average, Length: c.length}
				r.score(c, begun, func(t store.TermScore) { hit.Terms.Parts = append(hit.Terms.Parts, t) })
			}
			hits = append(hits, hit)
		}
	}
	return hits, nil
}

// begun counts how many candidates have each term that a prefix of the query stands for.
func (r *search) begun(all []candidate) map[string]int {
	df := map[string]int{}
	for i := range all {
		for _, m := range all[i].matches {
			if m.begun {
				df[m.term]++
			}
		}
	}
	return df
}

// score calls add with what each word adds to the score of a candidate. Of the terms that a prefix stands for, that is the one
// that adds most.
func (r *search) score(c *candidate, begun map[string]int, add func(store.TermScore)) {
	for i := 0; i < len(c.matches); {
		var best store.TermScore
		word := c.matches[i].word
		w := &r.words[word]
		for ; i < len(c.matches) && c.matches[i].word == word; i++ {
			m := &c.matches[i]
			t := store.TermScore{Term: m.term, Count: m.count, DF: w.df, Weight: w.weight}
			if w.prefix != "" {
				t.DF = max(1, begun[m.term])
			}
			t.IDF = words.IDF(r.memories, t.DF)
			t.Score = w.weight * words.BM25(t.IDF, t.Count, c.length, r.average)
			if t.Score > best.Score {
				best = t
			}
		}
		add(best)
	}
}

// fetch returns the memories of candidates that are live and pass the filter.
func (r *search) fetch(ctx context.Context, all []*candidate) (map[sigil.ID]sigil.Memory, error) {
	ids := make([][16]byte, len(all))
	for i, c := range all {
		ids[i] = c.id
	}
	behind := r.s.refreshes.all(r.q.Tenant)
	rows, err := r.s.query(ctx, scanMemory, "select "+memoryColumns+" from sigil.memories where tenant = $1 and id = any ($2::uuid[]) and fades_at > $3", r.q.Tenant, ids, r.q.Now)
	if err != nil {
		return nil, err
	}
	found := make(map[sigil.ID]sigil.Memory, len(rows))
	for _, row := range rows {
		m := r.s.refreshes.over(row, behind[row.Key]).Memory
		if !m.Due(r.q.Now) && r.q.Filter.Matches(&m.Meta) {
			found[m.ID] = m
		}
	}
	return found, nil
}
