package engine

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"

	"github.com/sigil-dna/sigil"
)

// A cursor is a version byte, which lets its form change later, and the last id of a page. Version 2, for lists in an
// order by figures, has the order and the last memory's sort key of the store, by the clock of its tenant, before the id.
const (
	cursorVersion = 1
	sortedVersion = 2
)

// sortCodes are the orders by figures; the code of one in a cursor is its index. The list may only grow, at its end.
var sortCodes = []sigil.Sort{sigil.SortFades, sigil.SortRecalled, sigil.SortRecalls}

func encodeCursor(id sigil.ID) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{cursorVersion}, id[:]...))
}

func decodeCursor(s string) (id sigil.ID, err error) {
	if s == "" {
		return id, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil && len(b) == 1+len(id) {
		copy(id[:], b[1:])
	}
	if encodeCursor(id) != s { // base64 accepts line ends and stray bits
		return sigil.ID{}, invalidCursor()
	}
	return id, nil
}

// encodeSorted returns the cursor of a list in an order.
func encodeSorted(by sigil.Sort, at place) string {
	if !by.ByFigures() {
		return encodeCursor(at.id)
	}
	return encodeKey(by, at.id, at.key)
}

func encodeKey(by sigil.Sort, id sigil.ID, key int64) string {
	b := []byte{sortedVersion, byte(slices.Index(sortCodes, by))}
	b = binary.BigEndian.AppendUint64(b, uint64(key)) // the same bits
	return base64.RawURLEncoding.EncodeToString(append(b, id[:]...))
}

// decodeSorted returns the place at which a list in an order continues.
func decodeSorted(by sigil.Sort, s string) (id sigil.ID, key int64, err error) {
	if s == "" || !by.ByFigures() {
		id, err = decodeCursor(s)
		return id, 0, err
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil && len(b) == 2+8+len(id) {
		key = int64(binary.BigEndian.Uint64(b[2:]))
		copy(id[:], b[10:])
	}
	if encodeKey(by, id, key) != s || !possibleKey(by, key) {
		return sigil.ID{}, 0, invalidCursor()
	}
	return id, key, nil
}

// possibleKey reports whether a memory may have that key: a store need not be able to compare with other times.
func possibleKey(by sigil.Sort, key int64) bool {
	const years = 1 << 45 // milliseconds: about a thousand
	return by == sigil.SortRecalls || by == sigil.SortFades && key == math.MaxInt64 || -years <= key && key <= years
}

func invalidCursor() error {
	return sigil.NewInvalid("invalid_cursor", "cursor", "was not made by this service, or for a list in another order")
}
