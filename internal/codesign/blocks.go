package codesign

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
)

// Blocks are the checksums of a body's pieces, by which the place of a change is found. They prove nothing: the
// signature does. The zero Blocks are of no body.
type Blocks struct {
	Size int      // bytes of each block but the last; a power of two from 64 up
	Sums []uint32 // CRC-32C
}

const (
	mostBlocks    = 128
	mostBlockSize = 1 << 56 // so that the end of the last block is an int64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// blockSize returns the size of the blocks of a body: the smallest power of two, from 64 up, that needs no more than
// [mostBlocks] of them.
func blockSize(body int64) int {
	size := 64
	for int64(size)*mostBlocks < body {
		size *= 2
	}
	return size
}

func blocksOf(body []byte) Blocks {
	w := newBlockWriter(blockSize(int64(len(body))))
	_, _ = w.Write(body) // never fails
	return w.blocks()
}

// String returns the size and the checksums in base64.
func (b Blocks) String() string {
	raw := make([]byte, 0, 4*len(b.Sums))
	for _, sum := range b.Sums {
		raw = binary.BigEndian.AppendUint32(raw, sum)
	}
	return strconv.Itoa(b.Size) + " " + base64.StdEncoding.EncodeToString(raw)
}

// ParseBlocks reads what String returns.
func ParseBlocks(s string) (Blocks, error) {
	size, sums, _ := strings.Cut(s, " ")
	n, err := strconv.Atoi(size)
	raw, bad := base64.StdEncoding.DecodeString(sums)
	if err != nil || bad != nil || n < 64 || int64(n) > mostBlockSize || len(raw)%4 != 0 || len(raw) > 4*mostBlocks {
		return Blocks{}, errors.New("not the checksums of blocks")
	}
	b := Blocks{Size: n, Sums: make([]uint32, 0, len(raw)/4)}
	for ; len(raw) > 0; raw = raw[4:] {
		b.Sums = append(b.Sums, binary.BigEndian.Uint32(raw))
	}
	return b, nil
}

// differs returns where a body whose blocks are now differs first from one of which b are the blocks. Both have the
// size of block that b has, and are size and wasSize bytes long.
func (b Blocks) differs(now Blocks, size, wasSize int64) *Range {
	for i := range b.Sums {
		from := int64(i) * int64(b.Size)
		if i >= len(now.Sums) {
			return &Range{From: from, To: from}
		}
		if b.Sums[i] != now.Sums[i] {
			return &Range{From: from, To: min(from+int64(b.Size), max(size, wasSize))}
		}
	}
	if size > wasSize {
		return &Range{From: wasSize, To: size}
	}
	return nil
}

// Locate reads a body and returns where it first differs from the one that s was made for, or nil if that cannot be
// told.
func (s *Signature) Locate(body io.Reader) (*Range, error) {
	if s.Blocks.Size == 0 {
		return nil, nil
	}
	w := newBlockWriter(s.Blocks.Size)
	n, err := copyTo(w, body)
	return s.Blocks.differs(w.blocks(), n, s.Size), err
}

// A blockWriter computes blocks of what is written to it.
type blockWriter struct {
	size, filled int
	sum          uint32
	sums         []uint32
}

func newBlockWriter(size int) *blockWriter { return &blockWriter{size: size} }

func (w *blockWriter) Write(p []byte) (int, error) {
	all := len(p)
	for len(p) > 0 {
		n := min(len(p), w.size-w.filled)
		w.sum = crc32.Update(w.sum, castagnoli, p[:n])
		if w.filled += n; w.filled == w.size {
			if len(w.sums) <= mostBlocks { // what is longer than any signed body differs in any case
				w.sums = append(w.sums, w.sum)
			}
			w.sum, w.filled = 0, 0
		}
		p = p[n:]
	}
	return all, nil
}

// blocks returns those of all that was written.
func (w *blockWriter) blocks() Blocks {
	sums := w.sums
	if w.filled > 0 {
		sums = append(sums[:len(sums):len(sums)], w.sum)
	}
	return Blocks{Size: w.size, Sums: sums}
}
