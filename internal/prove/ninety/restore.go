package ninety

import (
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

type listQuery = engine.ListQuery

// restore restores some of what can be restored, in one of three ways. Nothing else must come back.
func (l *life) restore() {
	now := l.now()
	var can []*memory
	for _, m := range l.removed {
		if m.restorable(now) && !m.clock.away && !slices.Contains(can, m) {
			can = append(can, m)
		}
	}
	if len(can) == 0 {
		return
	}
	n := can[l.rand.IntN(len(can))].tenant
	can = slices.DeleteFunc(can, func(m *memory) bool { return m.tenant != n })
	policy := l.policy()
	e, name := l.with(policy, n), l.tenants[n].name
	var results []engine.Result
	var err error
	var chosen []*memory
	switch l.rand.IntN(3) {
	case 0:
		chosen = can[l.rand.IntN(len(can)):][:1]
		var one engine.Result
		one.Memory, one.Err = e.Restore(l.t.Context(), chosen[0].key)
		one.Memory.Key = chosen[0].key
		results = []engine.Result{one}
	case 1:
		l.rand.Shuffle(len(can), func(i, j int) { can[i], can[j] = can[j], can[i] })
		chosen = can[:1+l.rand.IntN(min(len(can), 100))]
		ids := []sigil.ID{}
		for _, m := range chosen {
			ids = append(ids, m.key.ID)
		}
		for range 3 { // which are there, or gone for good
			if m := l.all[l.rand.IntN(len(l.all))]; m.tenant == n && (m.visible(now) || m.purged) {
				ids = append(ids, m.key.ID)
			}
		}
		slices.SortFunc(ids, func(a, b sigil.ID) int { return slices.Compare(a[:], b[:]) })
		ids = slices.Compact(ids)
		results, err = e.RestoreMany(l.t.Context(), name, ids)
	case 2:
		slices.SortFunc(can, func(a, b *memory) int { return int(a.gone.position) - int(b.gone.position) })
		first := l.rand.IntN(len(can))
		last := min(len(can)-1, first+l.rand.IntN(100))
		from, to := can[first].gone.position-1, can[last].gone.position
		chosen = can[first : last+1]
		var next uint64
		results, next, err = e.RestoreSpan(l.t.Context(), name, from, to)
		l.same("the end of a span", next, to)
	}
	l.ok("restore", err)
	l.restored(n, policy, now, chosen, results)
}

// restored judges the results of a restore of the chosen ones.
func (l *life) restored(n, policy int, now int64, chosen []*memory, results []engine.Result) {
	l.t.Helper()
	want, full := map[sigil.ID][]entry{}, l.full(n, chosen)
	for _, m := range chosen {
		want[m.key.ID] = []entry{{sigil.Restored, sigil.ReasonRequest}}
	}
	back := 0
	for i := range results {
		id, code := results[i].Memory.ID, sigil.CodeOf(results[i].Err)
		m := l.byID[id]
		switch {
		case full:
			l.same("a restore over the limit", code, "quota_full")
		case want[id] == nil && m.gone == nil:
			l.same("a restore of what is there", code, "not_removed")
		case want[id] == nil:
			l.same("a restore of what is gone for good", code, "not_restorable")
		default:
			l.ok("restore one", results[i].Err)
			m.touch(l.tenants[n].curves[policy], now)
			if m.fades <= now {
				m.ttl = 0
				m.fades, _, _ = m.deadline()
			}
			l.agree("a restore", m, &results[i].Memory.Meta)
			l.correct(m)
			back++
		}
	}
	if full {
		clear(want)
	} else {
		l.same("restored", back, len(chosen))
	}
	l.read(n, want)
	l.did.restored += back
	for _, m := range chosen {
		if full {
			l.missing(m)
		} else {
			l.peek(m)
		}
	}
	l.removed = slices.DeleteFunc(l.removed, func(m *memory) bool { return m.gone == nil })
	l.compareRemoved(n)
}

// full reports whether chosen memories have no room.
func (l *life) full(n int, chosen []*memory) bool {
	memories, size := len(chosen), int64(0)
	for _, m := range slices.Concat(l.present(n), chosen) {
		size += m.size
	}
	quota := l.tenants[n].quota
	return quota.Memories > 0 && memories+len(l.present(n)) > quota.Memories || quota.Bytes > 0 && size > quota.Bytes
}

// compareRemoved compares what can be restored with the ledger.
func (l *life) compareRemoved(n int) {
	l.t.Helper()
	l.use(n)
	now, left := l.now(), map[sigil.ID]*memory{}
	for _, m := range l.removed {
		if m.tenant == n && m.restorable(now) {
			left[m.key.ID] = m
		}
	}
	for q := (engine.RemovedQuery{Limit: 5000}); ; {
		page, err := l.some(n).Removed(l.t.Context(), l.tenants[n].name, q)
		l.ok("removed", err)
		for i := range page.Removed {
			got := &page.Removed[i]
			m := left[got.Memory.ID]
			if m == nil {
				l.hold("removed", "has "+got.Memory.ID.String())
			}
			delete(left, got.Memory.ID)
			l.agree("a removed memory", m, &got.Memory.Meta)
			l.same("data", string(got.Memory.Data), m.data)
			l.same("removed at", got.At.UnixMilli(), m.gone.at)
			l.same("position of the removal", got.Position, m.gone.position)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for id := range left {
		l.hold("removed", "has no "+id.String())
	}
}

// foretell compares a forecast of each tenant with the ledger. The first one is kept, to be compared with what became of it.
func (l *life) foretell(within time.Duration, keep bool) {
	l.t.Helper()
	if keep {
		clear(l.named)
	}
	now := l.now()
	until := now + within.Milliseconds()
	for n := range l.tenants {
		if l.tenants[n].clock.away || !l.orderly(n) {
			continue
		}
		f, err := l.some(n).Forecast(l.t.Context(), l.tenants[n].name, engine.ForecastQuery{Within: within, Limit: 1 << 20})
		l.ok("forecast", err)
		var want []*memory
		for _, m := range l.present(n) {
			if m.visible(now) && m.fades <= until {
				want = append(want, m)
			}
		}
		slices.SortFunc(want, soonest)
		l.same("forecast to fade", f.Fading, len(want))
		l.same("listed in a forecast", len(f.Memories), len(want))
		for i := range want {
			got := &f.Memories[i]
			if got.ID != want[i].key.ID {
				l.hold("forecast", fmt.Sprintf("has %s in place %d, want %s", got.ID, i, want[i].key.ID))
			}
			l.agree("a forecast", want[i], &got.Meta)
			if keep {
				l.named[got.ID] = forecast{got.FadesAt.UnixMilli(), l.tenants[n].clock.stood}
			}
		}
	}
}
