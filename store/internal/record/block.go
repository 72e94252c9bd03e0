package record

import (
	"encoding/binary"
	"time"

	"github.com/sigil-dna/sigil"
)

// A block holds journal entries of one tenant: for each in order, how far its position is from the one
// before (from the block's base at first), the length of its record, and the record.

// MaxBlock is the size from which a block takes no more entries: a reader reads a whole block for each of
// its entries.
const MaxBlock = 16 << 10

// AppendEntry adds the event in record to block, with its position. before is the position of the previous entry in
// the block, or the base for the first.
func AppendEntry(block []byte, before, position uint64, record []byte) []byte {
	block = binary.AppendUvarint(block, position-before)
	return AppendBytes(block, record)
}

// ReadBlock appends to events the events of a tenant's block that have a position over after, until there are limit.
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

// FirstFrom returns the position of the first of events that is over a position and not older than a time.
func FirstFrom(events []sigil.Event, over uint64, from time.Time) (position uint64, ok bool) {
	for i := range events {
		if e := &events[i]; e.Position > over && !e.Time.Before(from) {
			return e.Position, true
		}
	}
	return 0, false
}
