package ninety

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
)

// memory is what the ledger knows of one. Times are in Unix milliseconds, and durations in milliseconds.
type memory struct {
	key          sigil.Key
	tenant       int // its index
	clock        *tenantClock
	curve        *curve
	created, ttl int64
	touched      int64
	stood        int64 // for how long the clock of its tenant had stood still in all by then
	fades        int64 // or never; see deadline
	rounded      int64 // what an edge of rounding adds to its life
	stretch      float64
	recalls      uint64
	size         int64
	pinned       bool
	crystallized bool
	data         string
	tags         []string

	gone   *removal // nil while it is there, hidden or not
	purged bool     // it cannot be restored any more
}

// removal is what the journal said when a memory was removed.
type removal struct {
	at       int64
	kind     sigil.EventKind
	fades    int64 // the deadline in the entry, or never
	stood    int64 // what that counts as time for which the clock of the tenant had stood still in all
	position uint64
}

// ledger is what must be true, by what was done.
type ledger struct {
	all  []*memory
	of   [][]*memory // by tenant
	byID map[sigil.ID]*memory
	// named are the deadlines that the forecast of the start named, corrected by what was done to a memory since.
	named map[sigil.ID]forecast
	// removed are those that were removed in the last days, oldest first.
	removed []*memory
}

// forecast is a deadline that was forecast when the clock of a tenant had stood still for so long in all.
type forecast struct{ at, stood int64 }

// visible reports whether reads find m.
func (m *memory) visible(now int64) bool { return m.gone == nil && m.fades > now }

// restorable reports whether a restore at now brings m back.
func (m *memory) restorable(now int64) bool {
	return m.gone != nil && !m.purged && now < m.gone.at+window.Milliseconds()
}

// touch starts idleness anew under a policy.
func (m *memory) touch(c *curve, now int64) {
	if now > m.touched {
		m.touched, m.stood = now, m.clock.shown
	}
	m.curve, m.rounded = c, 0
	m.fades, _, _ = m.deadline()
}

// present returns the memories of a tenant that count towards its quota.
func (l *life) present(n int) (found []*memory) {
	for _, m := range l.of[n] {
		if m.gone == nil {
			found = append(found, m)
		}
	}
	return found
}

// victims returns what must leave so that so many memories of so many bytes in all have room, and whether that is enough.
func (l *life) victims(n, memories int, size, now int64) (leave []*memory, enough bool) {
	quota := l.tenants[n].quota
	if quota.Memories == 0 && quota.Bytes == 0 {
		return nil, true
	}
	present := l.present(n)
	memories += len(present)
	var candidates []*memory
	for _, m := range present {
		size += m.size
		if m.fades <= now || !m.pinned && !m.crystallized {
			candidates = append(candidates, m)
		}
	}
	slices.SortFunc(candidates, soonest)
	fits := func() bool {
		return (quota.Memories == 0 || memories <= quota.Memories) && (quota.Bytes == 0 || size <= quota.Bytes)
	}
	for _, m := range candidates {
		if fits() {
			break
		}
		leave, memories, size = append(leave, m), memories-1, size-m.size
	}
	return leave, fits()
}

// soonest compares by deadline, and the older id first.
func soonest(a, b *memory) int {
	return cmp.Or(cmp.Compare(a.fades, b.fades), bytes.Compare(a.key.ID[:], b.key.ID[:]))
}

// agree compares the figures of m with the ones of the engine, and fails if they differ. Of the stretch, which is the result of
// many roundings, it takes over the last digits.
func (l *life) agree(what string, m *memory, got *sigil.Meta) {
	l.t.Helper()
	fades := int64(never)
	if !got.FadesAt.IsZero() {
		fades = got.FadesAt.UnixMilli()
	}
	wrong := ""
	switch {
	case got.Key != m.key, got.CreatedAt.UnixMilli() != m.created, got.TTL.Milliseconds() != m.ttl, got.Size != int(m.size):
		wrong = "it is another memory"
	case got.LastAccessed.UnixMilli() != m.touched, got.AccessCount != m.recalls:
		wrong = fmt.Sprintf("last accessed %s after %d recalls, want %s after %d", got.LastAccessed, got.AccessCount, at(m.touched), m.recalls)
	case got.Pinned != m.pinned, got.Crystallized != m.crystallized:
		wrong = fmt.Sprintf("pinned %v, crystallized %v", got.Pinned, got.Crystallized)
	case got.Policy != m.curve.policy:
		wrong = fmt.Sprintf("policy %s, want %s", got.Policy, m.curve.policy)
	case !near(got.Stretch, m.stretch, 1e-12):
		wrong = fmt.Sprintf("stretch %v, want %v", got.Stretch, m.stretch)
	default:
		m.stretch = got.Stretch
		want, stands, edge := m.deadline()
		if want != fades && edge && max(want-fades, fades-want) == 1 {
			l.did.undecided++
			m.rounded += fades - want
			want = fades
		}
		m.fades = want
		switch {
		case got.Stood.Milliseconds() != stands:
			wrong = fmt.Sprintf("stood still for %s, want %d ms", got.Stood, stands)
		case want != fades:
			wrong = fmt.Sprintf("fades at %s, want %s", at(fades), at(want))
		}
	}
	if wrong != "" {
		l.hold(what, fmt.Sprintf("%s\nthe engine has %+v\nthe ledger has %+v", wrong, *got, *m))
	}
}

// at returns a time as text.
func at(ms int64) string {
	if ms == never {
		return "never"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// entry is a journal entry that must come.
type entry struct {
	kind   sigil.EventKind
	reason string
}

// read reads the journal of a tenant, which must have exactly the entries that are wanted since it was last read, and judges each.
func (l *life) read(n int, want map[sigil.ID][]entry) {
	l.t.Helper()
	events, err := l.any().Events(l.t.Context(), l.tenants[n].name, l.tenants[n].read, 1<<20)
	l.ok("events", err)
	now := l.now()
	for i := range events {
		e := &events[i]
		l.tenants[n].read = e.Position
		m := l.byID[e.Memory.ID]
		left := want[e.Memory.ID]
		if m == nil || len(left) == 0 || left[0] != (entry{e.Kind, e.Reason}) {
			l.hold("the journal", fmt.Sprintf("has an entry %s %s of %s, want %v next; the ledger has %+v", e.Kind, e.Reason, e.Memory.ID, left, m))
		}
		if want[e.Memory.ID] = left[1:]; len(left) == 1 {
			delete(want, e.Memory.ID)
		}
		l.same("time of an entry", e.Time.UnixMilli(), now)
		l.agree("an entry "+string(e.Kind), m, &e.Memory)
		_, stands, _ := m.deadline()
		if decay := m.curve.within(m, now-m.touched-stands); !near(1+e.Decay(), 1+decay, 1e-9) {
			l.hold("decay in an entry", fmt.Sprintf("%v, want %v: %+v", e.Decay(), decay, *m))
		}
		switch {
		case e.Kind.Removes():
			l.remove(m, e)
		case e.Kind == sigil.Restored:
			m.gone = nil
		}
	}
	for id, left := range want {
		m := l.byID[id]
		l.hold("the journal", fmt.Sprintf("has no entry %v of %s at %s; the ledger has %+v, with the clock %+v", left, id, at(now), m, m.clock))
	}
}

// remove notes that a memory is gone.
func (l *life) remove(m *memory, e *sigil.Event) {
	if m.gone != nil {
		l.hold("the journal", fmt.Sprintf("removes %s again", m.key.ID))
	}
	_, stands, _ := m.deadline()
	m.gone = &removal{at: e.Time.UnixMilli(), kind: e.Kind, fades: m.fades, stood: m.stood + stands, position: e.Position}
	m.purged = false
	l.hold("a standstill", m.clock.allows(m, e))
	l.removed = append(l.removed, m)
	switch {
	case e.Kind == sigil.Forgotten:
		l.did.forgotten++
	case e.Kind == sigil.Evicted:
		l.did.evicted++
	case e.Reason == sigil.ReasonTTL:
		l.did.ended++
	default:
		l.did.faded++
	}
}

// within returns the decay of m after an idle time, within grace and floor.
func (c *curve) within(m *memory, idle int64) float64 {
	decay := c.decayed(float64(idle), m.stretch)
	if life, _ := c.life(m.stretch); life != never && idle < life {
		decay = min(decay, c.threshold())
	}
	return min(decay, 1-c.figures["floor"])
}

// correct notes that the deadline of m is another than was forecast.
func (l *life) correct(m *memory) { l.named[m.key.ID] = forecast{m.fades, m.clock.shown} }

// forecastHeld compares what has faded with the forecast of the start, corrected by what was done since and by standstills.
func (l *life) forecastHeld() string {
	end := min(l.shown(), l.now())
	for _, m := range l.all {
		f, known := l.named[m.key.ID]
		if !known {
			f.at = never // later than the forecast's end
		}
		stood := m.clock.stood
		if m.gone != nil {
			stood = m.gone.stood
		}
		named := f.after(m, stood)
		switch {
		case m.gone == nil && named <= end:
			return fmt.Sprintf("%s is there, but should have faded at %s", m.key.ID, at(named))
		case m.gone != nil && m.gone.kind == sigil.Faded && (named != m.gone.fades || named > end):
			return fmt.Sprintf("%s faded at %s, and should at %s", m.key.ID, at(m.gone.fades), at(named))
		}
	}
	return ""
}
