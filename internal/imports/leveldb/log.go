package leveldb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A log consists of blocks of this size. A record has pieces, none of which crosses the end of a block.
const (
	blockSize  = 32 << 10
	pieceHead  = 7 // checksum, length, kind
	wholePiece = 1
	firstPiece = 2
	innerPiece = 3
	finalPiece = 4
)

// errCut is returned for a log that ends within a record: a crash while it was written leaves it so. The record was never
// acknowledged as durable.
var errCut = errors.New("ends within a record")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the masked checksum of parts, as LevelDB stores it.
func checksum(parts ...[]byte) uint32 {
	var sum uint32
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// logReader returns the records of a log. left is the number of bytes of the log that have not been read.
type logReader struct {
	in   *bufio.Reader
	left int64
	at   int64 // offset of the next byte
	max  int   // the largest record, in bytes
}

func newLogReader(in io.Reader, size int64, max int) *logReader {
	return &logReader{in: bufio.NewReaderSize(in, blockSize), left: size, max: max}
}

// next returns the next record. It returns io.EOF after the last, and errCut if the log ends within a record.
func (r *logReader) next() ([]byte, error) {
	var record []byte
	for begun := false; ; {
		kind, piece, err := r.piece()
		switch {
		case errors.Is(err, io.EOF) && begun:
			return nil, errCut
		case err != nil:
			return nil, err
		case len(record)+len(piece) > r.max:
			return nil, fmt.Errorf("the record before byte %d has more than %d bytes", r.at, r.max)
		case begun != (kind == innerPiece || kind == finalPiece):
			return nil, fmt.Errorf("the piece before byte %d is not the one that must follow", r.at)
		}
		record = append(record, piece...)
		if kind == wholePiece || kind == finalPiece {
			return record, nil
		}
		begun = true
	}
}

// piece returns the next piece of a record and its kind.
func (r *logReader) piece() (kind byte, data []byte, err error) {
	if rest := blockSize - r.at%blockSize; rest < pieceHead { // too few bytes for a piece: a filler of zeros
		filler, err := r.read(int(rest))
		if err != nil {
			return 0, nil, err
		}
		for _, b := range filler {
			if b != 0 {
				return 0, nil, fmt.Errorf("the end of the block before byte %d is not filled with zeros", r.at)
			}
		}
	}
	head, err := r.read(pieceHead)
	if err != nil {
		return 0, nil, err
	}
	n := int(binary.LittleEndian.Uint16(head[4:]))
	if kind = head[6]; kind < wholePiece || kind > finalPiece {
		return 0, nil, fmt.Errorf("byte %d is not a kind of piece that is known", r.at-1)
	}
	if begin := r.at - pieceHead; int64(n) > blockSize-pieceHead-begin%blockSize {
		return 0, nil, fmt.Errorf("the piece at byte %d is longer than its block", begin)
	}
	data, err = r.read(n)
	if errors.Is(err, io.EOF) {
		return 0, nil, errCut
	}
	if err != nil {
		return 0, nil, err
	}
	if checksum(head[6:], data) != binary.LittleEndian.Uint32(head) {
		return 0, nil, fmt.Errorf("the checksum of the piece at byte %d is wrong", r.at-pieceHead-int64(n))
	}
	return kind, data, nil
}

// read returns the next n bytes. It returns io.EOF at the end, and errCut if fewer are left.
func (r *logReader) read(n int) ([]byte, error) {
	switch {
	case n == 0:
		return nil, nil
	case r.left == 0:
		return nil, io.EOF
	case r.left < int64(n):
		return nil, errCut
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r.in, data); err != nil {
		return nil, fmt.Errorf("after byte %d: %w", r.at, noEOF(err))
	}
	r.at, r.left = r.at+int64(n), r.left-int64(n)
	return data, nil
}

// noEOF returns io.ErrUnexpectedEOF for io.EOF: the file has become shorter while it was read.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
