package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// The journal is kept in blocks: what one commit journals for one tenant is one record, or several
// where it is much. That costs the database a record a commit instead of one an event. A block never
// spans commits, so it is visible or not as a whole.
//
// The key holds the position of the block's last event, so that the block of a position is the first
// one at or after it. The value is a block of package record, whose base is 0.

// journal puts events into blocks, and gives them their positions. Only the committer uses it.
type journal struct {
	position uint64 // of the newest event
	blocks   map[string]*block
	spare    []*block
}

type block struct {
	last  uint64
	value []byte
}

// add gives e the next position and puts its record into its tenant's block; a full block goes into b.
func (j *journal) add(b *pebble.Batch, e *sigil.Event, entry []byte) error {
	j.position++
	e.Position = j.position
	name := e.Memory.Tenant
	bl := j.blocks[name]
	if bl == nil {
		bl = j.block()
		j.blocks[name] = bl
	}
	bl.value = record.AppendEntry(bl.value, bl.last, e.Position, entry)
	bl.last = e.Position
	if len(bl.value) < record.MaxBlock {
		return nil
	}
	err := b.Set(journalKey(name, bl.last), bl.value, nil)
	*bl = block{value: bl.value[:0]}
	return err
}

func (j *journal) block() *block {
	if n := len(j.spare); n > 0 {
		bl := j.spare[n-1]
		j.spare = j.spare[:n-1]
		return bl
	}
	return new(block)
}

// maxSpare is how many blocks are kept to be used again.
const maxSpare = 64

// flush puts what add left into b, and the position.
func (j *journal) flush(b *pebble.Batch) error {
	if len(j.blocks) == 0 {
		return nil
	}
	for name, bl := range j.blocks {
		if len(bl.value) > 0 {
			if err := b.Set(journalKey(name, bl.last), bl.value, nil); err != nil {
				return err
			}
		}
		if len(j.spare) < maxSpare {
			*bl = block{value: bl.value[:0]}
			j.spare = append(j.spare, bl)
		}
	}
	clear(j.blocks)
	return b.Set([]byte{positionFamily}, binary.BigEndian.AppendUint64(nil, j.position), nil)
}

// Events gives journal entries; see [store.Store].
func (s *Store) Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	published := s.published.Load()
	if after >= published || limit <= 0 {
		return nil, nil
	}
	var events []sigil.Event
	err := s.scanRange(journalKey(tenant, after+1), journalKey(tenant, published+1), func(key, value []byte) error {
		_, last, ok := splitTenant(key)
		if !ok || len(last) != 8 {
			return record.ErrDamaged
		}
		var err error
		if events, err = record.ReadBlock(events, value, tenant, 0, after, binary.BigEndian.Uint64(last), limit, s.policies); err != nil {
			return err
		}
		if len(events) == limit {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return events, s.reading(err)
}

// readBlock reads a whole block, whose key ends with last.
func readBlock(tenant string, last, value []byte, policies *policies) ([]sigil.Event, error) {
	if len(last) != 8 {
		return nil, record.ErrDamaged
	}
	return record.ReadBlock(nil, value, tenant, 0, 0, binary.BigEndian.Uint64(last), record.MaxBlock, policies)
}
