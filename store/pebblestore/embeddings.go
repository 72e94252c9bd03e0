package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

var _ store.Embeddings = (*Store)(nil)

// embeddings is the state of the vectors that an endpoint makes.
type embeddings struct {
	any   atomic.Bool            // there may be some on disk, so that what leaves takes them with it
	model atomic.Pointer[string] // in use; nil until UseModel was called
	// mu is held for reading while vectors are kept, and for writing while the model changes.
	mu sync.RWMutex
}

// used returns the model in use, or "".
func (e *embeddings) used() string {
	if m := e.model.Load(); m != nil {
		return *m
	}
	return ""
}

// lookForEmbeddings finds out whether there are vectors of an endpoint on disk.
func (s *Store) lookForEmbeddings() error {
	it, err := s.family(layout.EmbeddingFamily)
	if err != nil {
		return err
	}
	s.embeddings.any.Store(it.First())
	return errors.Join(it.Error(), it.Close())
}

// UseModel makes a model the one in use; see [store.Embeddings].
func (s *Store) UseModel(ctx context.Context, m store.TextModel, anew bool) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	if s.finder.settings.Off || s.finder.settings.Meaning != store.MeaningEndpoint {
		return store.NewMeaningOff()
	}
	select {
	case <-s.finder.ended: // otherwise the indexing would bring back what is dropped here
	case <-ctx.Done():
		return ctx.Err()
	}
	s.embeddings.mu.Lock()
	defer s.embeddings.mu.Unlock()
	name := m.String()
	kept, err := s.keptModel()
	if err != nil {
		return err
	}
	if kept != s.modelRecord(name) || anew {
		if err := s.dropEmbeddings(name); err != nil {
			return err
		}
	}
	s.embeddings.model.Store(&name)
	return nil
}

// Reembed drops vectors; see [store.Embeddings]. The built-in ones are in memory only, and are made at each open.
func (s *Store) Reembed(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	switch name := s.embeddings.used(); {
	case s.finder.settings.Off || s.finder.settings.Meaning == store.MeaningOff:
		return store.NewMeaningOff()
	case name == "":
		return nil
	default:
		s.embeddings.mu.Lock()
		defer s.embeddings.mu.Unlock()
		return s.dropEmbeddings(name)
	}
}

// dropEmbeddings drops all vectors of an endpoint and keeps the name of a model.
//
// +checklocks:s.embeddings.mu
func (s *Store) dropEmbeddings(model string) error {
	ch := newChange()
	prefix := []byte{layout.EmbeddingFamily}
	ch.removeRange(prefix, layout.After(prefix))
	ch.set([]byte{layout.ModelFamily}, []byte(s.modelRecord(model)))
	if err := s.commits.do(ch); err != nil {
		return err
	}
	s.finder.each(func(_ string, x *tenantIndex) { x.made.reset() })
	return nil
}

// modelRecord returns what is kept of a model: its name and, a line each, what of a memory is not searched, since that is in
// no text.
func (s *Store) modelRecord(name string) string {
	exclude := slices.Sorted(slices.Values(s.finder.settings.Exclude))
	return strings.Join(append([]string{name}, slices.Compact(exclude)...), "\n")
}

// keptModel returns the record of the model of the vectors on disk, or "".
func (s *Store) keptModel() (_ string, err error) {
	b, closer, err := s.db.Get([]byte{layout.ModelFamily})
	if errors.Is(err, pebble.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", s.reading(err)
	}
	defer func() { err = errors.Join(err, s.reading(closer.Close())) }()
	return string(b), nil
}

// Unembedded returns memories without a vector; see [store.Embeddings].
func (s *Store) Unembedded(ctx context.Context, after sigil.Key, limit int) (keys []sigil.Key, err error) {
	memories, embedded, err := s.Embedded(ctx) // at most times there are none
	if err != nil || memories == embedded {
		return nil, err
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	all, err := s.db.NewIter(keysAfter(layout.MetaFamily, after))
	if err != nil {
		return nil, s.reading(err)
	}
	defer func() { err = errors.Join(err, s.reading(all.Close())) }()
	have, err := s.db.NewIter(keysAfter(layout.EmbeddingFamily, after))
	if err != nil {
		return nil, s.reading(err)
	}
	defer func() { err = errors.Join(err, s.reading(have.Close())) }()
	has := have.First()
	for ok := all.First(); ok && len(keys) < limit; ok = all.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for has && bytes.Compare(have.Key()[1:], all.Key()[1:]) < 0 {
			has = have.Next()
		}
		if has && bytes.Equal(have.Key()[1:], all.Key()[1:]) {
			continue
		}
		key, ok := layout.SplitMemoryKey(all.Key())
		if !ok {
			return nil, s.reading(record.ErrDamaged)
		}
		keys = append(keys, key)
	}
	return keys, s.reading(errors.Join(all.Error(), have.Error()))
}

// keysAfter returns options to read a family's records after that of a memory, or all if the key is zero.
func keysAfter(family byte, after sigil.Key) *pebble.IterOptions {
	lower := []byte{family}
	if after.Tenant != "" {
		lower = append(layout.MemoryKey(family, after.Tenant, after.ID), 0)
	}
	return &pebble.IterOptions{LowerBound: lower, UpperBound: layout.After([]byte{family})}
}

// KeepVectors keeps vectors; see [store.Embeddings].
func (s *Store) KeepVectors(ctx context.Context, m store.TextModel, made []store.Embedding) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.embeddings.mu.RLock()
	defer s.embeddings.mu.RUnlock()
	if s.embeddings.used() != m.String() {
		return store.NewModelChanged()
	}
	keys := make([]sigil.Key, len(made))
	for i := range made {
		keys[i] = made[i].Key
	}
	defer s.keys.Lock(keys...)() // whoever removes or retags one of them waits, and then removes its vector
	made = slices.DeleteFunc(slices.Clone(made), func(e store.Embedding) bool {
		at, m := s.index.Find(e.Key)
		return !at.There() || m.Tags != record.LabelsOf(&sigil.Memory{Tags: e.Tags}).Tags
	})
	ch := newChange()
	ch.grows = true
	for i := range made {
		ch.begin(layout.MemoryKey(layout.EmbeddingFamily, made[i].Key.Tenant, made[i].Key.ID))
		ch.arena = record.AppendVector(ch.arena, made[i].Vector)
		ch.end()
	}
	if ch.empty() {
		ch.discard()
		return nil
	}
	s.embeddings.any.Store(true) // before the commit
	if err := s.commits.do(ch); err != nil {
		return err
	}
	for i := range made {
		if x := s.finder.of(made[i].Key.Tenant, false); x != nil {
			x.made.add(made[i].Key.ID, made[i].Vector)
		}
	}
	return nil
}

// Embedded counts memories and vectors; see [store.Embeddings].
func (s *Store) Embedded(ctx context.Context) (memories, embedded int, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, 0, err
	}
	s.finder.each(func(_ string, x *tenantIndex) {
		memories += x.words.Len()
		if s.finder.table != nil { // they are indexed with the words
			embedded += x.words.Len()
		}
		embedded += x.made.len()
	})
	return memories, embedded, nil
}

// each calls f for each tenant's index, in no order.
func (f *finder) each(do func(tenant string, x *tenantIndex)) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for tenant, x := range f.tenants {
		do(tenant, x)
	}
}
