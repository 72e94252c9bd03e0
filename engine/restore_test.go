package engine_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// undo returns a rig on which removed memories can be restored for an hour.
func undo(t *testing.T, quota, keep store.Quota) *rig {
	t.Helper()
	return newRig(t, engine.Options{Settings: engine.Settings{Quota: quota, Undo: engine.Undo{Window: time.Hour, Keep: keep}}})
}

func (r *rig) forget(key sigil.Key) {
	r.t.Helper()
	r.ok("forget", r.Forget(r.ctx(), key))
}

// removed returns the ids of the default tenant's removed memories, the one removed last first.
func (r *rig) removed() (ids []sigil.ID) {
	r.t.Helper()
	page, err := r.Removed(r.ctx(), sigil.DefaultTenant, engine.RemovedQuery{})
	r.ok("removed", err)
	for _, m := range page.Removed {
		ids = append(ids, m.Memory.ID)
	}
	return ids
}

func (r *rig) restore(key sigil.Key) sigil.Memory {
	r.t.Helper()
	m, err := r.Restore(r.ctx(), key)
	r.ok("restore", err)
	return m
}

func TestRestoreBringsBackWhatWasForgotten(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	m := r.encode(`"tea"`, func(d *sigil.Draft) { d.Tags = []string{"a"} })
	r.recall(m.Key)
	r.clock.set(time.Minute)
	r.forget(m.Key)
	r.lives(m.Key, false)
	page, err := r.Removed(r.ctx(), sigil.DefaultTenant, engine.RemovedQuery{})
	r.ok("removed", err)
	same(t, "removed", len(page.Removed), 1)
	same(t, "until", page.Removed[0].Until, start.Add(time.Minute+time.Hour))
	same(t, "kind", page.Removed[0].Kind, sigil.Forgotten)

	r.clock.set(2 * time.Minute)
	back := r.restore(m.Key)
	same(t, "data", string(back.Data), `"tea"`)
	same(t, "recalls", back.AccessCount, 1)
	same(t, "created", back.CreatedAt, m.CreatedAt)
	same(t, "last accessed", back.LastAccessed, start.Add(2*time.Minute))
	same(t, "fades", back.FadesAt, start.Add(2*time.Minute+95*time.Second))
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "stored", got.Meta, back.Meta)
	same(t, "tags", got.Tags[0], "a")
	same(t, "removed", len(r.removed()), 0)
	last := r.events()[2]
	same(t, "kind", last.Kind, sigil.Restored)
	same(t, "reason", last.Reason, sigil.ReasonRequest)
	same(t, "figures", last.Memory, back.Meta)
}

func TestRestoreOfOneThatIsNotRemoved(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	m := r.encode(`1`, nil)
	_, err := r.Restore(r.ctx(), m.Key)
	r.fails("live", err, sigil.ErrConflict, "not_removed", "id")
	_, err = r.Restore(r.ctx(), sigil.Key{Tenant: m.Tenant, ID: sigil.NewID(start)})
	r.fails("unknown", err, sigil.ErrNotFound, "not_restorable", "id")
	r.forget(m.Key)
	_, err = r.Restore(r.ctx(), sigil.Key{Tenant: "other", ID: m.ID})
	r.fails("another tenant's", err, sigil.ErrNotFound, "not_restorable", "id")
	r.restore(m.Key)
	_, err = r.Restore(r.ctx(), m.Key)
	r.fails("again", err, sigil.ErrConflict, "not_removed", "id")
}

func TestRestoreEndsWithTheWindow(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	a, b := r.encode(`1`, nil), r.encode(`2`, nil)
	r.forget(a.Key)
	r.forget(b.Key)
	r.clock.set(time.Hour - time.Millisecond)
	same(t, "purged", r.sweep().Purged, 0)
	r.restore(a.Key)
	r.clock.set(time.Hour)
	_, err := r.Restore(r.ctx(), b.Key)
	r.fails("at the end", err, sigil.ErrNotFound, "not_restorable", "id")
	same(t, "removed", len(r.removed()), 0)
	same(t, "purged", r.sweep().Purged, 1)
	same(t, "purged again", r.sweep().Purged, 0)
	r.lives(a.Key, true)
}

func TestSweepKeepsRemovedMemoriesWithinTheirLimits(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{Memories: 2})
	var all []sigil.Memory
	for i := range 5 {
		all = append(all, r.encode(`1`, nil))
		r.clock.set(time.Duration(i) * time.Second)
		r.forget(all[i].Key)
	}
	same(t, "purged", r.sweep().Purged, 3)
	got := r.removed()
	same(t, "removed", len(got), 2)
	same(t, "the last", got[0], all[4].ID)
}

func TestRestoreOfFadedAndEvicted(t *testing.T) {
	r := undo(t, store.Quota{Memories: 2}, store.Quota{})
	evicted := r.encode(`1`, func(d *sigil.Draft) { d.TTL = 90 * time.Second })
	faded := r.encode(`2`, nil)
	r.encode(`3`, func(d *sigil.Draft) { d.Pinned = true })
	_, err := r.Restore(r.ctx(), evicted.Key)
	r.fails("over the quota", err, sigil.ErrFull, "quota_full", "")
	r.clock.set(100 * time.Second)
	// No sweep has run: a memory past its deadline is released, and back.
	r.restore(faded.Key)
	same(t, "fading", r.kinds()[4], "faded decay")
	r.forget(faded.Key)
	back := r.restore(evicted.Key)
	same(t, "ttl, which has ended", back.TTL, 0)
	same(t, "fades", back.FadesAt, start.Add((100+95)*time.Second))
}

func TestRestoreKeepsPinsCrystalsAndTTLs(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	pinned := r.encode(`1`, func(d *sigil.Draft) { d.Pinned = true })
	crystal := r.encode(`2`, func(d *sigil.Draft) { d.State = &strong })
	ttl := r.encode(`3`, func(d *sigil.Draft) { d.TTL, d.Pinned = 2*time.Minute, true })
	for _, m := range []sigil.Memory{pinned, crystal, ttl} {
		r.forget(m.Key)
	}
	r.clock.set(time.Minute)
	same(t, "pinned", r.restore(pinned.Key).Pinned, true)
	back := r.restore(crystal.Key)
	same(t, "crystallized", back.Crystallized, true)
	same(t, "fades never", back.FadesAt.IsZero(), true)
	same(t, "ttl", r.restore(ttl.Key).FadesAt, start.Add(2*time.Minute))
}

func TestRestoreMany(t *testing.T) {
	r := undo(t, store.Quota{Memories: 600}, store.Quota{})
	var ids []sigil.ID
	for range 700 {
		m := r.encode(`"many"`, nil)
		r.forget(m.Key)
		ids = append(ids, m.ID)
	}
	live := r.encode(`1`, nil)
	results, err := r.RestoreMany(r.ctx(), sigil.DefaultTenant, append([]sigil.ID{live.ID}, ids...))
	r.ok("restore", err)
	r.fails("live", results[0].Err, sigil.ErrConflict, "not_removed", "id")
	for i := range results[1:] {
		if n := i + 1; n < 512 {
			r.ok("within the quota", results[n].Err)
		} else {
			r.fails("over the quota", results[n].Err, sigil.ErrFull, "quota_full", "")
		}
	}
	same(t, "first", results[1].Memory.ID, ids[0])
	same(t, "data", len(results[1].Memory.Data), 0)
	same(t, "live", r.live(), 512)
}

func TestRestoreSpanBringsBackWhatItRemoved(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	a, b, c := r.encode(`1`, nil), r.encode(`2`, nil), r.encode(`3`, nil)
	r.forget(a.Key)                                                          // position 4
	r.clock.set(95 * time.Second)                                            //
	r.sweep()                                                                // 5 and 6
	other, err := r.Encode(r.ctx(), "other", sigil.Draft{Data: []byte(`1`)}) // 7
	r.ok("encode", err)
	r.forget(other.Key) // 8
	results, next, err := r.RestoreSpan(r.ctx(), sigil.DefaultTenant, 4, 8)
	r.ok("restore", err)
	same(t, "next", next, 8)
	same(t, "results", len(results), 2)
	for i, m := range []sigil.Memory{b, c} {
		r.ok("result", results[i].Err)
		same(t, "id", results[i].Memory.ID, m.ID)
		r.lives(m.Key, true)
	}
	r.lives(a.Key, false)
	results, _, err = r.RestoreSpan(r.ctx(), sigil.DefaultTenant, 0, 8)
	r.ok("restore", err)
	same(t, "results", len(results), 3)
	r.ok("the first", results[0].Err)
	r.fails("the second", results[1].Err, sigil.ErrConflict, "not_removed", "id")
	same(t, "key", results[1].Memory.ID, b.ID)
	r.forget(b.Key)
	results, _, err = r.RestoreSpan(r.ctx(), sigil.DefaultTenant, 0, 8)
	r.ok("restore", err)
	r.fails("removed again later", results[1].Err, sigil.ErrNotFound, "not_restorable", "id")
	_, _, err = r.RestoreSpan(r.ctx(), sigil.DefaultTenant, 2, 1)
	r.fails("backward", err, sigil.ErrInvalid, "invalid_span", "from")
	_, _, err = r.RestoreSpan(r.ctx(), sigil.DefaultTenant, 1000, 2000)
	r.fails("ahead", err, sigil.ErrGone, "position_ahead", "after")
}

func TestRestoreSpanContinues(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Batch: 3, Page: 2}, Settings: engine.Settings{Undo: engine.DefaultUndo()}})
	for range 8 {
		r.forget(r.encode(`1`, nil).Key)
	}
	from, to, restored := uint64(0), uint64(16), 0
	for from < to {
		results, next, err := r.RestoreSpan(r.ctx(), sigil.DefaultTenant, from, to)
		r.ok("restore", err)
		if len(results) > 3 || next <= from {
			t.Fatalf("%d results, next is %d after %d", len(results), next, from)
		}
		from, restored = next, restored+len(results)
	}
	same(t, "restored", restored, 8)
	same(t, "live", r.live(), 8)
}

func TestRemovedPages(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	var want []sigil.ID
	for range 5 {
		m := r.encode(`1`, nil)
		r.forget(m.Key)
		want = append([]sigil.ID{m.ID}, want...)
	}
	q := engine.RemovedQuery{Limit: 2, NoData: true}
	var got []sigil.ID
	for {
		page, err := r.Removed(r.ctx(), sigil.DefaultTenant, q)
		r.ok("removed", err)
		for _, m := range page.Removed {
			got = append(got, m.Memory.ID)
			same(t, "data", len(m.Memory.Data), 0)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	same(t, "removed", len(got), len(want))
	for i := range got {
		same(t, "id", got[i], want[i])
	}
	for _, cursor := range []string{"!", "AQ", "AwAAAAAAAAAAAA"} {
		_, err := r.Removed(r.ctx(), sigil.DefaultTenant, engine.RemovedQuery{Cursor: cursor})
		r.fails("cursor", err, sigil.ErrInvalid, "invalid_cursor", "cursor")
	}
	_, err := r.Removed(r.ctx(), "-", engine.RemovedQuery{})
	r.fails("tenant", err, sigil.ErrInvalid, "invalid_tenant", "tenant")
}

func TestUndoIsOffUnlessItIsSet(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`1`, nil)
	r.forget(m.Key)
	_, err := r.Restore(r.ctx(), m.Key)
	r.fails("restore", err, sigil.ErrConflict, "undo_off", "")
	_, err = r.Removed(r.ctx(), sigil.DefaultTenant, engine.RemovedQuery{})
	r.fails("removed", err, sigil.ErrConflict, "undo_off", "")
}

func TestUndoTurnedOffDropsWhatWasKept(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	r.forget(r.encode(`1`, nil).Key)
	settings := r.Settings()
	settings.Undo = engine.Undo{}
	r.Configure(settings)
	same(t, "purged", r.sweep().Purged, 1)
}
