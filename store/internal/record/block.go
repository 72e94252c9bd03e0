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

// AppendEntry adds to block the event with a record, at a position, where the entry before it in the
// block is at before (or the base is, for the first).
func AppendEntry(block []byte, before, position uint64, record []byte) []byte {
	block = binary.AppendUvarint(block, position-before)
	return AppendBytes(block, record)
}

// ReadBlock adds to events those of a tenant's block, which begins at base and ends with the position
// last, whose positions are over after, until there are limit.
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

// FirstFrom gives the position, over one, of the first of events that is not older than a time.
func FirstFrom(events []sigil.Event, over uint64, from time.Time) (position uint64, ok bool) {
	for i := range events {
		if e := &events[i]; e.Position > over && !e.Time.Before(from) {
			return e.Position, true
		}
	}
	return 0, false
}
