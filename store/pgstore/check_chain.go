package pgstore

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// checkWindow is the number of journal entries whose hashes are in memory at a time: 40 MB. The journal is read once for each
// window.
const checkWindow = 1 << 20

// chain checks that positions have neither gaps nor repeats, and that each link follows from the one before and the entries of its
// commit. The first link cannot be checked. The entries that it should cover were trimmed, or it has zeros because the database had
// no links before.
func (c *checker) chain(ctx context.Context) error {
	w := window{checker: c}
	for first := c.found.Trimmed + 1; first <= c.found.Position; first += uint64(c.window) {
		if err := w.read(ctx, first); err != nil {
			return err
		}
	}
	if c.found.Position == c.found.Trimmed { // there is no entry, but maybe a link
		if err := w.links(ctx, c.found.Position); err != nil {
			return err
		}
	}
	if w.linked == nil {
		c.found.Add(store.CheckChain, "the journal has no links")
	} else if w.linked.position == int64(c.found.Position) && w.linked.link != c.newest {
		c.found.Add(store.CheckChain, "the newest link is not that of the newest position")
	} else if end := uint64(w.linked.position); end < c.found.Position {
		c.found.Add(store.CheckChain, "positions %d to %d are not linked: an older program journaled them", end+1, c.found.Position)
	}
	return nil
}

// window has the hashes of a stretch of the journal, of all tenants, and those before that no link has covered yet.
type window struct {
	*checker
	first  uint64
	hashes []sigil.Hash // zeros for entries that are missing
	// bases has the base of each commit at its last entry.
	bases  []uint64
	linked *link // the last link that was read
	// since has the hashes of the entries after linked that are before first. It has none if they are more than a window.
	since []sigil.Hash
}

// read reads the stretch that begins at a position, and its links.
func (w *window) read(ctx context.Context, first uint64) error {
	w.first = first
	w.hashes = make([]sigil.Hash, min(uint64(w.window), w.found.Position+1-first))
	w.bases = make([]uint64, len(w.hashes))
	end := first + uint64(len(w.hashes)) // the position after the last
	err := w.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return each(ctx, conn, scanCountedBlock, func(b countedBlock) { w.block(&b, end) },
			"select tenant, last, base, block, entries from sigil.journal where last >= $1 and base < $2", int64(first), int64(end-1))
	})
	if err != nil {
		return err
	}
	for i := range w.hashes {
		if (w.hashes[i] == sigil.Hash{}) {
			w.found.Add(store.CheckJournal, "position %d is missing", first+uint64(i))
		} else {
			w.found.Events++
		}
	}
	if err := w.links(ctx, end-1); err != nil || w.linked == nil {
		return err
	}
	since := w.between(uint64(w.linked.position), end-1)
	if w.since = nil; len(since) <= w.window {
		w.since = since
	}
	return nil
}

// between returns the hashes of the entries after one and up to another, or nil if some are not known.
func (w *window) between(from, to uint64) []sigil.Hash {
	var all []sigil.Hash
	if before := w.first - 1; from < before {
		if n := before - from; n <= uint64(len(w.since)) {
			all = append(all, w.since[uint64(len(w.since))-n:]...)
		} else {
			return nil
		}
		from = before
	}
	all = append(all, w.hashes[from+1-w.first:to+1-w.first]...)
	if slices.Contains(all, sigil.Hash{}) {
		return nil // it is reported
	}
	return all
}

func (w *window) block(b *countedBlock, end uint64) {
	n := int32(0)
	err := record.ReadHashes(b.value, b.tenant, uint64(b.base), uint64(b.last), func(position uint64, hash sigil.Hash) {
		if n++; position < w.first || position >= end {
			return // a block may have trimmed and kept entries
		}
		at := position - w.first
		if (w.hashes[at] != sigil.Hash{}) {
			w.found.Add(store.CheckJournal, "position %d occurs twice", position)
		}
		w.hashes[at] = hash
		if position == uint64(b.last) {
			w.bases[at] = uint64(b.base)
		}
	})
	if err == nil && n != b.entries && uint64(b.last) < end { // it is in one window only
		w.found.Add(store.CheckJournal, "block %d of %s counts %d entries and has %d", b.last, b.tenant, b.entries, n)
	}
}

// links checks the links after the last one, up to a position.
func (w *window) links(ctx context.Context, upTo uint64) error {
	from := int64(-1)
	if w.linked != nil {
		from = w.linked.position
	}
	return w.walk(func() (n int, err error) {
		err = w.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return each(ctx, conn, scanStoredLink, func(l storedLink) {
				n, from = n+1, l.position
				if len(l.bytes) != len(l.link.link) {
					w.found.Add(store.CheckChain, "the link at position %d cannot be read", l.position)
					return
				}
				copy(l.link.link[:], l.bytes)
				w.link(l.link)
			}, "select position, link from sigil.links where position > $1 and position <= $2 order by position limit $3", from, int64(upTo), w.rows)
		})
		return n, err
	})
}

// storedLink is a link as it is in the database, damaged or not.
type storedLink struct {
	link
	bytes []byte
}

func scanStoredLink(rows pgx.Rows) (l storedLink, err error) {
	err = rows.Scan(&l.position, &l.bytes)
	return l, err
}

// link checks the next link.
func (w *window) link(next link) {
	before := w.linked
	w.linked = &next
	if before == nil {
		if uint64(next.position) > w.found.Trimmed && next.link != (sigil.Hash{}) {
			w.found.Add(store.CheckChain, "the journal's links before position %d are missing", next.position)
		}
		return
	}
	from, position := uint64(before.position), uint64(next.position)
	if from < w.found.Trimmed { // some of its entries are trimmed
		return
	}
	if base := w.bases[position-w.first]; base > from {
		w.found.Add(store.CheckChain, "positions %d to %d are not linked: an older program journaled them", from+1, base)
		from = base
	}
	hashes := w.between(from, position)
	if hashes != nil && record.NextLink(before.link, position, hashes) != next.link {
		w.found.Add(store.CheckChain, "the link at position %d (%s…) does not follow from the one before and the entries from %d on: one of them was changed",
			position, hex.EncodeToString(next.link[:4]), from+1)
	}
}
