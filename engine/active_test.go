package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

const day = 24 * time.Hour

// active is a policy under which a memory lives for 30 days and 6 hours, and clocks stand still after 3 days.
const active = "halflife h=7d active=3d"

// lives30 is the lifetime under active.
var lives30 = sigil.DefaultPolicy().Lifetime()

func newActive(t *testing.T, o engine.Options) *rig {
	t.Helper()
	o.Settings.Policy = policy(t, active)
	return newRig(t, o)
}

// days lets days pass, with sweeps, and calls each at the start of every one.
func (r *rig) days(from, to int, each func()) {
	r.t.Helper()
	for d := from; d < to; d++ {
		for _, hour := range []time.Duration{0, 8, 16} {
			r.clock.set(time.Duration(d)*day + hour*time.Hour)
			if hour == 0 && each != nil {
				each()
			}
			if _, err := r.Restamp(r.ctx()); err != nil {
				r.t.Fatal(err)
			}
			r.sweep()
		}
	}
}

// stood returns for how long the clock of the default tenant has stood still.
func (r *rig) stood() time.Duration {
	c, _ := r.store.ClockOf(sigil.DefaultTenant)
	return c.StoodAt(r.Now())
}

// faded returns the entry about the end of a memory, which must be one.
func (r *rig) faded(key sigil.Key) sigil.Event {
	r.t.Helper()
	events, err := r.Events(r.ctx(), key.Tenant, 0, 1000)
	r.ok("events", err)
	var found []sigil.Event
	for _, e := range events {
		if e.Kind == sigil.Faded && e.Memory.ID == key.ID {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		r.t.Fatalf("%s has %d entries about its end", key, len(found))
	}
	return found[0]
}

// follows checks that the deadline in an entry follows from its other figures.
func follows(t *testing.T, e sigil.Event) {
	t.Helper()
	m := e.Memory
	m.Reschedule()
	same(t, "deadline that follows", e.Memory.FadesAt, m.FadesAt)
	if e.Time.Before(e.Memory.FadesAt) {
		t.Errorf("%s at %s, before its deadline %s", e.Kind, e.Time, e.Memory.FadesAt)
	}
}

func TestAHolidayOfTwoMonthsEmptiesNothing(t *testing.T) {
	for _, restart := range []bool{false, true} {
		r := newActive(t, engine.Options{})
		untouched := r.encode(`"untouched"`, nil)
		r.clock.set(day)
		recalled := r.recall(r.encode(`"recalled"`, nil).Key)
		pinned := r.encode(`"pinned"`, func(d *sigil.Draft) { d.Pinned = true })
		busy, err := r.Encode(r.ctx(), "busy", draft(`1`, nil))
		r.ok("encode", err)
		left, err := r.Encode(r.ctx(), "busy", draft(`2`, nil))
		r.ok("encode", err)
		r.days(1, 62, func() {
			if _, err := r.Recall(r.ctx(), busy.Key); err != nil {
				t.Fatal(err)
			}
			if restart {
				r.Engine = r.another()
			}
		})
		follows(t, r.faded(left.Key))
		same(t, "another tenant's memory faded", r.faded(left.Key).Memory.FadesAt, left.FadesAt)

		away := 62*day + time.Hour - (day + 3*day)
		r.clock.set(62*day + time.Hour)
		found, err := r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{})
		r.ok("list", err)
		same(t, "memories after the holiday", len(found.Memories), 3)
		stood := r.stood()
		if stood < away || stood > away+time.Hour {
			t.Errorf("the clock stood still for %s, want %s", stood, away)
		}
		for _, m := range []sigil.Memory{untouched, recalled, pinned} {
			got, err := r.Peek(r.ctx(), m.Key)
			r.ok("peek", err)
			same(t, "stood", got.Stood, stood)
			if !m.FadesAt.IsZero() {
				same(t, "deadline", got.FadesAt, m.FadesAt.Add(stood))
			}
			same(t, "last accessed", got.LastAccessed, m.LastAccessed)
		}
		forecast, err := r.Forecast(r.ctx(), sigil.DefaultTenant, engine.ForecastQuery{Within: lives30})
		r.ok("forecast", err)
		same(t, "fading", forecast.Fading, 2)
		same(t, "first", forecast.Memories[0].FadesAt, untouched.FadesAt.Add(stood))

		// What was recalled after it counts from there, and everything goes on from where it was.
		again := r.recall(recalled.Key)
		same(t, "stood after a recall", again.Stood, 0)
		same(t, "deadline after a recall", again.FadesAt, sigil.Deadline(again.Policy, r.Now()))
		r.days(63, 63+40, func() { r.lives(pinned.Key, true) })
		end := r.faded(untouched.Key)
		follows(t, end)
		same(t, "deadline in the journal", end.Memory.FadesAt, untouched.FadesAt.Add(stood))
		if late := end.Time.Sub(end.Memory.FadesAt); late > 8*time.Hour {
			t.Errorf("faded %s after its deadline", late)
		}
		same(t, "deadline of the recalled one", r.faded(recalled.Key).Memory.FadesAt, again.FadesAt)
	}
}

func TestWhatWasDueBeforeTheClockStoppedIsGone(t *testing.T) {
	r := newActive(t, engine.Options{})
	m := r.encode(`1`, func(d *sigil.Draft) { d.Life = 2 * day })
	short := r.encode(`2`, func(d *sigil.Draft) { d.Life = 4 * day })
	r.clock.set(90 * day)
	r.lives(m.Key, false)
	r.lives(short.Key, true)
	r.sweep()
	follows(t, r.faded(m.Key))
}

func TestASweepFindsWhatWasDueBeforeTheClockStopped(t *testing.T) {
	r := newActive(t, engine.Options{})
	m := r.encode(`1`, func(d *sigil.Draft) { d.Life = 2 * day })
	r.encode(`2`, func(d *sigil.Draft) { d.Life = 4 * day })
	r.clock.set(90 * day)
	same(t, "released", r.sweep().Total(), 1)
	follows(t, r.faded(m.Key))
	same(t, "deadline", r.faded(m.Key).Memory.FadesAt, m.FadesAt)
	same(t, "released again", r.sweep().Total(), 0)
	same(t, "live", r.live(), 1)
}

func TestATTLGoesOnWhileTheClockStandsStill(t *testing.T) {
	r := newActive(t, engine.Options{})
	hard := r.encode(`1`, func(d *sigil.Draft) { d.TTL = 20 * day })
	late := r.encode(`2`, func(d *sigil.Draft) { d.TTL = 40 * day }) // it would fade before
	later := r.encode(`3`, func(d *sigil.Draft) { d.TTL = 95 * day })
	after := r.encode(`4`, func(d *sigil.Draft) { d.TTL = 120 * day })
	pinned := r.encode(`5`, func(d *sigil.Draft) { d.TTL, d.Pinned = 30*day, true })
	r.days(1, 60, nil)
	for _, m := range []sigil.Memory{hard, late, pinned} {
		end := r.faded(m.Key)
		same(t, "reason", end.Reason, sigil.ReasonTTL)
		same(t, "deadline", end.Memory.FadesAt, m.CreatedAt.Add(m.TTL))
		if late := end.Time.Sub(end.Memory.FadesAt); late > 8*time.Hour {
			t.Errorf("released %s after the end of its ttl", late)
		}
	}
	r.clock.set(90 * day)
	r.lives(later.Key, true) // the first use
	got, err := r.Peek(r.ctx(), later.Key)
	r.ok("peek", err)
	same(t, "deadline is the end of the ttl", got.FadesAt, later.CreatedAt.Add(later.TTL))
	got, err = r.Peek(r.ctx(), after.Key)
	r.ok("peek", err)
	same(t, "deadline", got.FadesAt, after.FadesAt.Add(r.stood()))
	r.clock.set(95 * day) // no sweep has moved its deadline yet
	r.lives(later.Key, false)
	found, err := r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{})
	r.ok("list", err)
	same(t, "listed", len(found.Memories), 1)
	r.days(95, 121, func() { _, _ = r.Peek(r.ctx(), after.Key) })
	same(t, "reason", r.faded(later.Key).Reason, sigil.ReasonTTL)
	follows(t, r.faded(after.Key))
}

func TestAUseIsRecordedRarely(t *testing.T) {
	counted := &uses{Store: newActive(t, engine.Options{}).store}
	r := &rig{t: t, clock: &clock{}}
	r.clock.set(0)
	r.Engine = engine.New(counted, &engine.Options{Clock: r.clock.now, Settings: engine.Settings{Policy: policy(t, active)}})
	m := r.encode(`1`, nil)
	for second := range 3600 {
		r.clock.set(time.Duration(second) * time.Second)
		r.recall(m.Key)
	}
	same(t, "recorded", counted.n, 1)
	r.clock.set(time.Hour)
	r.recall(m.Key)
	same(t, "recorded after an hour", counted.n, 2)
}

// uses counts the changes of clocks.
type uses struct {
	store.Store
	n int
}

func (s *uses) ChangeClock(ctx context.Context, tenant string, change func(*store.TenantClock)) error {
	s.n++
	return s.Store.ChangeClock(ctx, tenant, change)
}

func TestWithoutAnActiveSpanThereAreNoClocks(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`1`, nil)
	r.recall(m.Key)
	_, err := r.Restamp(r.ctx())
	r.ok("restamp", err)
	clocks, err := r.store.TenantClocks(r.ctx())
	r.ok("clocks", err)
	same(t, "clocks", len(clocks), 0)
}

// TestAReadGivesNoClock: else whoever reads from tenants that there are not would fill the store.
func TestAReadGivesNoClock(t *testing.T) {
	r := newActive(t, engine.Options{})
	_, _ = r.Peek(r.ctx(), sigil.Key{Tenant: "nobody", ID: sigil.ID{1}})
	_, err := r.List(r.ctx(), "nobody", engine.ListQuery{})
	r.ok("list", err)
	clocks, err := r.store.TenantClocks(r.ctx())
	r.ok("clocks", err)
	same(t, "clocks", len(clocks), 0)
}

func TestClocksFollowTheSettings(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultPolicy()}})
	m := r.encode(`1`, nil)
	restamp := func() {
		t.Helper()
		_, err := r.Restamp(r.ctx())
		r.ok("restamp", err)
	}
	restamp()
	r.clock.set(10 * day)
	r.Configure(engine.Settings{Policy: policy(t, active)})
	restamp() // on: as if it was used now
	r.clock.set(40 * day)
	same(t, "stood", r.stood(), 27*day)
	r.lives(m.Key, true)
	same(t, "stood after a use", r.stood(), 27*day)
	r.clock.set(50 * day)
	same(t, "stood again", r.stood(), 34*day)
	r.Configure(engine.Settings{Policy: sigil.DefaultPolicy()})
	restamp() // off: it runs, also if it is not used
	same(t, "stood when it is off", r.stood(), 34*day)
	r.clock.set(30*day + 6*time.Hour + 34*day - time.Second)
	same(t, "stood in all", r.stood(), 34*day)
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "deadline", got.FadesAt, m.FadesAt.Add(34*day))
	r.clock.set(30*day + 7*time.Hour + 34*day)
	same(t, "released", r.sweep().Total(), 1)
	follows(t, r.faded(m.Key))
}

func TestATenantsOwnPolicyHasAnActiveSpan(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultPolicy()}})
	m := r.encode(`1`, nil)
	r.clock.set(day)
	r.setPolicy(policy(t, "halflife h=7d active=12h"))
	r.clock.set(60 * day)
	r.lives(m.Key, true)
	same(t, "stood", r.stood(), 58*day+12*time.Hour)
	r.setPolicy(nil)
	r.clock.set(100 * day)
	same(t, "stood without it", r.stood(), 58*day+12*time.Hour)
	r.lives(m.Key, false)
}

// TestACrashBeforeAUseIsRecorded: the clock stops earlier, and nothing lives shorter.
func TestACrashBeforeAUseIsRecorded(t *testing.T) {
	r := newActive(t, engine.Options{})
	m := r.encode(`1`, nil)
	r.clock.set(30 * time.Minute)
	r.recall(m.Key) // not recorded
	r.Engine = r.another()
	r.clock.set(50 * day)
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "stood", r.stood(), 47*day)
	same(t, "deadline", got.FadesAt, sigil.Deadline(got.Policy, start.Add(30*time.Minute)).Add(47*day))
}

func TestAnImportKeepsForHowLongTheClockStood(t *testing.T) {
	r := newActive(t, engine.Options{})
	m := r.encode(`1`, nil)
	r.clock.set(40 * day)
	page, err := r.Export(r.ctx(), sigil.DefaultTenant, "", 0)
	r.ok("export", err)
	same(t, "stood", page.Memories[0].Stood, 37*day)
	other := newRig(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultPolicy()}})
	other.clock.set(40 * day)
	results, err := other.Import(other.ctx(), sigil.DefaultTenant, page.Memories, false)
	other.ok("import", err)
	other.ok("import of one", results[0].Err)
	got, err := other.Peek(other.ctx(), m.Key)
	other.ok("peek", err)
	same(t, "deadline", got.FadesAt, m.FadesAt.Add(37*day))
	same(t, "stood", got.Stood, 37*day)
}

func TestARestoreAfterAStandstill(t *testing.T) {
	r := newActive(t, engine.Options{Settings: engine.Settings{Undo: engine.Undo{Window: 90 * day}}})
	m, other := r.encode(`1`, nil), r.encode(`2`, nil)
	r.ok("forget", r.Forget(r.ctx(), m.Key))
	r.clock.set(60 * day)
	back, err := r.Restore(r.ctx(), m.Key)
	r.ok("restore", err)
	same(t, "deadline", back.FadesAt, sigil.Deadline(back.Policy, r.Now()))
	same(t, "stood", back.Stood, 0)
	r.clock.set(61 * day)
	got, err := r.Correct(r.ctx(), other.Key, draft(`3`, nil))
	r.ok("correct", err)
	same(t, "deadline", got.FadesAt, sigil.Deadline(got.Policy, r.Now()))
	events, err := r.Events(r.ctx(), sigil.DefaultTenant, 0, 100)
	r.ok("events", err)
	for _, e := range events {
		m := e.Memory
		m.Reschedule()
		same(t, string(e.Kind)+" has a deadline that follows", e.Memory.FadesAt, m.FadesAt)
	}
}

func TestNoticesGoByTheClock(t *testing.T) {
	r := newActive(t, engine.Options{Settings: engine.Settings{Notice: day}})
	m := r.encode(`1`, nil)
	r.days(1, 60, nil)
	same(t, "notices while it stands", len(r.notices()), 0)
	r.days(60, 60+35, func() { _, _ = r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{}) })
	events, err := r.Events(r.ctx(), sigil.DefaultTenant, 0, 100)
	r.ok("events", err)
	var notice *sigil.Event
	for i := range events {
		if events[i].Kind == sigil.Fading {
			notice = &events[i]
		}
	}
	same(t, "notices", len(r.notices()), 1)
	end := r.faded(m.Key)
	follows(t, end)
	same(t, "deadline in the notice", notice.Memory.FadesAt, end.Memory.FadesAt)
	if before := end.Memory.FadesAt.Sub(notice.Time); before > day || before < 16*time.Hour {
		t.Errorf("noticed %s before it faded", before)
	}
}

// TestNoUseIsRecordedWhileTheClockIsHeld has a clock that is 90 days ahead for a while: nothing is gone by it, and nothing lives longer by it.
func TestNoUseIsRecordedWhileTheClockIsHeld(t *testing.T) {
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: policy(t, "halflife h=1h active=10m")}})
	m := r.encode(`1`, nil)
	s.pass(r, 11*time.Minute)
	s.off = 90 * day
	s.pass(r, 10*time.Second)
	if !r.Clock().Held {
		t.Fatal("the clock is not held")
	}
	r.lives(m.Key, true)
	was := r.recall(m.Key)
	same(t, "deadline", was.FadesAt, sigil.Deadline(was.Policy, r.Now()))
	c, _ := r.store.ClockOf(sigil.DefaultTenant)
	same(t, "stood", c.Stood, 0)
	s.off = 0
	s.pass(r, 2*time.Minute)
	r.lives(m.Key, true)
	c, _ = r.store.ClockOf(sigil.DefaultTenant)
	if c.Stood < 3*time.Minute || c.Stood > 4*time.Minute {
		t.Errorf("the clock stood still for %s", c.Stood)
	}
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	if late := got.FadesAt.Sub(was.FadesAt); late < 2*time.Minute || late > 3*time.Minute {
		t.Errorf("the deadline is %s later", late)
	}
}

// TestAnAnswerIsTheFirstAfterAStandstill repeats an encode with its idempotency key.
func TestAnAnswerIsTheFirstAfterAStandstill(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Policy: policy(t, "halflife h=7d active=1h")}})
	keyed := func(d *sigil.Draft) { d.IdempotencyKey = "k" }
	first := r.encode(`1`, keyed)
	r.clock.set(20 * time.Hour)
	again := r.encode(`1`, keyed)
	same(t, "answer", again.Meta, first.Meta)
	same(t, "stood", r.stood(), 19*time.Hour)
	unique := func(d *sigil.Draft) { d.OnDuplicate, d.IdempotencyKey = sigil.Reinforce, "r" }
	first = r.encode(`1`, unique)
	same(t, "reinforced", first.ID, again.ID)
	r.clock.set(40 * time.Hour)
	same(t, "answer", r.encode(`1`, unique).Meta, first.Meta)
}

// TestManyComeBackAtOnce has many requests of one tenant after a standstill: each finds its memory, and the gap counts once.
func TestManyComeBackAtOnce(t *testing.T) {
	r := newActive(t, engine.Options{})
	m := r.encode(`1`, nil)
	r.clock.set(60 * day)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				_, err = r.Recall(r.ctx(), m.Key)
			case 1:
				_, err = r.Peek(r.ctx(), m.Key)
			case 2:
				_, err = r.Encode(r.ctx(), sigil.DefaultTenant, draft(`2`, nil))
			}
			if err != nil {
				t.Error(err)
			}
		})
		if i%10 == 0 {
			all.Go(func() {
				if s, err := r.Sweep(r.ctx()); err != nil || s.Total() != 0 {
					t.Errorf("released %d, %v", s.Total(), err)
				}
			})
		}
	}
	all.Wait()
	same(t, "stood", r.stood(), 57*day)
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "deadline", got.FadesAt, sigil.Deadline(got.Policy, r.Now()))
}

// TestPagesByDeadlineEndAfterAStandstill: the deadlines that are shown are other ones than those that the store has.
func TestPagesByDeadlineEndAfterAStandstill(t *testing.T) {
	r := newActive(t, engine.Options{Limits: engine.Limits{Page: 2}})
	for range 7 {
		r.encode(`1`, func(d *sigil.Draft) { d.TTL = 25 * day })
	}
	r.encode(`2`, nil)
	r.clock.set(20 * day)
	f, err := r.Forecast(r.ctx(), sigil.DefaultTenant, engine.ForecastQuery{Within: 100 * day, Limit: 2})
	r.ok("forecast", err)
	same(t, "fading", f.Fading, 8)
	same(t, "first", f.Memories[0].FadesAt, start.Add(25*day))
	r.sweep() // moves the deadlines
	found, err := r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{Sort: sigil.SortFades, Limit: 2})
	r.ok("list", err)
	seen := len(found.Memories)
	for found.Next != "" {
		found, err = r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{Sort: sigil.SortFades, Limit: 2, Cursor: found.Next})
		r.ok("list", err)
		seen += len(found.Memories)
	}
	same(t, "listed", seen, 8)
}

// TestPagesByDeadlineAfterAStandstill lists memories one by one before a sweep has moved the deadline of one whose ttl ends: each is on one page.
func TestPagesByDeadlineAfterAStandstill(t *testing.T) {
	r := newActive(t, engine.Options{})
	r.encode(`1`, func(d *sigil.Draft) { d.TTL = 70 * day })  // by the clock, it ends 57 days later
	r.encode(`2`, func(d *sigil.Draft) { d.Life = 20 * day }) // and this fades before that
	r.encode(`3`, func(d *sigil.Draft) { d.Pinned = true })
	r.clock.set(60 * day)
	for _, by := range []sigil.Sort{sigil.SortFades, sigil.SortCreated, sigil.SortRecalled} {
		var found []sigil.ID
		q := engine.ListQuery{Limit: 1, Sort: by}
		for range 5 {
			page, err := r.List(r.ctx(), sigil.DefaultTenant, q)
			r.ok("list", err)
			for _, m := range page.Memories {
				found = append(found, m.ID)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		same(t, "memories by "+string(by), len(found), 3)
	}
}

// slowUses is a store that is in the middle of recording a use until it may go on.
type slowUses struct {
	store.Store
	begun, goOn chan struct{}
}

func (s *slowUses) ChangeClock(ctx context.Context, tenant string, change func(*store.TenantClock)) error {
	return s.Store.ChangeClock(ctx, tenant, func(c *store.TenantClock) {
		close(s.begun)
		<-s.goOn
		change(c)
	})
}

// TestARecallWhileAUseIsRecorded has a recall come later than the use that ends a standstill, while that is still being recorded: else it would count
// more of the standstill than there was, and its memory would live shorter.
func TestARecallWhileAUseIsRecorded(t *testing.T) {
	r := newActive(t, engine.Options{})
	m := r.encode(`1`, nil)
	slow := &slowUses{Store: r.store, begun: make(chan struct{}), goOn: make(chan struct{})}
	r.Engine = engine.New(slow, &engine.Options{Clock: r.clock.now, Settings: engine.Settings{Policy: policy(t, active)}})
	r.clock.set(60 * day)
	var all sync.WaitGroup
	all.Go(func() { _, _ = r.Peek(r.ctx(), m.Key) })
	<-slow.begun
	r.clock.set(60*day + 30*time.Second)
	recalled := make(chan sigil.Memory, 1)
	all.Go(func() {
		got, err := r.Recall(r.ctx(), m.Key)
		if err != nil {
			t.Error(err)
		}
		recalled <- got
	})
	select {
	case <-recalled:
		t.Error("the recall did not wait")
	case <-time.After(10 * time.Millisecond): // usually long enough to fail
	}
	close(slow.goOn)
	all.Wait()
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "stood", got.Stood, 0)
	same(t, "deadline", got.FadesAt, sigil.Deadline(got.Policy, start.Add(60*day+30*time.Second)))
}

// TestAClockStandsStillForFiftyYearsAtMost: more cannot be kept. The first clock of a machine may begin in 1970.
func TestAClockStandsStillForFiftyYearsAtMost(t *testing.T) {
	r := newActive(t, engine.Options{})
	m := r.encode(`1`, nil)
	r.clock.set(60 * 365 * day)
	r.lives(m.Key, false)
	r.encode(`2`, nil)
	c, _ := r.store.ClockOf(sigil.DefaultTenant)
	if !c.Valid() {
		t.Errorf("the clock is %+v", c)
	}
	same(t, "stood", r.stood(), store.MaxStood)
}
