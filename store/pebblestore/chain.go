package pebblestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// EntryHash returns the hash of an entry; see [store.Store].
func (s *Store) EntryHash(ctx context.Context, position uint64) (hash sigil.Hash, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return hash, err
	}
	if published := s.index.Position(); position > published {
		return hash, sigil.NewPositionAhead(published)
	}
	found := false
	err = s.journalTenants(func(it *pebble.Iterator, tenant string) error {
		if found || !it.SeekGE(layout.JournalKey(tenant, position)) {
			return it.Error()
		}
		name, last, ok := layout.SplitJournalKey(it.Key())
		if !ok {
			return fmt.Errorf("record %q: %w", it.Key(), record.ErrDamaged)
		}
		if name != tenant {
			return nil
		}
		return record.ReadHashes(it.Value(), tenant, 0, last, func(at uint64, h sigil.Hash) {
			if at == position {
				hash, found = h, true
			}
		})
	})
	// Checked last, since Trim may remove the entry at the same time.
	if trimmed := s.trimmed.Load(); err == nil && position <= trimmed {
		err = sigil.NewPositionGone(trimmed)
	}
	if err == nil && !found {
		err = fmt.Errorf("journal entry %d: %w", position, record.ErrDamaged)
	}
	if err != nil {
		return sigil.Hash{}, s.reading(err)
	}
	return hash, nil
}

// Link returns the newest link; see [store.Store].
func (s *Store) Link(ctx context.Context) (position uint64, link sigil.Hash, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, link, err
	}
	position, link, ok, err := s.linkBefore(s.index.Position() + 1)
	if err == nil && !ok {
		err = fmt.Errorf("the journal's link: %w", record.ErrDamaged)
	}
	return position, link, s.reading(err)
}

// linkBefore returns the last link with a position below end.
func (s *Store) linkBefore(end uint64) (position uint64, link sigil.Hash, ok bool, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{layout.LinkFamily}, UpperBound: layout.LinkKey(end)})
	if err != nil {
		return 0, link, false, err
	}
	defer func() { _ = it.Close() }() // Error has returned the same error
	if !it.Last() {
		return 0, link, false, it.Error()
	}
	if position, link, ok = layout.ReadLink(it.Key(), it.Value()); !ok {
		return 0, link, false, fmt.Errorf("record %q: %w", it.Key(), record.ErrDamaged)
	}
	return position, link, true, nil
}

// linkFrom returns the first link with a position of at least from.
func (s *Store) linkFrom(from uint64) (position uint64, link sigil.Hash, err error) {
	err = s.scanRange(layout.LinkKey(from), []byte{layout.LinkFamily + 1}, func(key, value []byte) error {
		var ok bool
		if position, link, ok = layout.ReadLink(key, value); !ok {
			return record.ErrDamaged
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return position, link, nil
	}
	return 0, link, errors.Join(err, fmt.Errorf("the link of journal entry %d: %w", from, record.ErrDamaged))
}

// trimLinks adds to ch the removal of all links before the last one up to a position, which those that stay follow from.
func (s *Store) trimLinks(ch *change, upTo uint64) error {
	position, _, ok, err := s.linkBefore(upTo + 1)
	if ok {
		ch.removeRange(layout.LinkKey(0), layout.LinkKey(position))
	}
	return err
}

// openChain prepares the committer to continue the chain of links. In a store that had none, it begins the chain before the
// folder says that there is one: until then, a program that makes no links may open it again. In a new store it begins when the
// folder says that it is a store, since nothing may be stored before.
func (s *Store) openChain(info store.Info) error {
	if info.Format < layout.Linked {
		// Links from an upgrade that did not end are of an older journal.
		if err := s.db.DeleteRange([]byte{layout.LinkFamily}, []byte{layout.LinkFamily + 1}, pebble.NoSync); err != nil {
			return err
		}
		return s.beginChain()
	}
	_, link, ok, err := s.linkBefore(s.index.Position() + 1)
	s.commits.journal.link = link
	if err == nil && !ok && s.index.Position() == 0 {
		err = s.beginChain()
	}
	return err
}

// beginChain begins the chain at the newest position, with a link of zeros.
func (s *Store) beginChain() error {
	var none sigil.Hash
	return s.db.Set(layout.LinkKey(s.index.Position()), none[:], pebble.Sync)
}
