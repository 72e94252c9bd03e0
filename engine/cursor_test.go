package engine

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sigil-dna/sigil"
)

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
