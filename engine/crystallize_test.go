package engine_test

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// state has all figures p, and so the potential p.
func state(p float64) func(d *sigil.Draft) {
	return func(d *sigil.Draft) {
		d.State = &sigil.State{Phi: p, Coherence: p, Awareness: p, EmotionalResonance: p}
	}
}

// patternCrystals returns the pattern crystals of the default tenant.
func (r *rig) patternCrystals() []engine.Crystal {
	r.t.Helper()
	page, err := r.Crystals(r.ctx(), sigil.DefaultTenant, engine.CrystalQuery{Kind: sigil.CrystalOfPattern, Limit: 1000})
	r.ok("crystals", err)
	return page.Crystals
}

func TestAMemoryCrystallizesOnEncode(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`1`, state(0.95))
	same(t, "crystallized", m.Crystallized, true)
	same(t, "fades at", m.FadesAt, time.Time{})
	same(t, "at 0.9 exactly", r.encode(`2`, state(0.9)).Crystallized, false)
	events := r.events()
	same(t, "kind", events[1].Kind, sigil.Crystallized)
	same(t, "reason", events[1].Reason, sigil.ReasonPotential)
	want := engine.CrystalOf(&m.Meta)
	same(t, "crystal", *events[1].Crystal, want)
	same(t, "stability", want.Stability, m.Potential)

	// Its crystal goes with it.
	r.ok("forget", r.Forget(r.ctx(), m.Key))
	same(t, "crystals", len(r.crystalIDs("", 10)), 0)
}

func TestAPatternCrystallizesOnceAndIsKeptUpToDate(t *testing.T) {
	r := newRig(t, engine.Options{})
	data := ofPattern(64, 5)
	r.encode(data[0], state(0.95))
	r.encode(data[1], state(0.95))
	same(t, "of two", r.crystallize().Created, 0)
	third := r.encode(data[2], state(0.95))

	r.clock.set(10 * time.Second)
	s := r.crystallize()
	same(t, "job", s.Job, sigil.CrystallizeJob)
	same(t, "patterns", s.Patterns, 1)
	same(t, "created", s.Created, 1)
	same(t, "members", r.patternCrystals()[0].Members, 3)
	first := r.patternCrystals()[0]
	same(t, "created at", first.CreatedAt, start.Add(10*time.Second))

	r.clock.set(20 * time.Second)
	s = r.crystallize()
	same(t, "created", s.Created, 0)
	same(t, "updated", s.Updated, 0)
	same(t, "updated at", r.patternCrystals()[0].UpdatedAt, first.UpdatedAt)

	// The crystal follows its members, and stays if they weaken or go.
	r.encode(data[3], state(0.1))
	r.encode(data[4], state(0.1))
	s = r.crystallize()
	same(t, "updated", s.Updated, 1)
	weak := r.patternCrystals()[0]
	same(t, "id", weak.ID(), first.ID())
	same(t, "created at", weak.CreatedAt, first.CreatedAt)
	same(t, "members", weak.Members, 5)
	if math.Abs(weak.Stability-0.61) > 1e-9 {
		t.Errorf("stability %v", weak.Stability)
	}
	same(t, "updated at", weak.UpdatedAt, start.Add(20*time.Second))
	r.ok("forget", r.Forget(r.ctx(), third.Key))
	r.crystallize()
	same(t, "members", r.patternCrystals()[0].Members, 4)

	crystallized := 0
	for _, e := range r.events() {
		if e.Kind == sigil.Crystallized && e.Crystal.Kind == sigil.CrystalOfPattern {
			crystallized++
		}
	}
	same(t, "journal entries", crystallized, 1)
}

func TestAPatternsCrystalOutlivesItsMembers(t *testing.T) {
	r := newRig(t, engine.Options{})
	var keys []sigil.Key
	for _, data := range ofPattern(7, 3) {
		keys = append(keys, r.encode(data, state(0.95)).Key)
	}
	r.crystallize()
	before := r.patternCrystals()[0]
	for _, key := range keys {
		r.ok("forget", r.Forget(r.ctx(), key))
	}
	// The tenant has no memory any more.
	same(t, "updated", r.crystallize().Updated, 1)
	after := r.patternCrystals()[0]
	same(t, "members", after.Members, 0)
	same(t, "stability", after.Stability, before.Stability)
	same(t, "frequency", after.Frequency, before.Frequency)
}

// Members of 0.9 have a mean of 0.9, which is not over it.
func TestAPatternOfExactlyNineTenthsDoesNotCrystallize(t *testing.T) {
	r := newRig(t, engine.Options{})
	for _, data := range ofPattern(64, 30) {
		m := r.encode(data, state(0.9))
		if m.Potential > 0.9 {
			t.Fatalf("potential %v is over 0.9: the test needs another state", m.Potential)
		}
	}
	same(t, "created", r.crystallize().Created, 0)
}

// Its members do not become persistent by it.
func TestAPatternsCrystalKeepsNobodyFromFading(t *testing.T) {
	r := newRig(t, engine.Options{})
	data := ofPattern(64, 4)
	for _, d := range data[:3] {
		r.encode(d, state(1))
	}
	weak := r.encode(data[3], state(0.7))
	same(t, "created", r.crystallize().Created, 1)
	r.clock.set(lifetime)
	same(t, "released", r.sweep().Total(), 1)
	r.lives(weak.Key, false)
	r.crystallize()
	same(t, "members", r.patternCrystals()[0].Members, 3)
}

func TestEnginesThatCrystallizeAtOnceDoubleNothing(t *testing.T) {
	r := newRig(t, engine.Options{})
	const patterns = 10
	for group := range patterns {
		for _, data := range ofPattern(group*16, sigil.MinPatternMembers) {
			r.encode(data, state(0.95))
		}
	}
	var created atomic.Int64
	var wg sync.WaitGroup
	for _, e := range []*engine.Engine{r.Engine, r.another(), r.Engine, r.another()} {
		wg.Go(func() {
			for range 5 {
				s, err := e.Crystallize(r.ctx())
				if err != nil {
					t.Errorf("crystallize: %v", err)
				}
				created.Add(int64(s.Created))
			}
		})
	}
	wg.Wait()
	same(t, "created", created.Load(), patterns)
	same(t, "crystals", len(r.patternCrystals()), patterns)
}
