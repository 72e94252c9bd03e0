package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// timed is a store whose Remove takes a time. It records the number of keys of each Remove, and the time between the
// end of one and the start of the next.
type timed struct {
	store.Store
	takes time.Duration // +checklocksignore: never changes
	while func()        // +checklocksignore: set before a sweep; runs during each Remove; may be nil
	fails int           // +checklocksignore: set before a sweep; the Remove that fails, counted from 1; 0 means that none fails

	mu sync.Mutex
	// +checklocks:mu
	sizes []int
	// +checklocks:mu
	gaps []time.Duration
	// +checklocks:mu
	ended time.Time
}

var errTorn = errors.New("torn")

func (s *timed) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	if len(keys) == 1 { // a Forget
		return s.Store.Remove(ctx, keys, decide)
	}
	number := s.begin(len(keys))
	if s.while != nil {
		s.while()
	}
	time.Sleep(s.takes)
	defer s.end()
	if number == s.fails {
		return nil, errTorn
	}
	return s.Store.Remove(ctx, keys, decide)
}

// begin returns the number of the Remove that begins.
func (s *timed) begin(size int) (number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sizes = append(s.sizes, size); len(s.sizes) > 1 {
		s.gaps = append(s.gaps, time.Since(s.ended))
	}
	return len(s.sizes)
}

func (s *timed) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = time.Now()
}

// steps returns the number of keys of each Remove.
func (s *timed) steps() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sizes
}

// pauses returns the times between the end of a Remove and the start of the next.
func (s *timed) pauses() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gaps
}

// beside runs f with n due memories in a store whose Remove takes a time, and an engine over it.
func beside(t *testing.T, n int, takes time.Duration, f func(r *rig, e *engine.Engine, s *timed)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, engine.Options{})
		r.due(n)
		r.clock.set(lifetime)
		s := &timed{Store: r.store, takes: takes}
		f(r, engine.New(s, &engine.Options{Clock: r.clock.now, Settings: r.Settings()}), s)
	})
}

// encodes makes a memory arrive during each Remove.
func (s *timed) encodes(r *rig, e *engine.Engine) {
	s.while = func() {
		_, err := e.Encode(r.ctx(), sigil.DefaultTenant, draft(`1`, nil))
		r.ok("encode", err)
	}
}

func drafts(n int) []sigil.Draft {
	drafts := make([]sigil.Draft, n)
	for i := range drafts {
		drafts[i] = draft(fmt.Sprint(i), nil)
	}
	return drafts
}

func TestASweepAloneNeverPauses(t *testing.T) {
	beside(t, 5000, 10*time.Millisecond, func(r *rig, e *engine.Engine, s *timed) {
		swept, err := e.Sweep(r.ctx())
		r.ok("sweep", err)
		same(t, "released", swept.Total(), 5000)
		for i, gap := range s.pauses() {
			same(t, fmt.Sprintf("pause %d", i), gap, 0)
		}
	})
}

// With nothing to yield to, a sweep prepares the next commits while one is being written.
func TestASweepAloneMakesCommitsAtOnce(t *testing.T) {
	const takes = 10 * time.Millisecond
	const n = 10_000
	beside(t, n, takes, func(r *rig, e *engine.Engine, s *timed) {
		swept, err := e.Sweep(r.ctx())
		r.ok("sweep", err)
		same(t, "released", swept.Total(), n)
		for i, n := range s.steps() {
			if n > 512 {
				t.Errorf("commit %d is of %d", i, n)
			}
		}
		// The first by itself, twelve, and what is left.
		same(t, "it took", swept.Took.Round(time.Millisecond), 3*takes)
	})
}

// If a change comes while a sweep has many commits ahead, it waits only for those in progress. The sweep does the
// others later.
func TestASweepGivesWayInTheMiddleOfAStep(t *testing.T) {
	const n = 10_000
	beside(t, n, 10*time.Millisecond, func(r *rig, e *engine.Engine, s *timed) {
		s.encodes(r, e)
		encode := sync.OnceFunc(s.while)
		s.while = func() {
			if len(s.steps()) >= 5 { // one of the twelve that follow the first
				encode()
			}
		}
		swept, err := e.Sweep(r.ctx())
		r.ok("sweep", err)
		same(t, "released", swept.Total(), n)
		var paused []int
		for i, gap := range s.pauses() {
			if gap > 0 {
				paused = append(paused, i)
			}
		}
		if len(paused) != 1 || paused[0] > 12 {
			t.Errorf("it pauses before the commits %v", paused)
		}
	})
}

// If one of several concurrent commits fails, the sweep returns the error, and also what it did.
func TestASweepThatFailsInPartSaysWhatItDid(t *testing.T) {
	const n = 10 * 512 // the failing commit has 512, whichever it is
	beside(t, n, time.Millisecond, func(r *rig, _ *engine.Engine, s *timed) {
		s.fails = 4
		e := engine.New(s, &engine.Options{Clock: r.clock.now, Settings: r.Settings()})
		swept, err := e.Sweep(r.ctx())
		if !errors.Is(err, errTorn) {
			t.Errorf("the sweep ended with %v", err)
		}
		same(t, "released", swept.Total(), n-512)
		again, err := e.Sweep(r.ctx())
		r.ok("sweep again", err)
		same(t, "released then", again.Total(), 512)
	})
}

// Whoever wants to change something finds the store theirs for most of the time, and waits for little.
func TestASweepGivesWayToChanges(t *testing.T) {
	for _, takes := range []time.Duration{time.Millisecond, 10 * time.Millisecond} {
		t.Run(takes.String(), func(t *testing.T) {
			beside(t, 5000, takes, func(r *rig, e *engine.Engine, s *timed) {
				s.encodes(r, e)
				swept, err := e.Sweep(r.ctx())
				r.ok("sweep", err)
				same(t, "released", swept.Total(), 5000)
				for i, gap := range s.pauses() {
					if gap < 2*takes {
						t.Errorf("pause %d is %v, after a step of %v", i, gap, takes)
					}
				}
				if took := swept.Took; took < 3*time.Duration(len(s.pauses()))*takes {
					t.Errorf("it says it took %v, pauses in there", took)
				}
			})
		})
	}
}

func TestASweepGivesWayToForgetsAndPins(t *testing.T) {
	verbs := map[string]func(ctx context.Context, e *engine.Engine, key sigil.Key) error{
		"pin": func(ctx context.Context, e *engine.Engine, key sigil.Key) error {
			_, err := e.Pin(ctx, key)
			return err
		},
		"forget": func(ctx context.Context, e *engine.Engine, key sigil.Key) error { return e.Forget(ctx, key) },
	}
	for verb, do := range verbs {
		t.Run(verb, func(t *testing.T) {
			beside(t, 1000, 10*time.Millisecond, func(r *rig, e *engine.Engine, s *timed) {
				s.while = func() { r.ok(verb, do(r.ctx(), e, r.encode(`"stays"`, nil).Key)) }
				_, err := e.Sweep(r.ctx())
				r.ok("sweep", err)
				for i, gap := range s.pauses() {
					if gap == 0 {
						t.Errorf("no pause %d", i)
					}
				}
			})
		})
	}
}

// Once there are no more changes, the sweep runs at full speed.
func TestASweepStopsPausingWhenItIsAlone(t *testing.T) {
	beside(t, 5000, 10*time.Millisecond, func(r *rig, e *engine.Engine, s *timed) {
		s.encodes(r, e)
		encode := s.while
		s.while = func() {
			if len(s.steps()) <= 3 {
				encode()
			}
		}
		_, err := e.Sweep(r.ctx())
		r.ok("sweep", err)
		for i, gap := range s.pauses() {
			if paused := gap > 0; paused != (i < 3) {
				t.Errorf("pause %d is %v", i, gap)
			}
		}
	})
}

// A store that is written all the time does not fill with due memories: a sweep releases at least as many as arrive
// during it.
func TestASweepKeepsUpWithWhatComes(t *testing.T) {
	for _, each := range []int{1, 10, 20, 100} { // a millisecond; a step of 512 takes ten
		t.Run(fmt.Sprint(each), func(t *testing.T) {
			beside(t, 5000, 10*time.Millisecond, func(r *rig, e *engine.Engine, s *timed) {
				came, over := 0, make(chan struct{})
				go func() { // until over
					for tick := time.NewTicker(time.Millisecond); ; {
						select {
						case <-tick.C:
							_, err := e.EncodeBatch(r.ctx(), sigil.DefaultTenant, drafts(each))
							r.ok("encode", err)
							came += each
						case <-over:
							return
						}
					}
				}()
				swept, err := e.Sweep(r.ctx())
				close(over)
				synctest.Wait()
				r.ok("sweep", err)
				paused := false
				for _, gap := range s.pauses() {
					paused = paused || gap > 0
				}
				if fast := each > 50; paused == fast {
					t.Errorf("pauses of %v", s.pauses())
				} else if released := swept.Total(); !fast && released < came {
					t.Errorf("released %d while %d came", released, came)
				}
			})
		})
	}
}

// A step that took very long, on a disk that hangs, is no reason to wait several times as long.
func TestAPauseIsBounded(t *testing.T) {
	beside(t, 1000, time.Minute, func(r *rig, e *engine.Engine, s *timed) {
		s.encodes(r, e)
		_, err := e.Sweep(r.ctx())
		r.ok("sweep", err)
		for i, gap := range s.pauses() {
			if gap == 0 || gap > time.Second {
				t.Errorf("pause %d is %v", i, gap)
			}
		}
	})
}

func TestAPauseEndsWithTheContext(t *testing.T) {
	beside(t, 1000, 10*time.Millisecond, func(r *rig, e *engine.Engine, s *timed) {
		s.encodes(r, e)
		ctx, cancel := context.WithTimeout(r.ctx(), 11*time.Millisecond) // a millisecond into the first pause
		defer cancel()
		begin := time.Now()
		swept, err := e.Sweep(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		same(t, "it took", time.Since(begin), 11*time.Millisecond)
		same(t, "steps", len(s.steps()), 1)
		same(t, "released", swept.Total(), s.steps()[0])
	})
}
