package engine

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/sigil-dna/sigil"
)

// FuzzSortedCursor checks that the cursor of a place in an order is read as that place, and by no other order. Any
// other accepted cursor is the one of the place it is read as, at a time that a store can compare.
func FuzzSortedCursor(f *testing.F) {
	for _, key := range []int64{0, 1, -1, 1 << 45, math.MaxInt64, math.MinInt64} {
		f.Add([]byte{15: 3}, key, encodeKey(sigil.SortRecalled, sigil.ID{1}, key))
	}
	f.Add([]byte{}, int64(0), "AgAAAAAAAAAAAAAAAAAAAAA")
	f.Add([]byte{}, int64(0), encodeCursor(sigil.ID{1}))
	f.Fuzz(func(t *testing.T, b []byte, key int64, text string) {
		var id sigil.ID
		copy(id[:], b)
		for _, by := range sortCodes {
			cursor := encodeKey(by, id, key)
			switch got, gotKey, err := decodeSorted(by, cursor); {
			case possibleKey(by, key) && (err != nil || got != id || gotKey != key):
				t.Errorf("%s: %s, %d is read back as %s, %d, %v", by, id, key, got, gotKey, err)
			case !possibleKey(by, key) && err == nil:
				t.Errorf("%s: %d is accepted", by, key)
			}
			for _, other := range append([]sigil.Sort{""}, sortCodes...) {
				if _, _, err := decodeSorted(other, cursor); other != by && err == nil {
					t.Errorf("a cursor of %q is accepted by %q", by, other)
				}
			}
			if got, gotKey, err := decodeSorted(by, text); err == nil && text != "" && encodeKey(by, got, gotKey) != text {
				t.Errorf("%q is taken for %s, %d", text, got, gotKey)
			}
		}
	})
}

// FuzzCursor checks that the cursor of an id is read as that id, and that any other accepted cursor is the one of the
// id it is read as. Everything else is invalid, and is not repeated in the error.
func FuzzCursor(f *testing.F) {
	for _, id := range []sigil.ID{{}, {15: 3}, {0: 255, 15: 255}} {
		f.Add(id[:], encodeCursor(id))
	}
	f.Add([]byte{}, "AQ")
	f.Add([]byte{1}, "AQAAAAAAAAAAAAAAAAAAAAB=")
	f.Add([]byte{2}, "\nAQAAAAAAAAAAAAAAAAAAAAA")
	f.Add([]byte{3}, "AQAAAAAAAAAAAAAAAAAAAAB")
	f.Add([]byte{3}, "AgAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, b []byte, text string) {
		var id sigil.ID
		copy(id[:], b)
		if got, err := decodeCursor(encodeCursor(id)); err != nil || got != id {
			t.Errorf("%s is read back as %s, %v", id, got, err)
		}
		got, err := decodeCursor(text)
		var e *sigil.Error
		switch {
		case err == nil && text != "" && encodeCursor(got) != text:
			t.Errorf("%q is taken for %q", text, encodeCursor(got))
		case err != nil && (!errors.Is(err, sigil.ErrInvalid) || !errors.As(err, &e) || e.Code != "invalid_cursor" || e.Field != "cursor"):
			t.Errorf("%q: %v", text, err)
		case err != nil && got != (sigil.ID{}):
			t.Errorf("%q: %s beside an error", text, got)
		case err != nil && len(text) > 20 && bytes.Contains([]byte(err.Error()), []byte(text)):
			t.Errorf("%v repeats it", err)
		}
	})
}
