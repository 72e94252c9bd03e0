package record

import (
	"encoding/binary"
	"time"

	"github.com/sigil-dna/sigil"
)

// A block holds journal entries of one tenant. For each entry in order, it has the difference of its position
// from the previous one (for the first, from the block's base), the length of its record, and the record.

// MaxBlock is the size from which a block takes no more entries: to read one entry, a reader reads the whole
// block.
const MaxBlock = 16 << 10

// AppendEntry appends to block the event in record, with its position. before is the position of the previous
// entry in the block, or the base for the first.
func AppendEntry(block []byte, before, position uint64, record []byte) []byte {
	block = binary.AppendUvarint(block, position-before)
	return AppendBytes(block, record)
}

// ReadBlock appends to events those in a tenant's block whose position is over after, until there are limit.
// The block begins at base and ends with the position last.
func ReadBlock(events []sigil.Event, block []byte, tenant string, base, after, last uint64, limit int, policies Policies) ([]sigil.Event, error) {
	r := NewReader(block)
	for position := base; r.err == nil && position < last && len(events) < limit; {
		further := r.Uvarint()
		entry := NewReader(r.Bytes())
		if further == 0 || further > last-position {
			r.Fail()
		}
		if position += further; r.err != nil || position <= after {
			continue
		}
		events = append(events, entry.Event(tenant, position, policies))
		if err := entry.End(); err != nil {
			return events, err
		}
		if position == last {
			return events, r.End()
		}
	}
	return events, r.err
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
