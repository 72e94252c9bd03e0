package pebblestore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/search"
)

// Search finds memories by their words and vectors; see [store.Searcher].
func (s *Store) Search(ctx context.Context, q store.SearchQuery) (found store.Found, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return found, err
	}
	f := s.finder
	if f.analyzer == nil {
		return found, store.NewSearchOff()
	}
	one := finding{s: s, q: &q}
	if len(q.Vector) == 0 || strings.TrimSpace(q.Text) != "" {
		if one.text, err = f.analyzer.Parse(q.Text); err != nil {
			return found, store.NewInvalidQuery(err)
		}
	}
	found.Incomplete = !f.built.Load()
	one.tenantIndex = f.of(q.Tenant, false)
	found.Vectors = s.vectorState(&q, !found.Incomplete, one.tenantIndex)
	if one.tenantIndex == nil {
		return found, nil
	}
	found.Memories, found.Average = one.words.Frequencies(nil, nil)
	one.prepare()
	for gone := true; gone; {
		if err := f.steady(func() (err error) {
			found.Hits, gone, err = one.hits(ctx)
			return err
		}); err != nil {
			return found, err
		}
	}
	return found, nil
}

// vectorState returns whether vectors of a query's model, or those of texts, are compared. x may be nil.
func (s *Store) vectorState(q *store.SearchQuery, built bool, x *tenantIndex) store.VectorState {
	settings, used := &s.finder.settings, s.embeddings.used()
	asked := cmp.Or(q.Model, settings.Model(), used)
	ofEndpoint := settings.Meaning == store.MeaningEndpoint && asked == used
	switch {
	case !ofEndpoint && !settings.Compares(asked):
		return store.VectorsOff
	case !built, ofEndpoint && (used == "" || x != nil && x.made.len() < x.words.Len()):
		return store.VectorsBuilding
	default:
		return store.VectorsReady
	}
}

// finding is one search.
type finding struct {
	*tenantIndex
	s      *Store
	q      *store.SearchQuery
	text   *words.Query  // nil if only a vector finds
	query  *search.Query // what the word index is asked; nil if no word finds
	set    *meaning.Set  // the vectors that are compared, or nil
	stored *ownVectors   // that set is one of, or nil
	vector *meaning.Query
}

// prepare reads the query.
func (f *finding) prepare() {
	if t := f.text; t != nil && len(t.Words)+len(t.Must)+len(t.Not) > 0 { // a query of signs only finds nothing
		f.query = indexQuery(t, &f.q.Filter)
	}
	switch settings := &f.s.finder.settings; {
	case len(f.q.Vector) == 0:
		return
	case settings.Meaning == store.MeaningEndpoint && f.q.Model != store.OwnModel:
		if f.q.Model != f.s.embeddings.used() {
			return
		}
		f.stored = &f.made
	case !settings.Compares(f.q.Model):
		return
	case f.q.Model == store.OwnModel:
		f.stored = &f.own
	}
	if f.set = f.texts; f.stored != nil {
		f.set = f.stored.set(len(f.q.Vector))
	}
	f.vector = meaning.NewQuery(meaning.Vector(f.q.Vector))
}

// hits returns the hits, and whether one that was found has gone meanwhile, so that it has to be asked again.
func (f *finding) hits(ctx context.Context) (hits []store.Hit, gone bool, err error) {
	byWords, err := f.byWords(ctx)
	if err != nil {
		return nil, false, err
	}
	byVector, err := f.byVector(ctx)
	if err != nil {
		return nil, false, err
	}
	hits = make([]store.Hit, 0, len(byWords)+len(byVector))
	var codes meaning.Vector // of all hits
	add := func(h search.Hit, handle uint32, ok bool) {
		m, there := f.s.index.Meta(sigil.Key{Tenant: f.q.Tenant, ID: h.ID})
		if !there || m.Due(f.q.Now) {
			f.s.keys.One(sigil.Key{Tenant: f.q.Tenant, ID: h.ID}).Unlock() // it is being removed: see List
			gone = true
			return
		}
		hit := store.Hit{Memory: sigil.Memory{Meta: m}, Words: h.Score}
		if ok {
			from := len(codes)
			if codes, ok = f.set.Append(codes, meaning.ID(h.ID), handle); ok {
				hit.Vector = store.Vector(codes[from:len(codes):len(codes)])
			}
		}
		if f.q.Explain && f.query != nil {
			hit.Terms = arithmetic(f.words, f.query, h.ID)
		}
		hits = append(hits, hit)
	}
	for _, h := range byWords {
		handle, ok := f.handle(&h)
		add(h, handle, ok)
	}
	var others []meaning.Hit
	var ids []sigil.ID
	seen := make(map[sigil.ID]bool, len(byWords))
	for i := range byWords {
		seen[byWords[i].ID] = true
	}
	for _, h := range byVector {
		if id := sigil.ID(h.ID); !seen[id] {
			others, ids = append(others, h), append(ids, id)
		}
	}
	scores := make([]float64, len(ids))
	if f.query != nil && len(ids) > 0 {
		scores = f.words.Scores(f.query, ids)
	}
	for i, h := range others {
		add(search.Hit{ID: ids[i], Score: scores[i]}, h.Handle, true)
	}
	return hits, gone, nil
}

// handle returns the handle of the vector of a memory that was found by words, if it has one that is compared.
func (f *finding) handle(h *search.Hit) (uint32, bool) {
	switch f.set {
	case nil:
		return 0, false
	case f.texts:
		return h.Ref - 1, h.Ref != 0
	default:
		at, ok := f.stored.place(h.ID)
		return at.handle, ok && at.set == f.set
	}
}

// byWords returns the best memories by words that are live and pass the filter.
func (f *finding) byWords(ctx context.Context) (hits []search.Hit, err error) {
	if f.query == nil {
		return nil, nil
	}
	hits = f.words.Search(f.query, f.q.Limit, func(id sigil.ID, _ uint32) bool {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false
		}
		m, ok := f.s.index.Get(sigil.Key{Tenant: f.q.Tenant, ID: id})
		if !ok || m.Due(f.q.Now) || !f.q.Filter.Matches(&m.Meta) {
			return false
		}
		if !f.text.Verify {
			return true
		}
		memory, ok, failed := f.s.read(m)
		if failed != nil {
			err = failed
		}
		if ok {
			_, ok = f.text.Match(memory.Data, memory.Tags)
		}
		return ok
	})
	return hits, err
}

// moreNearest is how many more vectors than are wanted are looked for at first, since some may not be live or not pass the filter.
const moreNearest = 32

// byVector returns the nearest memories that are live and pass the filter.
//
// At first it looks for the nearest of all, and then which of them pass. Asking about each that is among the nearest so far
// would cost several times as much. It does that only if too few have passed.
func (f *finding) byVector(ctx context.Context) (hits []meaning.Hit, err error) {
	if f.set == nil || f.text != nil && len(f.text.Must) > 0 {
		return nil, nil
	}
	accept := func(id meaning.ID) bool {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false
		}
		ok, failed := f.accepts(sigil.ID(id))
		if failed != nil {
			err = failed
		}
		return ok
	}
	limit := f.q.Limit + moreNearest
	all := f.set.Search(f.vector, nil, limit)
	complete := len(all) < limit || float64(all[limit-1].Cosine) <= f.q.Nearest
	all = f.near(all)
	for _, h := range all {
		if len(hits) < f.q.Limit && accept(h.ID) {
			hits = append(hits, h)
		}
	}
	if err == nil && len(hits) < f.q.Limit && !complete {
		hits = f.near(f.set.Search(f.vector, accept, f.q.Limit))
	}
	return hits, err
}

// near returns the hits that are near enough.
func (f *finding) near(all []meaning.Hit) []meaning.Hit {
	i := slices.IndexFunc(all, func(h meaning.Hit) bool { return float64(h.Cosine) <= f.q.Nearest })
	if i < 0 {
		return all
	}
	return all[:i]
}

// accepts reports whether a memory that a vector finds is live, passes the filter, and has nothing that the text excludes.
func (f *finding) accepts(id sigil.ID) (bool, error) {
	key := sigil.Key{Tenant: f.q.Tenant, ID: id}
	m, ok := f.s.index.Get(key)
	if !ok || m.Due(f.q.Now) || !f.q.Filter.Matches(&m.Meta) {
		return false, nil
	}
	if !f.q.Filter.HasTags() && (f.text == nil || len(f.text.Not) == 0) {
		return true, nil
	}
	memory, ok, err := f.s.read(m)
	return ok && f.q.Filter.MatchesTags(memory.Tags) && (f.text == nil || f.text.Allows(memory.Data, memory.Tags)), err
}

// indexQuery returns what the index is asked for a query and the tags of a filter.
func indexQuery(text *words.Query, f *store.Filter) *search.Query {
	q := &search.Query{}
	for _, w := range text.Words {
		c := variants(words.Choice{Prefix: w.Prefix, Cut: w.Cut}, w.Weight)
		if w.Term != "" {
			c = search.Clause{{Text: w.Term, Weight: w.Weight}}
		}
		q.Optional = append(q.Optional, c)
	}
	for _, c := range text.Must {
		for _, choice := range c.All {
			q.Required = append(q.Required, variants(choice, 0))
		}
	}
	for _, c := range text.Not {
		if c.Verify { // Match decides
			continue
		}
		var set []search.Clause
		for _, choice := range c.All {
			set = append(set, variants(choice, 0))
		}
		q.Forbidden = append(q.Forbidden, set)
	}
	if len(text.Must) == 0 && len(text.Words) > 0 && len(f.Tags)+len(f.AnyTags) > 0 {
		q.Required = append(q.Required, anyOf(q.Optional)) // beside tags that are required, the index would require no word
	}
	for _, tag := range f.Tags {
		q.Required = append(q.Required, search.Clause{{Text: wholeTag + tag}})
	}
	if len(f.AnyTags) > 0 {
		q.Required = append(q.Required, tags(f.AnyTags))
	}
	if len(f.NotTags) > 0 {
		q.Forbidden = append(q.Forbidden, []search.Clause{tags(f.NotTags)})
	}
	return q
}

func variants(c words.Choice, weight float64) (clause search.Clause) {
	for _, term := range c.Terms {
		clause = append(clause, search.Variant{Text: term, Weight: weight})
	}
	if c.Prefix != "" {
		clause = append(clause, search.Variant{Text: c.Prefix, Prefix: true, Weight: weight})
	}
	for _, term := range c.Cut {
		clause = append(clause, search.Variant{Text: term, Weight: weight})
	}
	return clause
}

// anyOf returns a clause that matches what one of some clauses matches, and adds nothing to the score.
func anyOf(all []search.Clause) (clause search.Clause) {
	for _, c := range all {
		for _, v := range c {
			clause = append(clause, search.Variant{Text: v.Text, Prefix: v.Prefix})
		}
	}
	return clause
}

func tags(all []string) (clause search.Clause) {
	for _, tag := range all {
		clause = append(clause, search.Variant{Text: wholeTag + tag})
	}
	return clause
}

func arithmetic(x *search.Index, q *search.Query, id sigil.ID) *store.Arithmetic {
	e, ok := x.Explain(q, id)
	if !ok {
		return nil
	}
	a := &store.Arithmetic{Memories: e.Memories, Average: e.Average, Length: e.Length}
	for _, p := range e.Parts {
		if p.Score > 0 {
			a.Parts = append(a.Parts, store.TermScore{Term: words.Name(p.Term), Count: p.Count, DF: p.DF, IDF: p.IDF, Weight: p.Weight, Score: p.Score})
		}
	}
	return a
}
