package pebblestore

import (
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Crystallize brings a tenant's pattern crystals up to date; see [store.Store].
func (s *Store) Crystallize(ctx context.Context, name string, now time.Time, decide func(sigil.Pattern, *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	// No memory has the zero id: its lock is the lock of the tenant's crystals.
	defer s.keys.One(sigil.Key{Tenant: name}).Unlock()

	patterns, crystals := s.index.PatternsAndCrystals(name, now.UnixMilli())
	live := map[int]bool{}
	for _, p := range patterns {
		live[p.Group] = true
	}
	for group := range crystals {
		if !live[group] {
			patterns = append(patterns, sigil.Pattern{Group: group})
		}
	}
	slices.SortFunc(patterns, func(a, b sigil.Pattern) int { return a.Group - b.Group })
	ch := newChange()
	var changed []sigil.Crystal
	for _, p := range patterns {
		var old *sigil.Crystal
		if c, ok := crystals[p.Group]; ok {
			old = &c
		}
		crystal, event := decide(p, old)
		if crystal != nil {
			ch.set(layout.CrystalKey(name, p.Group), record.AppendCrystal(nil, crystal))
			changed = append(changed, *crystal)
		}
		if event != nil {
			if err := s.addEvent(ch, event); err != nil {
				ch.discard()
				return err
			}
		}
	}
	if ch.empty() {
		ch.discard()
		return nil
	}
	ch.effect.Tenant, ch.effect.Crystals = name, changed
	return s.commits.do(ch)
}

// Crystals returns the pattern crystals; see [store.Store].
func (s *Store) Crystals(ctx context.Context, tenant string) ([]sigil.Crystal, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	return s.index.Crystals(tenant), nil
}
