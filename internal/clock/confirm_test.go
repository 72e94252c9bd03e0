package clock_test

import (
	"strings"
	"testing"
	"time"
)

func TestAnOperatorConfirmsAJump(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		m := newMachine(t)
		m.pass(10 * time.Second)
		if m.Confirm() {
			t.Error("there was something to confirm")
		}
		m.off = jump
		m.pass(5 * time.Second)
		if in := m.State().ConfirmedIn; (in - 55*time.Second).Abs() > 2*time.Second {
			t.Errorf("to be confirmed in %v, want 55 s", in)
		}
		m.log.Reset()
		if !m.Confirm() {
			t.Error("there was nothing to confirm")
		}
		m.held(false, 0, 1)
		m.is(15*time.Second + max(jump, 0)) // time never runs back
		if got := m.Reference().Sub(start); (got - 15*time.Second - jump).Abs() > 100*time.Millisecond {
			t.Errorf("the reference is the start and %v", got)
		}
		if log := m.log.String(); !strings.Contains(log, "by an operator") || !strings.Contains(log, "sweeps resume") {
			t.Errorf("logged %q", log)
		}
		m.pass(2 * time.Second)
		m.held(false, 0, 1)
	}
}

func TestADoubtedStartIsFollowedButHeld(t *testing.T) {
	m := newMachine(t)
	m.Doubt(30*time.Hour, true)
	m.held(true, 30*time.Hour, 0)
	m.pass(50 * time.Second)
	m.is(50 * time.Second)
	m.off = time.Hour // for a moment: it has to agree anew for as long
	m.pass(5 * time.Second)
	m.held(true, time.Hour, 1)
	m.off = 0
	m.pass(50 * time.Second)
	m.held(true, 30*time.Hour, 1)
	m.log.Reset()
	m.pass(13 * time.Second)
	m.held(false, 0, 1)
	m.said("INFO", "is confirmed: sweeps resume")
	m.Doubt(time.Hour, true)
	if !m.Confirm() {
		t.Error("there was nothing to confirm")
	}
	m.held(false, 0, 1)
}

// TestADoubtedStartWasWrong starts an hour ahead: when the clock is corrected, sweeps still wait.
func TestADoubtedStartWasWrong(t *testing.T) {
	m := newMachine(t)
	m.Doubt(time.Hour, true)
	m.pass(15 * time.Second)
	m.off = -time.Hour
	m.pass(58 * time.Second)
	m.held(true, -time.Hour, 1)
	m.pass(4 * time.Second)
	m.held(false, 0, 1)
	if behind := m.Now().Sub(m.Reference()); (behind - time.Hour).Abs() > time.Second {
		t.Errorf("the reference is %v behind, want an hour", behind)
	}
}

func TestAGradualCorrectionIsFollowed(t *testing.T) {
	for _, pace := range []time.Duration{-20, 20} { // 5 %, far more than NTP clients correct by
		m := newMachine(t)
		for range 600 {
			m.off += time.Second / pace
			m.pass(time.Second)
		}
		m.held(false, 0, 0)
		if pace > 0 {
			m.is(630 * time.Second)
		}
	}
}

func TestAClockThatRunsTooFastIsNotBelieved(t *testing.T) {
	m := newMachine(t)
	for range 600 {
		m.off += time.Second / 2
		m.pass(time.Second)
	}
	if s := m.State(); !s.Held {
		t.Errorf("state %+v", s)
	}
	if ahead := m.Now().Sub(start) - m.monotonic; ahead > 5*time.Second {
		t.Errorf("time followed it by %v", ahead)
	}
	if lines := strings.Count(m.log.String(), "\n"); lines > 11 {
		t.Errorf("logged %d lines in ten minutes", lines)
	}
}

// TestWhenSomethingHappened asks for the true times of moments before, during and after a jump that was confirmed.
func TestWhenSomethingHappened(t *testing.T) {
	for _, c := range []struct{ jump, during time.Duration }{
		{time.Hour, time.Hour + 40*time.Second},
		{10 * time.Second, 72 * time.Second}, // the end of the jump, and not in it once more
		{-time.Hour, 40 * time.Second},       // it was stamped with a time that was too late
	} {
		m := newMachine(t)
		m.pass(10 * time.Second)
		m.off = c.jump
		m.pass(30 * time.Second)
		during := m.Now()
		if !m.Since(during).Equal(during) {
			t.Errorf("%v: not confirmed yet, and corrected", c.jump)
		}
		m.pass(33 * time.Second)
		m.held(false, 0, 1)
		for at, want := range map[time.Time]time.Duration{start.Add(5 * time.Second): 5 * time.Second, during: c.during, m.Now(): m.Now().Sub(start)} {
			if got := m.Since(at).Sub(start); (got - want).Abs() > 2*time.Second {
				t.Errorf("a jump by %v: %v is %v after the start, want %v", c.jump, at, got, want)
			}
		}
		if c.jump > 0 && m.Since(m.Since(during)) != m.Since(during) {
			t.Errorf("a jump by %v: corrected twice", c.jump)
		}
	}
}

// TestAPlausibleStartIsNotHeld starts a clock that is doubted only for what cannot be undone.
func TestAPlausibleStartIsNotHeld(t *testing.T) {
	m := newMachine(t)
	m.Doubt(8*time.Hour, false)
	m.held(false, 0, 0)
	if s := m.State(); !s.Unconfirmed || s.ConfirmedIn != time.Minute {
		t.Errorf("at first: %+v", s)
	}
	m.pass(time.Minute + 2*time.Second)
	m.held(false, 0, 0)
	if s := m.State(); s.Unconfirmed || s.ConfirmedIn != 0 {
		t.Errorf("in the end: %+v", s)
	}
	m.Doubt(8*time.Hour, false)
	if !m.Confirm() || m.State().Unconfirmed || m.Confirm() {
		t.Errorf("after an operator confirmed it: %+v", m.State())
	}
}
