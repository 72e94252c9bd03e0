package pebblestore

import (
	"context"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Vectors returns vectors of some memories; see [store.Searcher]. Those that are made of texts are made anew.
func (s *Store) Vectors(ctx context.Context, tenant, model string, ids []sigil.ID) ([]store.Vector, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	all := make([]store.Vector, len(ids))
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		key := sigil.Key{Tenant: tenant, ID: id}
		m, ok := s.index.Get(key)
		if !ok {
			continue
		}
		var err error
		switch {
		case model == store.OwnModel:
			all[i], err = s.ownVector(key)
		case s.finder.table != nil && model == meaning.Model:
			all[i], err = s.vectorOfText(m)
		case model != "" && model == s.embeddings.used():
			all[i], err = s.storedVector(layout.EmbeddingFamily, key)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *Store) vectorOfText(m index.Found) (store.Vector, error) {
	memory, ok, err := s.read(m)
	if !ok || err != nil {
		return nil, err
	}
	sum := s.finder.table.NewSum()
	s.finder.analyzer.Texts(memory.Data, memory.Tags, sum.Add)
	return store.Vector(sum.Take()), nil
}

// ownVector reads the vector that a caller gave with a memory, or nil if it has none.
func (s *Store) ownVector(key sigil.Key) (_ store.Vector, err error) {
	if !s.hasVectors.Load() {
		return nil, nil
	}
	return s.storedVector(layout.VectorFamily, key)
}

// storedVector reads a vector of a memory, or returns nil if it has none.
func (s *Store) storedVector(family byte, key sigil.Key) (_ store.Vector, err error) {
	b, closer, err := s.db.Get(layout.MemoryKey(family, key.Tenant, key.ID))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, s.reading(err)
	}
	defer func() { err = errors.Join(err, s.reading(closer.Close())) }()
	if len(b) == 0 {
		return nil, nil
	}
	v, err := record.Vector(b)
	return v, s.reading(err)
}

// lookForVectors finds out whether there are vectors on disk.
func (s *Store) lookForVectors() error {
	it, err := s.family(layout.VectorFamily)
	if err != nil {
		return err
	}
	s.hasVectors.Store(it.First())
	return errors.Join(it.Error(), it.Close())
}

// findableVectors indexes the stored vectors of the memories that were there at the open.
func (s *Store) findableVectors(own, made *pebble.Iterator) error {
	err := s.findableBy(own, func(x *tenantIndex, key sigil.Key, v store.Vector) { s.addStored(&x.own, key, v) })
	if err != nil || s.finder.settings.Meaning != store.MeaningEndpoint {
		return err
	}
	return s.findableBy(made, func(x *tenantIndex, key sigil.Key, v store.Vector) {
		s.finder.building.Lock()
		defer s.finder.building.Unlock()
		if !s.finder.retagged[key] { // otherwise it was dropped
			s.addStored(&x.made, key, v)
		}
	})
}

// addStored adds a vector of a memory, unless the memory is gone.
func (s *Store) addStored(to *ownVectors, key sigil.Key, v store.Vector) {
	to.add(key.ID, v)
	if !s.exists(key) {
		to.remove([]sigil.ID{key.ID})
	}
}

// findableBy calls add with the stored vectors of the memories that were there at the open, unless these are gone.
func (s *Store) findableBy(it *pebble.Iterator, add func(*tenantIndex, sigil.Key, store.Vector)) error {
	for ok := it.First(); ok; ok = it.Next() {
		select {
		case <-s.closing:
			return nil
		case <-s.failed:
			return nil
		default:
		}
		key, ok := layout.SplitMemoryKey(it.Key())
		if !ok {
			return record.ErrDamaged
		}
		var v store.Vector
		if value := it.Value(); len(value) > 0 { // otherwise the endpoint has made none
			var err error
			if v, err = record.Vector(value); err != nil {
				return err
			}
		}
		if x := s.finder.of(key.Tenant, false); x != nil && s.exists(key) {
			add(x, key, v)
		}
	}
	return it.Error()
}

// ownVectors are vectors that are stored: a set for each number of dimensions. The zero value has none.
type ownVectors struct {
	mu sync.RWMutex
	// +checklocks:mu
	sets map[int]*meaning.Set
	// +checklocks:mu
	places map[sigil.ID]ownPlace
}

// ownPlace is the set that has a memory's vector, and the handle there.
type ownPlace struct {
	set    *meaning.Set
	handle uint32
}

// add adds a memory's vector, instead of the one that it has. An empty one finds nothing, but counts.
func (o *ownVectors) add(id sigil.ID, v store.Vector) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sets == nil {
		o.sets, o.places = map[int]*meaning.Set{}, map[sigil.ID]ownPlace{}
	}
	if at := o.places[id]; at.set != nil {
		at.set.Remove(id, at.handle)
	}
	o.places[id] = ownPlace{}
	if len(v) == 0 {
		return
	}
	set := o.sets[len(v)]
	if set == nil {
		set = meaning.NewSet(len(v))
		o.sets[len(v)] = set
	}
	if handle, ok := set.Add(id, meaning.Vector(v)); ok {
		o.places[id] = ownPlace{set, handle}
	}
}

func (o *ownVectors) remove(ids []sigil.ID) {
	o.mu.RLock()
	none := len(o.places) == 0
	o.mu.RUnlock()
	if none {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		if at, ok := o.places[id]; ok {
			if at.set != nil {
				at.set.Remove(id, at.handle)
			}
			delete(o.places, id)
		}
	}
}

// len returns how many memories have a vector, be it an empty one.
func (o *ownVectors) len() int {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return len(o.places)
}

// reset removes all vectors.
func (o *ownVectors) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sets, o.places = nil, nil
}

// set returns the set for a number of dimensions, or nil.
func (o *ownVectors) set(dims int) *meaning.Set {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.sets[dims]
}

// place returns where a memory's vector is.
func (o *ownVectors) place(id sigil.ID) (ownPlace, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	at, ok := o.places[id]
	return at, ok
}
