package clock_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/internal/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// machine is a machine whose wall clock can be set, and which can sleep.
type machine struct {
	*clock.Clock
	t         *testing.T
	monotonic time.Duration
	off       time.Duration // of the wall clock
	slept     time.Duration
	last      time.Time
	log       bytes.Buffer
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t}
	m.Clock = clock.New(m.read(), clock.Options{
		Read: m.read, Monotonic: func() time.Duration { return m.monotonic }, Slept: func() time.Duration { return m.slept },
		Logger: slog.New(slog.NewTextHandler(&m.log, nil)), Confirm: time.Minute,
	})
	return m
}

func (m *machine) read() clock.Reading {
	return clock.Reading{At: m.monotonic, Time: start.Add(m.monotonic + m.slept + m.off)}
}

// pass lets d pass, and expects that the clock always runs, and never back.
func (m *machine) pass(d time.Duration) {
	m.t.Helper()
	for end := m.monotonic + d; m.monotonic < end; m.monotonic += 100 * time.Millisecond {
		now := m.Now()
		if !now.After(m.last) {
			m.t.Fatalf("after %v of monotonic time it is %v, which it was before", m.monotonic, now)
		}
		m.last = now
	}
}

// is expects the clock to show a time after the start, within a tenth of a second.
func (m *machine) is(want time.Duration) {
	m.t.Helper()
	if got := m.Now().Sub(start); (got - want).Abs() > 100*time.Millisecond {
		m.t.Errorf("it is the start and %v, want %v", got, want)
	}
}

// held checks whether sweeps are held, and how far the reference has jumped.
func (m *machine) held(held bool, jump time.Duration, jumps uint64) {
	m.t.Helper()
	got := m.State()
	if got.Held != held || got.Jump.Round(time.Second) != jump || got.Jumps != jumps {
		m.t.Errorf("state %+v, want held %v by %v, jumps %d", got, held, jump, jumps)
	}
}

// said checks that this was logged once, and nothing else.
func (m *machine) said(level, what string) {
	m.t.Helper()
	if got := m.log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level="+level) || !strings.Contains(got, what) {
		m.t.Errorf("logged %q, want one line of level %s with %q", got, level, what)
	}
	m.log.Reset()
}

func TestAJumpThatGoesAwayIsNotBelieved(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		m := newMachine(t)
		m.pass(10 * time.Second)
		m.off = jump
		m.pass(15 * time.Second)
		m.held(true, jump, 1)
		m.is(25 * time.Second)
		m.said("WARN", "jumped: sweeps are held")
		m.off = 0
		m.pass(2 * time.Second)
		m.held(false, 0, 1)
		m.is(27 * time.Second)
		m.said("INFO", "is back: sweeps resume")
		if ahead := m.State().Ahead; ahead != 0 {
			t.Errorf("the clock is %v ahead", ahead)
		}
	}
}

func TestAJumpForwardThatStandsIsFollowed(t *testing.T) {
	m := newMachine(t)
	m.off = time.Hour
	m.pass(59 * time.Second)
	m.held(true, time.Hour, 1)
	m.is(59 * time.Second)
	m.log.Reset()
	m.pass(3 * time.Second)
	m.held(false, 0, 1)
	m.is(time.Hour + 62*time.Second)
	m.said("WARN", "is now confirmed: sweeps resume")
}

func TestTimeThatWasAheadRunsOnAtHalfPace(t *testing.T) {
	m := newMachine(t)
	m.off = -time.Hour
	m.pass(62 * time.Second)
	m.held(false, 0, 1)
	if ahead := m.State().Ahead; (ahead - time.Hour).Abs() > time.Second {
		t.Errorf("the clock is %v ahead, want an hour", ahead)
	}
	if behind := m.Now().Sub(m.Reference()); (behind - time.Hour).Abs() > time.Second {
		t.Errorf("the reference is %v behind, want an hour", behind)
	}
	m.pass(time.Hour)
	if ahead := m.State().Ahead; (ahead - 30*time.Minute).Abs() > time.Second {
		t.Errorf("after an hour the clock is %v ahead, want half of one", ahead)
	}
	m.pass(time.Hour + time.Second)
	m.is(-time.Hour + m.monotonic)
	if state := m.State(); state.Ahead != 0 || !m.Now().Equal(m.Reference()) {
		t.Errorf("after two hours the state is %+v", state)
	}
}

func TestAnotherJumpHasToStandAsLong(t *testing.T) {
	m := newMachine(t)
	m.off = time.Hour
	m.pass(45 * time.Second)
	m.off = 2 * time.Hour
	m.pass(45 * time.Second)
	m.held(true, 2*time.Hour, 2)
	m.is(90 * time.Second)
	m.pass(17 * time.Second)
	m.held(false, 0, 2)
	m.is(2*time.Hour + 107*time.Second)
}

func TestSmallStepsAreFollowed(t *testing.T) {
	m := newMachine(t)
	m.off = clock.Threshold
	m.pass(2 * time.Second)
	m.is(4 * time.Second)
	m.off = 0 // back by two seconds
	m.pass(6 * time.Second)
	m.is(8 * time.Second)
	m.held(false, 0, 0)
	if m.log.Len() > 0 {
		t.Errorf("logged %q", &m.log)
	}
}

func TestASleepIsNoJump(t *testing.T) {
	m := newMachine(t)
	m.pass(10 * time.Second)
	m.slept = 8 * time.Hour
	m.is(8*time.Hour + 10*time.Second) // at once
	m.held(false, 0, 0)
	m.said("INFO", "the machine slept")
	m.slept += 8 * time.Hour
	m.off = time.Hour // another jump in between
	m.pass(2 * time.Second)
	m.held(true, 9*time.Hour, 1)
}

func TestAReadingMovesTheClockByWhatItProves(t *testing.T) {
	for _, c := range []struct {
		what             string
		off, most, moved time.Duration
		held             bool
	}{
		{"within its error", 400 * time.Millisecond, 500 * time.Millisecond, 0, false},
		{"of a stall", 1900 * time.Millisecond, 2 * time.Second, 0, false},
		{"past its error", 700 * time.Millisecond, 500 * time.Millisecond, 200 * time.Millisecond, false},
		{"exact", 700 * time.Millisecond, 0, 700 * time.Millisecond, false},
		{"perhaps a jump", 5 * time.Second, 4 * time.Second, time.Second, false},
		{"surely a jump", 5 * time.Second, 2 * time.Second, 0, true},
	} {
		for _, sign := range []time.Duration{1, -1} {
			var at time.Duration
			k := clock.New(clock.Reading{Time: start}, clock.Options{Monotonic: func() time.Duration { return at }, Logger: slog.New(slog.DiscardHandler)})
			at = time.Minute
			k.Observe(clock.Reading{At: at, Time: start.Add(at + sign*c.off), Error: c.most})
			if got := k.Reference().Sub(start.Add(at)); got != sign*c.moved || k.State().Held != c.held {
				t.Errorf("%s: moved by %v, held %v, want %v, %v", c.what, got, k.State().Held, sign*c.moved, c.held)
			}
		}
	}
}

func TestAReadingThatComesLateChangesNothing(t *testing.T) {
	at := time.Minute
	k := clock.New(clock.Reading{At: at, Time: start}, clock.Options{Monotonic: func() time.Duration { return at }})
	k.Observe(clock.Reading{At: at - time.Second, Time: start.Add(time.Second)})
	if now := k.Now(); !now.Equal(start) {
		t.Errorf("it is %v, want %v", now, start)
	}
}

func TestTheMachinesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := clock.NewMachine(clock.Options{})
		for range 100 {
			time.Sleep(700 * time.Millisecond) // of the bubble
			if now := time.Now(); !k.Now().Equal(now) || !k.Reference().Equal(now) {
				t.Fatalf("it is %v, want %v", k.Now(), now)
			}
		}
		if state := k.State(); state != (clock.State{}) {
			t.Errorf("state %+v", state)
		}
	})
}
