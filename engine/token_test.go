package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// A copy that has written other entries at the reader's position is told from what the reader saw.
func TestAReaderOfAReplacedEntryIsAhead(t *testing.T) {
	before, after := newRig(t, engine.Options{}), newRig(t, engine.Options{})
	for range 3 {
		before.encode(`1`, nil)
		after.encode(`2`, nil)
	}
	after.encode(`3`, nil)
	events, err := before.Events(before.ctx(), sigil.DefaultTenant, 0, 0)
	before.ok("events", err)
	for _, e := range events {
		_, err := before.EventsAfter(before.ctx(), sigil.DefaultTenant, e.Token(), 0)
		before.ok("in the same store", err)
		_, err = after.EventsAfter(after.ctx(), sigil.DefaultTenant, e.Token(), 0)
		after.fails("in the copy", err, sigil.ErrGone, "position_ahead", "after")
		var ahead *sigil.Error
		if !errors.As(err, &ahead) || ahead.Newest == nil || *ahead.Newest != 4 {
			t.Errorf("the newest position is not named: %v", err)
		}
		got, err := after.EventsAfter(after.ctx(), sigil.DefaultTenant, sigil.Token{Position: e.Position}, 0)
		after.ok("a plain number", err)
		same(t, "entries", len(got), int(4-e.Position))
	}
	_, err = after.EventsAfter(after.ctx(), sigil.DefaultTenant, sigil.Token{Position: 5, Check: 1}, 0)
	after.fails("beyond the newest", err, sigil.ErrGone, "position_ahead", "after")
	_, err = after.EventsAfter(after.ctx(), sigil.DefaultTenant, sigil.Token{Check: 1}, 0)
	after.ok("position 0", err)
}

// A token stays good when the journal is dropped up to its entry, and no longer.
func TestATokenOfADroppedEntry(t *testing.T) {
	r := newRig(t, engine.Options{})
	for range 3 {
		r.encode(`1`, nil)
	}
	events, err := r.Events(r.ctx(), sigil.DefaultTenant, 0, 0)
	r.ok("events", err)
	_, err = r.store.Trim(r.ctx(), time.Time{}, 1)
	r.ok("trim", err)
	_, err = r.EventsAfter(r.ctx(), sigil.DefaultTenant, events[1].Token(), 0)
	r.ok("the last that was dropped", err)
	_, err = r.EventsAfter(r.ctx(), sigil.DefaultTenant, events[0].Token(), 0)
	r.fails("one before", err, sigil.ErrGone, "position_gone", "after")
	for i, e := range events {
		token, err := r.TokenAt(r.ctx(), e.Position)
		r.ok("TokenAt", err)
		want := e.Token()
		if i < 2 {
			want.Check = 0
		}
		same(t, "token", token, want)
	}
}
