package ninety

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// with returns an engine that gives a policy to memories of a tenant, which is used with it now.
func (l *life) with(policy, tenant int) *engine.Engine {
	l.use(tenant)
	return l.engines[engineKey{policy, tenant}]
}

// some returns an engine of a tenant, which is used with it now.
func (l *life) some(tenant int) *engine.Engine { return l.with(l.rand.IntN(len(policies)), tenant) }

// policy draws one. The one under which memories live for 95 s is rare.
func (l *life) policy() int {
	if n := l.rand.IntN(len(policies)); n != shortest || l.rand.IntN(5) == 0 {
		return n
	}
	return 0
}

// fill encodes the memories of the start. The limits of tenants are what they then have.
func (l *life) fill() {
	for n := range l.tenants {
		t := &l.tenants[n]
		for left := l.size.Memories * t.share / 100; left > 0; {
			some := min(left, max(1, l.size.Memories/200))
			l.encode(n, l.policy(), some)
			left -= some
		}
		quota := store.Quota{}
		for _, m := range l.present(n) {
			quota.Memories, quota.Bytes = quota.Memories+1, quota.Bytes+m.size
		}
		if t.counted {
			t.quota.Memories = quota.Memories
		}
		if t.sized {
			t.quota.Bytes = quota.Bytes
		}
	}
	l.restart() // the engines learn of the limits
}

// draft draws one.
func (l *life) draft() sigil.Draft {
	text := strings.Repeat("x", l.rand.IntN(60))
	d := sigil.Draft{Data: fmt.Appendf(nil, `{"n":%d,"text":%q}`, len(l.all)+l.rand.IntN(1<<30), text)}
	for _, of := range []struct {
		one int // in so many
		set func()
	}{
		{5, func() { d.TTL = time.Hour + time.Duration(l.rand.Int64N(int64(85*24*time.Hour))) }},
		{7, func() { d.Life = time.Hour + time.Duration(l.rand.Int64N(int64(120*24*time.Hour))) }},
		{20, func() { d.Pinned = true }},
		{30, func() { d.State = &sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1} }},
		{3, func() { d.Tags = []string{fmt.Sprintf("t%d", l.rand.IntN(10))} }},
	} {
		if l.rand.IntN(of.one) == 0 {
			of.set()
		}
	}
	return d
}

// encode encodes so many memories, if the tenant is not away.
func (l *life) encode(n, policy, count int) {
	drafts := make([]sigil.Draft, count)
	for i := range drafts {
		drafts[i] = l.draft()
	}
	if !l.tenants[n].clock.away {
		l.encodeDrafts(n, policy, drafts)
	}
}

func (l *life) encodeDrafts(n, policy int, drafts []sigil.Draft) {
	if limited := l.tenants[n].counted || l.tenants[n].sized; limited && !l.orderly(n) {
		return // what must leave is found in the order of deadlines
	}
	count, size := len(drafts), int64(0)
	for i := range drafts {
		size += int64(len(drafts[i].Data))
	}
	e, now, want := l.with(policy, n), l.now(), map[sigil.ID][]entry{}
	leave, enough := l.victims(n, count, size, now)
	for !enough { // all that is left is pinned or crystallized
		for _, m := range l.present(n) {
			if m.visible(now) && (m.pinned || m.crystallized) {
				l.forget(m)
			}
		}
		leave, enough = l.victims(n, count, size, now)
	}
	for _, m := range leave {
		reason := sigil.ReasonMemories
		if l.tenants[n].sized {
			reason = sigil.ReasonBytes
		}
		want[m.key.ID] = []entry{{sigil.Evicted, reason}}
		if m.fades <= now {
			want[m.key.ID] = []entry{{sigil.Faded, m.reason()}}
		}
	}
	results, err := e.EncodeBatch(l.t.Context(), l.tenants[n].name, drafts)
	l.ok("encode", err)
	for i := range results {
		l.ok("encode one", results[i].Err)
		got, d := &results[i].Memory, &drafts[i]
		m := &memory{
			key: got.Key, tenant: n, clock: l.tenants[n].clock, curve: l.tenants[n].curves[policy],
			created: now, touched: now, stood: l.tenants[n].clock.shown, size: int64(len(d.Data)),
			ttl: ceil(d.TTL), pinned: d.Pinned, crystallized: d.State != nil, data: string(d.Data), tags: d.Tags,
		}
		want[m.key.ID] = []entry{{sigil.Encoded, sigil.ReasonRequest}}
		if m.crystallized {
			want[m.key.ID] = append(want[m.key.ID], entry{sigil.Crystallized, sigil.ReasonPotential})
		}
		if d.Life != 0 {
			m.stretch = float64(ceil(d.Life)) / m.curve.lifetime()
		}
		l.agree("an encode", m, &got.Meta)
		if life := max(ceil(d.Life), int64(m.curve.figures["grace"])); d.Life != 0 && m.ttl == 0 && m.fades != never {
			l.same("the life that was asked for", m.fades, now+life)
		}
		l.all, l.of[n], l.byID[m.key.ID] = append(l.all, m), append(l.of[n], m), m
		l.correct(m)
	}
	l.read(n, want)
}

// ceil rounds up to milliseconds.
func ceil(d time.Duration) int64 { return (d + time.Millisecond - 1).Milliseconds() }

// draw returns a memory that reads find, of a tenant that is not away, or nil if it drew none.
func (l *life) draw() *memory {
	now := l.now()
	for range 50 {
		if m := l.all[l.rand.IntN(len(l.all))]; m.visible(now) && !m.clock.away {
			return m
		}
	}
	return nil
}

// policyFor draws a policy for a touch of m: mostly the one that it has.
func (l *life) policyFor(m *memory) int {
	if l.rand.IntN(5) == 0 {
		return l.policy()
	}
	return m.curve.number
}

func (l *life) recall(m *memory) {
	policy, now := l.policyFor(m), l.now()
	got, err := l.with(policy, m.tenant).Recall(l.t.Context(), m.key)
	l.ok("recall", err)
	c := l.tenants[m.tenant].curves[policy]
	_, stands, _ := m.deadline()
	if c.kind == "fsrs" {
		if growth := c.growth(m.stretch, now-m.touched-stands, m.recalls); growth != 1 {
			m.stretch = stretched(m.stretch) * growth
		}
	}
	m.recalls++
	m.touch(c, now)
	l.agree("a recall", m, &got.Meta)
	l.same("data", string(got.Data), m.data)
	l.correct(m)
	l.did.recalls++
}

// pin pins a memory, or unpins one that is pinned.
func (l *life) pin(m *memory) {
	policy, now := l.policyFor(m), l.now()
	e, change, kind := l.with(policy, m.tenant), (*engine.Engine).Pin, sigil.Pinned
	if m.pinned {
		change, kind = (*engine.Engine).Unpin, sigil.Unpinned
	}
	got, err := change(e, l.t.Context(), m.key)
	l.ok(string(kind), err)
	if m.pinned = !m.pinned; !m.pinned {
		m.touch(l.tenants[m.tenant].curves[policy], now)
	}
	l.agree(string(kind), m, &got.Meta)
	l.correct(m)
	l.read(m.tenant, map[sigil.ID][]entry{m.key.ID: {{kind, sigil.ReasonRequest}}})
	l.did.pins++
}

func (l *life) forget(m *memory) {
	l.ok("forget", l.with(0, m.tenant).Forget(l.t.Context(), m.key))
	l.read(m.tenant, map[sigil.ID][]entry{m.key.ID: {{sigil.Forgotten, sigil.ReasonRequest}}})
}

// sweep sweeps, and finds exactly what was due in the journal.
func (l *life) sweep() {
	l.t.Helper()
	l.follow()
	e, now := l.any(), l.now()
	if l.clock.State().Held {
		_, err := e.Sweep(l.t.Context())
		l.same("a sweep while the clock is held", sigil.CodeOf(err), "clock_held")
		l.did.held++
		return
	}
	due, total := min(l.shown(), now), 0
	want := make([]map[sigil.ID][]entry, len(l.tenants))
	for n := range want {
		want[n] = map[sigil.ID][]entry{}
	}
	for _, m := range l.all {
		if m.gone == nil && m.due(due) && !l.moved(m, due) {
			want[m.tenant][m.key.ID] = []entry{{sigil.Faded, m.reason()}}
			total++
		}
	}
	s, err := e.Sweep(l.t.Context())
	l.ok("sweep", err)
	for n := range want {
		l.read(n, want[n])
		l.tenants[n].clock.swept(now)
	}
	l.same("released by a sweep", s.Total(), total)
	var kept []*memory
	for _, m := range l.removed {
		switch {
		case m.gone == nil:
		case m.gone.at+window.Milliseconds() <= due:
			m.purged = true
		default:
			kept = append(kept, m)
		}
	}
	l.removed = kept
}

// moved reports whether a sweep at due moves the idleness of m instead of releasing it, since m was last touched during a jump
// forward of the clock that was confirmed later. It then moves it in the ledger as well.
func (l *life) moved(m *memory, due int64) bool {
	then := *m
	for _, s := range l.spans {
		if s.from <= then.touched && then.touched < s.to {
			then.touched = max(then.touched+s.by, s.to)
		}
	}
	if then.touched == m.touched {
		return false
	}
	if then.fades, _, _ = then.deadline(); then.fades <= due {
		return false
	}
	*m = then
	l.correct(m)
	l.did.prolonged++
	return true
}

// missing fails unless m is not found by any verb.
func (l *life) missing(m *memory) {
	l.t.Helper()
	e := l.some(m.tenant)
	if m.visible(l.now()) { // again, since what a clock has stood still is rounded up
		l.peek(m)
		return
	}
	_, peeked := e.Peek(l.t.Context(), m.key)
	_, recalled := e.Recall(l.t.Context(), m.key)
	_, pinned := e.Pin(l.t.Context(), m.key)
	for what, err := range map[string]error{"peek": peeked, "recall": recalled, "pin": pinned, "forget": e.Forget(l.t.Context(), m.key)} {
		if !errors.Is(err, sigil.ErrNotFound) {
			l.hold(what+" of what is gone", fmt.Sprint(err))
		}
	}
}

func (l *life) peek(m *memory) {
	l.t.Helper()
	got, err := l.some(m.tenant).Peek(l.t.Context(), m.key)
	l.ok("peek", err)
	l.agree("a peek", m, &got.Meta)
	l.same("data", string(got.Data), m.data)
	l.same("tags", strings.Join(got.Tags, " "), strings.Join(m.tags, " "))
}
