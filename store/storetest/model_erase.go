package storetest

import (
	"context"
	"crypto/ed25519"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Erase implements [store.Store].
func (s *Model) Erase(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (done store.Erasure, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return done, err
	}
	gone := map[sigil.Key]bool{}
	var all []sigil.Key
	for _, key := range keys {
		all = append(all, s.versions(key)...)
	}
	for _, key := range all {
		if gone[key] {
			continue
		}
		m, live := s.memories[key]
		r, kept := s.removed[key]
		switch {
		case live:
			done.Memories++
		case kept:
			m = r.Memory
			done.Removed++
			s.unlink(&r)
		default:
			continue
		}
		done.Bytes += int64(m.Size)
		done.Events = append(done.Events, store.NewErased(event(m.Meta, !live), key))
		s.forget(key)
		delete(s.removed, key)
		gone[key] = true
	}
	if len(done.Events) == 0 {
		return done, nil
	}
	for i := range s.journal {
		if e := &s.journal[i]; e.Memory.Policy != nil && gone[e.Memory.Key] {
			*e = sigil.Event{Position: e.Position, Hash: e.Hash, Memory: sigil.Meta{Key: sigil.Key{Tenant: e.Memory.Tenant}}}
			done.Entries++
		}
	}
	for key, a := range s.answers {
		if a.Names(func(id sigil.ID) bool { return gone[sigil.Key{Tenant: key.tenant, ID: id}] }) {
			delete(s.answers, key)
			done.Answers++
		}
	}
	for i := range done.Events {
		done.Events[i] = s.record(done.Events[i])
	}
	s.chain.commit(s.position())
	done.Position, done.Link = s.chain.position, s.chain.link
	return done, nil
}

// Key implements [store.Store].
func (s *Model) Key(ctx context.Context) (ed25519.PrivateKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if s.key == nil {
		_, s.key, _ = ed25519.GenerateKey(nil) // reading random numbers never fails
	}
	return s.key, nil
}
