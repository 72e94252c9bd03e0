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
		m, ok := s.index.Meta(key)
		if !ok {
			continue
		}
		var err error
		switch {
		case model == store.OwnModel:
			all[i], err = s.ownVector(key)
		case s.finder.table != nil && model == meaning.Model:
			all[i], err = s.vectorOfText(m)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *Store) vectorOfText(m sigil.Meta) (store.Vector, error) {
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
	b, closer, err := s.db.Get(layout.MemoryKey(layout.VectorFamily, key.Tenant, key.ID))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, s.reading(err)
	}
	defer func() { err = errors.Join(err, s.reading(closer.Close())) }()
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

// findableByOwn indexes the vectors that callers gave with the memories that were there at the open.
func (s *Store) findableByOwn(it *pebble.Iterator) error {
	if s.finder.settings.Meaning == store.MeaningOff {
		return nil
	}
	for ok := it.First(); ok; ok = it.Next() {
		select {
		case <-s.closing:
			return nil
		case <-s.failed:
			return nil
		default:
		}
		key, ok := layout.SplitMemoryKey(it.Key())
		v, err := record.Vector(it.Value())
		if !ok || err != nil {
			return record.ErrDamaged
		}
		if x := s.finder.of(key.Tenant, false); x != nil && s.exists(key) {
			x.own.add(key.ID, v)
			if !s.exists(key) {
				x.own.remove([]sigil.ID{key.ID})
			}
		}
	}
	return it.Error()
}

// ownVectors are the vectors that callers gave: a set for each number of dimensions. The zero value has none.
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

func (o *ownVectors) add(id sigil.ID, v store.Vector) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sets == nil {
		o.sets, o.places = map[int]*meaning.Set{}, map[sigil.ID]ownPlace{}
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
			at.set.Remove(id, at.handle)
			delete(o.places, id)
		}
	}
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
