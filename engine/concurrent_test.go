package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/storetest"
)

// story is what callers did, round after round, and the results. Within a round the clock stands still and each caller
// has its own memories, so that the order of callers does not matter. By the store's promise, it does not matter
// either whether and by whom the decay sweep was run.
type story struct {
	clock   *clock
	store   *storetest.Model
	engines []*engine.Engine
	mine    [4][]sigil.Key // by caller, in the order of encoding
	fails   func(format string, args ...any)

	mu sync.Mutex
	// +checklocks:mu
	labels map[sigil.Key]string // what a memory is called in every run of the story
}

const rounds = 40

// tell runs the story with callers spread over the engines, and with that many concurrent sweepers.
func tell(t *testing.T, engines, sweepers int) *story {
	t.Helper()
	s := &story{clock: &clock{}, store: storetest.NewModel(), labels: map[sigil.Key]string{}, fails: t.Errorf}
	for range engines {
		s.engines = append(s.engines, engine.New(s.store, &engine.Options{Clock: s.clock.now, Settings: engine.Settings{Policy: sigil.DefaultClassic()}}))
	}
	for round := range rounds {
		s.clock.set(time.Duration(round) * 17 * time.Second)
		var wg sync.WaitGroup
		for caller := range s.mine {
			wg.Go(func() { s.act(t.Context(), round, caller) })
		}
		for i := range sweepers {
			wg.Go(func() {
				if _, err := s.engines[i%engines].Sweep(t.Context()); err != nil {
					s.fails("sweep: %v", err)
				}
			})
		}
		wg.Wait()
	}
	return s
}

// act is one caller's part of one round.
func (s *story) act(ctx context.Context, round, caller int) {
	e := s.engines[caller%len(s.engines)]
	rnd := rand.New(rand.NewPCG(uint64(round), uint64(caller)))
	for i := range 10 {
		var key sigil.Key
		if n := len(s.mine[caller]); n > 0 {
			key = s.mine[caller][rnd.IntN(n)]
		}
		var err error
		switch what := rnd.IntN(10); {
		case what < 4 || len(s.mine[caller]) == 0:
			var m sigil.Memory
			label := fmt.Sprintf(`{"round":%d,"caller":%d,"n":%d}`, round, caller, i)
			m, err = e.Encode(ctx, sigil.DefaultTenant, draft(label, func(d *sigil.Draft) {
				d.Pinned = rnd.IntN(10) == 0
				d.TTL = time.Duration(rnd.IntN(2)) * time.Minute
			}))
			s.mine[caller] = append(s.mine[caller], m.Key)
			s.mu.Lock()
			s.labels[m.Key] = label
			s.mu.Unlock()
		case what < 8:
			_, err = e.Recall(ctx, key)
		case what < 9:
			err = e.Forget(ctx, key)
		default:
			_, err = e.Unpin(ctx, key)
		}
		if err != nil && !errors.Is(err, sigil.ErrNotFound) {
			s.fails("%v", err)
		}
	}
}

// allLabels returns the labels, once no more are added.
func (s *story) allLabels() map[sigil.Key]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.labels
}

// alive returns the memories live at the end, by label, without what differs from run to run.
func (s *story) alive(t *testing.T) map[string]sigil.Meta {
	t.Helper()
	alive, labels := map[string]sigil.Meta{}, s.allLabels()
	q := engine.ListQuery{Limit: 1000}
	page, err := s.engines[0].List(t.Context(), sigil.DefaultTenant, q)
	if err != nil || page.Next != "" {
		t.Fatal(err, page.Next)
	}
	for _, m := range page.Memories {
		meta := m.Meta
		meta.ID = sigil.ID{}
		alive[labels[m.Key]] = meta
	}
	return alive
}

func TestWhatLivesDoesNotDependOnWhoSweeps(t *testing.T) {
	want := tell(t, 1, 0)
	wantAlive := want.alive(t)
	if len(wantAlive) < 20 || len(wantAlive) > len(want.allLabels())*3/4 {
		t.Fatalf("%d of %d live: the story is about nothing", len(wantAlive), len(want.allLabels()))
	}
	for _, tt := range []struct{ engines, sweepers int }{{1, 1}, {2, 2}, {2, 4}, {3, 8}} {
		t.Run(fmt.Sprintf("%d engines, %d sweepers", tt.engines, tt.sweepers), func(t *testing.T) {
			got := tell(t, tt.engines, tt.sweepers)
			gotAlive := got.alive(t)
			same(t, "alive", len(gotAlive), len(wantAlive))
			for label, meta := range wantAlive {
				if gotAlive[label] != meta {
					t.Errorf("%s: got %+v, want %+v", label, gotAlive[label], meta)
				}
			}
			got.everyEndIsJournaledOnce(t, gotAlive)
		})
	}
}

// everyEndIsJournaledOnce checks that each memory was encoded once, and either lives or ended once.
func (s *story) everyEndIsJournaledOnce(t *testing.T, alive map[string]sigil.Meta) {
	t.Helper()
	for range 2 { // a last sweep of each of two
		if _, err := s.engines[0].Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	events, err := s.store.Events(t.Context(), sigil.DefaultTenant, 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	labels := s.allLabels()
	encoded, ended := map[sigil.Key]int{}, map[sigil.Key]int{}
	for _, e := range events {
		switch e.Kind {
		case sigil.Encoded:
			encoded[e.Memory.Key]++
		case sigil.Faded, sigil.Forgotten:
			ended[e.Memory.Key]++
			if e.Kind == sigil.Faded && !e.Memory.Due(e.Time) {
				t.Errorf("%s faded at %v, before its deadline %v", labels[e.Memory.Key], e.Time, e.Memory.FadesAt)
			}
		}
	}
	for key, label := range labels {
		want := 1
		if _, lives := alive[label]; lives {
			want = 0
		}
		if encoded[key] != 1 || ended[key] != want {
			t.Errorf("%s: encoded %d times and ended %d times, want 1 and %d", label, encoded[key], ended[key], want)
		}
	}
}

// A recall and a sweep meet at the deadline: the first to be answered wins, and never both.
func TestARecallThatWasAnsweredKeepsTheMemory(t *testing.T) {
	r := newRig(t, engine.Options{})
	other := r.another()
	for i := range 100 {
		encodedAt := time.Duration(i) * time.Hour
		r.clock.set(encodedAt)
		m := r.encode(fmt.Sprint(i), nil)
		r.clock.set(encodedAt + lifetime - millisecond)
		var recalled error
		var wg sync.WaitGroup
		wg.Go(func() { _, recalled = r.Recall(r.ctx(), m.Key) })
		wg.Go(func() {
			r.clock.set(encodedAt + lifetime) // the deadline passes in between
			if _, err := other.Sweep(r.ctx()); err != nil {
				t.Errorf("sweep: %v", err)
			}
		})
		wg.Wait()
		r.lives(m.Key, recalled == nil)
		if recalled == nil {
			r.ok("forget", r.Forget(r.ctx(), m.Key))
		}
	}
}
