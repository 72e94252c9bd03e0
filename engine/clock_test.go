package engine_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	guard "github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// clocked is a store with its own clock, whose reference and monotonic time the test sets.
type clocked struct {
	*storetest.Model
	clock     *guard.Clock
	monotonic time.Duration
	off       time.Duration
}

func (s *clocked) Clock() *guard.Clock { return s.clock }

func (s *clocked) read() guard.Reading {
	return guard.Reading{At: s.monotonic, Time: start.Add(s.monotonic + s.off)}
}

// pass lets d pass, during which the engine reads its clock every second.
func (s *clocked) pass(r *rig, d time.Duration) {
	for end := s.monotonic + d; s.monotonic < end; s.monotonic += time.Second {
		r.Now()
	}
}

// newClocked returns an engine over a store with its own clock.
func newClocked(t *testing.T, o engine.Options) (*rig, *clocked) {
	t.Helper()
	s := &clocked{Model: storetest.NewModel()}
	if o.Settings.Undo.Window > 0 {
		s.Model = storetest.NewUndoModel()
	}
	s.clock = guard.New(s.read(), guard.Options{
		Read: s.read, Monotonic: func() time.Duration { return s.monotonic }, Slept: func() time.Duration { return 0 },
		Logger: slog.New(slog.DiscardHandler), Confirm: time.Minute,
	})
	return &rig{t: t, Engine: engine.New(s, &o), store: s.Model}, s
}

func TestNothingIsLetGoWhileTheClockHasJumped(t *testing.T) {
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic(), Retention: engine.Retention{Age: time.Minute}}})
	m := r.encode(`1`, nil)
	pinned := r.encode(`2`, func(d *sigil.Draft) { d.TTL, d.Pinned = 2*time.Second, true })
	s.pass(r, time.Second)
	s.off = time.Hour
	s.pass(r, 15*time.Second)
	_, err := r.Sweep(r.ctx())
	r.fails("sweep", err, sigil.ErrUnavailable, "clock_held", "")
	_, err = r.Trim(r.ctx())
	r.fails("trim", err, sigil.ErrUnavailable, "clock_held", "")
	r.lives(m.Key, true)
	r.lives(pinned.Key, false) // its ttl ran out by any clock
	if n := r.encode(`3`, nil); n.CreatedAt.Sub(m.CreatedAt) != 16*time.Second {
		t.Errorf("encoded after %s, want 16 s", n.CreatedAt.Sub(m.CreatedAt))
	}
	s.off = 0
	s.pass(r, 2*time.Second)
	same(t, "released when the clock is back", r.sweep().Total(), 1)
	r.lives(m.Key, true)
	s.pass(r, sigil.DefaultClassic().Lifetime())
	same(t, "released in time", r.sweep().Total(), 2)
}

func TestAfterAJumpBackSweepsReleaseByTheClock(t *testing.T) {
	r, s := newClocked(t, engine.Options{})
	s.off = -time.Hour // it was an hour ahead
	s.pass(r, 62*time.Second)
	m := r.encode(`1`, func(d *sigil.Draft) { d.TTL = 10 * time.Second })
	s.pass(r, 30*time.Second)
	r.lives(m.Key, false)
	same(t, "released while time is ahead", r.sweep().Total(), 0) // by the clock it has an hour left
	s.pass(r, 2*time.Hour)
	same(t, "released", r.sweep().Total(), 1)
	same(t, "ahead in the end", r.Clock(), engine.ClockState{Jumps: 1})
}

func TestALeaseIsByTheClock(t *testing.T) {
	r, s := newClocked(t, engine.Options{})
	s.off = -time.Hour
	s.pass(r, 62*time.Second) // time is an hour ahead of the clock, by which others go
	owner := func(b byte) sigil.ID { return sigil.ID{b} }
	if _, held, err := r.Claim(r.ctx(), "a", owner(1), 30*time.Second); !held || err != nil {
		t.Fatalf("claim: %v, %v", held, err)
	}
	other := start.Add(s.monotonic + s.off)
	if _, held, err := r.store.Claim(r.ctx(), "a", owner(2), other.Add(store.MaxLease), other); held || err != nil {
		t.Errorf("another has it at the same time: %v, %v", held, err)
	}
	if _, held, err := r.Claim(r.ctx(), "b", owner(1), time.Hour); !held || err != nil {
		t.Fatalf("claim for long: %v, %v", held, err)
	}
	other = other.Add(store.MaxLease)
	if _, held, err := r.store.Claim(r.ctx(), "b", owner(2), other.Add(store.MaxLease), other); !held || err != nil {
		t.Errorf("it is held for more than the longest lease: %v, %v", held, err)
	}
}

func TestAClockOfTheCallersIsBelieved(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`1`, nil)
	r.clock.set(time.Hour)
	r.lives(m.Key, false)
	same(t, "released", r.sweep().Total(), 1)
	same(t, "state", r.Clock(), engine.ClockState{})
}

func TestAnOperatorConfirmsTheClock(t *testing.T) {
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic()}})
	m := r.encode(`1`, nil)
	same(t, "something to confirm", r.ConfirmClock(), false)
	s.pass(r, 2*time.Second)
	s.off = time.Hour
	s.pass(r, 2*time.Second)
	r.lives(m.Key, true)
	same(t, "confirmed", r.ConfirmClock(), true)
	r.lives(m.Key, false)
	same(t, "released", r.sweep().Total(), 1)
}

// TestADoubtedClockReleasesNothing starts with a clock that may be ahead. Time follows it, sweeps wait.
func TestADoubtedClockReleasesNothing(t *testing.T) {
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic()}})
	s.off = time.Hour
	s.pass(r, 62*time.Second)
	m := r.encode(`1`, func(d *sigil.Draft) { d.TTL = time.Second })
	r.DoubtClock(time.Hour, true)
	same(t, "encoded at", m.CreatedAt, start.Add(s.monotonic+s.off))
	s.pass(r, 10*time.Second)
	r.lives(m.Key, false)
	_, err := r.Sweep(r.ctx())
	r.fails("sweep", err, sigil.ErrUnavailable, "clock_held", "")
	s.pass(r, time.Minute)
	same(t, "released when it is confirmed", r.sweep().Total(), 1)
}

// TestATTLEndsOfAMemoryWhoseUseWasNotRecorded has a tenant be used while its clock stands still and that of the engine has jumped.
func TestATTLEndsOfAMemoryWhoseUseWasNotRecorded(t *testing.T) {
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: policy(t, "halflife h=168h active=1m")}})
	r.encode(`1`, func(d *sigil.Draft) { d.TTL = time.Hour })
	s.pass(r, 2*time.Minute)
	same(t, "released before", r.sweep().Total(), 0) // it has looked at the ttls of the tenant
	s.off = time.Hour
	s.pass(r, 15*time.Second)
	m := r.encode(`2`, func(d *sigil.Draft) { d.TTL = 2 * time.Second })
	s.off = 0
	s.pass(r, 5*time.Second)
	same(t, "held", r.Clock().Held, false)
	same(t, "released", r.sweep().Total(), 1)
	r.lives(m.Key, false)
}

// TestADoubtedClockLooksForEndsAgain does that with a clock that is doubted, so that sweeps go on.
func TestADoubtedClockLooksForEndsAgain(t *testing.T) {
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: policy(t, "halflife h=168h active=1m")}})
	r.encode(`1`, nil)
	s.pass(r, 2*time.Minute)
	r.DoubtClock(time.Hour, false)
	same(t, "released before", r.sweep().Total(), 0)
	r.encode(`2`, func(d *sigil.Draft) { d.TTL = 2 * time.Second })
	s.pass(r, 5*time.Second)
	same(t, "released in doubt", r.sweep().Total(), 1)
	r.encode(`3`, func(d *sigil.Draft) { d.TTL = 2 * time.Minute })
	s.pass(r, 3*time.Minute)
	same(t, "unconfirmed", r.Clock().Unconfirmed, false)
	same(t, "released when it is confirmed", r.sweep().Total(), 1)
}

// TestAPlausibleStartReleasesWhatCanBeRestored starts after a night off, or with a clock that is ahead by that much: what is due
// fades at once, and nothing is dropped for good.
func TestAPlausibleStartReleasesWhatCanBeRestored(t *testing.T) {
	undo := engine.Undo{Window: time.Hour, Keep: store.Quota{Memories: 1}}
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic(), Undo: undo, Retention: engine.Retention{Age: time.Minute}}})
	var all []sigil.Memory
	for _, data := range []string{`1`, `2`, `3`} {
		all = append(all, r.encode(data, nil))
	}
	s.pass(r, 3*time.Second)
	s.off = 30 * time.Minute
	s.pass(r, 62*time.Second)
	r.DoubtClock(30*time.Minute, false)
	swept := r.sweep()
	same(t, "released at once", swept.Total(), 3)
	same(t, "dropped for good", swept.Purged, 0)
	same(t, "held", r.Clock().Held, false)
	_, err := r.Trim(r.ctx())
	r.fails("trim", err, sigil.ErrUnavailable, "clock_held", "")
	for _, m := range all[:2] {
		_, err := r.Restore(r.ctx(), m.Key)
		r.ok("restore", err)
	}
	r.forget(all[0].Key)
	r.forget(all[1].Key)
	s.pass(r, 62*time.Second)
	same(t, "unconfirmed", r.Clock().Unconfirmed, false)
	same(t, "dropped once the clock is confirmed", r.sweep().Purged, 2)
	_, err = r.Trim(r.ctx())
	r.ok("trim", err)
}

// TestWhatWasTouchedDuringAJumpLivesOn lets the clock jump for good: a memory that was touched during the jump, by a
// time that was an hour behind, lives as long after that as any other.
func TestWhatWasTouchedDuringAJumpLivesOn(t *testing.T) {
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic()}})
	idle, recalled := r.encode(`1`, nil), r.encode(`2`, nil)
	s.pass(r, 2*time.Second)
	s.off = time.Hour
	s.pass(r, 48*time.Second)
	r.recall(recalled.Key)
	during := r.encode(`3`, nil)
	s.pass(r, 15*time.Second)
	same(t, "held", r.Clock().Held, false)
	same(t, "released", r.sweep().Total(), 1)
	r.lives(idle.Key, false)
	touched := start.Add(50*time.Second + time.Hour)
	for _, key := range []sigil.Key{recalled.Key, during.Key} {
		r.lives(key, true)
		m, err := r.Peek(r.ctx(), key)
		r.ok("peek", err)
		same(t, "last accessed", m.LastAccessed, touched)
		same(t, "fades", m.FadesAt, sigil.Deadline(m.Policy, touched))
	}
	s.pass(r, sigil.DefaultClassic().Lifetime())
	same(t, "released in time", r.sweep().Total(), 2)
}
