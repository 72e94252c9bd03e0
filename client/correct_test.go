package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func TestCorrect(t *testing.T) {
	c := withUndo(t, time.Hour)
	live := c.Live()
	defer live.Close()
	first, err := c.Encode(t.Context(), sigil.Draft{Data: []byte(`1`), Tags: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Correct(t.Context(), first.ID, sigil.Draft{Data: []byte(`2`)})
	if err != nil || *second.Supersedes != first.ID || second.Tags[0] != "a" {
		t.Fatalf("got %+v, %v", second, err)
	}
	third, err := live.Correct(t.Context(), second.ID, sigil.Draft{Data: []byte(`3`), Tags: []string{}})
	if err != nil || *third.Supersedes != second.ID || len(third.Tags) != 0 {
		t.Fatalf("got %+v, %v", third, err)
	}
	_, err = c.Peek(t.Context(), first.ID)
	if by, ok := client.SupersededBy(err); !errors.Is(err, sigil.ErrGone) || !ok || by != second.ID {
		t.Errorf("peek: %v", err)
	}
	_, err = live.Correct(t.Context(), second.ID, sigil.Draft{Data: []byte(`4`)})
	if by, ok := client.SupersededBy(err); !errors.Is(err, sigil.ErrConflict) || !ok || by != third.ID {
		t.Errorf("correct: %v", err)
	}
	if _, ok := client.SupersededBy(errors.New("other")); ok {
		t.Error("another error names a memory")
	}
	all := ""
	for v, err := range c.AllVersions(t.Context(), first.ID, client.HistoryQuery{Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		all += string(v.Memory.Data)
	}
	if all != "321" {
		t.Errorf("versions %s", all)
	}
}
