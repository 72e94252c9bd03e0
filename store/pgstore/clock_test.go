package pgstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// fakeClock makes a database's clock wrong, or slow to read.
const fakeClock = `create schema fake;
create table fake.set (off interval, before float, after float);
insert into fake.set values ('0', 0, 0);
set allow_system_table_mods = on;
alter function pg_catalog.clock_timestamp() rename to true_clock;
create function pg_catalog.clock_timestamp() returns timestamptz language plpgsql volatile as $$
declare s fake.set; t timestamptz;
begin
  select * into s from fake.set;
  perform pg_catalog.pg_sleep(s.before);
  t := pg_catalog.true_clock() + s.off;
  perform pg_catalog.pg_sleep(s.after);
  return t;
end $$`

// clocked returns a database and a function that sets its clock.
func clocked(t *testing.T) (url string, set func(off time.Duration, before, after float64)) {
	t.Helper()
	url = newDatabase(t)
	execute(t, url, fakeClock)
	return url, func(off time.Duration, before, after float64) {
		t.Helper()
		execute(t, url, fmt.Sprintf("update fake.set set off = interval '%d ms', before = %g, after = %g", off.Milliseconds(), before, after))
	}
}

func measure(t *testing.T, s *pgstore.Store) {
	t.Helper()
	if err := s.Measure(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// swept checks that a sweep releases n memories, or fails if n is below 0.
func swept(t *testing.T, e *engine.Engine, n int) {
	t.Helper()
	s, err := e.Sweep(t.Context())
	if n < 0 {
		if code := sigil.CodeOf(err); code != "clock_held" || s.Total() > 0 {
			t.Errorf("a sweep released %d, %v, want a refusal", s.Total(), err)
		}
	} else if err != nil || s.Total() != n {
		t.Errorf("a sweep released %d, %v, want %d", s.Total(), err, n)
	}
}

// off returns the difference between a store's time and that of this machine, on which the database runs,
// too.
func off(s *pgstore.Store) time.Duration { return time.Until(s.Now()) }

// TestTheTimeIsTheDatabases checks that a store uses the database's clock, whatever this machine's clock is
// set to.
func TestTheTimeIsTheDatabases(t *testing.T) {
	url, set := clocked(t)
	set(time.Hour, 0, 0)
	s := open(t, url, nil)
	defer s.Close() // nothing is behind
	if got := off(s) - time.Hour; got.Abs() > 10*time.Second {
		t.Errorf("%s off", got)
	}
}

// TestAJumpOfTheDatabasesClock sets the clock an hour ahead and back. Nothing fades, time does not stand
// still, and sweeps are held until the clock is right again. A jump that lasts is followed.
func TestAJumpOfTheDatabasesClock(t *testing.T) {
	url, set := clocked(t)
	careful, credulous := open(t, url, nil), open(t, url, &pgstore.Options{ClockConfirm: time.Nanosecond})
	defer careful.Close()   // nothing is behind
	defer credulous.Close() // nothing is behind
	e := engineOn(careful)
	m := encode(t, e, 0, new(atomic.Int64)) // it lives for 95 s

	set(time.Hour, 0, 0)
	measure(t, careful)
	if s := e.Clock(); !s.Held || s.Jumps != 1 || (s.Jump-time.Hour).Abs() > 10*time.Second {
		t.Errorf("an hour ahead: state %+v", s)
	}
	swept(t, e, -1)
	if _, err := e.Peek(t.Context(), m.Key); err != nil {
		t.Errorf("peek while the clock is ahead: %v", err)
	}
	if n := encode(t, e, 1, new(atomic.Int64)); n.CreatedAt.Sub(m.CreatedAt) > time.Minute {
		t.Errorf("encoded at %s, the one before at %s", n.CreatedAt, m.CreatedAt)
	}

	set(0, 0, 0)
	measure(t, careful)
	if s := e.Clock(); s.Held || s.Ahead > time.Second {
		t.Errorf("the clock is right again: state %+v", s)
	}
	swept(t, e, 0)

	measure(t, credulous) // the memories are from before its jump
	set(time.Hour, 0, 0)
	measure(t, credulous)
	measure(t, credulous) // and so it stands
	if off(credulous) < 59*time.Minute {
		t.Errorf("an hour ahead for good: the time is %s off", off(credulous))
	}
	swept(t, engineOn(credulous), 2)
}

// TestTimeThatWasAheadIsMadeUpFor starts while the database's clock is ahead: when the clock is corrected,
// time continues, and sweeps release by the database's clock.
func TestTimeThatWasAheadIsMadeUpFor(t *testing.T) {
	url, set := clocked(t)
	other := open(t, url, nil)
	defer other.Close() // nothing is behind
	m := encode(t, engineOn(other), 0, new(atomic.Int64))
	set(time.Hour, 0, 0)
	s := open(t, url, &pgstore.Options{ClockConfirm: time.Nanosecond})
	defer s.Close() // nothing is behind
	set(0, 0, 0)
	measure(t, s)
	measure(t, s)
	e := engineOn(s)
	first := e.Now()
	until(t, "for time to run", func() bool { return e.Now().After(first) })
	if ahead := e.Clock().Ahead; (ahead - time.Hour).Abs() > time.Minute {
		t.Errorf("%s ahead, want an hour", ahead)
	}
	swept(t, e, 0)
	if _, err := engineOn(other).Peek(t.Context(), m.Key); err != nil {
		t.Errorf("swept by a time that was an hour ahead: %v", err)
	}
}

// TestAnOperatorConfirmsTheDatabasesClock sets the clock an hour ahead for good. What was idle fades once that is
// confirmed; what was touched during the jump lives on; and when the clock is set back all the same, createdAt grows.
func TestAnOperatorConfirmsTheDatabasesClock(t *testing.T) {
	url, set := clocked(t)
	s := open(t, url, nil)
	defer s.Close() // nothing is behind
	e := engineOn(s)
	idle, recalled := encode(t, e, 0, new(atomic.Int64)), encode(t, e, 1, new(atomic.Int64))
	measure(t, s)
	set(time.Hour, 0, 0)
	measure(t, s)
	if _, err := e.Recall(t.Context(), recalled.Key); err != nil {
		t.Fatal(err)
	}
	during := encode(t, e, 2, new(atomic.Int64))
	swept(t, e, -1)
	if !e.ConfirmClock() {
		t.Error("there was nothing to confirm")
	}
	swept(t, e, 1)
	if _, err := e.Peek(t.Context(), idle.Key); sigil.CodeOf(err) != "not_found" {
		t.Errorf("peek at an idle one: %v", err)
	}
	for _, key := range []sigil.Key{recalled.Key, during.Key} {
		m, err := e.Peek(t.Context(), key)
		if ahead := time.Until(m.LastAccessed); err != nil || (ahead-time.Hour).Abs() > time.Minute || !m.FadesAt.Equal(sigil.Deadline(m.Policy, m.LastAccessed)) {
			t.Errorf("touched during the jump: last accessed %s, fades %s, %v", m.LastAccessed, m.FadesAt, err)
		}
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}

	set(0, 0, 0)
	measure(t, s)
	e.ConfirmClock()
	first := encode(t, e, 3, new(atomic.Int64))
	until(t, "for time to run", func() bool { return e.Now().After(first.CreatedAt) })
	if next := encode(t, e, 4, new(atomic.Int64)); !next.CreatedAt.After(first.CreatedAt) {
		t.Errorf("encoded at %s, and then at %s", first.CreatedAt, next.CreatedAt)
	}
	swept(t, e, 0)
}

// TestARestartDuringAJumpReleasesNothing opens the store anew while the database's clock is an hour ahead.
func TestARestartDuringAJumpReleasesNothing(t *testing.T) {
	url, set := clocked(t)
	other := open(t, url, nil)
	defer other.Close() // nothing is behind
	m := encode(t, engineOn(other), 0, new(atomic.Int64))
	set(time.Hour, 0, 0)
	s := open(t, url, nil)
	defer s.Close() // nothing is behind
	e := engineOn(s)
	newest, err := s.Newest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e.DoubtClock(e.Now().Sub(newest), true) // as the daemon does
	swept(t, e, -1)
	set(0, 0, 0)
	measure(t, s)
	swept(t, e, -1)
	e.ConfirmClock()
	swept(t, e, 0)
	if _, err := engineOn(other).Peek(t.Context(), m.Key); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

// TestAStallMovesNothing delays the database's answers and the reading of its clock: neither changes the time.
func TestAStallMovesNothing(t *testing.T) {
	url, set := clocked(t)
	s := open(t, url, nil)
	defer s.Close() // nothing is behind
	for _, stall := range [][2]float64{{0, 0.3}, {0.3, 0}, {0, 0.45}, {0.45, 0}} {
		before := off(s)
		set(0, stall[0], stall[1])
		measure(t, s)
		// The error of the time is no larger than before, and smaller if the new reading proves that.
		if after := off(s); after.Abs() > before.Abs()+20*time.Millisecond {
			t.Errorf("stalls of %v s: off by %s before, and %s after", stall, before, after)
		}
	}
}
