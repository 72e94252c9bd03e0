package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// timed is a store whose Remove takes a time. It notes how many keys each was given, and the time between
// the end of one and the next.
type timed struct {
	store.Store
	takes time.Duration
	while func() // runs during each Remove; may be nil

	sizes []int
	gaps  []time.Duration
	ended time.Time
}

func (s *timed) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	if len(keys) == 1 { // a Forget
		return s.Store.Remove(ctx, keys, decide)
	}
	if s.sizes = append(s.sizes, len(keys)); len(s.sizes) > 1 {
		s.gaps = append(s.gaps, time.Since(s.ended))
	}
	if s.while != nil {
		s.while()
	}
	time.Sleep(s.takes)
	defer func() { s.ended = time.Now() }()
	return s.Store.Remove(ctx, keys, decide)
}

// beside runs f with n memories due in a store whose Remove takes a time, and an engine over it.
func beside(t *testing.T, n int, takes time.Duration, f func(r *rig, e *engine.Engine, s *timed)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, engine.Options{})
		r.due(n)
		r.clock.set(lifetime)
		s := &timed{Store: r.store, takes: takes}
		f(r, engine.New(s, &engine.Options{Clock: r.clock.now}), s)
	})
}

// encodes makes each Remove one beside which a memory comes.
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
		for i, gap := range s.gaps {
			same(t, fmt.Sprintf("pause %d", i), gap, 0)
		}
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
				for i, gap := range s.gaps {
					if gap < 2*takes {
						t.Errorf("pause %d is %v, after a step of %v", i, gap, takes)
					}
				}
				if took := time.Duration(swept.DurationSeconds * float64(time.Second)); took < 3*time.Duration(len(s.gaps))*takes {
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
				for i, gap := range s.gaps {
					if gap == 0 {
						t.Errorf("no pause %d", i)
					}
				}
			})
		})
	}
}

// Once nobody changes anything any more, the sweep goes at its full speed.
func TestASweepStopsPausingWhenItIsAlone(t *testing.T) {
	beside(t, 5000, 10*time.Millisecond, func(r *rig, e *engine.Engine, s *timed) {
		s.encodes(r, e)
		encode := s.while
		s.while = func() {
			if len(s.sizes) <= 3 {
				encode()
			}
		}
		_, err := e.Sweep(r.ctx())
		r.ok("sweep", err)
		for i, gap := range s.gaps {
			if paused := gap > 0; paused != (i < 3) {
				t.Errorf("pause %d is %v", i, gap)
			}
		}
	})
}

// A store that is written all the time does not fill with what is due: a sweep releases at least as many as
// come meanwhile.
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
				for _, gap := range s.gaps {
					paused = paused || gap > 0
				}
				if fast := each > 50; paused == fast {
					t.Errorf("pauses of %v", s.gaps)
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
		for i, gap := range s.gaps {
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
		same(t, "steps", len(s.sizes), 1)
		same(t, "released", swept.Total(), s.sizes[0])
	})
}
