package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/search"
)

// wholeTag begins the term of a whole tag, for filters. No text has it, since it is a control character.
const wholeTag = "\x03"

// finder holds the word indexes of all tenants. They are derived: an open builds them anew, beside everything else.
type finder struct {
	analyzer *words.Analyzer // nil if nothing is searched
	built    atomic.Bool     // the memories that were there at the open are in the indexes
	// begun and done count the calls of retag.
	begun, done atomic.Uint64

	// building is held while memories that were there at the open are indexed, and while one is retagged.
	building sync.Mutex
	// retagged are the memories that were retagged before built.
	// +checklocks:building
	retagged map[sigil.Key]bool

	mu sync.RWMutex
	// +checklocks:mu
	tenants map[string]*search.Index
}

func newFinder(a *words.Analyzer) *finder {
	return &finder{analyzer: a, retagged: map[sigil.Key]bool{}, tenants: map[string]*search.Index{}}
}

// documents are what is indexed of some memories of a tenant. They are reused: release ends their use.
type documents struct {
	docs  []search.Doc
	terms []search.Term // of all docs
	buf   []words.Term
}

var documentPool = sync.Pool{New: func() any { return new(documents) }}

// maxPooledTerms is the maximum number of terms of documents that are reused.
const maxPooledTerms = 1 << 14

func newDocuments() *documents {
	return documentPool.Get().(*documents) //nolint:forcetypeassert // nothing else is put there
}

func (d *documents) release() {
	if cap(d.terms) <= maxPooledTerms && cap(d.buf) <= maxPooledTerms {
		d.clear()
		documentPool.Put(d)
	}
}

func (d *documents) ids() []sigil.ID {
	ids := make([]sigil.ID, len(d.docs))
	for i := range d.docs {
		ids[i] = d.docs[i].ID
	}
	return ids
}

func (d *documents) clear() { d.docs, d.terms = d.docs[:0], d.terms[:0] }

// add adds what the analyzer makes of a memory.
func (d *documents) add(a *words.Analyzer, m *sigil.Memory) {
	doc := a.Document(m.Data, m.Tags, d.buf)
	d.buf = doc.Terms
	from := len(d.terms)
	for _, t := range doc.Terms {
		d.terms = append(d.terms, search.Term{Text: t.Text, Count: t.Count})
	}
	for i, tag := range m.Tags {
		if !slices.Contains(m.Tags[:i], tag) {
			d.terms = append(d.terms, search.Term{Text: wholeTag + tag, Count: 1})
		}
	}
	d.docs = append(d.docs, search.Doc{ID: m.ID, Length: doc.Length, Terms: d.terms[from:]})
}

// documents returns what is indexed of the items of an insert, which add needs.
func (f *finder) documents(items []store.Item) *documents {
	d := newDocuments()
	if f.analyzer != nil {
		for i := range items {
			d.add(f.analyzer, &items[i].Memory)
		}
	}
	return d
}

// add makes memories findable that are about to be stored: a search finds only what is stored.
func (f *finder) add(tenant string, d *documents) {
	f.put(tenant, d, (*search.Index).Add)
}

func (f *finder) put(tenant string, d *documents, put func(*search.Index, ...search.Doc)) {
	if len(d.docs) == 0 {
		return
	}
	for x := f.of(tenant, true); ; {
		put(x, d.docs...)
		current := f.of(tenant, true)
		if current == x { // otherwise remove has dropped x when it was empty
			return
		}
		x = current
	}
}

// retag makes a memory, whose key is locked, findable by the tags that it has got.
func (f *finder) retag(m *sigil.Memory) {
	if f.analyzer == nil {
		return
	}
	d := newDocuments()
	defer d.release()
	d.add(f.analyzer, m)
	f.building.Lock()
	defer f.building.Unlock()
	if !f.built.Load() {
		f.retagged[m.Key] = true
	}
	f.begun.Add(1)
	f.put(m.Tenant, d, (*search.Index).Replace)
	f.done.Add(1)
}

// steady calls find until no memory got other tags during the call, which might have missed it.
func (f *finder) steady(find func() error) error {
	for {
		done := f.done.Load()
		if err := find(); err != nil || f.begun.Load() == done {
			return err
		}
	}
}

// remove makes memories that have left the store's index unfindable.
func (f *finder) remove(tenant string, ids []sigil.ID) {
	if len(ids) == 0 {
		return
	}
	x := f.of(tenant, false)
	if x == nil {
		return
	}
	x.Remove(ids...)
	if x.Len() == 0 {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.tenants[tenant] == x && x.Len() == 0 {
			delete(f.tenants, tenant)
		}
	}
}

// removed makes memories of any tenants unfindable.
func (f *finder) removed(keys []sigil.Key) {
	if f.analyzer == nil {
		return
	}
	for len(keys) > 0 {
		tenant, n := keys[0].Tenant, 0
		ids := make([]sigil.ID, 0, len(keys))
		for n < len(keys) && keys[n].Tenant == tenant {
			ids = append(ids, keys[n].ID)
			n++
		}
		f.remove(tenant, ids)
		keys = keys[n:]
	}
}

// of returns the index of a tenant. If there is none it makes one, or returns nil.
func (f *finder) of(tenant string, make bool) *search.Index {
	f.mu.RLock()
	x := f.tenants[tenant]
	f.mu.RUnlock()
	if x != nil || !make {
		return x
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if x = f.tenants[tenant]; x == nil {
		x = search.New()
		f.tenants[tenant] = x
	}
	return x
}

// Search finds memories by their words; see [store.Searcher].
func (s *Store) Search(ctx context.Context, q store.SearchQuery) (found store.Found, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return found, err
	}
	if s.finder.analyzer == nil {
		return found, store.NewSearchOff()
	}
	text, err := s.finder.analyzer.Parse(q.Text)
	if err != nil {
		return found, store.NewInvalidQuery(err)
	}
	found.Incomplete = !s.finder.built.Load()
	x := s.finder.of(q.Tenant, false)
	if x == nil || len(text.Words)+len(text.Must)+len(text.Not) == 0 { // a query of signs only finds nothing
		return found, nil
	}
	query := indexQuery(text, &q.Filter)
	for {
		var hits []search.Hit
		if err := s.finder.steady(func() (err error) {
			hits, err = s.matching(ctx, x, query, text, &q)
			return err
		}); err != nil {
			return found, err
		}
		found.Hits = found.Hits[:0]
		gone := false
		for _, h := range hits {
			hit, ok, err := s.hit(h, &q)
			if err != nil {
				return found, err
			}
			if gone = gone || !ok; !ok {
				continue
			}
			if q.Highlight {
				hit.Matched, _ = text.Match(hit.Memory.Data, hit.Memory.Tags)
			}
			if q.Explain {
				hit.Terms = arithmetic(x, query, h.ID)
			}
			found.Hits = append(found.Hits, hit)
		}
		if !gone {
			return found, nil
		}
	}
}

// matching returns the best hits of a query among memories that are live and pass the filter.
func (s *Store) matching(ctx context.Context, x *search.Index, query *search.Query, text *words.Query, q *store.SearchQuery) (hits []search.Hit, err error) {
	hits = x.Search(query, q.Limit, func(id sigil.ID, _ uint32) bool {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false
		}
		m, ok := s.index.Get(sigil.Key{Tenant: q.Tenant, ID: id})
		if !ok || m.Due(q.Now) || !q.Filter.Matches(&m.Meta) {
			return false
		}
		if !text.Verify {
			return true
		}
		memory, ok, failed := s.read(m)
		if failed != nil {
			err = failed
		}
		if ok {
			_, ok = text.Match(memory.Data, memory.Tags)
		}
		return ok
	})
	return hits, err
}

// hit reads the memory of a hit. ok is false if it is gone.
func (s *Store) hit(h search.Hit, q *store.SearchQuery) (hit store.Hit, ok bool, err error) {
	key := sigil.Key{Tenant: q.Tenant, ID: h.ID}
	if m, there := s.index.Get(key); there && !m.Due(q.Now) {
		hit.Words = h.Score
		if hit.Memory, ok, err = s.read(m); ok || err != nil {
			return hit, ok, err
		}
	}
	s.keys.One(key).Unlock() // it is being removed: see List
	return hit, false, nil
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

// findable indexes the memories that were there at the open, which it reads as they were then, in the order of their keys.
// It ends when all are indexed, when the store is closed, or when the disk fails.
func (s *Store) findable(it *pebble.Iterator) error {
	const step = 64
	var some []sigil.Memory // of one tenant
	var prefix []byte
	flush := func() {
		s.makeFindable(some)
		some = some[:0]
	}
	for ok := it.First(); ok; ok = it.Next() {
		select {
		case <-s.closing:
			return nil
		case <-s.failed:
			return nil
		default:
		}
		key := it.Key()
		if prefix == nil || !bytes.HasPrefix(key, prefix) || len(some) == step {
			name, _, ok := layout.SplitTenant(key)
			if !ok {
				return record.ErrDamaged
			}
			flush()
			prefix = layout.TenantPrefix(layout.BodyFamily, name)
		}
		at, ok := layout.SplitMemoryKey(key)
		if !ok {
			return record.ErrDamaged
		}
		memory, err := s.decoded(index.Found{Meta: sigil.Meta{Key: at}}, it.Value())
		if err != nil {
			return err
		}
		some = append(some, memory)
	}
	flush()
	if err := it.Error(); err != nil {
		return err
	}
	s.finder.building.Lock()
	defer s.finder.building.Unlock()
	s.finder.retagged = nil
	s.finder.built.Store(true)
	return nil
}

// makeFindable indexes memories of one tenant that were there at the open, unless they are gone or were retagged.
func (s *Store) makeFindable(some []sigil.Memory) {
	if len(some) == 0 {
		return
	}
	d := newDocuments()
	defer d.release()
	f, tenant := s.finder, some[0].Tenant
	f.building.Lock()
	for i := range some {
		m := &some[i]
		if now, there := s.index.Get(m.Key); there && !f.retagged[m.Key] {
			record.Retag(m, now.Tags)
			d.add(f.analyzer, m)
		}
	}
	f.add(tenant, d)
	f.building.Unlock()
	var gone []sigil.ID // before they were findable
	for i := range d.docs {
		if _, there := s.index.Meta(sigil.Key{Tenant: tenant, ID: d.docs[i].ID}); !there {
			gone = append(gone, d.docs[i].ID)
		}
	}
	f.remove(tenant, gone)
}

// startFinding begins to index what is on disk, before anything changes it.
func (s *Store) startFinding(logger *slog.Logger) error {
	if s.finder.analyzer == nil {
		return nil
	}
	prefix := []byte{layout.BodyFamily}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: layout.After(prefix)})
	if err != nil {
		return err
	}
	s.finding.Go(func() { // Close waits for it
		if err := errors.Join(s.findable(it), it.Close()); err != nil {
			logger.Error("search stays incomplete: what is on disk could not all be read", "err", err)
		}
	})
	return nil
}
