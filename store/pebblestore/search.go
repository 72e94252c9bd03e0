package pebblestore

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/search"
)

// wholeTag begins the term of a whole tag, for filters. No text has it, since it is a control character.
const wholeTag = "\x03"

// finder holds the indexes of all tenants. They are derived: an open builds them anew, beside everything else.
type finder struct {
	analyzer *words.Analyzer // nil if nothing is searched
	settings store.SearchSettings
	table    *meaning.Table // nil if no vectors are made of texts
	built    atomic.Bool    // the memories that were there at the open are in the indexes
	ended    chan struct{}  // closed when they are, or never will be
	// begun and done count the calls of retag.
	begun atomic.Uint64
	done  atomic.Uint64

	// building is held while memories that were there at the open are indexed, and while one is retagged.
	building sync.Mutex
	// retagged are the memories that were retagged or restored before built.
	// +checklocks:building
	retagged map[sigil.Key]bool

	mu sync.RWMutex
	// +checklocks:mu
	tenants map[string]*tenantIndex
}

// tenantIndex is what a tenant's memories are found by.
type tenantIndex struct {
	words *search.Index
	// texts has the vectors that are made of texts, nil if none are. The word index keeps the handle of each, and 0 for none: see ref.
	texts *meaning.Set
	own   ownVectors
	made  ownVectors // by an endpoint
}

// ref returns what the word index keeps of a handle.
func ref(handle uint32) uint32 { return handle + 1 }

func newFinder(a *words.Analyzer, settings store.SearchSettings) *finder {
	f := &finder{
		analyzer: a, settings: settings, ended: make(chan struct{}), retagged: map[sigil.Key]bool{}, tenants: map[string]*tenantIndex{},
	}
	if settings.Model() == meaning.Model {
		f.table = meaning.BuiltIn()
		a.Annotate(f.table.AppendRows)
	}
	return f
}

// documents are what is indexed of some memories of a tenant. They are reused: release ends their use.
type documents struct {
	docs  []search.Doc
	terms []search.Term // of all docs
	buf   words.Document

	vectors []meaning.Vector // by index of docs, if they are made of texts
	codes   meaning.Vector   // of vectors
	own     []store.Vector   // by index of docs, nil if none has one
	sum     *meaning.Sum
}

var documentPool = sync.Pool{New: func() any { return new(documents) }}

// maxPooledTerms is the maximum number of terms of documents that are reused.
const maxPooledTerms = 1 << 16

func newDocuments() *documents {
	return documentPool.Get().(*documents) //nolint:forcetypeassert // nothing else is put there
}

func (d *documents) release() {
	if cap(d.terms) <= maxPooledTerms && cap(d.buf.Terms) <= maxPooledTerms {
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

func (d *documents) clear() {
	clear(d.own)
	d.docs, d.terms, d.vectors, d.codes, d.own = d.docs[:0], d.terms[:0], d.vectors[:0], d.codes[:0], d.own[:0]
}

// add adds what is made of a memory.
func (d *documents) add(f *finder, m *sigil.Memory, own store.Vector) {
	doc := &d.buf
	f.analyzer.Analyze(doc, m.Data, m.Tags)
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
	if f.table != nil {
		if d.sum == nil {
			d.sum = f.table.NewSum()
		}
		if doc.Truncated || len(m.Data) > meaning.MaxTextBytes/2 { // not all of its words have notes, or not all of them count
			f.analyzer.Texts(m.Data, m.Tags, d.sum.Add)
			d.vectors = append(d.vectors, d.sum.Take())
		} else {
			from := len(d.codes)
			d.codes = d.sum.OfRows(d.codes, doc.Notes)
			d.vectors = append(d.vectors, d.codes[from:])
		}
	}
	if f.settings.Meaning != store.MeaningOff {
		d.own = append(d.own, own)
	}
}

// documents returns what is indexed of the items of an insert, which add needs.
func (f *finder) documents(items []store.Item) *documents {
	d := newDocuments()
	if f.analyzer != nil {
		for i := range items {
			d.add(f, &items[i].Memory, items[i].Vector)
		}
	}
	return d
}

// queue makes memories findable that are about to be stored: a search finds only what is stored. It returns the index that has
// work to do for them, or nil.
func (f *finder) queue(tenant string, d *documents) *search.Index {
	if len(d.docs) == 0 {
		return nil
	}
	for x := f.of(tenant, true); ; {
		x.queue(d)
		current := f.of(tenant, true)
		if current == x { // otherwise remove has dropped x when it was empty
			return x.words
		}
		x = current
	}
}

// queueAgain is queue for memories that are about to be restored: the index may be reading them as they were at the open.
func (f *finder) queueAgain(tenant string, d *documents) *search.Index {
	if f.analyzer == nil {
		return nil
	}
	f.building.Lock()
	defer f.building.Unlock()
	if !f.built.Load() {
		for i := range d.docs {
			f.retagged[sigil.Key{Tenant: tenant, ID: d.docs[i].ID}] = true
		}
	}
	return f.queue(tenant, d)
}

// retag makes a memory, whose key is locked, findable by the tags that it has got. It keeps the vector that its caller gave, and
// drops the one that an endpoint made of its text, which had the former tags.
func (f *finder) retag(m *sigil.Memory) {
	if f.analyzer == nil {
		return
	}
	d := newDocuments()
	defer d.release()
	d.add(f, m, nil)
	f.building.Lock()
	defer f.building.Unlock()
	if !f.built.Load() {
		f.retagged[m.Key] = true
	}
	f.begun.Add(1)
	defer f.done.Add(1)
	for !f.replace(f.of(m.Tenant, true), m.Tenant, d) {
	}
}

// replace replaces what a tenant's memories are found by, apart from the vectors that callers gave. It returns false if x is not the
// tenant's any more.
func (f *finder) replace(x *tenantIndex, tenant string, d *documents) bool {
	f.mu.RLock() // so that x is not dropped while it may be empty
	defer f.mu.RUnlock()
	if f.tenants[tenant] != x {
		return false
	}
	x.forget(d.ids())
	x.queue(d)
	x.words.Work(len(d.terms))
	return true
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

// queue adds memories. Vectors come first, since the word index keeps their handles.
func (x *tenantIndex) queue(d *documents) {
	for i := range d.docs {
		d.docs[i].Ref = 0
		if len(d.vectors) > 0 {
			if handle, ok := x.texts.Add(d.docs[i].ID, d.vectors[i]); ok {
				d.docs[i].Ref = ref(handle)
			}
		}
		if len(d.own) > 0 && len(d.own[i]) > 0 {
			x.own.add(d.docs[i].ID, d.own[i])
		}
	}
	x.words.Queue(d.docs...)
}

// forget removes what is made of memories.
func (x *tenantIndex) forget(ids []sigil.ID) {
	x.words.RemoveEach(ids, func(id sigil.ID, r uint32) {
		if r != 0 {
			x.texts.Remove(id, r-1)
		}
	})
	x.made.remove(ids)
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
	x.forget(ids)
	x.own.remove(ids)
	if x.words.Len() == 0 {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.tenants[tenant] == x && x.words.Len() == 0 {
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

// of returns what a tenant has. If there is nothing it makes it, or returns nil.
func (f *finder) of(tenant string, make bool) *tenantIndex {
	f.mu.RLock()
	x := f.tenants[tenant]
	f.mu.RUnlock()
	if x != nil || !make {
		return x
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if x = f.tenants[tenant]; x == nil {
		x = &tenantIndex{words: search.New()}
		if f.table != nil {
			x.texts = meaning.NewSet(f.table.Dims())
		}
		f.tenants[tenant] = x
	}
	return x
}

// findable indexes the memories that were there at the open, which it reads as they were then, in the order of their keys.
// It ends when all are indexed, when the store is closed, or when the disk fails.
func (s *Store) findable(it, own, made *pebble.Iterator) error {
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
	if s.finder.settings.Meaning != store.MeaningOff {
		if err := s.findableVectors(own, made); err != nil {
			return err
		}
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
			d.add(f, m, nil)
		}
	}
	x := f.queue(tenant, d)
	f.building.Unlock()
	if x != nil {
		x.Work(len(d.terms))
	}
	f.building.Lock()
	defer f.building.Unlock()
	var gone []sigil.ID // before they were findable
	for i := range d.docs {
		key := sigil.Key{Tenant: tenant, ID: d.docs[i].ID}
		if _, there := s.index.Meta(key); !there && !f.retagged[key] { // otherwise it is about to be restored
			gone = append(gone, key.ID)
		}
	}
	f.remove(tenant, gone)
}

// startFinding begins to index what is on disk, before anything changes it.
func (s *Store) startFinding(logger *slog.Logger) error {
	if s.finder.analyzer == nil {
		return nil
	}
	it, err := s.family(layout.BodyFamily)
	if err != nil {
		return err
	}
	own, err := s.family(layout.VectorFamily)
	if err != nil {
		return errors.Join(err, it.Close())
	}
	made, err := s.family(layout.EmbeddingFamily)
	if err != nil {
		return errors.Join(err, it.Close(), own.Close())
	}
	build := func() {
		defer close(s.finder.ended)
		if err := errors.Join(s.findable(it, own, made), it.Close(), own.Close(), made.Close()); err != nil {
			logger.Error("search stays incomplete: what is on disk could not all be read", "err", err)
		}
	}
	if memories, _ := s.index.Counts(); memories == 0 { // so that the search of a new store is complete at once
		build()
		return nil
	}
	s.finding.Go(build) // Close waits for it
	return nil
}

// family returns an iterator over the records of a family.
func (s *Store) family(family byte) (*pebble.Iterator, error) {
	prefix := []byte{family}
	return s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: layout.After(prefix)})
}

// exists reports whether a memory is in the index, due or not.
func (s *Store) exists(key sigil.Key) bool {
	_, ok := s.index.Meta(key)
	return ok
}
