package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

// due encodes n memories that fade at 95 s, in batches.
func (r *rig) due(n int) {
	r.t.Helper()
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, drafts(n))
	r.ok("batch", err)
	for _, result := range results {
		r.ok("batch", result.Err)
	}
}

func TestSweepReleasesAllThatIsDueAndSaysWhy(t *testing.T) {
	observer := &recorder{}
	r := newRig(t, engine.Options{Observer: observer})
	r.due(1500) // more than two steps
	for i := range 3 {
		_, err := r.Encode(r.ctx(), "other", draft(fmt.Sprint(i), func(d *sigil.Draft) { d.TTL = time.Second }))
		r.ok("encode", err)
	}
	r.clock.set(lifetime)
	stays := r.encode(`"late"`, nil)
	s := r.sweep()
	same(t, "job", s.Job, sigil.DecayJob)
	same(t, "started", s.StartedAt, start.Add(lifetime))
	same(t, "by decay", s.Released[sigil.ReasonDecay], 1500)
	same(t, "by ttl", s.Released[sigil.ReasonTTL], 3)
	same(t, "in all", s.Total(), 1503)
	same(t, "observed", observer.released[sigil.ReasonDecay], 1500)
	r.lives(stays.Key, true)
	same(t, "memories", r.live(), 1)
	same(t, "released by the next", r.sweep().Total(), 0)
}

// Whoever reads the journal can do the sum again that let a memory go.
func TestTheJournalHasTheArithmetic(t *testing.T) {
	for _, text := range []string{"classic", "classic rate=0.003 period=7s threshold=0.7", "halflife h=1h threshold=0.9", "halflife h=17s"} {
		t.Run(text, func(t *testing.T) {
			policy, err := sigil.ParsePolicy(text)
			if err != nil {
				t.Fatal(err)
			}
			r := newRig(t, engine.Options{Settings: engine.Settings{Policy: policy}})
			m := r.encode(`1`, nil)
			r.clock.set(m.FadesAt.Sub(start) / 2)
			m = r.recall(m.Key)
			r.clock.set(m.FadesAt.Sub(start)) // to the millisecond
			same(t, "released", r.sweep().Total(), 1)
			events := r.events()
			e := events[len(events)-1]
			same(t, "kind", e.Kind, sigil.Faded)
			same(t, "memory", e.Memory, m.Meta)

			a := shape.Event(&e).Arithmetic
			written, err := sigil.ParsePolicy(a.Policy)
			if err != nil {
				t.Fatal(err)
			}
			idle := time.Duration(math.Round(a.IdleSeconds*1000)) * millisecond
			same(t, "idle", idle, e.Time.Sub(m.LastAccessed))
			same(t, "decay", written.Decay(idle), a.Decay)
			same(t, "decay of the event", e.Decay(), a.Decay)
			same(t, "threshold", a.Threshold, written.Threshold())
			if a.Decay < a.Threshold {
				t.Errorf("released at decay %v, under the threshold of %v", a.Decay, a.Threshold)
			}
			same(t, "recalls", a.AccessCount, 1)
		})
	}
}

// The clock advances during a sweep: a release decided by a later reading is not journaled under an earlier one.
func TestAReleaseIsNotJournaledBeforeItsDeadline(t *testing.T) {
	for before := range time.Duration(5) {
		r := newRig(t, engine.Options{})
		ticking := engine.New(r.store, &engine.Options{Settings: r.Settings(), Clock: func() time.Time {
			return time.UnixMilli(r.clock.ms.Add(1))
		}})
		m := r.encode(`1`, nil)
		r.clock.set(m.FadesAt.Sub(start) - before*time.Millisecond)
		_, err := ticking.Sweep(r.ctx())
		r.ok("sweep", err)
		for _, e := range r.events() {
			if e.Kind == sigil.Faded && e.Time.Before(m.FadesAt) {
				t.Errorf("released at %s, and fades at %s", e.Time, m.FadesAt)
			}
		}
	}
}

// A sweep that is stopped finishes its step and returns what it did.
func TestAContextThatEndsStopsASweepBetweenSteps(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.due(1500)
	r.clock.set(lifetime)
	ctx, cancel := context.WithCancel(r.ctx())
	defer cancel()
	observer := &recorder{}
	e := engine.New(&after{r.store, cancel}, &engine.Options{Clock: r.clock.now, Settings: r.Settings(), Observer: observer})
	s, err := e.Sweep(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	first := s.Total()
	if first == 0 || first >= 1500 {
		t.Errorf("released %d of 1500", first)
	}
	same(t, "observed", observer.released[sigil.ReasonDecay], first)
	if len(observer.errors) != 1 || !errors.Is(observer.errors[0], context.Canceled) {
		t.Errorf("observed errors %v", observer.errors)
	}
	s, err = e.Sweep(ctx)
	if !errors.Is(err, context.Canceled) || s.Total() != 0 {
		t.Errorf("after its end: released %d, error %v", s.Total(), err)
	}
	same(t, "released by the next", r.sweep().Total(), 1500-first)
}

func TestAContextThatEndsStopsACrystallizeBetweenTenants(t *testing.T) {
	r := newRig(t, engine.Options{})
	for _, tenant := range []string{"a", "b", "c"} {
		for _, data := range ofPattern(64, sigil.MinPatternMembers) {
			_, err := r.Encode(r.ctx(), tenant, draft(data, func(d *sigil.Draft) { d.State = &strong }))
			r.ok("encode", err)
		}
	}
	ctx, cancel := context.WithCancel(r.ctx())
	defer cancel()
	e := engine.New(&after{r.store, cancel}, &engine.Options{Clock: r.clock.now, Settings: r.Settings()})
	s, err := e.Crystallize(ctx)
	if !errors.Is(err, context.Canceled) || s.Created != 1 {
		t.Errorf("created %d, error %v", s.Created, err)
	}
	same(t, "created by the next", r.crystallize().Created, 2)
}

func TestSweepPrunesAnswersThatEnded(t *testing.T) {
	r := newRig(t, engine.Options{})
	for i := range 1100 { // more than two steps
		r.encode(`1`, keyed(fmt.Sprint(i)))
	}
	r.clock.set(24 * time.Hour)
	r.sweep()
	n, err := r.store.PruneAnswers(r.ctx(), start.Add(1000*time.Hour), 10)
	r.ok("prune", err)
	same(t, "answers left", n, 0)
}

func TestTheObserverHearsOfEverything(t *testing.T) {
	observer := &recorder{}
	r := newRig(t, engine.Options{Observer: observer})
	m := r.encode(`1`, nil)
	r.recall(m.Key)
	r.lives(sigil.Key{Tenant: "other", ID: m.ID}, false)
	_, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{draft(`1`, nil), draft(`2`, nil)})
	r.ok("batch", err)
	_, err = r.Encode(r.ctx(), sigil.DefaultTenant, draft(`{`, nil))
	r.fails("encode", err, sigil.ErrInvalid, "invalid_json", "data")
	r.sweep() // though it releases nothing
	r.crystallize()
	want := []string{"encode 1 ", "recall 1 ", "peek 1 not_found", "duplicate keep", "encode 2 ", "encode 1 invalid_json"}
	if got := observer.did; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("heard %q, want %q", got, want)
	}
	if len(observer.sweeps) != 2 || observer.sweeps[0].Job != sigil.DecayJob || observer.sweeps[1].Job != sigil.CrystallizeJob {
		t.Errorf("heard of sweeps %+v", observer.sweeps)
	}
}
