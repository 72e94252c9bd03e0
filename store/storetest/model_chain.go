package storetest

import (
	"context"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// chain has the links of a Model's journal: one for each call that journals.
type chain struct {
	position uint64
	link     sigil.Hash
	added    []sigil.Hash   // hashes of the entries since the link
	policies []sigil.Policy // by their numbers in entries, in the order of their first use
}

// add returns the hash of the next entry. A Model takes all events, so one of an unknown kind or reason has the hash of an
// empty entry.
func (c *chain) add(e *sigil.Event) sigil.Hash {
	var policy int
	if e.Memory.Policy != nil {
		if policy = slices.Index(c.policies, e.Memory.Policy); policy < 0 {
			policy = len(c.policies)
			c.policies = append(c.policies, e.Memory.Policy)
		}
	}
	entry, _ := record.AppendEvent(nil, e, uint16(policy))
	hash := record.EntryHash(e.Memory.Tenant, entry)
	c.added = append(c.added, hash)
	return hash
}

// commit makes the link of the entries that were added, of which the last has a position.
func (c *chain) commit(position uint64) {
	if len(c.added) > 0 {
		c.position, c.link = position, record.NextLink(c.link, position, c.added)
		c.added = c.added[:0]
	}
}

// EntryHash implements [store.Store].
func (s *Model) EntryHash(ctx context.Context, position uint64) (sigil.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Hash{}, err
	}
	switch newest := s.position(); {
	case position > newest:
		return sigil.Hash{}, sigil.NewPositionAhead(newest)
	case position <= s.trimmed:
		return sigil.Hash{}, sigil.NewPositionGone(s.trimmed)
	}
	return s.journal[position-s.trimmed-1].Hash, nil
}

// Link implements [store.Store].
func (s *Model) Link(ctx context.Context) (uint64, sigil.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return 0, sigil.Hash{}, err
	}
	return s.chain.position, s.chain.link, nil
}
