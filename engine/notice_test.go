package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// noticing returns a rig whose memories live for 95 s untouched, and are noticed a span before they fade.
func noticing(t *testing.T, span time.Duration) *rig {
	return newRig(t, engine.Options{Settings: engine.Settings{Notice: span}})
}

// notices returns the notices in the journal.
func (r *rig) notices() (all []sigil.Event) {
	r.t.Helper()
	for _, e := range r.events() {
		if e.Kind == sigil.Fading {
			all = append(all, e)
		}
	}
	return all
}

func TestANoticeComesOnceBeforeAMemoryFades(t *testing.T) {
	r := noticing(t, 30*time.Second)
	m := r.encode(`1`, nil)
	short := r.encode(`2`, func(d *sigil.Draft) { d.TTL = 20 * time.Second })
	r.encode(`3`, func(d *sigil.Draft) { d.Pinned = true })
	r.clock.set(time.Second)
	same(t, "noticed: it was encoded within the span", r.sweep().Noticed, 1)
	r.clock.set(lifetime - 30*time.Second - time.Millisecond)
	same(t, "noticed too early", r.sweep().Noticed, 0)
	r.clock.set(lifetime - 30*time.Second)
	same(t, "noticed", r.sweep().Noticed, 1)
	same(t, "noticed again", r.sweep().Noticed, 0)
	all := r.notices()
	same(t, "notices", len(all), 2)
	for i, want := range []sigil.Event{
		{Time: start.Add(time.Second), Reason: sigil.ReasonTTL, Memory: short.Meta},
		{Time: start.Add(lifetime - 30*time.Second), Reason: sigil.ReasonDecay, Memory: m.Meta},
	} {
		want.Memory.Noticed = true
		same(t, "time", all[i].Time, want.Time)
		same(t, "reason", all[i].Reason, want.Reason)
		same(t, "memory", all[i].Memory, want.Memory)
	}
	r.clock.set(lifetime)
	same(t, "released", r.sweep().Total(), 1)
	same(t, "notices in the end", len(r.notices()), 2)
}

func TestADeadlineThatMovedIsNoticedWhenItIsNear(t *testing.T) {
	r := noticing(t, 30*time.Second)
	m := r.encode(`1`, nil)
	r.clock.set(70 * time.Second)
	same(t, "noticed", r.sweep().Noticed, 1)
	same(t, "after a recall", r.recall(m.Key).Noticed, false)
	same(t, "noticed", r.sweep().Noticed, 0)
	r.clock.set(70*time.Second + lifetime - 30*time.Second)
	same(t, "noticed when it is near again", r.sweep().Noticed, 1)
	if _, err := r.Pin(r.ctx(), m.Key); err != nil {
		t.Fatal(err)
	}
	r.clock.set(time.Hour)
	same(t, "noticed while pinned", r.sweep().Noticed, 0)
	if _, err := r.Unpin(r.ctx(), m.Key); err != nil {
		t.Fatal(err)
	}
	r.clock.set(time.Hour + lifetime - time.Second)
	same(t, "noticed after an unpin", r.sweep().Noticed, 1)
}

func TestARestoredMemoryIsNoticedAnew(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Notice: 30 * time.Second, Undo: engine.Undo{Window: time.Hour}}})
	m := r.encode(`1`, nil)
	r.clock.set(70 * time.Second)
	same(t, "noticed", r.sweep().Noticed, 1)
	r.clock.set(lifetime)
	same(t, "released", r.sweep().Total(), 1)
	r.restore(m.Key)
	same(t, "noticed", r.sweep().Noticed, 0)
	r.clock.set(2*lifetime - time.Second)
	same(t, "noticed after the restore", r.sweep().Noticed, 1)
}

func TestWhatIsDueFadesWithoutANotice(t *testing.T) {
	r := noticing(t, time.Hour)
	r.encode(`1`, nil)
	r.clock.set(lifetime)
	s := r.sweep()
	same(t, "released", s.Total(), 1)
	same(t, "noticed", s.Noticed, 0)
}

func TestNoticesAreOffUnlessASpanIsSet(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.encode(`1`, nil)
	r.clock.set(lifetime - time.Second)
	same(t, "noticed", r.sweep().Noticed, 0)
	settings := r.Settings()
	settings.Notice = time.Minute
	r.Configure(settings)
	same(t, "noticed once it is set", r.sweep().Noticed, 1)
}

func TestConcurrentSweepsNoticeEachDeadlineOnce(t *testing.T) {
	r := noticing(t, time.Minute)
	const n = 2000 // several steps
	r.due(n)
	r.clock.set(lifetime - time.Second)
	var all sync.WaitGroup
	for _, e := range []*engine.Engine{r.Engine, r.another(), r.another()} {
		all.Go(func() {
			if _, err := e.Sweep(r.ctx()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	seen := map[sigil.ID]bool{}
	for _, e := range r.notices() {
		if seen[e.Memory.ID] {
			t.Fatalf("two notices of %s", e.Memory.ID)
		}
		seen[e.Memory.ID] = true
	}
	same(t, "notices", len(seen), n)
}

func TestAStoppedSweepContinuesItsNotices(t *testing.T) {
	r := noticing(t, time.Minute)
	r.due(100)
	r.clock.set(lifetime - time.Second)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := r.Sweep(ctx); err == nil {
		t.Error("a sweep whose context has ended reports no error")
	}
	same(t, "notices of a stopped sweep", len(r.notices()), 0)
	same(t, "noticed by the next", r.sweep().Noticed, 100)
}

func TestNoNoticeWhileTheClockHasJumped(t *testing.T) {
	r, s := newClocked(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic(), Notice: time.Hour}})
	r.encode(`1`, nil)
	s.pass(r, 2*time.Second)
	s.off = 30 * time.Second
	s.pass(r, 2*time.Second)
	_, err := r.Sweep(r.ctx())
	r.fails("sweep", err, sigil.ErrUnavailable, "clock_held", "")
	same(t, "notices", len(r.notices()), 0)
	s.off = 0
	s.pass(r, 2*time.Second)
	same(t, "noticed when the clock is back", r.sweep().Noticed, 1)
}
