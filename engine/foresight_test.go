package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

func TestExplain(t *testing.T) {
	r := newRig(t, engine.Options{})
	for range 5 { // others before it
		r.encode(`{"foo":1}`, nil)
	}
	r.clock.set(10 * time.Minute)
	m := r.encode(`{"foo":2}`, func(d *sigil.Draft) { d.Tags = []string{"tea"} })
	explain := func(live bool, at time.Duration, kinds ...sigil.EventKind) engine.Explanation {
		t.Helper()
		x, err := r.Explain(r.ctx(), m.Key)
		r.ok("explain", err)
		var got []sigil.EventKind
		for _, e := range x.History {
			got = append(got, e.Kind)
		}
		if x.Live != live || (x.Memory.Data != nil) != live || x.Memory.Key != m.Key || !slices.Equal(got, kinds) || !x.HistoryComplete {
			t.Errorf("live %v, memory %v, history %v (%v); want %v, %v", x.Live, x.Memory, got, x.HistoryComplete, live, kinds)
		}
		same(t, "at", x.At, start.Add(at))
		return x
	}
	r.clock.set(10*time.Minute + 30*time.Second)
	x := explain(true, 10*time.Minute+30*time.Second, sigil.Encoded)
	same(t, "idle", x.Idle(), 30*time.Second)
	same(t, "fades at", x.Memory.FadesAt, start.Add(10*time.Minute+lifetime))
	same(t, "tags", x.Memory.Tags[0], "tea")

	_, err := r.Pin(r.ctx(), m.Key)
	r.ok("pin", err)
	x = explain(true, 10*time.Minute+30*time.Second, sigil.Encoded, sigil.Pinned)
	same(t, "fades at", x.Memory.FadesAt, time.Time{})
	_, err = r.Unpin(r.ctx(), m.Key)
	r.ok("unpin", err)
	r.clock.set(12*time.Minute + 5*time.Second) // idle for 95 s
	explain(false, 10*time.Minute+30*time.Second, sigil.Encoded, sigil.Pinned, sigil.Unpinned)
	r.sweep()
	x = explain(false, 12*time.Minute+5*time.Second, sigil.Encoded, sigil.Pinned, sigil.Unpinned, sigil.Faded)
	same(t, "decay", x.Memory.Decay(x.At), 0.95)

	_, err = r.Explain(r.ctx(), sigil.Key{Tenant: "other", ID: m.ID})
	r.fails("of another tenant", err, sigil.ErrNotFound, "not_found", "id")
}

func TestExplainWhatTheJournalForgot(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Retention: engine.Retention{Age: time.Minute}}})
	gone := r.encode(`1`, func(d *sigil.Draft) { d.TTL = time.Second })
	stays := r.encode(`2`, func(d *sigil.Draft) { d.Pinned = true })
	r.clock.set(2 * time.Second)
	r.sweep()
	r.clock.set(2 * time.Minute)
	trimmed, err := r.Trim(r.ctx())
	r.ok("trim", err)
	same(t, "trimmed", trimmed, 3)
	_, err = r.Explain(r.ctx(), gone.Key)
	r.fails("explain", err, sigil.ErrNotFound, "not_found", "id")
	x, err := r.Explain(r.ctx(), stays.Key)
	r.ok("explain", err)
	same(t, "complete", x.HistoryComplete, false)
	same(t, "history", len(x.History), 0)
	_, err = r.Events(r.ctx(), sigil.DefaultTenant, 0, 0)
	r.fails("events", err, sigil.ErrGone, "position_gone", "after")
}

// TestAPolicyIsForecastForBoth asks what a shorter policy would cost, then sets it, as a restart with it does: nothing
// more fades than without it, until a memory is recalled.
func TestAPolicyIsForecastForBoth(t *testing.T) {
	r := newRig(t, engine.Options{})
	long, err := sigil.NewHalfLife(time.Hour, 0.95)
	r.ok("policy", err)
	short, err := sigil.NewHalfLife(time.Second, 0.95)
	r.ok("policy", err)
	r.Configure(engine.Settings{Policy: long})
	var all []sigil.Memory
	for i := range 10 {
		all = append(all, r.encode(fmt.Sprint(i), func(d *sigil.Draft) {
			if i < 2 {
				d.TTL = time.Minute
			}
		}))
	}
	q := engine.ForecastQuery{Within: 10 * time.Minute, Policy: short}
	f, err := r.Forecast(r.ctx(), sigil.DefaultTenant, q)
	r.ok("forecast", err)
	same(t, "if every memory had it", f.Fading, 10)
	same(t, "if it is set and nothing is recalled", f.FadingByOwnPolicy, 2)

	r.Configure(engine.Settings{Policy: short})
	_, err = r.Recall(r.ctx(), all[9].Key)
	r.ok("recall", err)
	r.clock.set(5 * time.Minute)
	stats, err := r.Stats(r.ctx(), sigil.DefaultTenant)
	r.ok("stats", err)
	same(t, "left: all but those of a ttl, and the one recalled", stats.Memories, 10-f.FadingByOwnPolicy-1)
}

// TestForecast holds forecasts against looking at every memory.
func TestForecast(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Page: 7}}) // several pages
	rng := rand.New(rand.NewPCG(1, 2))
	policies := []sigil.Policy{sigil.DefaultClassic()}
	for _, h := range []time.Duration{10 * time.Second, time.Minute, time.Hour} {
		p, err := sigil.NewHalfLife(h, 0.9)
		r.ok("policy", err)
		policies = append(policies, p)
	}
	for _, text := range []string{
		"power s=10s", "fsrs s=8s threshold=0.7", "classic grace=3m", "halflife h=10s grace=30s floor=0.01", "power s=10s floor=0.9",
	} {
		p, err := sigil.ParsePolicy(text)
		r.ok("policy", err)
		policies = append(policies, p)
	}
	var all []sigil.Memory
	for i := range 60 {
		r.clock.set(time.Duration(i) * time.Second)
		r.Configure(engine.Settings{Policy: policies[rng.IntN(len(policies))]})
		all = append(all, r.encode(fmt.Sprint(i), func(d *sigil.Draft) {
			d.Tags = []string{"all", fmt.Sprint("tag", i%3)}
			if i%5 == 0 {
				d.TTL = time.Duration(1+rng.IntN(200)) * time.Second
			}
			d.Pinned = i%7 == 0
			if i%4 == 0 {
				d.Life = time.Duration(1+rng.IntN(300)) * time.Second
			}
		}))
	}
	r.clock.set(time.Minute)
	now := r.Now()
	for _, proposed := range append([]sigil.Policy{nil}, policies...) {
		for _, within := range []time.Duration{time.Millisecond, 30 * time.Second, 3 * time.Minute, 24 * time.Hour} {
			f, err := r.Forecast(r.ctx(), sigil.DefaultTenant, engine.ForecastQuery{Within: within, Policy: proposed, Limit: 5, Bins: 4})
			r.ok("forecast", err)
			var want []sigil.Memory
			own := 0
			for _, m := range all {
				if m.Due(now) {
					continue
				}
				if !m.FadesAt.IsZero() && !m.FadesAt.After(now.Add(within)) {
					own++
				}
				if proposed != nil {
					m.Policy = proposed
					m.Reschedule()
				}
				if !m.FadesAt.IsZero() && !m.FadesAt.After(now.Add(within)) {
					want = append(want, m)
				}
			}
			slices.SortStableFunc(want, func(a, b sigil.Memory) int { return a.FadesAt.Compare(b.FadesAt) })
			name := fmt.Sprint(proposed, " ", within)
			same(t, name+": fading", f.Fading, len(want))
			same(t, name+": fading by its own policy", f.FadingByOwnPolicy, own)
			same(t, name+": listed", len(f.Memories), min(5, len(want)))
			for i := range f.Memories {
				same(t, name+": deadline", f.Memories[i].FadesAt, want[i].FadesAt)
			}
			binned, patterned := 0, 0
			for i, b := range f.Bins {
				binned += b.Count
				in := 0
				for _, m := range want {
					if at := m.FadesAt; !at.After(b.Until) && (i == 0 || at.After(b.From)) {
						in++
					}
				}
				same(t, fmt.Sprint(name, ": bin ", i), b.Count, in)
			}
			for _, p := range f.Patterns {
				patterned += p.Count
			}
			same(t, name+": in bins", binned, len(want))
			same(t, name+": in patterns", patterned, len(want))
			if len(want) > 0 {
				same(t, name+": most frequent tag", f.Tags[0], engine.TagCount{Tag: "all", Count: len(want)})
			}
		}
	}
	whole, err := r.Forecast(r.ctx(), sigil.DefaultTenant, engine.ForecastQuery{Within: time.Hour})
	r.ok("forecast", err)
	tagged, err := r.Forecast(r.ctx(), sigil.DefaultTenant, engine.ForecastQuery{Within: time.Hour, Tags: []string{"all", "tag1"}})
	r.ok("forecast", err)
	at := slices.IndexFunc(whole.Tags, func(c engine.TagCount) bool { return c.Tag == "tag1" })
	same(t, "fading, by tag", tagged.Fading, whole.Tags[at].Count)
	same(t, "tags", fmt.Sprint(tagged.Tags), fmt.Sprintf("[{all %d} {tag1 %[1]d}]", tagged.Fading))
	_, err = r.Forecast(r.ctx(), sigil.DefaultTenant, engine.ForecastQuery{Within: time.Hour, Tags: []string{""}})
	r.fails("an empty tag", err, sigil.ErrInvalid, "invalid_tag", "tag")
	_, err = r.Forecast(r.ctx(), sigil.DefaultTenant, engine.ForecastQuery{})
	r.fails("no span", err, sigil.ErrInvalid, "invalid_within", "within")
}
