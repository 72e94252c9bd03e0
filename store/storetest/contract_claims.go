package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
)

var claimIdeas = []idea{
	{"one works under a name, until its time is over", func(f *fixture) {
		f.claims("a", 1, 10, 0, 0, true)
		f.claims("a", 2, 19, 9, 0, false)
		f.claims("a", 1, 15, 9, 0, true) // renewed
		f.claims("a", 2, 20, 10, 0, false)
		f.claims("b", 2, 20, 10, 0, true) // another name
		f.claims("a", 2, 25, 15, 0, true)
		f.claims("a", 1, 26, 16, 0, false)
	}},
	{"the owner lets go", func(f *fixture) {
		f.claims("a", 1, 10, 0, 0, true)
		f.claims("a", 1, 5, 5, 0, true)
		f.claims("a", 2, 15, 5, 0, true)
	}},
	{"a claim that was over is the owner's again where nobody came", func(f *fixture) {
		f.claims("a", 1, 10, 0, 0, true)
		f.claims("a", 1, 30, 20, 0, true)
	}},
	{"a claim that a clock wrote which was ahead keeps nobody away", func(f *fixture) {
		f.claims("a", 1, 3630, 3600, 0, true) // by a clock that is an hour ahead
		f.ok("Advance", f.Advance(f.ctx(), "a", f.owner(1), 7))
		f.claims("a", 2, 30, 0, 7, true)
		f.claims("a", 3, 30, 0, 7, false)
		f.claims("b", 1, 60, 0, 0, true) // the maximum
		f.claims("b", 2, 60, 0, 0, false)
	}},
	{"the position outlives its owner, and never goes back", func(f *fixture) {
		for range 9 {
			f.encode()
		}
		f.claims("a", 1, 10, 0, 0, true)
		f.ok("Advance", f.Advance(f.ctx(), "a", f.owner(1), 7))
		f.ok("Advance back", f.Advance(f.ctx(), "a", f.owner(1), 3))
		f.claims("a", 2, 10, 5, 7, false)
		f.claims("a", 2, 20, 10, 7, true)
		f.ok("Advance by the next", f.Advance(f.ctx(), "a", f.owner(2), 9))
		f.claims("a", 2, 20, 10, 9, true)
		f.claims("b", 1, 20, 10, 0, true)
	}},
	{"a position over the newest of the journal gives way", func(f *fixture) {
		f.encode()
		f.claims("a", 1, 10, 0, 0, true)
		f.ok("Advance ahead", f.Advance(f.ctx(), "a", f.owner(1), 7))
		f.ok("Advance back", f.Advance(f.ctx(), "a", f.owner(1), 1))
		f.claims("a", 1, 20, 5, 1, true)
		f.ok("Advance back again", f.Advance(f.ctx(), "a", f.owner(1), 0))
		f.claims("a", 1, 20, 5, 1, true)
	}},
	{"only the owner advances", func(f *fixture) {
		fails(f.t, "unclaimed", f.Advance(f.ctx(), "a", f.owner(1), 1), sigil.ErrConflict, "not_claimed")
		f.claims("a", 1, 10, 0, 0, true)
		fails(f.t, "claimed by another", f.Advance(f.ctx(), "a", f.owner(2), 1), sigil.ErrConflict, "not_claimed")
		f.claims("a", 2, 20, 10, 0, true)
		fails(f.t, "the owner before", f.Advance(f.ctx(), "a", f.owner(1), 1), sigil.ErrConflict, "not_claimed")
	}},
	{"of many at once one has it", func(f *fixture) {
		var held atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				_, ok, err := f.Claim(f.ctx(), "a", f.owner(i+1), start.Add(time.Second), start)
				if err != nil {
					f.t.Errorf("Claim: %v", err)
				}
				if ok {
					held.Add(1)
				}
			})
		}
		wg.Wait()
		equal(f.t, "owners", held.Load(), int64(1))
	}},
}

// owner returns the nth of several owners.
func (f *fixture) owner(n int) sigil.ID { return idAt(start, int64(n)) }

// claims checks the result of a Claim, with times in seconds.
func (f *fixture) claims(name string, owner, until, now int, position uint64, held bool) {
	f.t.Helper()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	p, h, err := f.Claim(f.ctx(), name, f.owner(owner), at(until), at(now))
	f.ok("Claim", err)
	if p != position || h != held {
		f.t.Errorf("Claim of %s by %d at %d: %d, %v, want %d, %v", name, owner, now, p, h, position, held)
	}
}
