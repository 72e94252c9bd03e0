package pebblestore

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// links checks whether each link follows from the one before and the entries between them. The first one cannot be checked. The
// entries that it should cover were trimmed, or it has zeros because the store had no links before.
func (c *checker) links() error {
	if c.s.info.Format < layout.Linked {
		return nil
	}
	entries := hashes{s: c.s, newest: c.found.Position}
	var position uint64
	var link sigil.Hash
	known, n := false, 0 // whether link is known, and how many there are
	err := c.s.scan([]byte{layout.LinkFamily}, func(key, value []byte) error {
		at, next, ok := layout.ReadLink(key, value)
		switch n++; {
		case !ok:
			c.found.Add(store.CheckChain, "link %q of the journal cannot be read", key)
			known = false
			return nil
		case at > c.found.Position: // made since the check began
			return nil
		case n == 1:
			if at > c.found.Trimmed && next != (sigil.Hash{}) {
				c.found.Add(store.CheckChain, "the journal's links before position %d are missing", at)
			}
		case !known || position < c.found.Trimmed: // there is no link before, or some of its entries are trimmed
		default:
			if err := c.link(&entries, link, position, at, next); err != nil {
				return err
			}
		}
		position, link, known = at, next, true
		return nil
	})
	if err == nil && position < c.found.Position {
		c.found.Add(store.CheckChain, "the journal entries from %d to %d are not linked", position+1, c.found.Position)
	}
	return err
}

// link checks the link at a position, given the one before.
func (c *checker) link(entries *hashes, before sigil.Hash, position, at uint64, link sigil.Hash) error {
	covered := make([]sigil.Hash, 0, min(at-position, hashWindow))
	for p := position + 1; p <= at; p++ {
		hash, ok, err := entries.at(p)
		if err != nil {
			return err
		}
		if !ok {
			c.found.Add(store.CheckChain, "journal entry %d is missing, which the link at position %d covers", p, at)
			return nil
		}
		covered = append(covered, hash)
	}
	if record.NextLink(before, at, covered) != link {
		c.found.Add(store.CheckChain, "the link at position %d does not follow from the one at %d and the journal entries from %d on: one of them was changed", at, position, position+1)
	}
	return nil
}

// hashWindow is the number of entries of all tenants whose hashes are read at once.
const hashWindow = 1 << 20

// hashes returns the hashes of entries of all tenants by position. The blocks are in the order of tenants, so it reads those of
// one range of positions after the other.
type hashes struct {
	s      *Store
	newest uint64
	first  uint64       // position of the first in window
	window []sigil.Hash // zeros for entries that are missing
}

// at returns the hash of an entry, or false if it is missing. Positions must ascend from call to call.
func (h *hashes) at(position uint64) (sigil.Hash, bool, error) {
	if position >= h.first+uint64(len(h.window)) {
		if err := h.read(position); err != nil {
			return sigil.Hash{}, false, err
		}
	}
	hash := h.window[position-h.first]
	return hash, hash != sigil.Hash{}, nil
}

// read reads the window that begins at a position.
func (h *hashes) read(first uint64) error {
	h.first, h.window = first, make([]sigil.Hash, min(hashWindow, h.newest+1-first))
	end := first + uint64(len(h.window))
	return h.s.journalTenants(func(it *pebble.Iterator, tenant string) error {
		for ok := it.SeekGE(layout.JournalKey(tenant, first)); ok; ok = it.Next() {
			name, last, split := layout.SplitJournalKey(it.Key())
			if !split {
				return fmt.Errorf("record %q: %w", it.Key(), record.ErrDamaged)
			}
			if name != tenant {
				break
			}
			beyond := false
			_ = record.ReadHashes(it.Value(), tenant, 0, last, func(position uint64, hash sigil.Hash) { // journal reports blocks that cannot be read
				if beyond = position >= end; !beyond && position >= first {
					h.window[position-first] = hash
				}
			})
			if beyond {
				break
			}
		}
		return it.Error()
	})
}
