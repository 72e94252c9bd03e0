package layout

import (
	"encoding/binary"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// Claim has the owner of a name, the end of the lease, and how far the owner's work has come.
type Claim struct {
	Position uint64
	Owner    sigil.ID
	Until    int64 // Unix milliseconds
}

// claimSize is the length of a claim in bytes.
const claimSize = 8 + len(sigil.ID{}) + 8

// Bytes returns the value under a claim's key.
func (c Claim) Bytes() []byte {
	value := make([]byte, 0, claimSize)
	value = binary.BigEndian.AppendUint64(value, c.Position)
	value = append(value, c.Owner[:]...)
	return binary.BigEndian.AppendUint64(value, uint64(c.Until))
}

// ReadClaim reads the value under a claim's key.
func ReadClaim(value []byte) (c Claim, ok bool) {
	if len(value) != claimSize {
		return c, false
	}
	c.Position = binary.BigEndian.Uint64(value)
	copy(c.Owner[:], value[8:])
	c.Until = int64(binary.BigEndian.Uint64(value[claimSize-8:]))
	return c, true
}

// Position returns the value of a journal position.
func Position(position uint64) []byte { return binary.BigEndian.AppendUint64(nil, position) }

// ReadPosition reads the value of a journal position.
func ReadPosition(value []byte) (position uint64, ok bool) {
	if len(value) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(value), true
}

// The journal is stored in blocks: the entries of one commit for one tenant are one record, or several if
// there are many. So the database gets one record per commit instead of one per event. A block never spans
// commits, so it is visible as a whole or not at all.
//
// The key contains the position of the block's last event, so that a position's block is the first one at or
// after it. The value is a block of package record, whose base is 0.

// ReadBlock reads a whole block of the journal, whose last position is last.
func ReadBlock(tenant string, last uint64, value []byte, policies *Policies) ([]sigil.Event, error) {
	return record.ReadBlock(nil, value, tenant, 0, 0, last, record.MaxBlock, policies)
}

// FirstOfBlock returns the position of the first event of a block.
func FirstOfBlock(value []byte) (position uint64, ok bool) {
	position, n := binary.Uvarint(value) // a block begins with it
	return position, n > 0
}
