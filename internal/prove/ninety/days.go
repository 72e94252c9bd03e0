package ninety

import (
	"time"

	"github.com/sigil-dna/sigil"
)

// step lets some time pass, and something happen.
func (l *life) step() {
	each := days / time.Duration(l.size.Steps)
	switch {
	case l.chance(l.size.Restarts):
		l.restart()
	case l.chance(l.size.Jumps) && l.settled():
		l.jump()
	}
	switch {
	case l.settled() && l.stop(2*each):
	case l.settled() && l.rand.IntN(3) == 0 && l.edge(each):
	default:
		l.pass(time.Duration(1+l.rand.Int64N(int64(2*each/time.Millisecond))) * time.Millisecond)
	}
	l.travel()
	l.act()
	l.sweep()
	if !l.clock.State().Held && l.chance(l.size.Steps/4) {
		l.restore()
	}
	if l.chance(12) {
		l.foretell(time.Duration(1+l.rand.IntN(30))*24*time.Hour, false)
	}
	if l.chance(6) {
		l.compare()
	}
}

// chance reports whether something that happens so often in the ninety days happens in this step.
func (l *life) chance(times int) bool { return l.rand.IntN(l.size.Steps) < times }

// act does a little of everything.
func (l *life) act() {
	part := max(1, l.size.Memories/l.size.Steps)
	for range part + l.rand.IntN(2*part) {
		if m := l.draw(); m != nil {
			l.recall(m)
		}
	}
	l.encode(l.rand.IntN(len(l.tenants)), l.policy(), 1+l.rand.IntN(1+part/10))
	for n := range l.tenants {
		if t := &l.tenants[n]; t.counted || t.sized { // more than leave by themselves
			l.encode(n, l.policy(), 1+l.rand.IntN(1+part/4))
		}
	}
	for range 1 + part/20 {
		if m := l.draw(); m != nil && l.rand.IntN(2) == 0 {
			l.pin(m)
		}
		if m := l.draw(); m != nil && l.rand.IntN(2) == 0 {
			l.forget(m)
		}
		if m := l.draw(); m != nil {
			l.peek(m)
		}
		if m := l.all[l.rand.IntN(len(l.all))]; !m.visible(l.now()) && !m.clock.away {
			l.missing(m)
		}
	}
}

// edge lets time pass until a millisecond before a deadline, if one is near. A recall then keeps the memory; otherwise it is gone
// a millisecond later.
func (l *life) edge(within time.Duration) bool {
	now := l.now()
	var next *memory
	for range 200 {
		m := l.all[l.rand.IntN(len(l.all))]
		near := m.fades > now+1 && m.fades <= min(m.clock.stops, now+within.Milliseconds()) && !m.clock.away
		if m.gone == nil && near && (next == nil || m.fades < next.fades) {
			next = m
		}
	}
	if next == nil {
		return false
	}
	deadline := next.fades
	l.pass(time.Duration(deadline-1-now) * time.Millisecond)
	l.peek(next)
	if l.rand.IntN(2) == 0 {
		l.recall(next)
	}
	l.pass(time.Millisecond)
	if next.fades == deadline {
		l.missing(next)
	} else {
		l.peek(next)
	}
	return true
}

// settled reports whether the clock is confirmed and agrees with the machine's.
func (l *life) settled() bool {
	s := l.clock.State()
	return !s.Held && !s.Unconfirmed && s.Ahead == 0
}

// jump lets the machine's clock jump in one of several ways.
func (l *life) jump() {
	l.did.jumps++
	const confirm = 15 * time.Minute
	l.pass(2 * time.Second) // so that nothing was touched at the last moment before the jump
	by := 3*time.Minute + time.Duration(l.rand.Int64N(int64(12*time.Hour/time.Millisecond)))*time.Millisecond
	from, before := l.shown(), l.off
	pass := func(d time.Duration) {
		for range 4 {
			l.pass(d/4 + time.Millisecond)
			l.travel()
			l.act()
			l.sweep()
		}
	}
	confirmed := func() {
		to := l.first.Add(l.at + before).UnixMilli()
		l.spans = append(l.spans, span{from, to, by.Milliseconds()})
	}
	switch l.rand.IntN(7) {
	case 0: // forward, and back before it counts
		l.off += by
		pass(confirm * 2 / 3)
		l.same("held", l.clock.State().Held, true)
		l.off -= by
	case 1: // forward for good
		l.off += by
		pass(confirm / 2)
		l.same("held", l.clock.State().Held, true)
		l.pass(confirm * 9 / 16)
		l.encode(0, shortest, 3)
		l.pass(confirm / 12)
		l.same("held", l.clock.State().Held, false)
		confirmed()
	case 2: // forward, and an operator confirms it
		l.off += by
		pass(confirm / 3)
		l.encode(0, shortest, 3)
		l.same("confirmed", l.any().ConfirmClock(), true)
		confirmed()
	case 3: // back for good: time goes on at half its pace
		l.off -= by
		pass(confirm / 2)
		l.pass(confirm)
		pass(by / 2)
	case 4: // back, and a process that starts then: time runs back
		l.off -= by
		l.restart()
		pass(by / 2)
	case 5: // a process that doubts the clock at its start
		l.restart()
		l.any().DoubtClock(time.Hour, true)
		pass(confirm / 2)
		l.same("held", l.clock.State().Held, true)
		l.pass(confirm)
	case 6: // the same, but what has ended is released meanwhile
		l.restart()
		l.any().DoubtClock(time.Hour, false)
		pass(confirm / 2)
		l.same("unconfirmed", l.clock.State().Unconfirmed, true)
		l.pass(confirm)
	}
	l.pass(2 * time.Second)
	l.same("held", l.clock.State().Held, false)
	l.sweep()
}

// compare lists everything of tenants that are not away, and compares it with the ledger. Of the others, it compares the statistics.
func (l *life) compare() {
	l.t.Helper()
	for n := range l.tenants {
		c := l.tenants[n].clock
		if !c.away {
			l.compareTenant(n)
			l.compareRemoved(n)
		}
		now, counted := l.now(), 0
		for _, m := range l.present(n) {
			if !m.due(now) {
				counted++
			}
		}
		stats, err := l.any().Stats(l.t.Context(), l.tenants[n].name)
		l.ok("stats", err)
		if c.ordered || c.away && !l.clock.State().Held { // else it may count what a ttl has ended
			l.same("counted", stats.Memories, counted)
		}
	}
}

// compareTenant lists a tenant, and compares it with the ledger.
func (l *life) compareTenant(n int) {
	l.t.Helper()
	seen, now, visible := l.list(n), l.now(), 0
	for _, m := range l.present(n) {
		if m.visible(now) {
			visible++
			if !seen[m.key.ID] {
				l.hold("list", "has no "+m.key.ID.String())
			}
		}
	}
	l.same("listed", len(seen), visible)
}

// list lists a tenant, and compares each memory with the ledger.
func (l *life) list(n int) map[sigil.ID]bool {
	l.t.Helper()
	seen := map[sigil.ID]bool{}
	for q := (listQuery{Limit: 5000}); ; {
		page, err := l.some(n).List(l.t.Context(), l.tenants[n].name, q)
		l.ok("list", err)
		for i := range page.Memories {
			got := &page.Memories[i]
			m := l.byID[got.ID]
			if m == nil || seen[got.ID] || m.tenant != n {
				l.hold("list", "has "+got.ID.String())
			}
			seen[got.ID] = true
			l.agree("a list", m, &got.Meta)
			l.same("data", string(got.Data), m.data)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return seen
		}
	}
}
