package leveldb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	levels     = 7
	comparator = "leveldb.BytewiseComparator"
	maxEdit    = 64 << 20 // bytes of one record of a manifest
)

// tableFile is a table that belongs to the database.
type tableFile struct {
	number            uint64
	size              int64
	smallest, largest []byte // internal keys
}

// manifest is which files a database consists of.
type manifest struct {
	tables       [levels][]tableFile // of level 0 in any order, of others by key
	log, prevLog uint64              // logs with a number of at least log, and prevLog if not 0, are not in tables yet
}

// readManifest reads the edits of a manifest.
func readManifest(in io.Reader, size int64) (*manifest, error) {
	m := &manifest{}
	compared, hasLog := false, false
	for records := newLogReader(in, size, maxEdit); ; {
		record, err := records.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		edit := fields{record}
		for len(edit.rest) > 0 {
			switch tag := edit.number(); tag {
			case 1:
				if name := edit.bytes(); edit.rest != nil && string(name) != comparator {
					return nil, fmt.Errorf("keys are ordered by %.60q, and only %s is known", name, comparator)
				}
				compared = true
			case 2:
				m.log, hasLog = edit.number(), true
			case 9:
				m.prevLog = edit.number()
			case 3, 4: // the next number of a file, the last sequence number
				edit.number()
			case 5: // where the next compaction of a level begins
				edit.number()
				edit.bytes()
			case 6:
				m.remove(edit.number(), edit.number())
			case 7:
				level := edit.number()
				m.add(level, tableFile{edit.number(), int64(edit.number()), slices.Clone(edit.bytes()), slices.Clone(edit.bytes())}, &edit)
			default:
				return nil, fmt.Errorf("has a field %d, which is not known", tag)
			}
			if edit.rest == nil {
				return nil, fmt.Errorf("the record before byte %d is cut off or wrong", records.at)
			}
		}
	}
	if !compared || !hasLog {
		return nil, errors.New("does not say which files there are")
	}
	return m, m.sort()
}

func (m *manifest) remove(level, number uint64) {
	if level < levels {
		m.tables[level] = slices.DeleteFunc(m.tables[level], func(t tableFile) bool { return t.number == number })
	}
}

func (m *manifest) add(level uint64, t tableFile, from *fields) {
	if level >= levels || t.size < 0 || len(t.smallest) < trailer || len(t.largest) < trailer {
		from.rest = nil
		return
	}
	m.tables[level] = append(m.tables[level], t)
}

// sort puts the tables of each level in the order of their keys, and checks that they do not overlap.
func (m *manifest) sort() error {
	for level, tables := range m.tables {
		if level == 0 {
			continue
		}
		slices.SortFunc(tables, func(a, b tableFile) int { return compare(a.smallest, b.smallest) })
		for i := range tables[min(1, len(tables)):] {
			if compare(tables[i].largest, tables[i+1].smallest) >= 0 {
				return fmt.Errorf("tables %06d and %06d of level %d overlap", tables[i].number, tables[i+1].number, level)
			}
		}
	}
	return nil
}

// trailer is the size of what follows a key in an internal key: its sequence number and kind.
const trailer = 8

// The kinds of an entry.
const (
	deletion = 0
	value    = 1
)

// split returns the parts of an internal key, which has at least trailer bytes.
func split(internal []byte) (key []byte, sequence uint64, kind byte) {
	n := len(internal) - trailer
	packed := binary.LittleEndian.Uint64(internal[n:])
	return internal[:n], packed >> 8, byte(packed)
}

// compare orders internal keys: by key, and for one key the newest first.
func compare(a, b []byte) int {
	keyA, seqA, kindA := split(a)
	keyB, seqB, kindB := split(b)
	if c := bytes.Compare(keyA, keyB); c != 0 {
		return c
	}
	switch newA, newB := seqA<<8|uint64(kindA), seqB<<8|uint64(kindB); {
	case newA > newB:
		return -1
	case newA < newB:
		return 1
	}
	return 0
}

// fields are numbers and byte strings one after the other. rest becomes nil if they are cut off.
type fields struct{ rest []byte }

func (f *fields) number() uint64 {
	v, n := binary.Uvarint(f.rest)
	if n <= 0 {
		f.rest = nil
		return 0
	}
	f.rest = f.rest[n:]
	return v
}

func (f *fields) bytes() []byte {
	n := f.number()
	if n > uint64(len(f.rest)) {
		f.rest = nil
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}
