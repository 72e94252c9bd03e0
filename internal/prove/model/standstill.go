package model

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// standstills is one history of tenants whose clocks stand still while they are not used. It knows of each memory when it was last touched, what
// the clock of its tenant had stood still by then, and for how long it lives: what is live, and until when, follows from that. A check after
// a step does not use a tenant.
type standstills struct {
	t      *rapid.T
	driver Driver
	store  store.Store
	engine *engine.Engine

	now      time.Time
	service  sigil.Policy
	own      map[string]sigil.Policy
	clocks   map[string]*store.TenantClock // only their figures; the rules are those here
	settled  bool                          // no setting has changed since the clocks followed them
	lives    map[sigil.Key]*life
	removed  map[sigil.Key]*life // what can be restored
	keys     []sigil.Key
	position uint64
	noticed  map[sigil.Key]time.Time
}

// life is what is known of a memory.
type life struct {
	created, touched time.Time
	stood            time.Duration // what the clock had stood still when it was touched
	lasts            time.Duration
	ttl              time.Duration
	pinned           bool
	recalls          uint64
}

// spansActive are the policies of a history of standstills. All let a memory live equally long.
var spansActive = func() (all []sigil.Policy) {
	for _, span := range []time.Duration{0, time.Minute, 5 * time.Minute, 20 * time.Hour} {
		p, err := sigil.WithActive(sigil.DefaultPolicy(), span)
		if err == nil {
			p, err = sigil.NewHalfLife(10*time.Minute, 0.5)
		}
		if err == nil {
			p, err = sigil.WithActive(p, span)
		}
		if err != nil {
			panic(err)
		}
		all = append(all, p)
	}
	return all
}()

const (
	undoOfStandstills   = 400 * 24 * time.Hour
	noticeOfStandstills = 2 * time.Minute
)

// Standstills runs one random history of tenants that are left alone on d, which must be empty, and fails t if a memory is gone that should live, or
// anything else deviates from the specification. step, which may be nil, is called for every step.
func Standstills(t *rapid.T, d Driver, step func()) {
	s := &standstills{
		t: t, driver: d, now: begin, service: spansActive[1], own: map[string]sigil.Policy{}, clocks: map[string]*store.TenantClock{},
		lives: map[sigil.Key]*life{}, removed: map[sigil.Key]*life{}, noticed: map[sigil.Key]time.Time{},
	}
	s.open()
	defer func() { s.ok("close", s.store.Close()) }()
	actions := map[string]func(*rapid.T){}
	for name, act := range s.actions() {
		actions[name] = func(t *rapid.T) {
			s.t = t
			if step != nil {
				step()
			}
			act()
			s.check()
		}
	}
	t.Repeat(actions)
	s.restart()
	s.check()
}

func (s *standstills) actions() map[string]func() {
	return map[string]func(){
		"encode": s.encode, "encode again": s.encode, "recall": s.recall, "peek": s.peek, "forget": s.forget, "restore": s.restore, "restore again": s.restore,
		"correct": s.correct, "pin": s.pin, "set a ttl": s.setTTL, "set a life": s.setLife, "list": s.list, "list again": s.list, "forecast": s.forecast, "explain": s.explain,
		"sweep": s.sweep, "sweep again": s.sweep, "follow the settings": s.restamp, "configure": s.configure, "set a policy": s.setPolicy,
		"move": s.move, "wait": s.wait, "wait again": s.wait, "be away": s.away, "restart": s.restart, "crash": s.crash,
	}
}

func (s *standstills) open() {
	kept, err := s.driver.Open()
	s.ok("open", err)
	s.store = kept
	s.engine = engine.New(kept, &engine.Options{Clock: func() time.Time { return s.now }, Settings: s.settings()})
	s.settled = false
}

func (s *standstills) settings() engine.Settings {
	return engine.Settings{Policy: s.service, Undo: engine.Undo{Window: undoOfStandstills}, Notice: noticeOfStandstills}
}

func (s *standstills) ctx() context.Context { return s.t.Context() }

func (s *standstills) ok(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

// span returns after how long the clock of a tenant stops.
func (s *standstills) span(tenant string) time.Duration {
	if p := s.own[tenant]; p != nil {
		return sigil.ActiveSpan(p)
	}
	return sigil.ActiveSpan(s.service)
}

// stood returns what the clock of a tenant has stood still at a time, in whole seconds.
func (s *standstills) stood(tenant string, at time.Time) time.Duration {
	c := s.clocks[tenant]
	if c == nil {
		return 0
	}
	stood := c.Stood
	if !c.Stops.IsZero() && at.After(c.Stops) {
		stood += time.Duration(math.Ceil(at.Sub(c.Stops).Seconds())) * time.Second
	}
	return stood
}

// use has the clock of a tenant run, as a request must.
func (s *standstills) use(tenant string, gives bool) {
	span, c := s.span(tenant), s.clocks[tenant]
	switch {
	case c == nil && (!gives || span == 0):
		return
	case c == nil:
		s.clocks[tenant] = &store.TenantClock{Tenant: tenant, Stops: s.now.Add(span)}
		return
	case span == 0 && c.Stops.IsZero():
		return
	case span != 0 && !c.Stops.IsZero():
		slack := min(span/16, time.Hour)
		if left := c.Stops.Sub(s.now); left > span-slack && left <= span+slack {
			return
		}
	}
	s.set(tenant, span)
}

// set has a clock run from now on, and stop after span.
func (s *standstills) set(tenant string, span time.Duration) {
	c := &store.TenantClock{Tenant: tenant, Stood: s.stood(tenant, s.now)}
	if span != 0 {
		c.Stops = s.now.Add(span)
	}
	s.clocks[tenant] = c
}

// end returns when the ttl of a memory ends, or zero.
func (l *life) end() time.Time {
	if l.ttl == 0 {
		return time.Time{}
	}
	return l.created.Add(l.ttl)
}

// decays returns the deadline of a memory by its clock, or zero.
func (l *life) decays() time.Time {
	if l.pinned {
		return time.Time{}
	}
	return l.touched.Add(l.lasts - l.stood)
}

// dead reports whether no read returns a memory.
func (s *standstills) dead(key sigil.Key, l *life) bool {
	if e := l.end(); !e.IsZero() && !s.now.Before(e) {
		return true
	}
	return s.decayed(key, l)
}

// decayed reports whether a memory reached its deadline before the clock stopped, or by now.
func (s *standstills) decayed(key sigil.Key, l *life) bool {
	at := s.now
	var stood time.Duration
	if c := s.clocks[key.Tenant]; c != nil {
		if stood = c.Stood; !c.Stops.IsZero() && c.Stops.Before(at) {
			at = c.Stops
		}
	}
	return !l.pinned && !l.decays().Add(stood).After(at)
}

// shown returns the figures of a memory that it must have now: its deadline, and for how long its clock has stood still.
func (s *standstills) shown(key sigil.Key, l *life) (fades time.Time, stood time.Duration) {
	stood = s.stood(key.Tenant, s.now)
	if c := s.clocks[key.Tenant]; c != nil && s.decayed(key, l) {
		if !l.decays().Add(c.Stood).After(s.now) && !c.Stops.IsZero() && !l.decays().Add(c.Stood).After(c.Stops) {
			stood = c.Stood
		}
	}
	if !l.pinned {
		fades = l.decays().Add(stood)
	}
	if e := l.end(); !e.IsZero() && (fades.IsZero() || e.Before(fades)) {
		fades = e
	}
	return fades, stood - l.stood
}

// is asserts that a memory that was returned is as it must be.
func (s *standstills) is(what string, m *sigil.Meta) {
	s.t.Helper()
	l := s.lives[m.Key]
	if l == nil || s.dead(m.Key, l) {
		s.t.Fatalf("%s at %s: %v is returned, and should be gone: %+v", what, s.now, m.Key, l)
	}
	fades, stood := s.shown(m.Key, l)
	if !m.FadesAt.Equal(fades) || m.Stood != stood || !m.LastAccessed.Equal(l.touched) || m.AccessCount != l.recalls || m.Pinned != l.pinned || m.TTL != l.ttl {
		s.t.Fatalf("%s at %s: %v fades at %s, stood %s: want %s, %s; it is %+v, want %+v", what, s.now, m.Key, m.FadesAt, m.Stood, fades, stood, m, l)
	}
	s.follows(what, m)
}

// follows asserts that a deadline follows from the other figures of a memory.
func (s *standstills) follows(what string, m *sigil.Meta) {
	s.t.Helper()
	at := m.FadesAt
	again := *m
	if again.Reschedule(); !again.FadesAt.Equal(at) {
		s.t.Fatalf("%s: the deadline %s of %v does not follow, which is %s: %+v", what, at, m.Key, again.FadesAt, m)
	}
}

// touch has a memory be touched now.
func (s *standstills) touch(l *life, m *sigil.Meta) {
	if s.now.After(l.touched) {
		l.touched, l.stood = s.now, s.stood(m.Tenant, s.now)
	}
	l.lasts = m.Lifetime()
}

// check compares what can be seen without a use: clocks, what is due, counts, the journal and the store's own check.
func (s *standstills) check() {
	s.t.Helper()
	s.journal()
	all, err := s.store.TenantClocks(s.ctx())
	s.ok("clocks", err)
	if len(all) != len(s.clocks) {
		s.t.Fatalf("%d clocks, want %d", len(all), len(s.clocks))
	}
	for i := range all {
		storetest.Equal(s.t, "clock", &all[i], s.clocks[all[i].Tenant])
		if kept, _ := s.store.ClockOf(all[i].Tenant); kept != all[i] {
			s.t.Fatalf("the clock is %+v, and in the store %+v", kept, all[i])
		}
	}
	due, err := s.store.Due(s.ctx(), s.now, 10_000)
	s.ok("due", err)
	for _, key := range due {
		if l := s.lives[key]; l == nil || !s.dead(key, l) {
			s.t.Fatalf("%v is due at %s: %+v", key, s.now, l)
		}
	}
	for key, l := range s.lives {
		if _, err := look(s.ctx(), s.store, key); err != nil {
			s.t.Fatalf("%v is gone: %v; dead %v", key, err, s.dead(key, l))
		}
		if at := s.now.Add(-s.stood(key.Tenant, s.now)); !l.pinned && !l.decays().After(at) && !slices.Contains(due, key) {
			s.t.Fatalf("%v is not due at %s: %+v", key, s.now, l)
		}
	}
	for _, tenant := range append(slices.Clone(tenants), "copy") {
		live, ended := 0, 0
		for key, l := range s.lives {
			if key.Tenant == tenant && !s.dead(key, l) {
				live++
			} else if key.Tenant == tenant {
				ended++
			}
		}
		stats, err := s.engine.Stats(s.ctx(), tenant)
		s.ok("stats", err)
		if stats.Memories < live || stats.Memories > live+ended {
			s.t.Fatalf("%s has %d memories at %s, want %d", tenant, stats.Memories, s.now, live)
		}
	}
	s.ok("check of the store", s.driver.Check(s.ctx(), s.store))
	if s.t.Failed() {
		s.t.Fatalf("the history ends at its first difference")
	}
}

// journal reads the new entries, and has what they tell of be so.
func (s *standstills) journal() {
	s.t.Helper()
	read := s.position
	for _, tenant := range append(slices.Clone(tenants), "copy") {
		for after := s.position; ; {
			events, err := s.engine.Events(s.ctx(), tenant, after, 1000)
			s.ok("events", err)
			if len(events) == 0 {
				break
			}
			for i := range events {
				s.entry(&events[i])
			}
			after = events[len(events)-1].Position
			read = max(read, after)
		}
	}
	s.position = read
}

func (s *standstills) entry(e *sigil.Event) {
	s.t.Helper()
	if e.Memory.Policy == nil {
		return
	}
	s.follows(string(e.Kind), &e.Memory)
	key := e.Memory.Key
	l := s.lives[key]
	switch e.Kind { //nolint:exhaustive // the others are of steps that know them
	case sigil.Faded:
		if l == nil || !s.dead(key, l) {
			s.t.Fatalf("%v faded at %s: %+v", key, e.Time, l)
		}
		fades, _ := s.shown(key, l)
		want := "decay"
		if !l.end().IsZero() && fades.Equal(l.end()) {
			want = "ttl"
		}
		if !e.Memory.FadesAt.Equal(fades) || e.Reason != want || e.Time.Before(fades) {
			s.t.Fatalf("%v faded by %s at %s, with the deadline %s, want %s by %s", key, e.Reason, e.Time, e.Memory.FadesAt, fades, want)
		}
		s.gone(key)
	case sigil.Fading:
		if l == nil || s.dead(key, l) {
			s.t.Fatalf("%v is noticed at %s: %+v", key, e.Time, l)
		}
		fades, _ := s.shown(key, l)
		if !e.Memory.FadesAt.Equal(fades) || fades.Sub(e.Time) > noticeOfStandstills {
			s.t.Fatalf("%v is noticed at %s, with the deadline %s, want %s", key, e.Time, e.Memory.FadesAt, fades)
		}
		if s.noticed[key].Equal(fades) && !fades.Equal(l.end()) {
			s.t.Fatalf("%v is noticed again for %s", key, fades)
		}
		s.noticed[key] = fades
	}
}

// gone has a memory be removed, so that it can be restored.
func (s *standstills) gone(key sigil.Key) {
	s.removed[key] = s.lives[key]
	delete(s.lives, key)
}

// missing asserts that err is that of a memory that is not there.
func (s *standstills) missing(what string, key sigil.Key, err error) {
	s.t.Helper()
	if !errors.Is(err, sigil.ErrNotFound) && !errors.Is(err, sigil.ErrGone) {
		s.t.Fatalf("%s of %v at %s: got %v, and it should be gone: %+v", what, key, s.now, err, s.lives[key])
	}
}
