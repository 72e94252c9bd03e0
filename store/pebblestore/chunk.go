package pebblestore

import (
	"encoding/binary"
	"hash/crc32"
	"iter"
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
	end     int  // in the file
	gap     bool // what is before it is damaged
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

// chunks gives the intact chunks of a log, and where they are. gap tells that what stands between one and that
// before it is damaged: a record begins with it, so what came before was on disk before. What is not intact at
// the end is no damage, but as a crash leaves it.
func chunks(b []byte, log uint32) iter.Seq2[int, chunk] {
	return func(yield func(int, chunk) bool) {
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
			c.gap = gap
			if !yield(at, c) {
				return
			}
			gap = false
			at = c.end
		}
	}
}

// records gives the intact records of a log, and tells where there is damage before one.
func records(b []byte, log uint32, damage func(before int)) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var record []byte // what there is of it; nil where its start is missing
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
