package ninety

import (
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
)

// tenantClock is the clock of a tenant, which stands still while the tenant is not used, by the rules of docs/spec.md and without code of the
// engine or a store. Times are in Unix milliseconds, and durations in milliseconds. One without a span never stops.
type tenantClock struct {
	span  int64
	stops int64 // unless the tenant is used before; or never
	stood int64 // for how long it had stood still in all at the last use that was recorded, in whole seconds
	shown int64 // the same by now: the deadlines in the ledger are as they are then
	used  int64 // when the tenant was last used, recorded or not
	// ordered reports that a sweep has looked for the ends of ttls since the last standstill.
	ordered bool

	away   bool
	leaves []spell // those to come
}

// spell is a time in which a tenant is not used, by the machine's clock since the start. One without an end is over about when the clock stops.
type spell struct{ from, to time.Duration }

// shortestLeave is the shortest of the long spells.
const shortestLeave = 14 * 24 * time.Hour

// settle sets the policies, the clock and the holidays of a tenant.
func (l *life) settle(t *tenant) {
	t.clock = &tenantClock{stops: never, ordered: true}
	for i, text := range policies {
		if t.active != "" {
			text += " active=" + t.active
		}
		t.curves = append(t.curves, newCurve(l.t, i, text))
	}
	if t.active == "" {
		return
	}
	t.clock.span = int64(t.curves[0].figures["active"])
	day := func(from, to int) time.Duration {
		return time.Duration(from)*24*time.Hour + time.Duration(l.rand.Int64N(int64(to-from)*24*3600*1000))*time.Millisecond
	}
	first := spell{from: day(3, 8)}
	first.to = first.from + shortestLeave + day(0, 14)
	short := spell{from: first.to + day(2, 6)}
	second := spell{from: short.from + day(6, 9)}
	second.to = second.from + shortestLeave + day(0, 14)
	t.clock.leaves = []spell{first, short, second, {from: second.to + day(2, 4)}}
}

// slack returns by how much less than a span after the last use the clock may stop.
func (c *tenantClock) slack() int64 { return min(c.span/16, time.Hour.Milliseconds()) }

// at returns for how long the clock has stood still in all by now, in whole seconds, rounded up.
func (c *tenantClock) at(now int64) int64 {
	if now <= c.stops {
		return c.stood
	}
	return c.stood + (now-c.stops+999)/1000*1000
}

// swept notes that a sweep has ended.
func (c *tenantClock) swept(now int64) { c.ordered = c.ordered || now <= c.stops }

// allows returns what is wrong with a removal of m, if anything: while its tenant is away, nothing fades by a deadline after the clock has stopped.
func (c *tenantClock) allows(m *memory, e *sigil.Event) string {
	if last := c.used + c.span + c.slack(); c.away && e.Reason != sigil.ReasonTTL && m.fades > last {
		return fmt.Sprintf("%s has faded at %s, while its tenant was away: its clock stopped by %s", m.key.ID, at(m.fades), at(last))
	}
	return ""
}

// after returns what a forecast for m becomes if the clock has stood still for so long in all: a ttl goes on.
func (f forecast) after(m *memory, stood int64) int64 {
	if f.at == never {
		return never
	}
	f.at += stood - f.stood
	if m.ttl > 0 {
		f.at = min(f.at, m.created+m.ttl)
	}
	return f.at
}

// due reports whether a sweep at due releases m. What the clock of its tenant has stood still is rounded up: what faded within the second
// before the stop may be released some milliseconds later.
func (m *memory) due(due int64) bool {
	return m.fades <= due-(m.clock.at(due)-m.clock.stood) || m.ttl > 0 && m.created+m.ttl <= due
}

// follow has the deadlines in the ledger be as they are now.
func (l *life) follow() {
	now := l.now()
	for n := range l.tenants {
		c := l.tenants[n].clock
		if shown := c.at(now); shown != c.shown {
			c.shown = shown
			l.reschedule(n)
		}
	}
}

// reschedule computes the deadlines of a tenant's memories.
func (l *life) reschedule(n int) {
	for _, m := range l.of[n] {
		if !m.purged {
			m.fades, _, _ = m.deadline()
		}
	}
}

// use notes that a tenant is used now. Its clock runs on, unless the engine's is not certain.
func (l *life) use(n int) {
	l.follow()
	c, now := l.tenants[n].clock, l.now()
	c.used = now
	if s := l.clock.State(); c.span == 0 || s.Held || s.Unconfirmed {
		return
	}
	if left := c.stops - now; left > c.span-c.slack() && left <= c.span+c.slack() {
		return
	}
	was := *c
	c.stood, c.stops = c.shown, now+c.span
	if c.stood == was.stood {
		return
	}
	l.did.standstills++
	c.ordered = false
	for _, m := range l.of[n] {
		if m.gone == nil && m.touched <= was.stops {
			before, _ := m.when(was.stood)
			if after, _ := m.when(c.stood); before <= now && after > now {
				l.did.outlived++
			}
		}
	}
	l.reschedule(n)
}

// orderly reports whether the deadlines of a tenant's memories are in order: after a standstill, a sweep sees to that.
func (l *life) orderly(n int) bool {
	l.t.Helper()
	c := l.tenants[n].clock
	if l.now() > c.stops || !c.ordered {
		l.compareTenant(n)
		l.sweep()
	}
	return l.now() <= c.stops && c.ordered
}

// travel has tenants leave and come back.
func (l *life) travel() {
	for n := range l.tenants {
		switch c := l.tenants[n].clock; {
		case len(c.leaves) == 0:
		case c.away && l.over(c):
			l.comeBack(n)
		case !c.away && l.settled() && l.reference() >= c.leaves[0].from:
			l.leave(n)
		}
	}
}

// over reports whether a tenant that is away comes back. During a jump of the clock, some come back that would do so later.
func (l *life) over(c *tenantClock) bool {
	s := c.leaves[0]
	if s.to == 0 {
		return l.now() > c.stops
	}
	return l.reference() >= s.to || !l.settled() && l.reference() >= s.from+shortestLeave && l.rand.IntN(4) == 0
}

// leave has a tenant be away, with some memories whose lives or ttls end about when its clock stops, or while it stands still.
func (l *life) leave(n int) {
	t := &l.tenants[n]
	l.encode(n, l.policy(), 1+l.size.Memories*t.share/400)
	l.encode(n, shortest, 2)
	left := time.Duration(t.clock.stops-l.now()) * time.Millisecond
	drafts := make([]sigil.Draft, 8)
	for i := range drafts {
		drafts[i] = l.draft()
		d := &drafts[i]
		d.Life, d.TTL, d.Pinned, d.State = 0, 0, false, nil
		about := left + time.Duration(l.rand.IntN(3000)-1500)*time.Millisecond
		switch i % 4 {
		case 0, 1:
			d.Life = about
		case 2:
			d.TTL = about
		case 3:
			d.TTL = left + time.Duration(l.rand.Int64N(int64(20*24*time.Hour)))
		}
	}
	l.encodeDrafts(n, 0, drafts)
	t.clock.away = true
}

// stop lets time pass until about the moment at which the clock of a tenant that is away stops, if that is near, and sweeps at some moments after it.
func (l *life) stop(within time.Duration) bool {
	for n := range l.tenants {
		c, now := l.tenants[n].clock, l.now()
		if !c.away || c.stops <= now || c.stops > now+within.Milliseconds() {
			continue
		}
		l.pass(time.Duration(max(0, c.stops-now-3+l.rand.Int64N(6))) * time.Millisecond)
		for range 4 {
			l.sweep()
			l.pass(time.Duration(l.rand.IntN(500)) * time.Millisecond)
		}
		return true
	}
	return false
}

// comeBack has a tenant that was away be used again, in one of several ways. All that had not faded before its clock stopped is there, but what a
// ttl has ended.
func (l *life) comeBack(n int) {
	l.t.Helper()
	c := l.tenants[n].clock
	if l.rand.IntN(2) == 0 {
		l.sweep()
	}
	c.away, c.leaves = false, c.leaves[1:]
	var there []*memory
	for _, m := range l.of[n] {
		if m.visible(l.now()) {
			there = append(there, m)
		}
	}
	switch way := l.rand.IntN(6); {
	case way == 0:
		l.encode(n, l.policy(), 1)
	case way == 1:
		l.compareRemoved(n)
	case way == 2 && len(there) > 0:
		l.peek(there[l.rand.IntN(len(there))])
	case way == 3 && len(there) > 0:
		l.recall(there[l.rand.IntN(len(there))])
	default:
		l.compareTenant(n)
	}
	l.pass(time.Second + time.Duration(l.rand.IntN(4000))*time.Millisecond) // of which nothing was away
	l.sweep()
	l.compareTenant(n)
}
