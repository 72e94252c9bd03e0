package leveldb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/golang/snappy"
)

const (
	footerSize = 48
	magic      = 0xdb4775248b80fb57
	blockTail  = 5        // kind of compression, checksum
	maxBlock   = 64 << 20 // bytes of a block, as stored and as read: a block has one value at least
)

// handle is where a block lies in a table, without its tail.
type handle struct{ offset, size uint64 }

// table returns the entries of a table in their order. It holds its index and one block.
type table struct {
	in            io.ReaderAt
	size          int64
	index, block  *block
	first, last   []byte // the internal keys that the manifest names; nil if not to be checked
	key, previous []byte
	value         []byte
}

func openTable(in io.ReaderAt, f tableFile) (*table, error) {
	t := &table{in: in, size: f.size, first: f.smallest, last: f.largest}
	if t.size < footerSize {
		return nil, errors.New("is too short for a table")
	}
	footer := make([]byte, footerSize)
	if _, err := in.ReadAt(footer, t.size-footerSize); err != nil {
		return nil, noEOF(err)
	}
	if binary.LittleEndian.Uint64(footer[footerSize-8:]) != magic {
		return nil, errors.New("is not a table: its last bytes are wrong")
	}
	at := fields{footer[:footerSize-8]}
	at.number() // the block of filters, which only speed up lookups
	at.number()
	index := handle{at.number(), at.number()}
	if at.rest == nil {
		return nil, errors.New("does not say where its index is")
	}
	content, err := t.read(index)
	if err != nil {
		return nil, err
	}
	t.index, err = newBlock(content)
	return t, err
}

// read returns the content of a block, whose checksum it verifies.
func (t *table) read(h handle) ([]byte, error) {
	end := uint64(t.size) - footerSize
	if h.size > maxBlock || h.offset > end || h.size+blockTail > end-h.offset {
		return nil, fmt.Errorf("the block at byte %d lies outside the table, or has more than %d bytes", h.offset, maxBlock)
	}
	stored := make([]byte, h.size+blockTail)
	if _, err := t.in.ReadAt(stored, int64(h.offset)); err != nil {
		return nil, noEOF(err)
	}
	content, kind := stored[:h.size], stored[h.size:h.size+1]
	if checksum(content, kind) != binary.LittleEndian.Uint32(stored[h.size+1:]) {
		return nil, fmt.Errorf("the checksum of the block at byte %d is wrong", h.offset)
	}
	switch kind[0] {
	case 0:
		return content, nil
	case 1:
		n, err := snappy.DecodedLen(content)
		if err != nil || n > maxBlock {
			return nil, fmt.Errorf("the block at byte %d has no length that can be read", h.offset)
		}
		if content, err = snappy.Decode(nil, content); err != nil {
			return nil, fmt.Errorf("the block at byte %d cannot be decompressed: %w", h.offset, err)
		}
		return content, nil
	}
	return nil, fmt.Errorf("the block at byte %d is compressed in a way (%d) that is not known", h.offset, kind[0])
}

// next moves to the next entry: key and value are then set, until the following call. It returns io.EOF after the last.
func (t *table) next() error {
	for {
		if t.block == nil {
			err := t.index.next()
			if errors.Is(err, io.EOF) && t.last != nil && !bytes.Equal(t.key, t.last) {
				return errors.New("does not end with the key that the manifest names")
			}
			if err != nil {
				return err
			}
			at := fields{t.index.value}
			h := handle{at.number(), at.number()}
			if at.rest == nil {
				return errors.New("its index is wrong")
			}
			content, err := t.read(h)
			if err != nil {
				return err
			}
			if t.block, err = newBlock(content); err != nil {
				return err
			}
		}
		err := t.block.next()
		if errors.Is(err, io.EOF) {
			t.block = nil
			continue
		}
		if err != nil {
			return err
		}
		return t.take()
	}
}

// take checks the entry of the block and makes it that of the table.
func (t *table) take() error {
	if len(t.block.key) < trailer {
		return errors.New("has a key that is too short")
	}
	t.previous, t.key = t.key, append(t.previous[:0], t.block.key...)
	t.value = t.block.value
	switch _, _, kind := split(t.key); {
	case kind > value:
		return fmt.Errorf("has an entry of a kind (%d) that is not known", kind)
	case t.previous == nil && t.first != nil && !bytes.Equal(t.key, t.first):
		return errors.New("does not begin with the key that the manifest names")
	case len(t.previous) > 0 && compare(t.previous, t.key) >= 0:
		return errors.New("has keys that are not in order")
	}
	return nil
}

// block is the entries of a block, or of an index. A key is stored as what differs from the one before it.
type block struct {
	rest       []byte
	key, value []byte
}

func newBlock(content []byte) (*block, error) {
	if len(content) < 4 {
		return nil, errors.New("has a block that is too short")
	}
	n := len(content) - 4
	restarts := binary.LittleEndian.Uint32(content[n:])
	if uint64(restarts)*4 > uint64(n) {
		return nil, errors.New("has a block whose end is wrong")
	}
	return &block{rest: content[:n-int(restarts)*4]}, nil
}

// next moves to the next entry, or returns io.EOF.
func (b *block) next() error {
	if len(b.rest) == 0 {
		return io.EOF
	}
	head := fields{b.rest}
	shared, unshared, size := head.number(), head.number(), head.number()
	rest := head.rest
	if rest == nil || shared > uint64(len(b.key)) || unshared > uint64(len(rest)) || size > uint64(len(rest))-unshared {
		return errors.New("has an entry that is cut off")
	}
	b.key = append(b.key[:shared], rest[:unshared]...)
	b.value = rest[unshared : unshared+size]
	b.rest = rest[unshared+size:]
	return nil
}
