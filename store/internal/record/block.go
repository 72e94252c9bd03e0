package record

import (
	"encoding/binary"
	"time"

	"github.com/sigil-dna/sigil"
)

// A block holds journal entries of one tenant. For each entry in order, it has the difference of its position
// from the previous one (for the first, from the block's base), the length of its record, and the record. An erased
// entry has its hash instead ([AppendErased]).

// MaxBlock is the size from which a block takes no more entries: to read one entry, a reader reads the whole
// block.
const MaxBlock = 16 << 10

// AppendEntry appends to block the event in record, with its position. before is the position of the previous
// entry in the block, or the base for the first.
func AppendEntry(block []byte, before, position uint64, record []byte) []byte {
	block = binary.AppendUvarint(block, position-before)
	return AppendBytes(block, record)
}

// blockReader reads a block that ends with the position last.
type blockReader struct {
	r              Reader
	position, last uint64 // position is that of the entry read last, or the base
}

// next returns the next entry. It returns false at the end, and if the block is damaged.
func (b *blockReader) next() (entry []byte, ok bool) {
	if b.r.err != nil || b.position >= b.last {
		return nil, false
	}
	further := b.r.Uvarint()
	entry = b.r.Bytes()
	if further == 0 || further > b.last-b.position {
		b.r.Fail()
	}
	b.position += further
	return entry, b.r.err == nil
}

// end returns the first error. Bytes after the last entry are an error, too.
func (b *blockReader) end() error {
	if b.position == b.last {
		return b.r.End()
	}
	return b.r.err
}

// ReadBlock appends to events those in a tenant's block whose position is over after, until there are limit. It leaves out
// erased ones. The block begins at base and ends with the position last.
func ReadBlock(events []sigil.Event, block []byte, tenant string, base, after, last uint64, limit int, policies Policies) ([]sigil.Event, error) {
	b := blockReader{r: NewReader(block), position: base, last: last}
	for len(events) < limit {
		entry, ok := b.next()
		if !ok {
			break
		}
		if b.position <= after {
			continue
		}
		if _, gone := Erased(entry); gone {
			continue
		}
		r := NewReader(entry)
		events = append(events, r.Event(tenant, b.position, policies))
		events[len(events)-1].Hash = EntryHash(tenant, entry)
		if err := r.End(); err != nil {
			return events, err
		}
	}
	return events, b.end()
}

// ReadHashes calls visit with the position and the hash of each entry of a tenant's block, erased or not, by position. The
// block begins at base and ends with the position last.
func ReadHashes(block []byte, tenant string, base, last uint64, visit func(position uint64, hash sigil.Hash)) error {
	b := blockReader{r: NewReader(block), position: base, last: last}
	for {
		entry, ok := b.next()
		if !ok {
			return b.end()
		}
		hash, gone := Erased(entry)
		if !gone {
			hash = EntryHash(tenant, entry)
		}
		visit(b.position, hash)
	}
}

// FirstFrom returns the position of the first event whose position exceeds over and whose time is not before
// from.
func FirstFrom(events []sigil.Event, over uint64, from time.Time) (position uint64, ok bool) {
	for i := range events {
		if e := &events[i]; e.Position > over && !e.Time.Before(from) {
			return e.Position, true
		}
	}
	return 0, false
}
