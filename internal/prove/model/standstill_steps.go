package model

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

func (s *standstills) draw(n int, what string) int { return rapid.IntRange(0, n-1).Draw(s.t, what) }

func (s *standstills) tenant() string { return rapid.SampledFrom(tenants).Draw(s.t, "tenant") }

// key draws a memory, most often a recent one. It may be gone.
func (s *standstills) key() (sigil.Key, bool) {
	if len(s.keys) == 0 {
		s.use(tenants[0], false)
		return sigil.Key{Tenant: tenants[0], ID: sigil.ID{1}}, false
	}
	key := s.keys[len(s.keys)-1-s.draw(min(len(s.keys), 20), "how long ago")]
	s.use(key.Tenant, false)
	l := s.lives[key]
	return key, l != nil && !s.dead(key, l)
}

var ttlsOfStandstills = []time.Duration{0, 0, 0, 30 * time.Second, 4 * time.Minute, 15 * time.Minute, 40 * time.Minute, 5 * time.Hour, 90 * time.Hour, 400 * time.Hour}

func (s *standstills) draft() sigil.Draft {
	d := sigil.Draft{
		Data: fmt.Append(nil, s.draw(1000, "data")), Pinned: s.draw(8, "pinned") == 7,
		TTL: rapid.SampledFrom(ttlsOfStandstills).Draw(s.t, "ttl"),
	}
	if s.draw(3, "a life") == 2 {
		d.Life = rapid.SampledFrom([]time.Duration{30 * time.Second, 3 * time.Minute, 2 * time.Hour, 30 * time.Hour, 300 * time.Hour}).Draw(s.t, "life")
	}
	return d
}

// encoded adds a memory that was encoded now.
func (s *standstills) encoded(m *sigil.Memory) {
	s.t.Helper()
	s.lives[m.Key] = &life{created: s.now, touched: s.now, stood: s.stood(m.Tenant, s.now), lasts: m.Lifetime(), ttl: m.TTL, pinned: m.Pinned}
	s.keys = append(s.keys, m.Key)
	s.is("encode", &m.Meta)
}

func (s *standstills) encode() {
	tenant := s.tenant()
	s.use(tenant, true)
	m, err := s.engine.Encode(s.ctx(), tenant, s.draft())
	s.ok("encode", err)
	s.encoded(&m)
}

func (s *standstills) recall() {
	key, there := s.key()
	m, err := s.engine.Recall(s.ctx(), key)
	if !there {
		s.missing("recall", key, err)
		return
	}
	s.ok("recall", err)
	s.lives[key].recalls++
	s.touch(s.lives[key], &m.Meta)
	s.is("recall", &m.Meta)
}

func (s *standstills) peek() {
	key, there := s.key()
	m, err := s.engine.Peek(s.ctx(), key)
	if !there {
		s.missing("peek", key, err)
		return
	}
	s.ok("peek", err)
	s.is("peek", &m.Meta)
}

func (s *standstills) forget() {
	key, there := s.key()
	err := s.engine.Forget(s.ctx(), key)
	if !there {
		s.missing("forget", key, err)
		return
	}
	s.ok("forget", err)
	s.gone(key)
}

// restore restores a memory that was removed, or is dead and not swept.
func (s *standstills) restore() {
	var some []sigil.Key
	for _, key := range s.keys {
		if s.removed[key] != nil {
			some = append(some, key)
		}
	}
	if len(some) == 0 {
		return
	}
	key := some[s.draw(len(some), "which")]
	l := s.removed[key]
	s.use(key.Tenant, false)
	m, err := s.engine.Restore(s.ctx(), key)
	if err != nil {
		s.t.Fatalf("restore of %v at %s: %v; %+v", key, s.now, err, l)
	}
	s.journal()
	delete(s.removed, key)
	s.lives[key] = l
	if e := l.end(); !e.IsZero() && !s.now.Before(e) {
		l.ttl = 0
	}
	s.touch(l, &m.Meta)
	s.is("restore", &m.Meta)
}

func (s *standstills) correct() {
	key, there := s.key()
	m, err := s.engine.Correct(s.ctx(), key, sigil.Draft{Data: fmt.Append(nil, s.draw(1000, "data"))})
	if !there {
		if err == nil {
			s.t.Fatalf("correct: %v should be gone", key)
		}
		return
	}
	s.ok("correct", err)
	delete(s.lives, key)
	s.encoded(&m)
}

func (s *standstills) pin() {
	key, there := s.key()
	pin := s.draw(2, "pin") == 0
	do := s.engine.Unpin
	if pin {
		do = s.engine.Pin
	}
	m, err := do(s.ctx(), key)
	if !there {
		s.missing("pin", key, err)
		return
	}
	s.ok("pin", err)
	l := s.lives[key]
	was := l.pinned
	if l.pinned = pin; was && !pin {
		s.touch(l, &m.Meta)
	}
	s.is("pin", &m.Meta)
}

func (s *standstills) setTTL() {
	key, there := s.key()
	ttl := rapid.SampledFrom(ttlsOfStandstills).Draw(s.t, "ttl")
	l := s.lives[key]
	if there && ttl != 0 && !s.now.Before(l.created.Add(ttl)) {
		ttl = 0
	}
	m, err := s.engine.Change(s.ctx(), key, sigil.Change{TTL: &ttl})
	if !there {
		s.missing("change", key, err)
		return
	}
	s.ok("change", err)
	l.ttl = ttl
	s.is("change", &m.Meta)
}

func (s *standstills) setLife() {
	key, there := s.key()
	life := time.Duration(1+s.draw(200, "minutes")) * time.Minute
	m, err := s.engine.Change(s.ctx(), key, sigil.Change{Life: &life})
	if !there {
		s.missing("change", key, err)
		return
	}
	s.ok("change", err)
	l := s.lives[key]
	if l.lasts != m.Lifetime() || m.LastAccessed.After(l.touched) {
		s.touch(l, &m.Meta)
	}
	s.is("change", &m.Meta)
}

// list reads all pages in any order: each live memory is on one.
func (s *standstills) list() {
	tenant := s.tenant()
	s.use(tenant, false)
	q := engine.ListQuery{
		Limit: 1 + s.draw(4, "limit"), Sort: rapid.SampledFrom([]sigil.Sort{sigil.SortCreated, sigil.SortFades, sigil.SortRecalled, sigil.SortRecalls}).Draw(s.t, "sort"),
	}
	if s.draw(4, "fading") == 3 {
		q.FadingAfter = s.now.Add(-time.Hour) // all that have a deadline
	}
	want := map[sigil.Key]bool{}
	for key, l := range s.lives {
		if key.Tenant == tenant && !s.dead(key, l) && (q.FadingAfter.IsZero() || !l.pinned || l.ttl != 0) {
			want[key] = true
		}
	}
	for {
		page, err := s.engine.List(s.ctx(), tenant, q)
		s.ok("list", err)
		for i := range page.Memories {
			m := &page.Memories[i]
			s.is("list", &m.Meta)
			if !want[m.Key] {
				s.t.Fatalf("list by %s: %v is on two pages", q.Sort, m.Key)
			}
			delete(want, m.Key)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if len(want) > 0 {
		s.t.Fatalf("list by %s: %v are missing", q.Sort, want)
	}
}

// forecast counts what fades if the tenant is used from now on, after a sweep, which moves deadlines.
func (s *standstills) forecast() {
	tenant, within := s.tenant(), time.Duration(1+s.draw(120, "minutes"))*time.Minute
	s.use(tenant, false)
	_, err := s.engine.List(s.ctx(), tenant, engine.ListQuery{})
	s.ok("list", err)
	s.sweep()
	got, err := s.engine.Forecast(s.ctx(), tenant, engine.ForecastQuery{Within: within})
	s.ok("forecast", err)
	want := 0
	for key, l := range s.lives {
		if fades, _ := s.shown(key, l); key.Tenant == tenant && !fades.IsZero() && !fades.After(s.now.Add(within)) {
			want++
		}
	}
	if got.Fading != want {
		s.t.Fatalf("forecast at %s: %d fade within %s, want %d", s.now, got.Fading, within, want)
	}
	for i := range got.Memories {
		s.is("forecast", &got.Memories[i].Meta)
	}
}

func (s *standstills) explain() {
	key, there := s.key()
	x, err := s.engine.Explain(s.ctx(), key)
	if !there {
		return // it may be explained by the journal
	}
	s.ok("explain", err)
	s.is("explain", &x.Memory.Meta)
}

// sweep releases all that is dead.
func (s *standstills) sweep() {
	_, err := s.engine.Sweep(s.ctx())
	s.ok("sweep", err)
	s.journal()
	for key, l := range s.lives {
		if at := s.now.Add(-s.stood(key.Tenant, s.now)); !l.end().IsZero() && !s.now.Before(l.end()) || !l.pinned && !l.decays().After(at) {
			s.t.Fatalf("%v is still there after a sweep at %s: %+v", key, s.now, l)
		}
	}
}

// restamp has the clocks of all tenants follow changed settings.
func (s *standstills) restamp() {
	_, err := s.engine.Restamp(s.ctx())
	s.ok("restamp", err)
	if s.settled {
		return
	}
	s.settled = true
	names, err := s.store.Tenants(s.ctx())
	s.ok("tenants", err)
	for tenant := range s.clocks {
		names = append(names, tenant)
	}
	slices.Sort(names)
	for _, tenant := range slices.Compact(names) {
		c := s.clocks[tenant]
		if stops := c != nil && !c.Stops.IsZero(); stops != (s.span(tenant) != 0) {
			s.set(tenant, s.span(tenant))
		}
	}
}

func (s *standstills) configure() {
	s.service = rapid.SampledFrom(spansActive).Draw(s.t, "policy")
	s.engine.Configure(s.settings())
	s.settled = false
}

func (s *standstills) setPolicy() {
	tenant := s.tenant()
	p := rapid.SampledFrom(append([]sigil.Policy{nil}, spansActive...)).Draw(s.t, "policy")
	_, err := s.engine.SetPolicy(s.ctx(), tenant, p)
	s.ok("set a policy", err)
	if s.own[tenant] = p; p == nil {
		delete(s.own, tenant)
	}
	s.settled = false
	s.use(tenant, true)
}

// move brings the memories of a tenant to another one, as an export and an import do.
func (s *standstills) move() {
	tenant := s.tenant()
	s.use(tenant, false)
	page, err := s.engine.Export(s.ctx(), tenant, "", 0)
	s.ok("export", err)
	var some []engine.ExportedMemory
	for _, m := range page.Memories {
		s.is("export", &m.Meta)
		if m.Tenant = "copy"; !slices.Contains(s.keys, m.Key) && m.SupersededBy == (sigil.ID{}) {
			m.Supersedes = sigil.ID{}
			some = append(some, m)
		}
	}
	s.use("copy", true)
	results, err := s.engine.Import(s.ctx(), "copy", some, false)
	s.ok("import", err)
	for i := range results {
		s.ok("import of one", results[i].Err)
		m := &some[i]
		s.lives[m.Key] = &life{
			created: m.CreatedAt, touched: m.LastAccessed, stood: s.stood("copy", s.now) - m.Stood, lasts: m.Lifetime(), ttl: m.TTL, pinned: m.Pinned, recalls: m.AccessCount,
		}
		s.keys = append(s.keys, m.Key)
		kept, err := s.engine.Peek(s.ctx(), m.Key)
		s.ok("peek of an import", err)
		s.is("import", &kept.Meta)
	}
}

func (s *standstills) pass(d time.Duration) {
	s.now = s.now.Add(d)
	s.driver.Settle()
}

// wait lets a while pass, or until something happens.
func (s *standstills) wait() {
	switch s.draw(5, "how far") {
	case 0:
		s.pass(time.Duration(1+s.draw(5000, "milliseconds")) * time.Millisecond)
	case 1:
		s.pass(time.Duration(1+s.draw(600, "seconds")) * time.Second)
	default:
		next := []time.Time{s.now.Add(time.Second)}
		for key, l := range s.lives {
			if fades, _ := s.shown(key, l); fades.After(s.now) {
				next = append(next, fades)
			}
		}
		for _, c := range s.clocks {
			if c.Stops.After(s.now) {
				next = append(next, c.Stops)
			}
		}
		slices.SortFunc(next, time.Time.Compare)
		by := time.Duration(s.draw(3, "by")-1) * time.Millisecond
		s.pass(max(time.Millisecond, next[s.draw(min(4, len(next)), "which")].Sub(s.now)+by))
	}
}

// away lets all tenants be away for long.
func (s *standstills) away() {
	s.pass(rapid.SampledFrom([]time.Duration{time.Hour, 3*time.Hour + time.Millisecond, 26 * time.Hour, 12 * 24 * time.Hour}).Draw(s.t, "away"))
}

func (s *standstills) restart() {
	s.ok("close", s.store.Close())
	s.open()
}

// crash cuts the power after everything was written.
func (s *standstills) crash() {
	s.driver.Settle()
	s.ok("crash", s.driver.Crash(s.store, s.draw(101, "kept of the unsynced, %"), rapid.Uint64().Draw(s.t, "seed of the cut")))
	s.open()
}
