package layout

import (
	"encoding/binary"
	"hash/crc32"
	"iter"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"

	"github.com/sigil-dna/sigil/store/internal/record"
)

// The database's logs, and its lists of its files, are sequences of chunks. A chunk is a checksum, the size
// of the payload, the kind of chunk, in some kinds the number of the log, and the payload. No chunk crosses
// the end of a block. A record is one chunk, or a first, some middle and a last chunk.
const (
	chunkHeader = 7
	logBlock    = 32 << 10
)

type chunk struct {
	place   byte // position in its record
	payload []byte
	end     int  // position in the file
	gap     bool // the bytes before it are damaged
}

const (
	fullChunk = byte(iota)
	firstChunk
	middleChunk
	lastChunk
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chunkAt returns the intact chunk at b[at:] of the log with that number, if there is one.
func chunkAt(b []byte, at int, log uint32) (c chunk, ok bool) {
	block := b[:min(len(b), at-at%logBlock+logBlock)]
	if at+chunkHeader > len(block) {
		return c, false
	}
	kind, header := block[at+6], chunkHeader
	switch {
	case kind >= 1 && kind <= 4:
	case kind >= 5 && kind <= 8:
		header += 4 // the log's number
	case kind >= 9 && kind <= 12:
		header += 4 + 8 // and how far the log was synced
	default:
		return c, false
	}
	c.end = at + header + int(binary.LittleEndian.Uint16(block[at+4:]))
	if c.end > len(block) || header > chunkHeader && binary.LittleEndian.Uint32(block[at+7:]) != log {
		return c, false
	}
	sum := crc32.Checksum(block[at+6:c.end], castagnoli)
	if binary.LittleEndian.Uint32(block[at:]) != (sum>>15|sum<<17)+0xa282ead8 {
		return c, false
	}
	c.place, c.payload = (kind-1)%4, block[at+header:c.end]
	return c, true
}

// chunks returns the intact chunks of a log and their positions. gap is set if there is damage between a
// chunk and the previous one: a record begins with the chunk, so everything before it must have been on disk.
// A damaged end is not a gap, since a crash leaves one.
func chunks(b []byte, log uint32) iter.Seq2[int, chunk] {
	return func(yield func(int, chunk) bool) {
		gap := false
		for at := 0; at < len(b); {
			if left := logBlock - at%logBlock; left < chunkHeader {
				at += left // too short for a chunk: zeros
				continue
			}
			c, ok := chunkAt(b, at, log)
			if !ok || gap && c.place != fullChunk && c.place != firstChunk {
				gap = true
				at++
				continue
			}
			c.gap = gap
			if !yield(at, c) {
				return
			}
			gap = false
			at = c.end
		}
	}
}

// Records returns the intact records of the log with that number. It calls damage with each position that has
// damage before it.
func Records(b []byte, log uint32, damage func(before int)) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var record []byte // its chunks so far; nil if its start is missing
		for at, c := range chunks(b, log) {
			if c.gap {
				damage(at)
			}
			switch {
			case c.place == fullChunk:
				record = c.payload
			case c.place == firstChunk:
				record = append([]byte{}, c.payload...)
			case record != nil:
				record = append(record, c.payload...)
			}
			if (c.place == fullChunk || c.place == lastChunk) && record != nil {
				if !yield(record) {
					return
				}
				record = nil
			}
		}
	}
}

// DamageWithin reports whether a log has damage before further records, and the first position after such
// damage.
func DamageWithin(b []byte, log uint32) (before int, damaged bool) {
	for at, c := range chunks(b, log) {
		if c.gap {
			return at, true
		}
	}
	return 0, false
}

// HasRecords reports whether a log contains a record. A log without records is empty or has a mark of its
// end, which has no checksum.
func HasRecords(b []byte) bool { return len(b) > chunkHeader && binary.LittleEndian.Uint32(b) != 0 }

// See receives a record of the database. For a record that deletes a range, key is the range's first key and
// value its end.
type See func(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte)

// Batch calls visit with the records of a family in one record of a log, which is a batch.
func Batch(b []byte, family byte, visit See) error {
	h, ok := batchrepr.ReadHeader(b)
	if !ok {
		return record.ErrDamaged
	}
	seq := uint64(h.SeqNum)
	for r := batchrepr.Read(b); ; seq++ {
		kind, key, value, ok, err := r.Next()
		if err != nil || !ok {
			return err
		}
		if len(key) > 0 && key[0] == family {
			visit(key, seq, kind, value)
		}
	}
}
