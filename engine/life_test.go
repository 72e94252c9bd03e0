package engine_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

const (
	lifetime    = 95 * time.Second
	millisecond = time.Millisecond
)

// An untouched memory lives for 95 seconds to the millisecond, however often and by whom it is swept.
func TestLifetimeIsTheSameWhoeverSweeps(t *testing.T) {
	for name, sweepers := range map[string]int{"nobody sweeps": 0, "one sweeper": 1, "two": 2, "four": 4} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, engine.Options{})
			m := r.encode(`{"foo":1}`, nil)
			var others []*engine.Engine
			for range sweepers {
				others = append(others, r.another())
			}
			sweepAll := func() {
				var wg sync.WaitGroup
				for _, e := range others {
					wg.Go(func() {
						if _, err := e.Sweep(r.ctx()); err != nil {
							t.Errorf("sweep: %v", err)
						}
					})
				}
				wg.Wait()
			}
			for at := 5 * time.Second; at < lifetime; at += 5 * time.Second {
				r.clock.set(at)
				sweepAll()
				r.lives(m.Key, true)
			}
			r.clock.set(lifetime - millisecond)
			sweepAll()
			r.lives(m.Key, true)
			r.clock.set(lifetime)
			r.lives(m.Key, false) // swept or not
			sweepAll()
			r.lives(m.Key, false)

			want := []string{"encoded request"}
			if sweepers > 0 {
				want = append(want, "faded decay")
			}
			if got := r.kinds(); !slices.Equal(got, want) {
				t.Errorf("journal %v, want %v", got, want)
			}
		})
	}
}

func TestEveryReadHidesWhatHasFaded(t *testing.T) {
	r := newRig(t, engine.Options{})
	faded := r.encode(`{"foo":1}`, nil)
	r.clock.set(time.Second)
	stays := r.encode(`{"foo":1}`, nil)
	r.clock.set(lifetime)
	r.lives(faded.Key, false)
	for what, call := range map[string]func() error{
		"recall":  func() error { _, err := r.Recall(r.ctx(), faded.Key); return err },
		"forget":  func() error { return r.Forget(r.ctx(), faded.Key) },
		"pin":     func() error { _, err := r.Pin(r.ctx(), faded.Key); return err },
		"unpin":   func() error { _, err := r.Unpin(r.ctx(), faded.Key); return err },
		"related": func() error { _, err := r.Related(r.ctx(), faded.Key, engine.RelatedQuery{}); return err },
	} {
		r.fails(what, call(), sigil.ErrNotFound, "not_found", "id")
	}
	page, err := r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{})
	r.ok("list", err)
	neighbors, err := r.Related(r.ctx(), stays.Key, engine.RelatedQuery{})
	r.ok("related", err)
	same(t, "listed", len(page.Memories), 1)
	same(t, "related", len(neighbors), 0)
	same(t, "counted", r.live(), 1)
}

func TestRecallRefreshes(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, nil)
	r.clock.set(lifetime - millisecond) // at the last moment
	got := r.recall(m.Key)
	now := start.Add(lifetime - millisecond)
	same(t, "access count", got.AccessCount, 1)
	same(t, "last accessed", got.LastAccessed, now)
	same(t, "fades at", got.FadesAt, now.Add(lifetime))
	same(t, "decay", got.Decay(now), 0)
	same(t, "created", got.CreatedAt, m.CreatedAt)

	// A memory recalled before its deadline is kept, whatever sweeps do.
	r.clock.set(lifetime)
	same(t, "released", r.sweep().Total(), 0)
	r.lives(m.Key, true)
	r.clock.set(2*lifetime - millisecond)
	same(t, "released", r.sweep().Total(), 1)
}

func TestPeekListAndRelatedDoNotRefresh(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, nil)
	r.clock.set(time.Minute)
	_, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	_, err = r.List(r.ctx(), m.Tenant, engine.ListQuery{})
	r.ok("list", err)
	_, err = r.Related(r.ctx(), m.Key, engine.RelatedQuery{Content: true})
	r.ok("related", err)
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "access count", got.AccessCount, 0)
	same(t, "fades at", got.FadesAt, m.FadesAt)
}

func TestWhatKeepsAMemory(t *testing.T) {
	pinned := func(d *sigil.Draft) { d.Pinned = true }
	crystallized := func(d *sigil.Draft) { d.State = &strong }
	ttl := func(after time.Duration, also func(*sigil.Draft)) func(*sigil.Draft) {
		return func(d *sigil.Draft) {
			d.TTL = after
			if also != nil {
				also(d)
			}
		}
	}
	for name, tt := range map[string]struct {
		draft func(d *sigil.Draft)
		lives time.Duration // 0 means forever
		event string
	}{
		"pinned":                 {pinned, 0, ""},
		"crystallized":           {crystallized, 0, ""},
		"ttl before decay":       {ttl(time.Second, nil), time.Second, "faded ttl"},
		"ttl after decay":        {ttl(time.Hour, nil), lifetime, "faded decay"},
		"ttl beats pinned":       {ttl(time.Hour, pinned), time.Hour, "faded ttl"},
		"ttl beats crystallized": {ttl(time.Hour, crystallized), time.Hour, "faded ttl"},
		"ttl is rounded up":      {ttl(time.Second+1, nil), time.Second + millisecond, "faded ttl"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, engine.Options{})
			m := r.encode(`{"foo":1}`, tt.draft)
			if tt.lives == 0 {
				r.clock.set(1e4 * time.Hour)
				same(t, "released", r.sweep().Total(), 0)
				r.lives(m.Key, true)
				return
			}
			r.clock.set(tt.lives - millisecond)
			same(t, "released too early", r.sweep().Total(), 0)
			r.lives(m.Key, true)
			r.clock.set(tt.lives)
			r.lives(m.Key, false)
			same(t, "released", r.sweep().Total(), 1)
			same(t, "journal", r.kinds()[len(r.kinds())-1], tt.event)
		})
	}
}

func TestTTLIsNotMovedByARecall(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, func(d *sigil.Draft) { d.TTL = 100 * time.Second })
	r.clock.set(90 * time.Second)
	same(t, "fades at", r.recall(m.Key).FadesAt, start.Add(100*time.Second))
	r.clock.set(100 * time.Second)
	r.lives(m.Key, false)
}

func TestALifeOfItsOwnBeginsAnewWithEachRecall(t *testing.T) {
	r := newRig(t, engine.Options{})
	const life = time.Hour + millisecond
	m := r.encode(`{"foo":1}`, func(d *sigil.Draft) { d.Life = life - 1 })
	same(t, "fades at", m.FadesAt, start.Add(life))
	r.clock.set(30 * time.Minute)
	same(t, "fades at after a recall", r.recall(m.Key).FadesAt, start.Add(30*time.Minute+life))
	double, err := sigil.NewClassic(0.001, 5*time.Second, 0.5)
	r.ok("policy", err)
	r.Configure(engine.Settings{Policy: double})
	stretched := r.recall(m.Key)
	same(t, "under another policy", stretched.Lifetime(), sigil.LifetimeOf(double, m.Stretch))
	same(t, "fades at", stretched.FadesAt, start.Add(30*time.Minute+stretched.Lifetime()))
	r.clock.set(30*time.Minute + stretched.Lifetime())
	r.lives(m.Key, false)
}

// A recall under fsrs makes a memory more stable; an unpin only starts its idleness anew.
func TestFSRSGrowsByRecallsOnly(t *testing.T) {
	p, err := sigil.ParsePolicy("fsrs")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, engine.Options{Settings: engine.Settings{Policy: p}})
	m, pinned := r.encode(`{"foo":1}`, nil), r.encode(`{"foo":2}`, func(d *sigil.Draft) { d.Pinned = true })
	at := 20 * 24 * time.Hour
	r.clock.set(at)
	got := r.recall(m.Key)
	same(t, "stretch", got.Stretch, p.(sigil.FSRS).Growth(0, at, 0))
	same(t, "fades at", got.FadesAt, start.Add(at+got.Lifetime()))
	unpinned, err := r.Unpin(r.ctx(), pinned.Key)
	r.ok("unpin", err)
	same(t, "stretch", unpinned.Stretch, 0)
	same(t, "fades at", unpinned.FadesAt, start.Add(at+p.Lifetime()).Add(time.Millisecond-1).Truncate(time.Millisecond))
}

func TestUnpinStartsIdlenessAnew(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, nil)
	r.clock.set(time.Second)
	got, err := r.Pin(r.ctx(), m.Key)
	r.ok("pin", err)
	same(t, "pinned", got.Pinned, true)
	same(t, "last accessed after the pin", got.LastAccessed, start)
	r.clock.set(time.Hour) // idle far longer than a lifetime
	r.lives(m.Key, true)
	got, err = r.Unpin(r.ctx(), m.Key)
	r.ok("unpin", err)
	same(t, "pinned", got.Pinned, false)
	same(t, "fades at", got.FadesAt, start.Add(time.Hour+lifetime))
	same(t, "access count", got.AccessCount, 0)
}

func TestPinningTwiceLeavesOneTrace(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, nil)
	for range 2 {
		_, err := r.Pin(r.ctx(), m.Key)
		r.ok("pin", err)
	}
	for range 2 {
		_, err := r.Unpin(r.ctx(), m.Key)
		r.ok("unpin", err)
	}
	if got, want := r.kinds(), []string{"encoded request", "pinned request", "unpinned request"}; !slices.Equal(got, want) {
		t.Errorf("journal %v, want %v", got, want)
	}
}

func TestForgetIsFinal(t *testing.T) {
	observer := &recorder{}
	r := newRig(t, engine.Options{Observer: observer})
	m := r.encode(`{"foo":1}`, func(d *sigil.Draft) { d.Pinned = true })
	r.ok("forget", r.Forget(r.ctx(), m.Key))
	r.lives(m.Key, false)
	r.fails("forget again", r.Forget(r.ctx(), m.Key), sigil.ErrNotFound, "not_found", "id")
	if got, want := r.kinds(), []string{"encoded request", "forgotten request"}; !slices.Equal(got, want) {
		t.Errorf("journal %v, want %v", got, want)
	}
	same(t, "observed", observer.released[sigil.ReasonRequest], 1)
}

// A new policy applies to what is encoded, recalled and unpinned from then on. An untouched memory keeps the deadline
// that was promised.
func TestANewPolicyDoesNotShortenAPromise(t *testing.T) {
	r := newRig(t, engine.Options{})
	old := r.encode(`{"foo":1}`, nil)
	recalled := r.encode(`{"foo":2}`, nil)
	short, err := sigil.NewHalfLife(time.Second, 0.5)
	r.ok("policy", err)
	r.Configure(engine.Settings{Policy: short, Quota: store.Quota{}})
	fresh := r.encode(`{"foo":3}`, nil)
	same(t, "of the fresh one", fresh.FadesAt, start.Add(time.Second))
	same(t, "of the recalled one", r.recall(recalled.Key).FadesAt, start.Add(time.Second))
	r.clock.set(time.Second)
	same(t, "released", r.sweep().Total(), 2)
	r.clock.set(lifetime - millisecond)
	same(t, "released", r.sweep().Total(), 0)
	r.lives(old.Key, true)
}

// If the clock runs back, what was hidden stays hidden and no idle time is negative.
func TestAClockThatRunsBack(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, nil)
	r.clock.set(lifetime)
	r.lives(m.Key, false)
	r.clock.set(-time.Hour)
	r.lives(m.Key, false)
	same(t, "now", r.Now(), start.Add(lifetime))
	late := r.encode(`{"foo":2}`, nil)
	same(t, "created", late.CreatedAt, start.Add(lifetime))
	same(t, "recalled", r.recall(late.Key).LastAccessed, start.Add(lifetime))
	same(t, "released", r.sweep().Total(), 1)

	// A second engine whose clock is behind cannot shorten a life either.
	behind := &clock{}
	behind.set(-time.Hour)
	other := engine.New(r.store, &engine.Options{Clock: behind.now, Settings: r.Settings()})
	got, err := other.Recall(r.ctx(), late.Key)
	r.ok("recall", err)
	same(t, "last accessed", got.LastAccessed, late.CreatedAt)
	same(t, "fades at", got.FadesAt, late.FadesAt)
}
