package pebblestore

import (
	"encoding/binary"
	"hash/crc32"
)

// The database's logs, and its lists of its files, are sequences of chunks: a checksum, the size of the
// payload, the kind of chunk, in some kinds the number of the log, and the payload. None crosses the
// end of a block; a record is one chunk, or a first, some in the middle and a last.
const (
	chunkHeader = 7
	logBlock    = 32 << 10
)

type chunk struct {
	place   byte // in its record
	payload []byte
	end     int // in the file
}

const (
	fullChunk = byte(iota)
	firstChunk
	middleChunk
	lastChunk
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chunkAt gives the intact chunk at b[at:] of the log with that number, if there is one.
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
		header += 4 + 8 // and how far it was synced
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

// chunks shows visit the intact chunks of a log. gap tells that what stands between one and that before
// it is damaged: a record begins with it, so what came before was on disk before. What is not intact at
// the end is no damage, but as a crash leaves it.
func chunks(b []byte, log uint32, visit func(at int, c chunk, gap bool)) {
	gap := false
	for at := 0; at < len(b); {
		if left := logBlock - at%logBlock; left < chunkHeader {
			at += left // too little for a chunk: zeros
			continue
		}
		c, ok := chunkAt(b, at, log)
		if !ok || gap && c.place != fullChunk && c.place != firstChunk {
			gap = true
			at++
			continue
		}
		visit(at, c, gap)
		gap = false
		at = c.end
	}
}

// records shows visit the intact records of a log, and tells where there is damage before one.
func records(b []byte, log uint32, visit func(record []byte), damage func(before int)) {
	var record []byte // what there is of it; nil where its start is missing
	chunks(b, log, func(at int, c chunk, gap bool) {
		if gap {
			damage(at)
		}
		switch c.place {
		case fullChunk:
			visit(c.payload)
			record = nil
		case firstChunk:
			record = append([]byte{}, c.payload...)
		default:
			if record == nil {
				return
			}
			record = append(record, c.payload...)
			if c.place == lastChunk {
				visit(record)
				record = nil
			}
		}
	})
}
